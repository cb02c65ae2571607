package webhook

import (
	"crypto/rand"
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// DefaultPauses are those after each failed try but the last: eight tries in all.
func DefaultPauses() []time.Duration {
	return []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute,
		30 * time.Minute, 2 * time.Hour, 6 * time.Hour}
}

const (
	jitter        = 0.2           // of a pause, up or down, so that what failed together does not come back together
	maxRetryAfter = 6 * time.Hour // a receiver that asks for more is asked again then
)

// schedule says when to try again.
type schedule struct {
	pauses []time.Duration
	random func() float64 // from 0 up to 1
}

// next is the pause after so many failed tries, one or more, and false when none is left.
// What a receiver asked for is obeyed within reason, never undercut and never by more than
// the jitter overdone.
func (s schedule) next(tries int, asked time.Duration) (time.Duration, bool) {
	if tries > len(s.pauses) {
		return 0, false
	}
	r := s.random()
	pause := stretch(s.pauses[tries-1], 1-jitter+2*jitter*r)
	return max(pause, stretch(min(asked, maxRetryAfter), 1+jitter*r)), true
}

func stretch(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

// retryAfter reads the header Retry-After (RFC 9110, section 10.2.3): seconds, or a date.
// What is neither, or past, is 0.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := parseTime(header); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// unit is a random number from 0 up to 1.
func unit() float64 {
	var raw [8]byte
	rand.Read(raw[:]) //nolint:errcheck // never fails, by its documentation
	return float64(binary.LittleEndian.Uint64(raw[:])>>11) / (1 << 53)
}

// parseTime reads a date of HTTP in the three forms of RFC 9110, section 5.6.7.
func parseTime(text string) (at time.Time, err error) {
	for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 GMT", time.RFC850, time.ANSIC} {
		if at, err = time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return at, err
}
