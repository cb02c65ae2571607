// Package storetest is the suite that every store of jobs must pass. A store's own test
// makes a bench and calls Run; the suite knows no SQL.
package storetest

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// Bench is a fresh, empty store with what a test needs to see and turn.
type Bench struct {
	Store   job.Store
	Clock   *Clock
	Tickets func(t *testing.T) []job.Ticket // all that were issued, oldest first
	Heard   *Heard                          // gets the store's notifications
}

// Limits of a bench, as the store's own.
type Limits struct{ Admitted, QueuedPerKey, Queued int }

// Make returns a new bench whose result life is two hours.
type Make func(t *testing.T, l Limits) *Bench

// Clock is the time as the store under test sees it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at a time that is no multiple of anything.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)} }

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance lets d pass.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Heard collects notifications, and what a listener then read.
type Heard struct {
	mu  sync.Mutex
	ids []string
}

// Notify is the function to give to the store.
func (h *Heard) Notify(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids = append(h.ids, id)
}

// Take returns what was heard since the last call.
func (h *Heard) Take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := h.ids
	h.ids = nil
	return ids
}

const lease = 30 * time.Second

// Run runs the whole suite.
func Run(t *testing.T, mk Make) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Make)
	}{
		{"Life", testLife},
		{"Claimed", testClaimed},
		{"Failure", testFailure},
		{"Stale", testStale},
		{"ClaimRace", testClaimRace},
		{"FinishRace", testFinishRace},
		{"Again", testAgain},
		{"Release", testRelease},
		{"Cancel", testCancel},
		{"CancelEnded", testCancelEnded},
		{"Reap", testReap},
		{"Recover", testRecover},
		{"Expiry", testExpiry},
		{"Redact", testRedact},
		{"List", testList},
		{"Once", testOnce},
		{"OnceRace", testOnceRace},
		{"OnceForgotten", testOnceForgotten},
		{"Durable", testDurable},
		{"References", testReferences},
		{"Admission", testAdmission},
		{"AdmissionByCancel", testAdmissionByCancel},
		{"Refusal", testRefusal},
		{"Missing", testMissing},
		{"Batch", testBatch},
		{"BatchLists", testBatchLists},
		{"BatchRefusal", testBatchRefusal},
		{"BatchRace", testBatchRace},
		{"BatchKills", testBatchKills},
		{"BatchCancel", testBatchCancel},
		{"BatchExpiry", testBatchExpiry},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, mk) })
	}
}

