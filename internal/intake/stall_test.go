package intake

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/blob"
	"compressor/internal/problem"
)

var _ Deadliner = (*http.ResponseController)(nil)

// TestGuard sends bytes at different paces, in fake time, over a pipe that has deadlines.
func TestGuard(t *testing.T) {
	for _, test := range []struct {
		name  string
		start int           // bytes at once in the beginning
		size  int           // bytes at a time
		every time.Duration // pause before each
		times int
		stall time.Duration // when reading fails, 0 for never
	}{
		{"quick", 0, 64 << 10, time.Millisecond, 50, 0},
		{"slow but moving", 0, 20 << 10, time.Second, 200, 0},
		{"in bursts", 0, 400 << 10, 29 * time.Second, 20, 0},
		{"stops", 0, 1, time.Hour, 1, 30 * time.Second},
		{"one byte per 29 s", 0, 1, 29 * time.Second, 1000, 87 * time.Second},
		{"a byte a second", 0, 1, time.Second, 1000, 61 * time.Second},
		{"half the rate", 0, 5 << 10, time.Second, 1000, 121 * time.Second},
		{"a quick start, then a byte per 29 s", 4 << 20, 1, 29 * time.Second, 1000, 87 * time.Second},
		{"just fast enough", 0, 10 << 10, time.Second, 200, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				theirs.Write(make([]byte, test.start))
				for range test.times {
					time.Sleep(test.every)
					if _, err := theirs.Write(make([]byte, test.size)); err != nil {
						return
					}
				}
			}()
			start := time.Now()
			guarded := Guard(ours, ours, Pace{}, time.Now)
			n, err := io.CopyN(io.Discard, guarded, int64(test.start+test.size*test.times))
			took := time.Since(start)
			if test.stall == 0 && err != nil {
				t.Errorf("%s: %v after %d bytes and %v", test.name, err, n, took)
			}
			if test.stall != 0 && (!problem.Has(err, problem.UploadStalled) || took != test.stall) {
				t.Errorf("%s: %v after %v, want upload-stalled after %v", test.name, err, took, test.stall)
			}
			if test.stall != 0 {
				if _, again := guarded.Read(make([]byte, 1)); again != err || time.Since(start) != took {
					t.Errorf("%s: the next read gives %v after %v", test.name, again, time.Since(start)-took)
				}
			}
			ours.Close()
			time.Sleep(2 * time.Hour) // of fake time: lets the writer find the pipe closed
		})
	}
}

// TestGuardForgivesUs: pauses between reads are our own and count for nothing.
func TestGuardForgivesUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go func() {
			io.WriteString(theirs, "abcdef")
			theirs.Close()
		}()
		guarded := Guard(ours, ours, Pace{}, time.Now)
		for range 6 {
			if _, err := guarded.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		ours.Close()
	})
}

type noDeadline struct{ err error }

func (d noDeadline) SetReadDeadline(time.Time) error { return d.err }

func TestGuardWithoutDeadlines(t *testing.T) {
	closed := errors.New("closed")
	if _, err := Guard(strings.NewReader("x"), noDeadline{fmt.Errorf("x: %w", errors.ErrUnsupported)}, Pace{}, time.Now).Read(make([]byte, 1)); !problem.Has(err, problem.Internal) {
		t.Errorf("%v, want internal", err)
	}
	if _, err := Guard(strings.NewReader("x"), noDeadline{closed}, Pace{}, time.Now).Read(make([]byte, 1)); err != closed {
		t.Errorf("%v, want the connection's error", err)
	}
}

// pipeListener gives a server one connection of a pipe, which lives in fake time.
type pipeListener struct {
	conns chan net.Conn
	addr  net.Addr
}

func (l pipeListener) Accept() (net.Conn, error) {
	conn, open := <-l.conns
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}
func (l pipeListener) Close() error   { return nil }
func (l pipeListener) Addr() net.Addr { return l.addr }

// TestServer runs the guard and Upload under net/http: a body that stops is noticed, and a
// finished one leaves no deadline that would cancel a request while it waits for its job.
func TestServer(t *testing.T) {
	form := part(`name="file"`, "content") + end
	for _, test := range []struct {
		name, body string
		code       problem.Code
		took       time.Duration
	}{
		{"whole", form, "", 55 * time.Second},
		{"stopped", form[:60], problem.UploadStalled, 30 * time.Second},
	} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			listener := pipeListener{make(chan net.Conn, 1), ours.LocalAddr()}
			listener.conns <- theirs
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				guarded := Guard(r.Body, http.NewResponseController(w), Pace{}, time.Now)
				parts, err := NewForm(guarded, r.Header.Get("Content-Type"))
				if err == nil {
					_, err = Upload(r.Context(), parts, Limits{}, blob.NewScratch(dir))
				}
				guarded.Release()
				if err != nil {
					fmt.Fprint(w, problem.From(err).Code)
					return
				}
				select {
				case <-r.Context().Done():
					fmt.Fprint(w, "canceled")
				case <-time.After(55 * time.Second):
				}
			})}
			go server.Serve(listener)
			start := time.Now()
			go fmt.Fprintf(ours, "POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", contentType, len(form), test.body)
			reply, err := http.ReadResponse(bufio.NewReader(ours), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(reply.Body)
			if took := time.Since(start); err != nil || string(body) != string(test.code) || took != test.took {
				t.Errorf("%s: %q, %v after %v, want %q after %v", test.name, body, err, took, test.code, test.took)
			}
			ours.Close()
			close(listener.conns)
			server.Close()
			synctest.Wait()
		})
	}
}
