package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

const (
	maxReply     = 16 << 20        // bytes of a reply that is no file: a page of a list, at most
	maxRefusal   = 64 << 10        // bytes of a reply that is an error
	continueWait = 1 * time.Second // for the leave to send a body, so that a refusal comes first
	idleSockets  = 16              // kept per host, for the parts of one large file
)

// Storage returns an HTTP client for the SDK of an object store. Every connection is checked
// as those of New are, at the moment of dialling; some then stay open, since a list or a large
// file is many requests to one host. No redirect is followed: its reply comes back as it is.
//
// Each request has Policy.Total, and Policy.Idle without a byte in either direction. A reply
// is at most 16 MiB, but for those asked for with Whole, and for refusals, which get 64 KiB.
// Errors of the client wrap a problem source-forbidden for an address that may not be dialled.
func Storage(p Policy) *http.Client {
	p = p.complete()
	return storage(p, p.dialer(p.control).DialContext)
}

// storage is Storage with another way to dial, for tests. The policy must be complete.
func storage(p Policy, dial dialFunc) *http.Client {
	c := newClient(p, func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &idleConn{Conn: conn, idle: p.Idle}, nil
	})
	t := c.transport.(*http.Transport)
	t.DisableKeepAlives = false
	t.IdleConnTimeout = p.Idle
	t.MaxIdleConnsPerHost = idleSockets
	t.ExpectContinueTimeout = continueWait
	return &http.Client{
		Timeout:       p.Total,
		Transport:     &bounded{policy: p, next: t},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// idleConn breaks a connection on which nothing moved for a while, in either direction: the
// wait for a reply does not count while the request is still being sent.
type idleConn struct {
	net.Conn
	idle time.Duration
	late atomic.Bool
}

func (c *idleConn) Read(p []byte) (int, error) { return c.within(c.Conn.Read, p) }

func (c *idleConn) Write(p []byte) (int, error) { return c.within(c.Conn.Write, p) }

// within does one read or write. Where the other direction was late, net/http has closed the
// connection since, and the error of that would hide why.
func (c *idleConn) within(do func([]byte) (int, error), p []byte) (int, error) {
	err := c.SetDeadline(time.Now().Add(c.idle))
	n := 0
	if err == nil {
		n, err = do(p)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.late.Store(true)
	}
	if err != nil && c.late.Load() {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// whole marks the context of a request for a file.
type whole struct{}

// Whole says that the reply to a request with this context is a file, of Policy.MaxBytes at
// most.
func Whole(ctx context.Context) context.Context { return context.WithValue(ctx, whole{}, true) }

// stored marks the context of a request for a file as it is kept.
type stored struct{}

// Stored asks that a file which is kept gzipped come so, and not unpacked on the way, as
// Google's store does for who does not say that it takes gzip. The header is set here since
// Google's own client refuses to.
func Stored(ctx context.Context) context.Context { return context.WithValue(ctx, stored{}, true) }

// ErrReplyTooLong is the error of reading on where a reply is longer than it may be.
var ErrReplyTooLong = errors.New("egress: reply too long")

// bounded limits replies, and sends our name instead of the SDK's, which tells of the machine.
type bounded struct {
	policy Policy
	next   http.RoundTripper
}

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context()) // a RoundTripper may not change the request
	r.Header.Set("User-Agent", b.policy.UserAgent)
	if r.Context().Value(stored{}) != nil {
		r.Header.Set("Accept-Encoding", "gzip")
	}
	reply, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	most := int64(maxReply)
	switch {
	case reply.StatusCode >= 300:
		most = maxRefusal
	case r.Context().Value(whole{}) != nil:
		most = b.policy.MaxBytes
	}
	reply.Body = &shortBody{ReadCloser: reply.Body, left: most}
	return reply, nil
}

// shortBody is a body with an error, instead of more bytes, past its limit.
type shortBody struct {
	io.ReadCloser
	left int64
}

func (s *shortBody) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if s.left -= int64(n); s.left < 0 {
		return max(n+int(s.left), 0), ErrReplyTooLong
	}
	return n, err
}
