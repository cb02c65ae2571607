package httpapi

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/report"
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
