package egress

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/problem"
)

// pipedStorage is a storage client whose connections end in serve.
func pipedStorage(p Policy, serve func(conn net.Conn)) *http.Client {
	return storage(p.complete(), func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			serve(server)
		}()
		return client, nil
	})
}

func TestStorageChecksAddresses(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1/", "http://10.1.2.3/", "http://[::ffff:169.254.169.254]/latest", "http://93.184.216.34:22/"} {
		_, err := Storage(Policy{}).Get(url)
		if !errors.Is(err, problem.New(problem.SourceForbidden)) {
			t.Errorf("%s: %v, want source-forbidden", url, err)
		}
	}
}

func TestStorageIgnoresProxies(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.UserAgent()) }))
	defer server.Close()
	c := Storage(Policy{Allow: prefixes(t, "127.0.0.0/8"), UserAgent: "Named/1"})
	defer c.CloseIdleConnections()
	reply, err := c.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if body, err := io.ReadAll(reply.Body); err != nil || string(body) != "Named/1" {
		t.Errorf("user agent %q, %v", body, err)
	}
}

// TestStorageStored: what was packed before it was stored comes as it is.
func TestStorageStored(t *testing.T) {
	accepted := make(chan string, 2)
	c := pipedStorage(Policy{}, func(conn net.Conn) {
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			accepted <- r.Header.Get("Accept-Encoding")
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: 6\r\n\r\npacked")
		}
	})
	for ctx, want := range map[context.Context]string{context.Background(): "", Stored(context.Background()): "gzip"} {
		r, err := http.NewRequestWithContext(ctx, "GET", "http://store.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		if body, err := io.ReadAll(reply.Body); err != nil || string(body) != "packed" {
			t.Errorf("body %q, %v", body, err)
		}
		if got := <-accepted; got != want {
			t.Errorf("Accept-Encoding %q, want %q", got, want)
		}
	}
}

func TestStorageKeepsConnections(t *testing.T) {
	var dialled atomic.Int64
	c := pipedStorage(Policy{}, func(conn net.Conn) {
		dialled.Add(1)
		for in := bufio.NewReader(conn); ; {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	defer c.CloseIdleConnections()
	for range 3 {
		reply, err := c.Get("http://store.example/")
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, reply.Body)
		reply.Body.Close()
	}
	if n := dialled.Load(); n != 1 {
		t.Errorf("%d connections for 3 requests", n)
	}
}

func TestStorageFollowsNoRedirect(t *testing.T) {
	c := pipedStorage(Policy{}, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			io.WriteString(conn, "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n")
		}
	})
	defer c.CloseIdleConnections()
	reply, err := c.Get("http://store.example/")
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusTemporaryRedirect || reply.Request.URL.Host != "store.example" {
		t.Errorf("%s from %s", reply.Status, reply.Request.URL.Host)
	}
}

func TestStorageBoundsReplies(t *testing.T) {
	for _, c := range []struct {
		name, status string
		ctx          context.Context
		most         int64
	}{
		{"page", "200 OK", context.Background(), maxReply},
		{"refusal", "403 Forbidden", context.Background(), maxRefusal},
		{"refusal of a file", "404 Not Found", Whole(context.Background()), maxRefusal},
		{"file", "200 OK", Whole(context.Background()), maxReply + 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := pipedStorage(Policy{MaxBytes: maxReply + 5}, func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					io.WriteString(conn, "HTTP/1.1 "+c.status+"\r\n\r\n")
					for chunk := strings.Repeat("x", 1<<20); ; {
						if _, err := io.WriteString(conn, chunk); err != nil {
							return
						}
					}
				}
			})
			r, err := http.NewRequestWithContext(c.ctx, "GET", "http://store.example/", nil)
			if err != nil {
				t.Fatal(err)
			}
			reply, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer reply.Body.Close()
			n, err := io.Copy(io.Discard, reply.Body)
			if n != c.most || !errors.Is(err, ErrReplyTooLong) {
				t.Errorf("read %d, %v; want %d, %v", n, err, c.most, ErrReplyTooLong)
			}
		})
	}
}

// TestStorageIdle: what stands still is given up, in either direction, and what moves is not,
// however long it takes.
func TestStorageIdle(t *testing.T) {
	const idle = 30 * time.Second
	read := func(conn net.Conn) (*http.Request, error) { return http.ReadRequest(bufio.NewReaderSize(conn, 16)) }
	for _, c := range []struct {
		name  string
		serve func(conn net.Conn)
		slow  bool
		takes time.Duration
	}{
		{"silent", func(conn net.Conn) { read(conn); hangUp(conn) }, true, idle},
		{"stops taking", func(conn net.Conn) {
			read(conn)
			conn.Read(make([]byte, 100))
			time.Sleep(2 * idle)
		}, true, idle},
		{"takes slowly", func(conn net.Conn) {
			r, err := read(conn)
			for err == nil {
				time.Sleep(idle / 2)
				_, err = io.CopyN(io.Discard, r.Body, 32<<10)
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}, false, 0},
		{"stops in its answer", func(conn net.Conn) {
			r, _ := read(conn)
			io.Copy(io.Discard, r.Body)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
			hangUp(conn)
		}, true, idle},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := pipedStorage(Policy{Idle: idle}, c.serve)
				defer client.CloseIdleConnections()
				began := time.Now()
				reply, err := client.Post("http://store.example/", "text/plain", strings.NewReader(strings.Repeat("x", 1<<20)))
				if err == nil {
					_, err = io.ReadAll(reply.Body)
					reply.Body.Close()
				}
				took := time.Since(began)
				time.Sleep(2 * idle)
				var late net.Error
				if c.slow && (!errors.As(err, &late) || !late.Timeout() || took < c.takes || took > c.takes+time.Second) {
					t.Errorf("after %v: %v; want a time-out after %v", took, err, c.takes)
				}
				if !c.slow && (err != nil || took < 4*idle) {
					t.Errorf("after %v: %v", took, err)
				}
			})
		})
	}
}

func TestStorageTotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := pipedStorage(Policy{Idle: time.Minute, Total: time.Hour}, func(conn net.Conn) {
			http.ReadRequest(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			for {
				time.Sleep(30 * time.Second)
				if _, err := conn.Write([]byte("x")); err != nil {
					return
				}
			}
		})
		began := time.Now()
		reply, err := client.Get("http://store.example/")
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		_, err = io.ReadAll(reply.Body)
		took := time.Since(began)
		time.Sleep(time.Minute) // until the server has seen it too
		if err == nil || took < time.Hour || took > time.Hour+time.Minute {
			t.Errorf("after %v: %v; want an end after an hour", took, err)
		}
	})
}
