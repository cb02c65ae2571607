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
	"compressor/internal/database"
	"compressor/internal/egress"
	"compressor/internal/format"
	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/report"
	"compressor/internal/resumable"
	"compressor/internal/schema"
	"compressor/internal/webhook"
	"compressor/internal/work"
)

// fakeDesk answers without an engine. Its jobs are real rows of package job.
type fakeDesk struct {
	mu       sync.Mutex
	jobs     map[string]job.Job
	sent     []work.Submission
	batches  []work.Batch
	inputs   [][]byte // contents of each submission's input
	durable  []string
	waits    []time.Duration
	queries  []job.Query
	more     bool   // what List says
	repeat   string // id of the job that each request repeats
	file     string // of every result
	notReady error

	readmitted []string // ids of keys

	submit func(work.Submission) error           // before anything
	wait   func(context.Context, *job.Job) error // what happens to a job that is waited for; nil completes it
	large  chan struct{}
	bell   *job.Notifier
}

func (d *fakeDesk) Submit(_ context.Context, s work.Submission) (work.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent = append(d.sent, s)
	if d.submit != nil {
		if err := d.submit(s); err != nil {
			return work.Receipt{}, err
		}
	}
	if j, ok := d.jobs[d.repeat]; ok {
		return work.Receipt{Job: j, Repeated: true}, nil
	}
	var content []byte
	if s.Input != nil {
		content, _ = s.Input.Bytes(1 << 30)
	}
	if s.File != "" {
		content, _ = os.ReadFile(filepath.Join(filepath.Dir(d.file), s.File))
	}
	d.inputs = append(d.inputs, content)
	request, err := json.Marshal(s.Order)
	if err != nil {
		return work.Receipt{}, err
	}
	j := job.Job{ID: s.ID, KeyID: s.KeyID, State: job.Enqueued, Request: request, Created: noon}
	if j.ID == "" {
		j.ID = uuid.NewString()
	}
	if s.Wait {
		j.State = job.Processing
	}
	d.jobs[j.ID] = j
	return work.Receipt{Job: j, Large: d.large}, nil
}

// SubmitBatch keeps a batch, and its items as jobs that name it.
func (d *fakeDesk) SubmitBatch(_ context.Context, b work.Batch) (work.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.batches = append(d.batches, b)
	if j, ok := d.jobs[d.repeat]; ok {
		return work.Receipt{Job: j, Repeated: true}, nil
	}
	request, err := json.Marshal(b.Order)
	if err != nil {
		return work.Receipt{}, err
	}
	whole := job.Job{ID: uuid.NewString(), KeyID: b.KeyID, State: job.Enqueued, Request: request, Created: noon,
		Batch: job.Batch{Total: len(b.Items), Pending: len(b.Items)}}
	for i, item := range b.Items {
		if request, err = json.Marshal(item.Order); err != nil {
			return work.Receipt{}, err
		}
		j := job.Job{ID: uuid.NewString(), KeyID: b.KeyID, State: job.Held, Request: request, Created: noon, Parent: whole.ID, Position: i}
		d.jobs[j.ID] = j
		if item.Input != nil {
			content, _ := item.Input.Bytes(1 << 30)
			d.inputs = append(d.inputs, content)
		}
	}
	d.jobs[whole.ID] = whole
	return work.Receipt{Job: whole}, nil
}

func (d *fakeDesk) Items(_ context.Context, id string, each func(job.Job) error) error {
	d.mu.Lock()
	var items []job.Job
	for _, j := range d.jobs {
		if j.Parent == id {
			items = append(items, j)
		}
	}
	d.mu.Unlock()
	slices.SortFunc(items, func(a, b job.Job) int { return a.Position - b.Position })
	for _, j := range items {
		if err := each(j); err != nil {
			return err
		}
	}
	return nil
}

func (d *fakeDesk) OpenItem(job.Job) (*os.File, error) { return os.Open(d.file) }

func (d *fakeDesk) Wait(ctx context.Context, id string, most time.Duration) (job.Job, error) {
	j, err := d.Get(ctx, id)
	if err != nil {
		return j, err
	}
	if d.wait != nil {
		err = d.wait(ctx, &j)
	} else {
		complete(&j)
	}
	d.put(j)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waits = append(d.waits, most)
	return j, err
}

