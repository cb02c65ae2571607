package transfer

import (
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"time"

	"compressor/internal/egress"
	"compressor/internal/problem"
	"compressor/internal/storage"
)

// Broken is the fault of an exchange that ended without an answer. The URL is left out of its
// cause, since it may be signed.
func Broken(doing string, err error) *storage.Fault {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	reason := storage.Unreachable
	var late net.Error
	switch {
	case errors.Is(err, problem.New(problem.SourceForbidden)):
		reason = storage.Forbidden
	case errors.Is(err, egress.ErrReplyTooLong):
		reason = storage.Failed
	case errors.As(err, &late) && late.Timeout():
		reason = storage.Slow
	}
	return storage.NewFault(doing, reason, "", 0, err)
}

// Codes are error codes of a provider that stand for one reason.
type Codes struct {
	Reason storage.Reason
	Codes  []string
}

// ReasonOf is the reason behind the code of an answer, by the row of known that has it, or
// else behind its HTTP status. gone is as for Status.
func ReasonOf(known []Codes, code string, status int, gone storage.Reason) storage.Reason {
	for _, row := range known {
		if slices.Contains(row.Codes, code) {
			return row.Reason
		}
	}
	return Status(status, gone)
}

// Status is the reason behind an HTTP status, for answers whose code tells nothing. gone is
// the reason for 404.
func Status(status int, gone storage.Reason) storage.Reason {
	switch status {
	case 301, 302, 307, 308:
		return storage.NoBucket // every store answers so for a bucket in another region
	case 400, 405, 411, 413, 416, 501:
		return storage.Invalid
	case 401:
		return storage.BadKey
	case 403:
		return storage.Denied
	case 404:
		return gone
	case 408:
		return storage.Slow
	case 412:
		return storage.Exists
	case 409, 425, 429, 503:
		return storage.Busy
	case 507:
		return storage.Full
	}
	return storage.Failed
}

// RetryAfter reads that header: seconds, or a date (RFC 9110, section 10.2.3). What is neither,
// or past, is 0.
func RetryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := time.Parse(storage.HTTPDate, header); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// Reader is the body of an object: its errors are faults of reading.
type Reader struct{ io.ReadCloser }

// Read reads on.
func (r Reader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = Broken("read", err)
	}
	return n, err
}
