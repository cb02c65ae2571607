package httpapi

import (
	"io"
	"time"

	"compressor/internal/intake"
)

// body is the request's body, which must keep moving. It must be released after use.
func (x *exchange) body() *intake.Guarded {
	return intake.Guard(counted{x}, x.ctl, x.s.config.Pace, time.Now)
}

// counted reads the body of an exchange and notes how far it came.
type counted struct{ x *exchange }

func (c counted) Read(p []byte) (int, error) {
	n, err := c.x.r.Body.Read(p)
	c.x.in += int64(n)
	c.x.atEnd = c.x.atEnd || err == io.EOF
	return n, err
}

// refuseRest prepares a reply before the end of the body. net/http reads a small rest by
// itself, so that the connection can go on, and before it answers: that must not take for
// ever. At a large or unknown rest it would close the connection while the client still
// sends, and many a client then sees a broken connection instead of the reply. There we
// answer first, and the reply is true: drainRest must follow it.
func (x *exchange) refuseRest() (drain bool) {
	rest := x.r.ContentLength - x.in
	unasked := x.in == 0 && x.r.Header.Get("Expect") != "" // a client that waits for our word sends nothing
	if x.atEnd || x.r.ContentLength == 0 || unasked {
		return false
	}
	x.ctl.SetReadDeadline(time.Now().Add(lingerTime)) //nolint:errcheck // not every connection has deadlines
	if x.r.ContentLength > 0 && rest <= lingerSize || x.Header().Get("Connection") == "close" {
		return false
	}
	if x.ctl.EnableFullDuplex() != nil {
		return false
	}
	x.Header().Set("Connection", "close")
	return true
}

// drainRest lets the client send on for a little while, and reads over it.
func (x *exchange) drainRest() {
	if x.ctl.Flush() != nil {
		return
	}
	io.Copy(io.Discard, counted{x}) //nolint:errcheck // its end, or the deadline: either will do
}
