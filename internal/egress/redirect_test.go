package egress

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"compressor/internal/problem"
)

// serveAt starts a server on address (host:port, port 0 for any) and returns host:port.
func serveAt(t *testing.T, address string, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return listener.Addr().String()
}

// TestRebinding lets a name flip between an allowed and a forbidden address, with a server
// on both. (Both are loopback; the first is opened by the policy and stands for the public.)
func TestRebinding(t *testing.T) {
	good := serveAt(t, "127.0.0.2:0", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "public") })
	_, port, _ := net.SplitHostPort(good)
	var reached atomic.Int64
	serveAt(t, "127.0.0.1:"+port, func(http.ResponseWriter, *http.Request) { reached.Add(1) })

	zone := names{
		"flip.test": func(n int) []string { return []string{[]string{"127.0.0.2", "127.0.0.1"}[n%2]} },
		"both.test": always("127.0.0.1", "127.0.0.2"),
	}
	client := New(Policy{Allow: prefixes(t, "127.0.0.2/32"), Resolver: zone.resolver()})
	for i := range 20 {
		var body bytes.Buffer
		_, err := client.Fetch(t.Context(), Request{URL: "http://flip.test:" + port + "/"}, &body)
		if i%2 == 0 && (err != nil || body.String() != "public") {
			t.Errorf("try %d: %v, %q", i, err, body.String())
		}
		if i%2 == 1 && !problem.Has(err, problem.SourceForbidden) {
			t.Errorf("try %d: %v, want source-forbidden", i, err)
		}
		// A name with one address of each kind may be fetched from the allowed one only.
		client.Fetch(t.Context(), Request{URL: "http://both.test:" + port + "/"}, io.Discard)
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the forbidden server was reached %d times", n)
	}
}

// redirecting answers /hops/N with N redirects and then content, and /STATUS?to=X with that
// status and the Location X.
func redirecting(w http.ResponseWriter, r *http.Request) {
	switch left, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/hops/")); {
	case err == nil && left > 0:
		http.Redirect(w, r, fmt.Sprintf("/hops/%d", left-1), http.StatusFound)
	case err == nil || r.URL.Path == "/file.bin":
		io.WriteString(w, "content")
	default:
		w.Header()["Location"] = r.URL.Query()["to"]
		status, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		w.WriteHeader(status)
	}
}

func TestRedirects(t *testing.T) {
	var reached atomic.Int64
	inner := serveAt(t, "127.0.0.3:0", func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	_, innerPort, _ := net.SplitHostPort(inner)
	origin := serveAt(t, "127.0.0.2:0", redirecting)
	zone := names{"origin.test": always("127.0.0.2"), "inner.test": always("127.0.0.3")}
	client := New(Policy{Allow: prefixes(t, "127.0.0.2/32"), Resolver: zone.resolver()})
	to := func(status int, target string) string {
		return fmt.Sprintf("/%d?to=%s", status, strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23", "&", "%26").Replace(target))
	}
	for _, test := range []struct {
		path string
		want problem.Code // "" for success
	}{
		{"/hops/0", ""},
		{"/hops/5", ""},
		{"/hops/6", problem.SourceFailed},
		{to(301, "/file.bin"), ""},
		{to(302, "file.bin"), ""},
		{to(303, "?x"), problem.SourceFailed}, // to itself, without a target
		{to(307, "//origin.test:"+portOf(origin)+"/file.bin"), ""},
		{to(308, "http://"+origin+"/file.bin#fragment"), ""},
		{to(302, ""), problem.SourceFailed},
		{to(302, "http://[::1]:"+innerPort+"/"), problem.SourceForbidden},
		{to(302, "http://[::ffff:127.0.0.3]:"+innerPort+"/"), problem.SourceForbidden},
		{to(302, "//"+inner+"/"), problem.SourceForbidden},
		{to(307, "http://inner.test:"+innerPort+"/"), problem.SourceForbidden},
		{to(302, "file:///etc/passwd"), problem.SourceForbidden},
		{to(302, "gopher://127.0.0.3/"), problem.SourceForbidden},
		{to(302, "http:///x"), problem.SourceFailed},
		{to(302, "http:opaque"), problem.SourceFailed},
		{to(302, "http://[::1"), problem.SourceFailed},
		{to(300, "/file.bin"), problem.SourceFailed},
		{to(304, "/file.bin"), problem.SourceFailed},
	} {
		_, err := client.Fetch(t.Context(), Request{URL: "http://origin.test:" + portOf(origin) + test.path}, io.Discard)
		if (err == nil) != (test.want == "") || err != nil && !problem.Has(err, test.want) {
			t.Errorf("%s: %v (%v), want %q", test.path, err, problem.From(err).Cause(), test.want)
		}
		if test.want == problem.SourceFailed && !Final(err) {
			t.Errorf("%s: it would be asked for again", test.path)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the forbidden server was reached %d times", n)
	}
	none := New(Policy{Allow: prefixes(t, "127.0.0.2/32"), Resolver: zone.resolver(), MaxRedirects: -1})
	if _, err := none.Fetch(t.Context(), Request{URL: "http://" + origin + "/hops/1"}, io.Discard); !problem.Has(err, problem.SourceFailed) {
		t.Errorf("a client without redirects: %v", err)
	}
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

func TestTLS(t *testing.T) {
	plain := serveAt(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "plain") })
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, "http://"+plain+"/", http.StatusFound)
			return
		}
		io.WriteString(w, "secure over "+r.Proto)
	}))
	secure.Config.ErrorLog = discardLog()
	secure.StartTLS()
	defer secure.Close()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	allow := prefixes(t, "127.0.0.1/32")
	trusting, other := New(Policy{Allow: allow, Roots: roots}), New(Policy{Allow: allow, Roots: x509.NewCertPool()})

	var body bytes.Buffer
	if _, err := trusting.Fetch(t.Context(), Request{URL: secure.URL + "/x"}, &body); err != nil || body.String() != "secure over HTTP/1.1" {
		t.Errorf("trusted: %v, %q", err, body.String())
	}
	if _, err := trusting.Fetch(t.Context(), Request{URL: secure.URL + "/down"}, io.Discard); !problem.Has(err, problem.SourceForbidden) {
		t.Errorf("downgrade: %v, want source-forbidden", err)
	}
	_, err := other.Fetch(t.Context(), Request{URL: secure.URL + "/x"}, io.Discard)
	if !problem.Has(err, problem.SourceFailed) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("untrusted: %v", err)
	}
	_, err = trusting.Fetch(t.Context(), Request{URL: "https://" + plain + "/"}, io.Discard)
	if !problem.Has(err, problem.SourceFailed) || !strings.Contains(err.Error(), "secure connection") {
		t.Errorf("https to a plain server: %v (%v)", err, problem.From(err).Cause())
	}
}

