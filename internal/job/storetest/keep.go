package storetest

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
)

func testCancel(t *testing.T, mk Make) {
	b := mk(t, Limits{Admitted: 1})
	running := b.claim(t, b.enqueue(t, "k1"))
	held := b.enqueue(t, "k1")
	waiting := b.enqueue(t, "k2")
	for _, j := range []job.Job{waiting, held, running} {
		b.Heard.Take()
		c := must(t)(b.Store.Cancel(t.Context(), j.ID))
		if c.State != job.Failed || !c.Canceled || !problem.Has(c.Problem, problem.Canceled) || !c.Finished.Equal(b.Clock.Now()) || c.Epoch != j.Epoch+1 {
			t.Errorf("canceled %s: %+v", j.State, c)
		}
		if !slices.Contains(b.Heard.Take(), j.ID) {
			t.Errorf("nobody was told of the end of one that was %s", j.State)
		}
	}
	if c, err := b.Store.Counts(t.Context()); err != nil || c != (job.Counts{}) {
		t.Errorf("open: %+v %v", c, err)
	}
}

func testCancelEnded(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	j := b.claim(t, b.enqueue(t, "k1"))
	f := must(t)(b.Store.Finish(t.Context(), j.Ticket(), outcome("link", "path")))
	if !f.Available(b.Clock.Now()) {
		t.Fatal("not available at first")
	}
	b.Clock.Advance(time.Minute)
	c := must(t)(b.Store.Cancel(t.Context(), j.ID))
	if c.State != job.Completed || c.Problem != nil || !c.Expires.Equal(b.Clock.Now()) || c.Available(b.Clock.Now()) {
		t.Errorf("removed: %+v", c)
	}
	b.Clock.Advance(time.Minute)
	if again := must(t)(b.Store.Cancel(t.Context(), j.ID)); !again.Expires.Equal(c.Expires) {
		t.Errorf("removing twice put the end off to %v", again.Expires)
	}
}

func testReap(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	lost := must(t)(b.Store.InsertClaimed(t.Context(), job.Job{KeyID: "k1"}, "node1/p1", lease))
	kept := b.claim(t, b.enqueue(t, "k1"))
	b.Clock.Advance(lease - time.Second)
	if err := b.Store.Renew(t.Context(), kept.Ticket(), lease, job.Progress{}); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Store.Reap(t.Context()); n != 0 || err != nil {
		t.Fatalf("reaped %d within the lease, %v", n, err)
	}
	b.Clock.Advance(2 * time.Second)
	b.Heard.Take()
	if n, err := b.Store.Reap(t.Context()); n != 1 || err != nil {
		t.Fatalf("reaped %d, %v", n, err)
	}
	j := b.get(t, lost.ID)
	if j.State != job.Enqueued || j.Epoch != 2 || j.Attempts != 0 || j.Owner != "" {
		t.Errorf("reaped: %+v", j)
	}
	if got := b.Heard.Take(); !slices.Equal(got, []string{lost.ID}) {
		t.Errorf("notified %v", got)
	}
	b.has(t, kept.Ticket(), j.Ticket())
	if n, err := b.Store.Reap(t.Context()); n != 0 || err != nil {
		t.Errorf("reaped %d twice, %v", n, err)
	}
	must(t)(b.Store.Finish(t.Context(), kept.Ticket(), job.Outcome{}))
}

func testRecover(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	var mine []job.Job
	for range 3 {
		mine = append(mine, must(t)(b.Store.InsertClaimed(t.Context(), job.Job{KeyID: "k1"}, "node1/p1", lease)))
		b.Clock.Advance(time.Second)
	}
	other := must(t)(b.Store.InsertClaimed(t.Context(), job.Job{KeyID: "k1"}, "node11/p1", lease))
	waiting := b.enqueue(t, "k1")
	if n, err := b.Store.Recover(t.Context(), "node1"); n != 3 || err != nil {
		t.Fatalf("recovered %d, %v", n, err)
	}
	var want []job.Ticket
	for _, j := range mine {
		if got := b.get(t, j.ID); got.State != job.Enqueued || got.Attempts != 0 {
			t.Errorf("recovered: %+v", got)
		}
		want = append(want, job.Ticket{Job: j.ID, Epoch: 2})
	}
	// The ticket of the waiting job may have been taken by the process that died.
	b.has(t, append(want, job.Ticket{Job: waiting.ID, Epoch: 2})...)
	for _, ticket := range b.Tickets(t) {
		must(t)(b.Store.Claim(t.Context(), ticket, "node1/p2", lease))
	}
	if _, err := b.Store.Claim(t.Context(), waiting.Ticket(), "node1/p1", lease); !errors.Is(err, job.ErrStale) {
		t.Errorf("the old ticket: %v", err)
	}
	if got := b.get(t, other.ID); got.State != job.Processing || got.Epoch != 1 {
		t.Errorf("another node's job: %+v", got)
	}
}

