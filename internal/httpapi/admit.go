package httpapi

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"compressor/internal/account"
	"compressor/internal/problem"
)

// admit lets a request in or refuses it: the key first, then its rate, then what it may
// do. A request over the rate costs nothing but the look at its key.
func (x *exchange) admit(c call) error {
	if c.scope == "" {
		x.tellHolder(c.bucket)
		return nil
	}
	key, err := x.authenticate(x.r.Context())
	if err != nil {
		return err
	}
	x.key, x.scope = key, c.scope
	if err := x.spend(c.bucket); err != nil {
		return err
	}
	return maySo(key, c.scope)
}

// spend counts the request in a window of its key and tells where the key stands. Error:
// rate-limited.
func (x *exchange) spend(b account.Bucket) error {
	w, ok := x.s.to.Meter.Spend(x.key, b)
	x.tellRate(w)
	if ok {
		return nil
	}
	x.refused = true
	x.Header().Set("Retry-After", strconv.Itoa(w.Reset))
	return w.Exceeded()
}

func maySo(key account.Key, s account.Scope) error {
	if key.May(s) {
		return nil
	}
	return problem.Newf(problem.ScopeMissing, "This API key may not do that: it lacks the scope %s.", s)
}

// admitAgain looks at the key once more, after a wait or a body: a key that was revoked or
// has expired meanwhile is answered as one that never was. Whether the client is still there
// makes no difference, since a file that has come is not to be lost for that.
func (x *exchange) admitAgain() error {
	key, err := x.authenticate(context.WithoutCancel(x.r.Context()))
	if err == nil {
		return maySo(key, x.scope)
	}
	for _, name := range rateHeaders() {
		delete(x.Header(), name)
	}
	return err
}

// tellHolder tells who shows a good key, where none is needed, where it stands. What the
// bucket counts is counted; nobody is refused for having shown a key.
func (x *exchange) tellHolder(b account.Bucket) {
	if x.r.Header.Get("Authorization") == "" {
		return
	}
	key, err := x.authenticate(x.r.Context())
	if err != nil {
		return
	}
	w := x.s.to.Meter.Peek(key, account.Requests)
	if b != "" {
		w, _ = x.s.to.Meter.Spend(key, b)
	}
	x.tellRate(w)
}

// unrouted answers a request for which there is no endpoint. A good key is still told
// where it stands, and pays as for what it may not do: to try addresses is not free.
func (x *exchange) unrouted(p *problem.Problem) {
	err := error(p)
	if x.r.Header.Get("Authorization") != "" {
		if key, unknown := x.authenticate(x.r.Context()); unknown == nil {
			x.key = key
			if spent := x.spend(account.Requests); spent != nil {
				err = spent
			}
		}
	}
	x.fail(err)
}

func (x *exchange) authenticate(ctx context.Context) (account.Key, error) {
	secret, ok := credential(x.r.Header)
	if !ok {
		return account.Key{}, problem.New(problem.KeyInvalid)
	}
	return x.s.to.Keys.Authenticate(ctx, secret)
}

// tellRate sets the three documented headers, where there is a limit.
func (x *exchange) tellRate(w account.Window) {
	if w.Limit <= 0 {
		return
	}
	h := x.Header() // set by hand: Set would write Ratelimit, and the documented spelling is for people, too
	for i, name := range rateHeaders() {
		h[name] = []string{strconv.Itoa([...]int{w.Limit, w.Remaining, w.Reset}[i])}
	}
}

func rateHeaders() [3]string {
	return [...]string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
}

// credential reads the key from Authorization: Basic with the key as user name and an
// empty password (RFC 7617), or Bearer (RFC 6750). "" means none was given; ok is false
// when what was given is neither. The key may hold colons, as one of the operator's own
// does perhaps. A key in the query is never read: queries end in logs.
func credential(h http.Header) (key string, ok bool) {
	values := h.Values("Authorization")
	if len(values) == 0 {
		return "", true
	}
	if len(values) > 1 {
		return "", false
	}
	scheme, rest, _ := strings.Cut(strings.TrimSpace(values[0]), " ")
	rest = strings.TrimSpace(rest)
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return rest, true
	case strings.EqualFold(scheme, "Basic"):
		pair, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return "", false
		}
		return strings.CutSuffix(string(pair), ":")
	}
	return "", false
}