// TestCredentials follows a secret through redirects: it goes to its own origin, and to no
// other, not even by way of one back to its own.
func TestCredentials(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]http.Header{}
	var own, other string
	record := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.Host+r.URL.Path] = r.Header.Clone()
		mu.Unlock()
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/landed", http.StatusFound)
		case "/away":
			http.Redirect(w, r, "http://evil:pass@"+other+"/back", http.StatusFound)
		case "/back":
			http.Redirect(w, r, "http://"+own+"/returned", http.StatusFound)
		}
	}
	own = serveAt(t, "127.0.0.1:0", record)
	other = serveAt(t, "127.0.0.1:0", record)
	client := New(Policy{Allow: prefixes(t, "127.0.0.1/32"), UserAgent: "Compressor/1.0 (+https://example.test)"})
	for _, path := range []string{"/same", "/away"} {
		r := Request{URL: "http://ann:s3cret%21@" + own + path, Headers: map[string]string{"X-Token": "t0ken", "cookie": "a=b", "accept-encoding": "gzip"}}
		if _, err := client.Fetch(t.Context(), r, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	basic := "Basic YW5uOnMzY3JldCE=" // ann:s3cret!
	for _, test := range []struct {
		at   string
		full bool
	}{
		{own + "/same", true}, {own + "/landed", true}, {own + "/away", true}, {other + "/back", false}, {own + "/returned", false},
	} {
		h := seen[test.at]
		if h == nil {
			t.Fatalf("%s was never asked", test.at)
		}
		full := h.Get("Authorization") == basic && h.Get("X-Token") == "t0ken" && h.Get("Cookie") == "a=b"
		empty := h.Get("Authorization") == "" && h.Get("X-Token") == "" && h.Get("Cookie") == ""
		if test.full && !full || !test.full && !empty {
			t.Errorf("%s got %v, want credentials: %v", test.at, h, test.full)
		}
		if h.Get("Referer") != "" || h.Get("Accept-Encoding") != "identity" || h.Get("Accept") != "*/*" || h.Get("User-Agent") != "Compressor/1.0 (+https://example.test)" {
			t.Errorf("%s got %v", test.at, h)
		}
	}
}

// TestMain sets the proxy variables for all tests, because net/http reads them only once.
func TestMain(m *testing.M) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "proxied") }))
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		os.Setenv(name, proxy.URL)
	}
	os.Unsetenv("NO_PROXY")
	os.Unsetenv("no_proxy")
	os.Exit(m.Run())
}

// TestProxyIgnored asks for a host by name, because Go never sends requests for literal
// loopback addresses to a proxy.
func TestProxyIgnored(t *testing.T) {
	origin := serveAt(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "direct") })
	zone := names{"origin.test": always("127.0.0.1")}
	client := New(Policy{Allow: prefixes(t, "127.0.0.1/32"), Resolver: zone.resolver()})
	var body bytes.Buffer
	if _, err := client.Fetch(t.Context(), Request{URL: "http://origin.test:" + portOf(origin) + "/"}, &body); err != nil || body.String() != "direct" {
		t.Errorf("%v, %q", err, body.String())
	}
}
