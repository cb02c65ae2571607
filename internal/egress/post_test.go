package egress

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/problem"
)

// TestPost: what is sent, and that any status is an answer, a redirect too.
func TestPost(t *testing.T) {
	var got *http.Request
	var body []byte
	reply := ""
	c := piped(Policy{UserAgent: "Test/1"}, func(r *http.Request, conn net.Conn) {
		got = r
		body, _ = io.ReadAll(r.Body)
		io.WriteString(conn, reply)
	})
	m := Message{URL: "http://us%40er:pa%3Ass@h.example/in?a=b#f", Headers: map[string]string{"x-mine": "1", "user-agent": "Mine"},
		Own: map[string]string{"User-Agent": "Ours", "Content-Type": "application/json"}, Body: []byte(`{"a":1}`)}
	for head, want := range map[string]Answer{
		"200 OK\r\nContent-Length: 2\r\n\r\nok":                                         {Status: 200},
		"204 No Content\r\n\r\n":                                                        {Status: 204},
		"302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n":         {Status: 302},
		"503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n":                         {Status: 503, RetryAfter: "7"},
		"200 OK\r\nContent-Length: 99999999\r\n\r\n" + strings.Repeat("x", 2*maxAnswer): {Status: 200},
		"200 OK\r\nContent-Length: 100\r\n\r\ncut":                                      {Status: 200},
		"200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nnot":              {Status: 200},
	} {
		reply = "HTTP/1.1 " + head
		answer, err := c.Post(t.Context(), m)
		if err != nil || answer != want {
			t.Errorf("%.40q: %+v, %v", head, answer, err)
		}
		user, password, _ := got.BasicAuth()
		if got.Method != "POST" || got.RequestURI != "/in?a=b" || got.Host != "h.example" || user != "us@er" || password != "pa:ss" ||
			string(body) != `{"a":1}` || got.ContentLength != 7 || got.UserAgent() != "Ours" || got.Header.Get("X-Mine") != "1" {
			t.Errorf("%+v with %q", got, body)
		}
	}
	for _, bad := range []string{"", "nonsense\r\n\r\n"} {
		reply = bad
		if _, err := c.Post(t.Context(), m); !problem.Has(err, problem.SourceFailed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, bad := range []Message{{URL: "ftp://h/"}, {URL: "http://h/", Headers: map[string]string{"Host": "x"}}} {
		if _, err := c.Post(t.Context(), bad); !problem.Has(err, problem.OptionsInvalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// TestPostTakesNoLonger: the whole exchange has its time, whatever the receiver does; once
// the status has come, slowness fails nothing any more.
func TestPostTakesNoLonger(t *testing.T) {
	for name, serve := range map[string]func(conn net.Conn){
		"mute":      hangUp,
		"head only": func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 200 OK\r\nX: "); hangUp(conn) },
		"drips": func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			for range 1000 {
				if _, err := io.WriteString(conn, "X: y\r\n"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		},
		"answers": func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx")
			hangUp(conn)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := piped(Policy{Total: 10 * time.Second, Idle: 10 * time.Second}, func(r *http.Request, conn net.Conn) {
					io.Copy(io.Discard, r.Body)
					serve(conn)
				})
				start := time.Now()
				answer, err := c.Post(t.Context(), Message{URL: "http://h/", Body: []byte("{}")})
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("it took %v", took)
				}
				time.Sleep(2 * time.Second) // for the receiver to find itself alone
				if name == "answers" != (err == nil && answer.Status == 200) || name != "answers" && !problem.Has(err, problem.SourceTooSlow) {
					t.Errorf("%+v, %v", answer, err)
				}
			})
		})
	}
}

// TestPostGuard: the check of fetches holds for posts, at the moment of dialling.
func TestPostGuard(t *testing.T) {
	dns := names{"evil.example": always("10.0.0.7"), "good.example": always("93.184.215.14")}
	c := sealed(Policy{Resolver: dns.resolver()})
	for address, want := range map[string]string{
		"http://evil.example/": "source-forbidden", "http://10.0.0.7/": "source-forbidden", "http://[::1]/": "source-forbidden",
		"http://good.example:25/": "source-forbidden", "http://good.example/": "source-failed",
	} {
		if _, err := c.Post(t.Context(), Message{URL: address}); string(problem.From(err).Code) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestRefuses: what is known without looking a name up.
func TestRefuses(t *testing.T) {
	open := Policy{Allow: prefixes(t, "10.1.0.0/16", "::1/128")}
	for address, want := range map[string][2]bool{ // by the safe policy, and by the open one
		"http://93.184.215.14/": {true, true}, "http://93.184.215.14:25/": {false, false}, "http://10.1.2.3:25/": {false, true},
		"http://10.2.2.3/": {false, false}, "http://[::ffff:10.1.2.3]/": {false, true}, "http://localhost/": {false, true},
		"http://a.LOCALHOST.:9/": {false, true}, "http://h.example/": {true, true}, "http://h.example:25/": {false, true},
		"http://127.1/": {false, false}, "http://2130706433/": {false, false}, "http://0x7f.1/": {false, false}, "http://0X7F000001./": {false, false},
		"http://0177.0.0.1/": {false, false}, "http://127.0.0.01/": {false, false}, "http://0/": {false, false}, "http://0xa9fea9fe/": {false, false},
		"http://①②⑦.⓪.⓪.①/": {false, false}, "http://１２７。１/": {false, false}, "http://ⓛocalhost/": {false, true}, "http://127.1:25/": {false, false},
		"http://10.66051/": {false, true}, "http://0xa.1.0x203/": {false, true}, "http://8.8/": {true, true}, "http://134744072:25/": {false, false},
		"http://127.1.example/": {true, true}, "http://0x7g.1/": {true, true}, "http://b\u00fccher.example/": {true, true},
		"https://h.example/": {true, true}, "http://h.example:99999/": {false, false}, "http://[fe80::1%25eth0]/": {false, false},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range []Policy{{}, open} {
			if err := New(p).Refuses(u); (err == nil) != want[i] {
				t.Errorf("%s by policy %d: %v", address, i, err)
			}
		}
	}
}

// TestMessageHidesSecrets: no way of printing a message shows more than the host.
func TestMessageHidesSecrets(t *testing.T) {
	m := Message{URL: "https://user:passw0rd@h.example/?t0ken", Headers: map[string]string{"X": "s3cret"}}
	for _, text := range []string{m.String(), fmt.Sprintf("%v %+v %#v %s", m, m, m, m), m.LogValue().String()} {
		if !strings.Contains(text, "h.example") || strings.Contains(text, "passw0rd") || strings.Contains(text, "t0ken") || strings.Contains(text, "s3cret") {
			t.Error(text)
		}
	}
	if text := (Message{URL: "http://a b/"}).String(); text != "POST (not a URL)" {
		t.Error(text)
	}
}
