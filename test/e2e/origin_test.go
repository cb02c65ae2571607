package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// origin is a pair of web servers on 127.0.0.1 to fetch from. They keep what they are asked.
type origin struct {
	first, second *httptest.Server
	photo         []byte

	mu       sync.Mutex
	requests []string // as they came, header and all
}

func newOrigin() *origin {
	o := &origin{photo: photo(320, 240, 3)}
	mux := http.NewServeMux()
	mux.HandleFunc("/photo.jpg", func(w http.ResponseWriter, _ *http.Request) { w.Write(o.photo) })
	mux.HandleFunc("/named", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="holiday.jpg"`)
		w.Write(o.photo)
	})
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "no picture at all") })
	mux.HandleFunc("/empty", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/loop", http.StatusFound)
	})
	mux.HandleFunc("/endless", endless)
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		w.Write(o.photo[:100])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/mute", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.URL.Query().Get("bytes"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		data, err := padded(o.photo, n)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if r.URL.Query().Get("length") == "" {
			w.(http.Flusher).Flush() // so that the length is not told
		}
		w.Write(data)
	})
	mux.HandleFunc("/cut", cutShort)
	handler := o.record(mux)
	o.first, o.second = httptest.NewServer(handler), httptest.NewServer(handler)
	return o
}

// endless sends until the client has had enough.
func endless(w http.ResponseWriter, r *http.Request) {
	block := make([]byte, 64<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// cutShort promises more than it sends.
func cutShort(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.CloseWrite()
	}
}

func (o *origin) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := httputil.DumpRequest(r, false)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		o.mu.Lock()
		o.requests = append(o.requests, strings.ReplaceAll(string(text), "\r\n", "\n"))
		o.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

func (o *origin) close() {
	for _, s := range []*httptest.Server{o.first, o.second} {
		s.CloseClientConnections()
		s.Close()
	}
}

func doOrigin(s *session, args []string) error {
	s.origin = newOrigin()
	_, port, err := net.SplitHostPort(s.origin.first.Listener.Addr().String())
	if err != nil {
		return err
	}
	s.ts.Setenv("ORIGIN", s.origin.first.URL)
	s.ts.Setenv("OTHER", s.origin.second.URL)
	s.ts.Setenv("PORT", port)
	return want(args, 0, 0)
}

// doSaw counts the requests in which a regular expression, of several lines perhaps, is found.
func doSaw(s *session, args []string) error {
	if err := want(args, 2, 2); err != nil {
		return err
	}
	pattern, err := regexp.Compile("(?s)" + args[1])
	if err != nil {
		return err
	}
	s.origin.mu.Lock()
	defer s.origin.mu.Unlock()
	n := 0
	for _, r := range s.origin.requests {
		if pattern.MatchString(r) {
			n++
		}
	}
	if strconv.Itoa(n) != args[0] {
		return fmt.Errorf("%d requests: %q", n, s.origin.requests)
	}
	return nil
}