func (d *fakeDesk) WaitChange(ctx context.Context, id string, _ job.State, most time.Duration) (job.Job, error) {
	return d.Wait(ctx, id, most)
}

func (d *fakeDesk) Durable(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.durable = append(d.durable, id)
	return nil
}

func (d *fakeDesk) Get(_ context.Context, id string) (job.Job, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j, ok := d.jobs[id]
	if !ok {
		return j, problem.New(problem.NotFound)
	}
	return j, nil
}

func (d *fakeDesk) Cancel(ctx context.Context, id string) (job.Job, error) {
	j, err := d.Get(ctx, id)
	if err == nil && !j.State.Ended() {
		j.State, j.Problem, j.Canceled = job.Failed, problem.New(problem.Canceled), true
		d.put(j)
	}
	return j, err
}

func (d *fakeDesk) Watch(id string) (<-chan struct{}, func()) { return d.bell.Subscribe(id) }

func (d *fakeDesk) List(_ context.Context, q job.Query, each func(job.Job) error) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queries = append(d.queries, q)
	for _, j := range d.jobs {
		if err := each(j); err != nil {
			return false, err
		}
	}
	return d.more, nil
}

func (d *fakeDesk) OpenResult(_ context.Context, linkID string) (job.Job, *os.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range d.jobs {
		if j.Output.LinkID != linkID {
			continue
		}
		if !j.Available(noon) {
			return job.Job{}, nil, problem.New(problem.LinkExpired)
		}
		if j.Batch.Total > 0 {
			return j, nil, nil
		}
		f, err := os.Open(d.file)
		return j, f, err
	}
	return job.Job{}, nil, problem.New(problem.NotFound)
}

func (d *fakeDesk) Readmit(_ context.Context, keyID string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.readmitted = append(d.readmitted, keyID)
	return nil
}

func (d *fakeDesk) Ready(context.Context) error { return d.notReady }

func (d *fakeDesk) Room(int64) error { return d.notReady }

func (d *fakeDesk) put(j job.Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.jobs[j.ID] = j
	d.bell.Notify(j.ID)
}

// last is the latest submission.
func (d *fakeDesk) last(t *testing.T) work.Submission {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.sent) == 0 {
		t.Fatal("nothing was submitted")
	}
	return d.sent[len(d.sent)-1]
}

// noon is the time of day in these tests.
var noon = time.Date(2026, 11, 24, 12, 3, 20, 0, time.UTC)

const (
	linkID  = "7f0d6f2a-3c1e-4b8e-9d53-0a1b2c3d4e5f"
	content = "the smaller picture"
)

// complete ends a job as the worker would.
func complete(j *job.Job) {
	score := 91.5
	sum := strings.Repeat("ab", 32)
	out := report.File{Name: "Strand ü.jpg", Type: "image", Format: "jpeg", MIME: "image/jpeg",
		Size: int64(len(content)), SHA1: strings.Repeat("cd", 20), SHA256: sum, Width: 40, Height: 30}
	in := out
	in.Size = 100
	answer, err := json.Marshal(work.Answer{Input: in, Output: out, Report: report.Report{
		Reason: report.Smallest, Chosen: "a <b> & c", Metric: "ssimulacra2", Score: &score, SavedBytes: 81, SavedPercent: 81,
		Attempts: []report.Attempt{{Label: "a", Size: 19, Verdict: "chosen"}}}})
	if err != nil {
		panic(err)
	}
	j.State, j.Result, j.Finished, j.Expires = job.Completed, answer, noon, noon.Add(2*time.Hour)
	j.Output = job.Output{LinkID: linkID, Slot: job.Slot(noon), Name: out.Name, MIME: out.MIME, Size: out.Size, Path: "results/x/1"}
}

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
	s := &service{dir: t.TempDir(), log: newLog()}
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
	s.uploads, err = resumable.Open(files, s.desk, resumable.Limits{Open: 3, Life: time.Hour}, log, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	s.Server, err = New(c, Services{Keys: s.keys, Meter: s.meter, Desk: s.desk, Webhooks: s.hooks, Staging: files, Uploads: s.uploads, Formats: formats,
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
