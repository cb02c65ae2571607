package egress

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"compressor/internal/problem"
)

var (
	errTooSlow = errors.New("egress: out of time")
	errBroken  = errors.New("egress: body broke off")
)

// writeError tells an error of the caller's writer from one of the network.
type writeError struct{ cause error }

func (e *writeError) Error() string { return e.cause.Error() }

// explain turns an error of the exchange into the problem a client may see. parent is the
// caller's context, ctx the one with our own limits. The cause is kept for the log as text
// without the given secrets, because a remote server may have us quote them back.
func explain(parent, ctx context.Context, err error, secrets *strings.Replacer) error {
	if parent.Err() != nil {
		return context.Cause(parent)
	}
	var known *problem.Problem
	if errors.As(err, &known) {
		return known
	}
	because := func(p *problem.Problem) error { return p.Because(errors.New(secrets.Replace(err.Error()))) }
	var (
		timeout     net.Error
		lookup      *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	switch {
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return because(problem.New(problem.SourceTooSlow))
	case errors.As(err, &lookup):
		return because(problem.Newf(problem.SourceFailed, "The name of the remote server could not be resolved."))
	case errors.As(err, &certificate):
		return because(problem.Newf(problem.SourceFailed, "The certificate of the remote server could not be verified."))
	case errors.As(err, &record), errors.As(err, &alert):
		return because(problem.Newf(problem.SourceFailed, "No secure connection to the remote server could be made."))
	case errors.Is(err, errBroken):
		return because(problem.Newf(problem.SourceFailed, "The remote server broke off before the file was complete."))
	}
	return because(problem.Newf(problem.SourceFailed, "The remote server could not be reached, or did not answer properly."))
}

// secrets returns a replacer that blanks the credentials of the URL, in each spelling they
// may come back in, its query, and the values of the client's headers, whole and in words.
func secrets(u *url.URL, headers map[string]string) *strings.Replacer {
	var pairs []string
	hide := func(secret string) {
		if len(secret) >= 3 { // less is no secret, and blanking it would leave no readable text
			pairs = append(pairs, secret, "[secret]")
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		plain := u.User.Username() + ":" + password
		user, coded, _ := strings.Cut(u.User.String(), ":")
		for _, spelling := range []string{base64.StdEncoding.EncodeToString([]byte(plain)), u.User.String(), plain, coded, password, user, u.User.Username()} {
			hide(spelling)
		}
	}
	hide(u.RawQuery)
	for _, value := range headers {
		hide(value)
		for word := range strings.FieldsSeq(value) {
			hide(word)
		}
	}
	return strings.NewReplacer(pairs...)
}

// statusError is a reply that is no success.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// errSettled is the cause of a failure that lies in what the remote server answers, not in
// whether it can just now.
var errSettled = errors.New("the remote server would answer the same again")

// Final says whether asking again is pointless: the remote server answered, and with
// something that cannot be used, or with a status that is neither one of success nor one
// of a passing trouble (408, 425, 429, 500 and above).
func Final(err error) bool {
	if errors.Is(err, errSettled) {
		return true
	}
	var status statusError
	if !errors.As(err, &status) {
		return false
	}
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status < 500
}
