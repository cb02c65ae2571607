package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"compressor/internal/account"
	"compressor/internal/blob/disk"
	"compressor/internal/connector"
	"compressor/internal/database"
	"compressor/internal/deliver"
	"compressor/internal/egress"
	"compressor/internal/format"
	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/resumable"
	"compressor/internal/schema"
	"compressor/internal/storage/all"
	"compressor/internal/vault"
	"compressor/internal/webhook"
)

// service is a running edge with a fake desk behind it, and a real account.
type service struct {
	*Server
	desk    *fakeDesk
	keys    *account.Keys
	meter   *account.Meter
	hooks   *webhook.Box
	uploads *resumable.Box
	key     string // good for everything
	keyID   string
	url     string
	log     *lockedBuffer
	dir     string
	folder  string // that local connectors may use
}

// lockedBuffer is a log that can be waited for.
type lockedBuffer struct {
	mu      sync.Mutex
	b       bytes.Buffer
	written sync.Cond // its L is mu
}

func newLog() *lockedBuffer {
	l := &lockedBuffer{}
	l.written.L = &l.mu
	return l
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written.Broadcast()
	return l.b.Write(p)
}

// await returns once text is in the log.
func (l *lockedBuffer) await(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !strings.Contains(l.b.String(), text) {
		l.written.Wait()
	}
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs the service; change may adjust it before.
func start(t testing.TB, change func(*Config, *account.Limits)) *service {
	t.Helper()
	s := assemble(t, change)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	s.url = "http://" + l.Addr().String()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if left, _ := os.ReadDir(filepath.Join(s.dir, "incoming")); len(left) > 0 {
			t.Errorf("%d folders were left in incoming", len(left))
		}
	})
	return s
}

func assemble(t testing.TB, change func(*Config, *account.Limits)) *service {
	t.Helper()
	s := &service{dir: t.TempDir(), folder: t.TempDir(), log: newLog()}
	s.desk = &fakeDesk{jobs: map[string]job.Job{}, bell: job.NewNotifier(), file: filepath.Join(s.dir, "result")}
	if err := os.WriteFile(s.desk.file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), s.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if s.keys, err = account.Open(t.Context(), db, nil); err != nil {
		t.Fatal(err)
	}
	c := Config{BaseURL: "https://api.example.com", Hold: 55 * time.Second, SyncBytes: 33_554_432, RateWindow: 15 * time.Minute,
		Version: "1.2.3", Sandbox: "strong"}
	limits := account.DefaultLimits()
	if change != nil {
		change(&c, &limits)
	}
	if s.meter, err = account.OpenMeter(t.Context(), db, limits, nil); err != nil {
		t.Fatal(err)
	}
	seal, err := s.keys.Derive("test")
	if err != nil {
		t.Fatal(err)
	}
	if s.hooks, err = webhook.New(db, seal, egress.New(egress.Policy{}), nil); err != nil {
		t.Fatal(err)
	}
	secret, key, err := s.keys.Create(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	s.key, s.keyID = secret, key.ID
	files, err := disk.New(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	formats, err := format.NewTable(
		format.Row{ID: "jpeg", Family: "image", MIME: "image/jpeg", Ext: []string{"jpg", "jpeg"}, Inline: true},
		format.Row{ID: "svg", Family: "image", MIME: "image/svg+xml", Ext: []string{"svg"}})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(s.log, nil))
	connectors := connector.New(db, connector.Config{Roots: []string{s.folder}, Keys: vault.Source{Data: s.dir, Log: log}})
	s.uploads, err = resumable.Open(files, s.desk, resumable.Limits{Open: 3, Life: time.Hour}, log, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	s.Server, err = New(c, Services{Keys: s.keys, Meter: s.meter, Desk: s.desk, Connectors: connectors, Stores: deliver.New(connectors, all.Stores{Roots: []string{s.folder}}.Open, 1<<20), Webhooks: s.hooks, Sources: egress.New(egress.Policy{}), Staging: files, Uploads: s.uploads, Formats: formats,
		Options: schema.Opts{Enums: map[string][]string{"image": {"jpeg", "png"}}},
		Log:     log, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answer is a reply, read whole.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any // nil if it is no JSON hash
}

// try sends a request with the good key unless header names another.
func (s *service) try(t testing.TB, method, path string, header http.Header, body io.Reader) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	maps.Copy(r.Header, header)
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func read(t testing.TB, res *http.Response) answer {
	t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, text: string(text)}
	json.Unmarshal(text, &a.body)
	return a
}

// part of a form, in order.
type part struct{ name, file, content string }

// form writes a form and its content type.
func form(t testing.TB, parts ...part) (io.Reader, http.Header) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		var to io.Writer
		var err error
		if p.file != "" {
			to, err = w.CreateFormFile(p.name, p.file)
		} else {
			to, err = w.CreateFormField(p.name)
		}
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(to, p.content)
	}
	w.Close()
	return &b, http.Header{"Content-Type": {w.FormDataContentType()}}
}

// upload sends a small file with the given options.
func (s *service) upload1(t testing.TB, data string, extra ...string) answer {
	t.Helper()
	body, header := form(t, part{"file", "beach.jpg", "JPEG"}, part{"data", "", data})
	for i := 0; i+1 < len(extra); i += 2 {
		header.Set(extra[i], extra[i+1])
	}
	return s.try(t, "POST", "/1.0/upload", header, body)
}

func (s *service) fetch1(t testing.TB, text string, extra ...string) answer {
	t.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(extra); i += 2 {
		header.Set(extra[i], extra[i+1])
	}
	return s.try(t, "POST", "/1.0/fetch", header, strings.NewReader(text))
}

// keysOf are the names in a JSON hash, sorted, in one line.
func keysOf(v any) string {
	m, _ := v.(map[string]any)
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

// expectError checks a reply against the documented shape of errors.
func expectError(t *testing.T, a answer, status int, code problem.Code, message string, fields ...string) {
	t.Helper()
	want := "code id message status success"
	if len(fields) > 0 {
		want = "code errors id message status success"
	}
	if got := keysOf(a.body); got != want {
		t.Fatalf("status %d, names %q, want %q\n%s", a.status, got, want, a.text)
	}
	if a.status != status || a.body["status"] != float64(status) || a.body["success"] != false || a.body["code"] != string(code) {
		t.Errorf("status %d, want %d %s\n%s", a.status, status, code, a.text)
	}
	if message != "" && a.body["message"] != message {
		t.Errorf("message %q, want %q", a.body["message"], message)
	}
	if id, err := uuid.Parse(fmt.Sprint(a.body["id"])); err != nil || id.Version() != 4 {
		t.Errorf("id %v", a.body["id"])
	}
	if a.header.Get("X-Request-Id") != a.body["id"] || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", a.header)
	}
	if got := fieldsOf(a); !slices.Equal(got, fields) && len(got)+len(fields) > 0 {
		t.Errorf("fields\n got %q\nwant %q", got, fields)
	}
}

// fieldsOf lists the wrong fields as "path: message".
func fieldsOf(a answer) []string {
	var out []string
	list, _ := a.body["errors"].([]any)
	for _, f := range list {
		m := f.(map[string]any)
		out = append(out, fmt.Sprint(m["field"], ": ", m["message"]))
	}
	return out
}
