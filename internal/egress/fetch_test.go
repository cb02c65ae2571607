package egress

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/problem"
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

const maxTest = 1 << 20

// TestReplies gives the client raw replies, good and bad.
func TestReplies(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(make([]byte, 2*maxTest))
	z.Close()
	ok := "HTTP/1.1 200 OK\r\n"
	for _, test := range []struct {
		name, reply string
		want        problem.Code // "" for success
		body        string
		message     string // part of the error
	}{
		{"plain", ok + "Content-Length: 5\r\n\r\nhello", "", "hello", ""},
		{"until close", ok + "\r\nhello", "", "hello", ""},
		{"chunked", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "", "hello", ""},
		{"empty", ok + "Content-Length: 0\r\n\r\n", "", "", ""},
		{"identity", ok + "Content-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", "", "hello", ""},
		{"early hints", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok + "Content-Length: 5\r\n\r\nhello", "", "hello", ""},
		{"longer than stated", ok + "Content-Length: 5\r\n\r\nhello, world", "", "hello", ""},
		{"shorter than stated", ok + "Content-Length: 500\r\n\r\nhello", problem.SourceFailed, "", "broke off"},
		{"chunks cut", ok + "Transfer-Encoding: chunked\r\n\r\nff\r\nhello", problem.SourceFailed, "", "broke off"},
		{"chunks broken", ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello", problem.SourceFailed, "", "broke off"},
		{"two lengths", ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", problem.SourceFailed, "", ""},
		{"not found", "HTTP/1.1 404 Nope\r\nContent-Length: 5\r\n\r\nhello", problem.SourceFailed, "", "The remote server answered with status 404."},
		{"server error", "HTTP/1.1 503 No\r\n\r\n", problem.SourceFailed, "", "status 503."},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", problem.SourceFailed, "", "status 204."},
		{"partial", "HTTP/1.1 206 Partial\r\nContent-Length: 5\r\n\r\nhello", problem.SourceFailed, "", "status 206."},
		{"gzip bomb", ok + "Content-Encoding: gzip\r\n\r\n" + bomb.String(), problem.SourceFailed, "", "Content-Encoding"},
		{"second coding", ok + "Content-Encoding: identity\r\nContent-Encoding: br\r\n\r\nxx", problem.SourceFailed, "", "Content-Encoding"},
		{"coded transfer", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", problem.SourceFailed, "", ""},
		{"stated too large", ok + "Content-Length: 1048577\r\n\r\nhello", problem.FileTooLarge, "", "1048576 bytes"},
		{"just fits", ok + "Content-Length: 1048576\r\n\r\n" + strings.Repeat("x", maxTest), "", strings.Repeat("x", maxTest), ""},
		{"one over", ok + "\r\n" + strings.Repeat("x", maxTest+1), problem.FileTooLarge, "", "1048576 bytes"},
		{"long header", ok + "X: " + strings.Repeat("x", 200<<10) + "\r\n\r\nhello", problem.SourceFailed, "", ""},
		{"many headers", ok + strings.Repeat("X: y\r\n", 40<<10) + "\r\nhello", problem.SourceFailed, "", ""},
		{"not HTTP", "220 smtp.test ESMTP\r\n", problem.SourceFailed, "", "did not answer properly"},
		{"no status", "HTTP/1.1 abc\r\n\r\n", problem.SourceFailed, "", ""},
		{"silence", "", problem.SourceFailed, "", ""},
	} {
		var body bytes.Buffer
		info, err := piped(Policy{MaxBytes: maxTest}, says(test.reply)).Fetch(t.Context(), Request{URL: "http://a.test/x"}, &body)
		switch {
		case test.want == "" && (err != nil || body.String() != test.body || info.Size != int64(len(test.body))):
			t.Errorf("%s: %v, %d bytes, info %+v", test.name, err, body.Len(), info)
		case test.want != "" && (!problem.Has(err, test.want) || !strings.Contains(err.Error(), test.message)):
			t.Errorf("%s: %v, want %s with %q", test.name, err, test.want, test.message)
		case body.Len() > maxTest:
			t.Errorf("%s: %d bytes were written", test.name, body.Len())
		}
	}
}

// TestEndlessBody has no length and no end; the client must hang up by itself.
func TestEndlessBody(t *testing.T) {
	hungUp := make(chan struct{})
	client := piped(Policy{MaxBytes: maxTest}, func(_ *http.Request, conn net.Conn) {
		defer close(hungUp)
		for reply := "HTTP/1.1 200 OK\r\n\r\n"; ; reply = strings.Repeat("x", 4096) {
			if _, err := io.WriteString(conn, reply); err != nil {
				return
			}
		}
	})
	_, err := client.Fetch(t.Context(), Request{URL: "http://a.test/"}, io.Discard)
	if !problem.Has(err, problem.FileTooLarge) {
		t.Errorf("%v, want file-too-large", err)
	}
	<-hungUp
}

func TestCallbacks(t *testing.T) {
	var events []string
	r := Request{URL: "http://a.test/", OnLength: func(n int64) { events = append(events, fmt.Sprint("length ", n)) },
		OnProgress: func(n int64) { events = append(events, fmt.Sprint("at ", n)) }}
	client := piped(Policy{}, func(_ *http.Request, conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: image/png; x\r\n\r\n")
		io.WriteString(conn, "abc")
		io.WriteString(conn, "def")
	})
	info, err := client.Fetch(t.Context(), r, io.Discard)
	if err != nil || info != (Info{Name: "file", Size: 6, ContentType: "image/png", Host: "a.test"}) {
		t.Errorf("%v, %+v", err, info)
	}
	if got := strings.Join(events, ", "); got != "length 6, at 3, at 6" {
		t.Errorf("events: %s", got)
	}
}

// waits runs one fetch in a bubble of fake time and says how long it took.
func waits(t *testing.T, p Policy, dst io.Writer, serve func(*http.Request, net.Conn)) (took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err = piped(p, serve).Fetch(t.Context(), Request{URL: "http://a.test/"}, dst)
		took = time.Since(start)
		time.Sleep(time.Hour) // of fake time: lets a server in the middle of a pause find that it is alone
		synctest.Wait()
	})
	return took, err
}

func TestSlowSources(t *testing.T) {
	p := Policy{Idle: 30 * time.Second, Total: 10 * time.Minute}
	drip := func(conn net.Conn, text string, every time.Duration) {
		for i := range len(text) {
			time.Sleep(every)
			if _, err := conn.Write([]byte{text[i]}); err != nil {
				return
			}
		}
	}
	header := "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
	for _, test := range []struct {
		name  string
		serve func(*http.Request, net.Conn)
		want  time.Duration
	}{
		{"no reply", func(_ *http.Request, conn net.Conn) { hangUp(conn) }, 30 * time.Second},
		{"dripping header", func(_ *http.Request, conn net.Conn) { drip(conn, header, time.Second) }, 30 * time.Second},
		{"stalled body", func(_ *http.Request, conn net.Conn) {
			io.WriteString(conn, header+"some")
			hangUp(conn)
		}, 30 * time.Second},
		{"dripping body", func(_ *http.Request, conn net.Conn) {
			io.WriteString(conn, header)
			drip(conn, strings.Repeat("x", 100), 29*time.Second)
		}, 10 * time.Minute},
		{"redirects that take their time", func(_ *http.Request, conn net.Conn) {
			time.Sleep(29 * time.Second)
			io.WriteString(conn, "HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n")
		}, 0},
	} {
		took, err := waits(t, p, io.Discard, test.serve)
		if test.want == 0 {
			if !problem.Has(err, problem.SourceFailed) {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if !problem.Has(err, problem.SourceTooSlow) || took != test.want {
			t.Errorf("%s: %v after %v, want source-too-slow after %v", test.name, err, took, test.want)
		}
	}
}

type slowWriter struct{}

func (slowWriter) Write(p []byte) (int, error) {
	time.Sleep(5 * time.Minute)
	return len(p), nil
}

// TestSlowDestination: our own disk's slowness is not held against the remote server.
func TestSlowDestination(t *testing.T) {
	_, err := waits(t, Policy{Idle: 30 * time.Second}, slowWriter{}, func(_ *http.Request, conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		time.Sleep(5*time.Minute + time.Second) // waits for the write, and then a second for us
		io.WriteString(conn, "world")
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSlowDialing: a connection that is never answered, and one whose handshake is not.
func TestSlowDialing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p := Policy{Connect: 10 * time.Second}.complete()
		client := newClient(p, func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go hangUp(theirs)
			return ours, nil
		})
		_, err := client.Fetch(t.Context(), Request{URL: "https://a.test/"}, io.Discard)
		if took := time.Since(start); !problem.Has(err, problem.SourceTooSlow) || took != 10*time.Second {
			t.Errorf("handshake: %v after %v", err, took)
		}
	})
}

func TestCancel(t *testing.T) {
	why := errors.New("lease lost")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		r := Request{URL: "http://a.test/", OnProgress: func(int64) { cancel(why) }}
		_, err := piped(Policy{}, func(_ *http.Request, conn net.Conn) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\nhello")
			hangUp(conn)
		}).Fetch(ctx, r, io.Discard)
		if err != why {
			t.Errorf("%v, want the cause of the context", err)
		}
	})
}

