package storage

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"time"

	"compressor/internal/problem"
)

// Unanswered is the fault of a request to which there was no answer at all, or none to its
// end. The end of a context is no fault, and a fault stays what it is.
func Unanswered(ctx context.Context, doing string, err error) error {
	var known *Fault
	var timeout net.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case problem.Has(err, problem.SourceForbidden):
		return NewFault(doing, Forbidden, "", 0, err)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return NewFault(doing, Slow, "", 0, err)
	}
	return NewFault(doing, Unreachable, "", 0, err)
}

// ByStatus is the reason of a refusal of which only the status of HTTP is known.
func ByStatus(status int) Reason {
	switch status {
	case 400, 405, 411, 413, 416, 422:
		return Invalid
	case 401:
		return BadKey
	case 403:
		return Denied
	case 404:
		return NoObject
	case 409, 412:
		return Exists
	case 408, 429, 503:
		return Busy
	case 507:
		return Full
	}
	return Failed
}

// RetryAfter reads the header of that name, in seconds; 0 for none or a date.
func RetryAfter(header string) time.Duration {
	n, err := strconv.Atoi(header)
	if err != nil || n < 0 || n > 3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}
