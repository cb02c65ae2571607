package egress

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"compressor/internal/problem"
)

// maxAnswer is how much of the body of an answer to a POST is read, in bytes, so that most
// receivers see their answer taken. Nobody looks at it.
const maxAnswer = 4 << 10

// Message is what to post. URL may carry user:password@. Headers are the client's own; Own
// are ours and win. Both go to that address only: no redirect is followed.
type Message struct {
	URL     string
	Headers map[string]string
	Own     map[string]string
	Body    []byte
}

// String shows the host only: URL and headers may hold credentials.
func (m Message) String() string {
	u, err := url.Parse(m.URL)
	if err != nil {
		return "POST (not a URL)"
	}
	return "POST " + u.Host
}

// GoString is String, so that %#v does not show credentials either.
func (m Message) GoString() string { return m.String() }

// LogValue is String, for slog.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.String()) }

// Answer is what a receiver answered.
type Answer struct {
	Status     int
	RetryAfter string // the header, as it came
}

// Post sends m once. The whole exchange has Policy.Total; any status is an answer, a
// redirect too. Errors are those of Client.Fetch, but for what concerns a file.
func (c *Client) Post(ctx context.Context, m Message) (Answer, error) {
	target, err := ParseURL(m.URL)
	if err != nil {
		return Answer{}, err
	}
	if wrong := CheckHeaders(m.Headers); len(wrong) > 0 {
		return Answer{}, problem.Invalid(wrong...)
	}
	parent := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, c.policy.Total, errTooSlow)
	defer cancel()
	reply, err := c.transport.RoundTrip(c.buildPost(target, m).WithContext(ctx))
	if err != nil {
		return Answer{}, explain(parent, ctx, err, secrets(target, m.Headers))
	}
	defer reply.Body.Close()
	io.CopyN(io.Discard, reply.Body, maxAnswer) //nolint:errcheck // the status has come, and it alone counts
	return Answer{Status: reply.StatusCode, RetryAfter: reply.Header.Get("Retry-After")}, nil
}

func (c *Client) buildPost(to *url.URL, m Message) *http.Request {
	target := *to
	target.User, target.Fragment, target.RawFragment = nil, "", ""
	h := http.Header{"User-Agent": {c.policy.UserAgent}}
	r := &http.Request{
		Method: http.MethodPost, URL: &target, Host: target.Host, Header: h,
		Body: io.NopCloser(bytes.NewReader(m.Body)), ContentLength: int64(len(m.Body)),
	}
	if to.User != nil {
		password, _ := to.User.Password()
		r.SetBasicAuth(to.User.Username(), password)
	}
	for name, value := range m.Headers {
		h.Set(name, value)
	}
	for name, value := range m.Own {
		h.Set(name, value)
	}
	return r
}

// Refuses says what can be told of an address without looking its name up: an error,
// source-forbidden, for one that would never be dialled. That it is nil promises nothing;
// the check that counts comes at the moment of dialling.
func (c *Client) Refuses(to *url.URL) error {
	number, err := strconv.ParseUint(port(to), 10, 16)
	if err != nil {
		return problem.New(problem.SourceForbidden).Because(err)
	}
	at := uint16(number)
	name := hostName(to.Hostname())
	if addr, ok := literal(name); ok {
		return c.policy.Check(netip.AddrPortFrom(addr, at))
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") { // RFC 6761, section 6.3
		err := c.policy.Check(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at))
		if err != nil {
			err = c.policy.Check(netip.AddrPortFrom(netip.IPv6Loopback(), at))
		}
		return err
	}
	if len(c.policy.Allow) == 0 && !slices.Contains(c.policy.Ports, at) {
		return problem.New(problem.SourceForbidden)
	}
	return nil
}