type fullDisk struct{ err error }

func (d fullDisk) Write([]byte) (int, error) { return 0, d.err }

func TestDestinationFails(t *testing.T) {
	full := errors.New("no space left")
	_, err := piped(Policy{}, says("HTTP/1.1 200 OK\r\n\r\nhello")).Fetch(t.Context(), Request{URL: "http://a.test/"}, fullDisk{full})
	if err != full {
		t.Errorf("%v, want the writer's own error", err)
	}
}

// TestSecretsStayHidden has the server quote our credentials where errors repeat it.
func TestSecretsStayHidden(t *testing.T) {
	r := Request{URL: "http://ann:s3cret%21@a.test/x?sig=Pr3signed", Headers: map[string]string{"Authorization": "Bearer t0ken-value", "X-Key": "k3y-value"}}
	planted := []string{"s3cret", "YW5uOnMzY3JldCE=", "t0ken-value", "k3y-value", "Pr3signed"}
	for _, reply := range []string{
		"HTTP/1.1 ann:s3cret! YW5uOnMzY3JldCE= t0ken-value\r\n\r\n",
		"k3y-value s3cret%21 sig=Pr3signed\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://ann:s3cret!@[::1/t0ken-value\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: t0ken-value\r\n\r\n",
	} {
		_, err := piped(Policy{}, says(reply)).Fetch(t.Context(), r, io.Discard)
		if err == nil {
			t.Fatalf("%q went well", reply)
		}
		text := fmt.Sprint(err, problem.From(err).Cause())
		for _, secret := range planted {
			if strings.Contains(text, secret) {
				t.Errorf("%q: %s", reply, text)
			}
		}
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("fetch", "request", r)
	fmt.Fprintf(&out, "%v %+v %#v %s", r, r, r, Request{URL: "http://ann:s3cret!@a.test/\x00"})
	_, err := ParseURL("http://ann:s3cret!@a.test:port/")
	fmt.Fprint(&out, err, problem.From(err).Cause())
	for _, secret := range planted {
		if strings.Contains(out.String(), secret) {
			t.Errorf("shown: %s", out.String())
		}
	}
	if !strings.Contains(out.String(), "a.test") {
		t.Errorf("not shown at all: %s", out.String())
	}
}
