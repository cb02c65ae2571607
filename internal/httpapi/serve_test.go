package httpapi

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"compressor/internal/account"
	"compressor/internal/intake"
	"compressor/internal/problem"
	"compressor/internal/work"
)

func TestPanic(t *testing.T) {
	s := start(t, nil)
	s.desk.submit = func(work.Submission) error { panic("the desk fell over") }
	a := s.upload1(t, `{}`)
	expectError(t, a, 500, problem.Internal, "Something went wrong on our side.")
	var line struct{ Msg, ID, Panic, Stack string }
	if err := json.Unmarshal([]byte(strings.SplitN(s.log.String(), "\n", 2)[0]), &line); err != nil {
		t.Fatal(err)
	}
	if line.Msg != "panic" || line.ID != a.body["id"] || line.Panic != "the desk fell over" || !strings.Contains(line.Stack, "takeUpload") {
		t.Errorf("%+v", line)
	}
	s.desk.submit = nil
	if a := s.upload1(t, `{}`); a.status != 200 {
		t.Errorf("after the panic: %s", a.text)
	}
}

// TestPanicInTheMiddle must not look like a whole reply.
func TestPanicInTheMiddle(t *testing.T) {
	s := assemble(t, nil)
	s.mount(route{pattern: "/half", methods: map[string]call{"GET": {do: func(x *exchange) error {
		io.WriteString(x, "half")
		panic("too late to answer")
	}}}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	defer s.Shutdown(t.Context())
	res, err := http.Get("http://" + l.Addr().String() + "/half")
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if err == nil {
		t.Error("half a reply came as a whole one")
	}
	if !strings.Contains(s.log.String(), "too late to answer") {
		t.Error(s.log)
	}
}

// raw is a connection that speaks HTTP/1.1 by hand.
type raw struct {
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, s *service) *raw {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &raw{c, bufio.NewReader(c)}
}

func (c *raw) answer(t *testing.T) answer {
	t.Helper()
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := read(t, res)
	if res.Close {
		a.header.Set("Connection", "close")
	}
	return a
}

func TestConnectionGoesOnAfterAnEarlyError(t *testing.T) {
	s := start(t, nil)
	c := dial(t, s)
	fmt.Fprintf(c, "POST /1.0/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n%s", strings.Repeat("x", 70000))
	a := c.answer(t)
	expectError(t, a, 401, problem.KeyMissing, "")
	if a.header.Get("Connection") == "close" {
		t.Error("closed after a small body")
	}
	fmt.Fprintf(c, "GET /1.0/account HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", s.key)
	if a := c.answer(t); a.status != 200 {
		t.Error(a.text)
	}
	fmt.Fprintf(c, "POST /1.0/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 7000000\r\n\r\n%s", strings.Repeat("x", 70000))
	a = c.answer(t)
	expectError(t, a, 401, problem.KeyMissing, "")
	if a.header.Get("Connection") != "close" {
		t.Error("goes on before a large body that nobody reads")
	}
}

func TestStalledUpload(t *testing.T) {
	s := start(t, func(c *Config, _ *account.Limits) { c.Pace = intake.Pace{Stall: 10 * time.Millisecond} })
	for path, media := range map[string]string{"/1.0/upload": "multipart/form-data; boundary=x", "/1.0/fetch": "application/json"} {
		c := dial(t, s)
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: 1000\r\n\r\n--x", path, s.key, media)
		a := c.answer(t)
		expectError(t, a, 408, problem.UploadStalled, "")
		if a.header.Get("Connection") != "close" {
			t.Errorf("%v", a.header)
		}
	}
}

func TestConnectionLimit(t *testing.T) {
	s := start(t, func(c *Config, _ *account.Limits) { c.Connections = 1 })
	first, second := dial(t, s), dial(t, s)
	const request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	io.WriteString(first, request)
	if a := first.answer(t); a.status != 200 {
		t.Fatal(a.text)
	}
	io.WriteString(second, request)
	io.WriteString(first, request) // served while the second one waits
	if a := first.answer(t); a.status != 200 {
		t.Fatal(a.text)
	}
	if n := strings.Count(s.log.String(), `"msg":"request"`); n > 2 {
		t.Errorf("%d requests were served", n)
	}
	first.Close()
	if a := second.answer(t); a.status != 200 {
		t.Fatal(a.text)
	}
	second.Close()
}

func TestHealth(t *testing.T) {
	s := start(t, nil)
	nobody := http.Header{"Authorization": nil}
	a := s.try(t, "GET", "/healthz", nobody, nil)
	if a.status != 200 || keysOf(a.body) != "id sandbox status version" || a.body["status"] != "alive" || a.body["sandbox"] != "strong" {
		t.Error(a.text)
	}
	if a := s.try(t, "GET", "/readyz", nobody, nil); a.status != 200 || keysOf(a.body) != "id status" || a.body["status"] != "ready" {
		t.Error(a.text)
	}
	for _, code := range []problem.Code{problem.StorageFull, problem.Draining, problem.QueueFull} {
		s.desk.notReady = problem.New(code)
		expectError(t, s.try(t, "GET", "/readyz", nobody, nil), 503, code, "")
	}
	s.desk.notReady = nil
	s.leaveNow.Do(func() { close(s.leaving) })
	expectError(t, s.try(t, "GET", "/readyz", nobody, nil), 503, problem.Draining, "")
	if a := s.try(t, "GET", "/healthz", nobody, nil); a.status != 200 {
		t.Error(a.text)
	}
}

// TestLargeUploadAsksFirst refuses a large body before it comes, when it would be in vain.
func TestLargeUploadAsksFirst(t *testing.T) {
	s := start(t, nil)
	s.desk.notReady = problem.New(problem.StorageFull)
	body, header := form(t, part{"file", "a.jpg", strings.Repeat("x", smallInput)})
	expectError(t, s.try(t, "POST", "/1.0/upload", header, body), 507, problem.StorageFull, "")
	if len(s.desk.sent) > 0 {
		t.Error("it was submitted")
	}
}

func TestLogTellsNoSecrets(t *testing.T) {
	s := start(t, nil)
	s.fetch1(t, `{"url":"https://user:hunter22@example.com/secret.png?token=abc","headers":{"Authorization":"Bearer xyzzy"}}`)
	s.upload1(t, `{}`)
	s.try(t, "GET", "/1.0/account?key="+s.key, http.Header{"Authorization": {basic("wrong-key-wrong-key:")}}, nil)
	log := s.log.String()
	for _, secret := range []string{"hunter22", "example.com", "token", "xyzzy", "beach", s.key, "wrong-key", "127.0.0.1"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines for 3 requests:\n%s", len(lines), log)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	if got := keysOf(line); got != sorted("bytes id in key level method ms msg route status time") {
		t.Error(got)
	}
	if line["route"] != "/1.0/fetch" || line["key"] != s.keyID || line["status"] != 200.0 || line["method"] != "POST" {
		t.Error(lines[0])
	}
}

func sorted(words string) string {
	list := strings.Fields(words)
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestOpenAPI(t *testing.T) {
	s := start(t, nil)
	a := s.try(t, "GET", "/1.0/openapi.json", http.Header{"Authorization": nil}, nil)
	if a.status != 200 || a.body["openapi"] != "3.1.0" {
		t.Fatal(a.status, a.text)
	}
	schemas := a.body["components"].(map[string]any)["schemas"].(map[string]any)
	for _, m := range regexp.MustCompile(`"\$ref":"#/components/schemas/(\w+)"`).FindAllStringSubmatch(a.text, -1) {
		if schemas[m[1]] == nil {
			t.Errorf("%s is referred to and missing", m[1])
		}
	}
	paths := a.body["paths"].(map[string]any)
	for _, r := range s.routes() {
		if r.methods == nil || r.pattern == "/1.0/openapi.json" {
			continue
		}
		for m := range r.methods {
			if p, ok := paths[strings.TrimSuffix(r.pattern, "{$}")].(map[string]any); !ok || p[strings.ToLower(m)] == nil {
				t.Errorf("%s %s is not described", m, r.pattern)
			}
		}
	}
	for _, row := range problem.Table() {
		if !strings.Contains(a.text, `"`+string(row.Code)+`"`) {
			t.Errorf("%s is not described", row.Code)
		}
	}
	for _, option := range []string{"compression", "resize", "webhook"} {
		if !strings.Contains(a.text, `"`+option+`":{`) {
			t.Errorf("option %s", option)
		}
	}
}
