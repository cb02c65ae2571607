package storagetest

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Verdict is what a Proxy does with a request.
type Verdict int

// The verdicts.
const (
	Pass   Verdict = iota // hand it on
	Cut                   // break the connection in the middle of the request's body, or before the answer
	Lose                  // hand it on, and break the connection instead of answering
	Hang                  // take it, and never answer
	Refuse                // answer 503, Retry-After: 3600
	Spoil                 // hand it on with one byte of the body changed
	Short                 // hand it on, and break the connection in the middle of the answer's body
)

// Proxy stands between a driver and a server and does to requests what networks do. Host and
// path stay as they are, so that signatures stay good.
type Proxy struct {
	URL string

	mu    sync.Mutex
	judge func(r *http.Request) Verdict
	seen  []*http.Request
	over  chan struct{} // closed when the test ends, for those that hang
}

// NewProxy starts a proxy in front of endpoint that asks judge about each request; nil passes
// all.
func NewProxy(t *testing.T, endpoint string, judge func(r *http.Request) Verdict) *Proxy {
	t.Helper()
	p := &Proxy{judge: judge, over: make(chan struct{})}
	forward, path := forwarder(t, endpoint)
	move := forward.ModifyResponse
	forward.ModifyResponse = func(r *http.Response) error {
		if v, _ := r.Request.Context().Value(verdictKey{}).(Verdict); v == Short {
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(io.LimitReader(r.Body, r.ContentLength/2), broken{}), r.Body}
		}
		return move(r)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, forward) }))
	t.Cleanup(func() {
		close(p.over)
		server.CloseClientConnections()
		server.Close()
	})
	p.URL = server.URL + path
	return p
}

// Front stands before a server that does not show what a provider documents, and answers those
// requests that answer takes. It returns the base URL.
func Front(t *testing.T, endpoint string, answer func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	forward, path := forwarder(t, endpoint)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + path
}

// forwarder hands requests on as they are, each on a connection of its own: one that a verdict
// has broken serves no other.
func forwarder(t *testing.T, endpoint string) (*httputil.ReverseProxy, string) {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Transport:    &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		ErrorLog:     log.New(io.Discard, "", 0),
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
			r.Out.Host = r.In.Host
			r.Out.Header["Expect"] = nil
		},
		ModifyResponse: func(r *http.Response) error { // an upload session is to go on through here
			if at, err := r.Location(); err == nil && at.Host == target.Host {
				at.Host = r.Request.Host
				r.Header.Set("Location", at.String())
			}
			return nil
		},
	}, target.Path
}

// broken is a body that fails.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type verdictKey struct{}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request, forward http.Handler) {
	v := Pass
	p.mu.Lock()
	p.seen = append(p.seen, r.Clone(r.Context()))
	if p.judge != nil {
		v = p.judge(r)
	}
	p.mu.Unlock()
	switch v {
	case Cut:
		io.CopyN(io.Discard, r.Body, max(r.ContentLength/2, 64<<10))
		panic(http.ErrAbortHandler)
	case Hang:
		select {
		case <-p.over:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	case Refuse:
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case Lose:
		forward.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case Spoil:
		r.Body = &spoiled{ReadCloser: r.Body}
	case Short:
		r = r.WithContext(context.WithValue(r.Context(), verdictKey{}, v))
	}
	forward.ServeHTTP(w, r)
}

// spoiled is a body with one byte changed, behind what may frame it.
type spoiled struct {
	io.ReadCloser
	at int
}

func (s *spoiled) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if i := 64<<10 - s.at; i >= 0 && i < n {
		p[i] ^= 1
	}
	s.at += n
	return n, err
}

// Requests are those that came, oldest first, without their bodies.
func (p *Proxy) Requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*http.Request(nil), p.seen...)
}

// uploads says whether a request carries an object or a part of one. A length of -1 is one that
// is not told.
func uploads(r *http.Request) bool {
	return (r.ContentLength > 1000 || r.ContentLength < 0) && (r.Method == http.MethodPut || r.Method == http.MethodPost)
}

// once gives a verdict to the first request that matches.
func once(v Verdict, matches func(*http.Request) bool) func(*http.Request) Verdict {
	done := false
	return func(r *http.Request) Verdict {
		if done || !matches(r) {
			return Pass
		}
		done = true
		return v
	}
}

// always gives a verdict to all that match.
func always(v Verdict, matches func(*http.Request) bool) func(*http.Request) Verdict {
	return func(r *http.Request) Verdict {
		if matches(r) {
			return v
		}
		return Pass
	}
}

// about says whether a request is for the object of that name.
func about(key string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.Contains(r.URL.Path+"?"+r.URL.RawQuery, key) }
}
