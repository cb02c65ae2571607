package transfer_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/egress"
	"compressor/internal/problem"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

func faulty(reason storage.Reason, after time.Duration) *storage.Fault {
	f := storage.NewFault("write", reason, "", 0, nil)
	f.After = after
	return f
}

func TestTries(t *testing.T) {
	tries := transfer.Tries{Most: 4, First: time.Second, Longest: 10 * time.Second}
	for _, c := range []struct {
		name          string
		err           error
		calls         int
		least, longer time.Duration // how long it takes, from and to
	}{
		{"success", nil, 1, 0, 0},
		{"for good", faulty(storage.Denied, 0), 1, 0, 0},
		{"no fault", io.EOF, 1, 0, 0},
		{"passing", faulty(storage.Unreachable, 0), 4, 3500 * time.Millisecond, 7 * time.Second},
		{"asks for more", faulty(storage.Busy, 9*time.Second), 4, 27 * time.Second, 27 * time.Second},
		{"asks for less", faulty(storage.Busy, time.Millisecond), 4, 3500 * time.Millisecond, 7 * time.Second},
		{"asks for too much", faulty(storage.Busy, 11*time.Second), 1, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, calls, told := time.Now(), 0, 0
				var waits time.Duration
				ctx := storage.Watch(t.Context(), storage.Watcher{Failed: func(f *storage.Fault, try int, wait time.Duration) {
					if told, waits = told+1, waits+wait; f != c.err || try != told {
						t.Errorf("told of try %d: %v", try, f)
					}
				}})
				err := tries.Do(ctx, func(try int) error {
					if try != calls {
						t.Errorf("try %d is told to be %d", calls, try)
					}
					calls++
					return c.err
				})
				took := time.Since(began)
				if told != c.calls-1 || waits != took {
					t.Errorf("told of %d tries and %v of pauses", told, waits)
				}
				if err != c.err || calls != c.calls || took < c.least || took > c.longer {
					t.Errorf("%v after %d calls in %v; want %v, %d, %v to %v", err, calls, took, c.err, c.calls, c.least, c.longer)
				}
			})
		})
	}
}

func TestTriesRecover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		err := transfer.DefaultTries().Do(t.Context(), func(int) error {
			if calls++; calls < 3 {
				return faulty(storage.Slow, 0)
			}
			return nil
		})
		if err != nil || calls != 3 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

func TestTriesStop(t *testing.T) {
	why := errors.New("told to stop")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(why) })
		began := time.Now()
		err := transfer.Tries{Most: 4, First: time.Hour, Longest: time.Hour}.Do(ctx, func(int) error { return faulty(storage.Busy, 0) })
		if took := time.Since(began); !errors.Is(err, why) || took != 100*time.Millisecond {
			t.Errorf("%v after %v", err, took)
		}
		if err := transfer.DefaultTries().Do(ctx, func(int) error { return faulty(storage.Denied, 0) }); !errors.Is(err, why) {
			t.Errorf("%v, want the cause", err)
		}
	})
}

// TestTidy: what tidies up outlives what was stopped, but not for ever.
func TestTidy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		tidy, done := transfer.Tidy(ctx)
		defer done()
		if tidy.Err() != nil {
			t.Error(tidy.Err())
		}
		began := time.Now()
		<-tidy.Done()
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("ended after %v", took)
		}
	})
}

func TestParts(t *testing.T) {
	for _, c := range []struct {
		size  int64
		parts int
		each  int64
	}{
		{0, 0, 0}, {1, 1, 1}, {transfer.Small, 1, transfer.Small}, {transfer.Small + 1, 2, transfer.Small},
		{10_000 * transfer.Small, 10_000, transfer.Small}, {10_000*transfer.Small + 1, 10_000, transfer.Small + 1},
		{1 << 40, 10_000, 109951163},
	} {
		parts := transfer.Parts(c.size)
		if len(parts) != c.parts {
			t.Errorf("%d bytes: %d parts, want %d", c.size, len(parts), c.parts)
			continue
		}
		at := int64(0)
		for i, p := range parts {
			last := i == len(parts)-1
			if p.Number != i || p.Offset != at || !last && p.Size != c.each || p.Size < 1 || p.Size > c.each {
				t.Errorf("%d bytes: part %d is %+v", c.size, i, p)
				break
			}
			at += p.Size
		}
		if at != c.size {
			t.Errorf("%d bytes: the parts have %d", c.size, at)
		}
	}
}

func TestDigest(t *testing.T) {
	file := strings.NewReader("before" + strings.Repeat("body ", 1000) + "after")
	p := transfer.Part{Offset: 6, Size: 5000}
	want := []byte(strings.Repeat("body ", 1000))
	got, err := p.Digest(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != (transfer.Digest{MD5: md5.Sum(want), SHA256: sha256.Sum256(want), CRC32: crc32.ChecksumIEEE(want), CRC32C: crc32.Checksum(want, crc32.MakeTable(crc32.Castagnoli))}) {
		t.Errorf("%+v", got)
	}
	if body, err := io.ReadAll(p.Body(file)); err != nil || !bytes.Equal(body, want) {
		t.Errorf("body of %d bytes, %v", len(body), err)
	}
}

func TestBroken(t *testing.T) {
	for _, c := range []struct {
		err    error
		reason storage.Reason
	}{
		{io.ErrUnexpectedEOF, storage.Unreachable},
		{os.ErrDeadlineExceeded, storage.Slow},
		{fmt.Errorf("wrapped: %w", problem.New(problem.SourceForbidden)), storage.Forbidden},
		{egress.ErrReplyTooLong, storage.Failed},
	} {
		f := transfer.Broken("read", &url.Error{Op: "Get", URL: "https://store.example/?sig=SECRET", Err: c.err})
		if f.Reason != c.reason || f.Doing != "read" || f.Status != 0 {
			t.Errorf("%v: %+v", c.err, f)
		}
		if said := fmt.Sprint(f, errors.Unwrap(f)); strings.Contains(said, "SECRET") {
			t.Errorf("%v: the URL is told: %s", c.err, said)
		}
	}
}

func TestStatus(t *testing.T) {
	for status, want := range map[int]storage.Reason{
		301: storage.NoBucket, 307: storage.NoBucket, 400: storage.Invalid, 401: storage.BadKey, 403: storage.Denied, 404: storage.NoObject,
		408: storage.Slow, 409: storage.Busy, 412: storage.Exists, 418: storage.Failed, 429: storage.Busy, 500: storage.Failed,
		501: storage.Invalid, 503: storage.Busy, 507: storage.Full,
	} {
		if got := transfer.Status(status, storage.NoObject); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, "-5": 0, "1.5": 0, "soon": 0, "99999999999999": 0,
		"Wed, 04 Mar 2026 05:07:07 GMT": time.Minute, "Wed, 04 Mar 2026 05:05:07 GMT": 0, "Wed, 04 Mar 2026 05:07:07": 0,
	} {
		if got := transfer.RetryAfter(header, now); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Wed, 04 Mar 2026 05:07:07 GMT")
	f.Fuzz(func(t *testing.T, header string) {
		if d := transfer.RetryAfter(header, time.Now()); d < 0 {
			t.Errorf("%q: %v", header, d)
		}
	})
}