// testDurable: it changes nothing that matters; that it flushes cannot be seen from here.
func testDurable(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	j := b.claim(t, b.enqueue(t, "k1"))
	if err := b.Store.Durable(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	got := b.get(t, j.ID)
	if got.State != job.Processing || got.Epoch != j.Epoch || got.LeaseUntil.Before(j.LeaseUntil) {
		t.Errorf("became %+v", got)
	}
}

func testRedact(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	j := b.claim(t, b.enqueue(t, "k1"))
	secret, left := string(b.get(t, j.ID).Request), json.RawMessage(`{"redacted":true}`)
	if err := b.Store.Redact(t.Context(), map[string]json.RawMessage{j.ID: left}); err != nil {
		t.Fatal(err)
	}
	if got := string(b.get(t, j.ID).Request); got != secret {
		t.Errorf("the request of a running job became %s", got)
	}
	must(t)(b.Store.Finish(t.Context(), j.Ticket(), outcome("link", "some/path")))
	if err := b.Store.Redact(t.Context(), map[string]json.RawMessage{j.ID: left}); err != nil {
		t.Fatal(err)
	}
	if got := string(b.get(t, j.ID).Request); got != string(left) {
		t.Errorf("the request of an ended job is still %s", got)
	}
}

func testExpiry(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	j := b.claim(t, b.enqueue(t, "k1"))
	must(t)(b.Store.Finish(t.Context(), j.Ticket(), outcome("link", "some/path")))
	b.Clock.Advance(2*time.Hour - time.Second)
	if l, err := b.Store.Expired(t.Context(), 10); len(l) != 0 || err != nil {
		t.Errorf("expired early: %v %v", l, err)
	}
	b.Clock.Advance(time.Second)
	want := []job.Leftover{{Job: j.ID, Path: "some/path"}}
	if l, err := b.Store.Expired(t.Context(), 10); !slices.Equal(l, want) || err != nil {
		t.Errorf("expired: %v %v", l, err)
	}
	got := b.get(t, j.ID)
	if got.Available(b.Clock.Now()) {
		t.Error("available past its time, sweeper or not")
	}
	b.Clock.Advance(time.Hour)
	if n, err := b.Store.DeleteOld(t.Context(), b.Clock.Now()); n != 0 || err != nil {
		t.Errorf("deleted the record of a kept result: %d %v", n, err)
	}
	if err := b.Store.MarkResultGone(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	if l, err := b.Store.Expired(t.Context(), 10); len(l) != 0 || err != nil {
		t.Errorf("removed, yet listed: %v %v", l, err)
	}
	// The link is still known, so that its reply can be "expired".
	if got := must(t)(b.Store.GetByLink(t.Context(), "link")); got.ID != j.ID || got.Output.Path != "" {
		t.Errorf("by link: %+v", got)
	}
	open := b.enqueue(t, "k1")
	b.Clock.Advance(time.Hour)
	if n, err := b.Store.DeleteOld(t.Context(), b.Clock.Now()); n != 1 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	if _, err := b.Store.Get(t.Context(), j.ID); !problem.Has(err, problem.NotFound) {
		t.Errorf("deleted, yet: %v", err)
	}
	b.get(t, open.ID)
}

func testReferences(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	b.enqueue(t, "waits")
	b.claim(t, b.enqueue(t, "runs"))
	done := b.claim(t, b.enqueue(t, "done"))
	must(t)(b.Store.Finish(t.Context(), done.Ticket(), outcome("link", "path")))
	must(t)(b.Store.Cancel(t.Context(), b.enqueue(t, "canceled").ID))
	inputs, results, err := b.Store.References(t.Context())
	slices.Sort(inputs)
	if err != nil || !slices.Equal(inputs, []string{"in/runs", "in/waits"}) || !slices.Equal(results, []string{"path"}) {
		t.Errorf("in use: %v %v %v", inputs, results, err)
	}
}

func testAdmission(t *testing.T, mk Make) {
	b := mk(t, Limits{Admitted: 2})
	var jobs []job.Job
	for range 5 {
		jobs = append(jobs, b.enqueue(t, "busy"))
		b.Clock.Advance(time.Millisecond)
	}
	for i, want := range []job.State{job.Enqueued, job.Enqueued, job.Held, job.Held, job.Held} {
		if jobs[i].State != want || jobs[i].State.Word() != "enqueued" {
			t.Errorf("job %d is %s, want %s", i, jobs[i].State, want)
		}
	}
	idle := b.enqueue(t, "idle")
	b.has(t, jobs[0].Ticket(), jobs[1].Ticket(), idle.Ticket())
	if c, err := b.Store.CountsOf(t.Context(), "busy"); err != nil || c != (job.Counts{Held: 3, Enqueued: 2}) {
		t.Errorf("open: %+v %v", c, err)
	}
	// Each end admits the oldest held job of its own key, whoever ended.
	must(t)(b.Store.Finish(t.Context(), b.claim(t, jobs[1]).Ticket(), job.Outcome{}))
	b.has(t, jobs[0].Ticket(), jobs[1].Ticket(), idle.Ticket(), jobs[2].Ticket())
	must(t)(b.Store.Fail(t.Context(), b.claim(t, jobs[2]).Ticket(), problem.New(problem.Internal)))
	b.has(t, jobs[0].Ticket(), jobs[1].Ticket(), idle.Ticket(), jobs[2].Ticket(), jobs[3].Ticket())
	// What runs without the queue counts too.
	must(t)(b.Store.InsertClaimed(t.Context(), job.Job{KeyID: "idle"}, "node1/p1", lease))
	if j := b.enqueue(t, "idle"); j.State != job.Held {
		t.Errorf("a third one is %s", j.State)
	}
	b.claim(t, jobs[3])
	must(t)(b.Store.Finish(t.Context(), b.claim(t, jobs[0]).Ticket(), job.Outcome{}))
	b.claim(t, jobs[4]) // held ones keep their epoch, and the ticket names it
}

func testAdmissionByCancel(t *testing.T, mk Make) {
	b := mk(t, Limits{Admitted: 1})
	first, second := b.enqueue(t, "k1"), b.enqueue(t, "k1")
	b.Heard.Take()
	must(t)(b.Store.Cancel(t.Context(), first.ID))
	if got := b.get(t, second.ID); got.State != job.Enqueued {
		t.Errorf("held although there is room: %+v", got)
	}
	b.has(t, first.Ticket(), second.Ticket())
	if got := b.Heard.Take(); !slices.Contains(got, second.ID) {
		t.Errorf("notified %v", got)
	}
}

func testRefusal(t *testing.T, mk Make) {
	b := mk(t, Limits{Admitted: 1, QueuedPerKey: 2, Queued: 3})
	b.enqueue(t, "k1")
	b.enqueue(t, "k1")
	_, err := b.Store.Enqueue(t.Context(), job.Job{KeyID: "k1"})
	if want := "This API key may have 2 jobs waiting. Try again when some have ended."; !problem.Has(err, problem.KeyBusy) || problem.From(err).Message != want {
		t.Errorf("one more of a busy key: %v", err)
	}
	last := b.enqueue(t, "k2")
	_, err = b.Store.Enqueue(t.Context(), job.Job{KeyID: "k3"})
	if want := "The service is busy: 3 jobs may wait here. Try again when some have ended."; !problem.Has(err, problem.QueueFull) || problem.From(err).Message != want {
		t.Errorf("one more in a full queue: %v", err)
	}
	// What runs does not wait.
	b.claim(t, last)
	b.enqueue(t, "k3")
	if c, err := b.Store.Counts(t.Context()); err != nil || c != (job.Counts{Held: 1, Enqueued: 2, Processing: 1}) || c.Queued() != 3 {
		t.Errorf("open: %+v %v", c, err)
	}
}

func testMissing(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	if _, err := b.Store.Get(t.Context(), "none"); !problem.Has(err, problem.NotFound) {
		t.Errorf("get: %v", err)
	}
	if _, err := b.Store.GetByLink(t.Context(), ""); !problem.Has(err, problem.NotFound) {
		t.Errorf("by link: %v", err)
	}
	if _, err := b.Store.Cancel(t.Context(), "none"); !problem.Has(err, problem.NotFound) {
		t.Errorf("cancel: %v", err)
	}
}