// must takes a job and its error and gives the job.
func must(t *testing.T) func(job.Job, error) job.Job {
	return func(j job.Job, err error) job.Job {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
}

func (b *Bench) enqueue(t *testing.T, key string) job.Job {
	t.Helper()
	return must(t)(b.Store.Enqueue(t.Context(), job.Job{KeyID: key, Request: json.RawMessage(`{"a":1}`), InputRef: "in/" + key}))
}

func (b *Bench) claim(t *testing.T, j job.Job) job.Job {
	t.Helper()
	return must(t)(b.Store.Claim(t.Context(), j.Ticket(), "node1/p1", lease))
}

func (b *Bench) get(t *testing.T, id string) job.Job {
	t.Helper()
	return must(t)(b.Store.Get(t.Context(), id))
}

func (b *Bench) has(t *testing.T, tickets ...job.Ticket) {
	t.Helper()
	if got := b.Tickets(t); !slices.Equal(got, tickets) {
		t.Errorf("tickets are %v, want %v", got, tickets)
	}
}

func outcome(link, path string) job.Outcome {
	return job.Outcome{
		Result: json.RawMessage(`{"saved":42}`),
		Output: job.Output{LinkID: link, Name: "ä b.jpg", MIME: "image/jpeg", Size: 1 << 40, Path: path},
	}
}

func testLife(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	start := b.Clock.Now()
	j := b.enqueue(t, "k1")
	if len(j.ID) != 36 || j.State != job.Enqueued || j.Epoch != 1 || !j.Created.Equal(start) || j.InputRef != "in/k1" {
		t.Fatalf("new job %+v", j)
	}
	b.has(t, j.Ticket())
	b.Clock.Advance(time.Second)
	c := b.claim(t, j)
	if c.State != job.Processing || c.Owner != "node1/p1" || !c.Started.Equal(start.Add(time.Second)) ||
		!c.LeaseUntil.Equal(start.Add(31*time.Second)) || string(c.Request) != `{"a":1}` || c.Result != nil {
		t.Errorf("claimed job %+v", c)
	}
	b.Clock.Advance(10 * time.Second)
	p := job.Progress{Percent: 12.5, Phase: "search", Done: 1, Total: 8}
	if err := b.Store.Renew(t.Context(), c.Ticket(), lease, p); err != nil {
		t.Fatal(err)
	}
	if err := b.Store.SetInput(t.Context(), c.Ticket(), "in/other", 7); err != nil {
		t.Fatal(err)
	}
	if r := b.get(t, j.ID); r.Progress != p || !r.LeaseUntil.Equal(start.Add(41*time.Second)) || r.InputRef != "in/other" || r.InputSize != 7 {
		t.Errorf("renewed job %+v", r)
	}
	b.Heard.Take()
	f := must(t)(b.Store.Finish(t.Context(), c.Ticket(), outcome("link", c.Ticket().ResultPath())))
	end := start.Add(11 * time.Second)
	want := job.Output{LinkID: "link", Slot: end.Unix() / 300 * 300, Name: "ä b.jpg", MIME: "image/jpeg", Size: 1 << 40, Path: "results/" + j.ID + "-1"}
	if f.State != job.Completed || f.Output != want || string(f.Result) != `{"saved":42}` || !f.Finished.Equal(end) ||
		!f.Expires.Equal(end.Add(2*time.Hour)) || f.Owner != "" || f.Problem != nil || !f.LeaseUntil.IsZero() {
		t.Errorf("finished job %+v", f)
	}
	if got := b.Heard.Take(); !slices.Equal(got, []string{j.ID}) {
		t.Errorf("notified %v", got)
	}
	if l := must(t)(b.Store.GetByLink(t.Context(), "link")); l.ID != j.ID || l.Output != want {
		t.Errorf("by link: %+v", l)
	}
}

func testClaimed(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	j := must(t)(b.Store.InsertClaimed(t.Context(), job.Job{KeyID: "k1"}, "node1/p1", lease))
	if got := b.get(t, j.ID); got.State != job.Processing || got.Owner != "node1/p1" || got.Epoch != 1 ||
		!got.LeaseUntil.Equal(b.Clock.Now().Add(lease)) || !got.Started.Equal(got.Created) {
		t.Errorf("claimed at birth: %+v", got)
	}
	b.has(t)
	if _, err := b.Store.Claim(t.Context(), j.Ticket(), "node2/p1", lease); !errors.Is(err, job.ErrStale) {
		t.Errorf("claimed again: %v", err)
	}
	must(t)(b.Store.Finish(t.Context(), j.Ticket(), job.Outcome{}))
	if got := b.get(t, j.ID); got.State != job.Completed || got.Output != (job.Output{}) || !got.Expires.IsZero() {
		t.Errorf("finished without a file: %+v", got)
	}
}

func testFailure(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	j := b.claim(t, b.enqueue(t, "k1"))
	p := problem.New(problem.LimitExceeded).With(problem.Field{Path: "pixels", Message: "900 MP, at most 100 MP."})
	f := must(t)(b.Store.Fail(t.Context(), j.Ticket(), p))
	got := b.get(t, j.ID)
	if f.State != job.Failed || got.State != job.Failed || got.Problem == nil || got.Problem.Error() != p.Error() || got.Output.LinkID != "" {
		t.Errorf("failed job %+v", got)
	}
	// A result that could not be delivered stays for download, beside its problem.
	k := b.claim(t, b.enqueue(t, "k1"))
	o := outcome("link", k.Ticket().ResultPath())
	o.Problem = problem.New(problem.StoreFailed)
	o.Expires = b.Clock.Now().Add(5 * time.Hour)
	must(t)(b.Store.Finish(t.Context(), k.Ticket(), o))
	if got := must(t)(b.Store.GetByLink(t.Context(), "link")); got.State != job.Failed || !got.Available(b.Clock.Now()) || !got.Expires.Equal(o.Expires) {
		t.Errorf("store-failed: %+v", got)
	}
}
