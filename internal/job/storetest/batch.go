package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// batch adds a batch of n items and returns it with them.
func (b *Bench) batch(t *testing.T, key string, n int) (job.Job, []job.Job) {
	t.Helper()
	items := make([]job.Job, n)
	for i := range items {
		items[i] = job.Job{Tag: fmt.Sprint("item ", i), InputRef: fmt.Sprint("in/", i), Notice: []byte(`{}`), Once: job.Once{Name: "no"}}
	}
	whole := must(t)(b.Store.EnqueueBatch(t.Context(), job.Job{KeyID: key, Tag: "whole"}, items))
	return whole, b.items(t, whole.ID)
}

func (b *Bench) items(t *testing.T, id string) []job.Job {
	t.Helper()
	var out []job.Job
	if err := b.Store.Items(t.Context(), id, func(j job.Job) error { out = append(out, j); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// finish ends an item that waits, with a result.
func (b *Bench) finish(t *testing.T, j job.Job) job.Job {
	t.Helper()
	j = b.claim(t, j)
	return must(t)(b.Store.Finish(t.Context(), j.Ticket(), outcome("link "+j.ID, j.Ticket().ResultPath())))
}

// testBatch: the life of a batch, by its items.
func testBatch(t *testing.T, mk Make) {
	b := mk(t, Limits{Admitted: 2, QueuedPerKey: 4, Queued: 6})
	whole, items := b.batch(t, "k", 4)
	if whole.State != job.Enqueued || whole.Batch != (job.Batch{Total: 4, Pending: 4}) || whole.Tag != "whole" {
		t.Errorf("new batch %+v", whole)
	}
	for i, want := range []job.State{job.Enqueued, job.Enqueued, job.Held, job.Held} {
		j := items[i]
		if j.State != want || j.Parent != whole.ID || j.Position != i || j.KeyID != "k" || j.Tag != fmt.Sprint("item ", i) || j.Notice != nil || j.Batch.Total != 0 {
			t.Errorf("new item %+v", j)
		}
	}
	b.has(t, items[0].Ticket(), items[1].Ticket())
	if c, err := b.Store.CountsOf(t.Context(), "k"); err != nil || c != (job.Counts{Held: 2, Enqueued: 2}) {
		t.Errorf("%+v, %v", c, err)
	}
	b.Heard.Take()
	b.finish(t, items[0])
	if heard := b.Heard.Take(); !slices.Contains(heard, whole.ID) {
		t.Errorf("heard %v", heard)
	}
	if w := b.get(t, whole.ID); w.State != job.Processing || w.Batch != (job.Batch{Total: 4, Pending: 3, Completed: 1}) ||
		w.Progress != (job.Progress{Percent: 25, Phase: "items", Done: 1, Total: 4}) || !w.Finished.IsZero() {
		t.Errorf("begun: %+v", w)
	}
	must(t)(b.Store.Fail(t.Context(), b.claim(t, items[1]).Ticket(), problem.New(problem.FileCorrupt)))
	must(t)(b.Store.Cancel(t.Context(), items[2].ID))
	b.Clock.Advance(3 * time.Hour) // longer than a result lives
	if j := b.get(t, items[0].ID); !j.Available(b.Clock.Now()) {
		t.Error("a result went before its batch had ended")
	}
	last := b.finish(t, items[3])
	w := b.get(t, whole.ID)
	end := b.Clock.Now().Add(2 * time.Hour)
	if w.State != job.Completed || w.Batch != (job.Batch{Total: 4, Completed: 2, Canceled: 1}) || w.Batch.Failed() != 1 ||
		!w.Expires.Equal(end) || w.Output.LinkID == "" || !w.Available(b.Clock.Now()) || !w.Finished.Equal(b.Clock.Now()) {
		t.Errorf("ended: %+v", w)
	}
	for _, j := range b.items(t, whole.ID) {
		if kept := j.State == job.Completed; kept != j.Expires.Equal(end) || j.Noticing {
			t.Errorf("item of an ended batch: %+v", j)
		}
	}
	if l := must(t)(b.Store.GetByLink(t.Context(), w.Output.LinkID)); l.ID != whole.ID {
		t.Errorf("by link: %+v", l)
	}
	if _, err := b.Store.Finish(t.Context(), last.Ticket(), job.Outcome{}); !errors.Is(err, job.ErrStale) {
		t.Errorf("ended twice: %v", err)
	}
	if again := b.get(t, whole.ID); again.Batch != w.Batch {
		t.Errorf("counted twice: %+v", again.Batch)
	}
}

// testBatchLists: items are listed with their batch only.
func testBatchLists(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	whole, items := b.batch(t, "k", 3)
	b.finish(t, items[1])
	list := func(q job.Query) string {
		q.KeyID, q.Limit = "k", 9
		text := ""
		if _, err := b.Store.List(t.Context(), q, func(j job.Job) error { text += j.Tag + "|"; return nil }); err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, c := range []struct {
		q    job.Query
		want string
	}{
		{job.Query{}, "whole|"},
		{job.Query{State: job.Processing}, "whole|"},
		{job.Query{State: job.Enqueued}, ""},
		{job.Query{State: job.Completed}, ""},
		{job.Query{Tag: "item 1"}, ""},
		{job.Query{Tag: "whole"}, "whole|"},
		{job.Query{Batch: whole.ID}, "item 0|item 1|item 2|"},
		{job.Query{Batch: whole.ID, State: job.Enqueued}, "item 0|item 2|"},
		{job.Query{Batch: whole.ID, Tag: "item 1", State: job.Completed}, "item 1|"},
		{job.Query{Batch: whole.ID, Offset: 1}, "item 1|item 2|"},
		{job.Query{Batch: whole.ID, Start: b.Clock.Now().Add(time.Hour)}, ""},
		{job.Query{Batch: items[0].ID}, ""},
	} {
		if got := list(c.q); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
}

// testBatchRefusal: all or nothing, and once.
func testBatchRefusal(t *testing.T, mk Make) {
	b := mk(t, Limits{QueuedPerKey: 4, Queued: 6})
	add := func(key, once string, n int) error {
		_, err := b.Store.EnqueueBatch(t.Context(), job.Job{KeyID: key, Once: job.Once{Name: once, Digest: "d"}}, make([]job.Job, n))
		return err
	}
	if err := add("k", "", 5); !problem.Has(err, problem.OptionsInvalid) { // no retry would help
		t.Errorf("five of four: %v", err)
	}
	if err := add("k", "x", 3); err != nil {
		t.Fatal(err)
	}
	if err := add("k", "", 2); !problem.Has(err, problem.KeyBusy) {
		t.Errorf("two more: %v", err)
	}
	if err := add("another", "", 4); !problem.Has(err, problem.QueueFull) {
		t.Errorf("seven of six: %v", err)
	}
	var repeated *job.Repeated
	if err := add("k", "x", 4); !errors.As(err, &repeated) || !repeated.Same {
		t.Errorf("again: %v", err)
	}
	for _, n := range []int{0, job.MaxItems + 1} {
		if add("third", "", n) == nil {
			t.Errorf("%d items were taken", n)
		}
	}
	if c, err := b.Store.Counts(t.Context()); err != nil || c != (job.Counts{Enqueued: 3}) {
		t.Errorf("%+v, %v", c, err)
	}
}

// testBatchRace: many end items at once, each twice, while the whole is canceled half way.
func testBatchRace(t *testing.T, mk Make) {
	for _, cancel := range []bool{false, true} {
		b := mk(t, Limits{})
		whole, items := b.batch(t, "k", 12)
		for i, j := range items {
			items[i] = b.claim(t, j)
		}
		var all sync.WaitGroup
		for i, j := range items {
			for range 2 {
				all.Go(func() {
					if cancel && i == 6 {
						if _, err := b.Store.Cancel(context.WithoutCancel(t.Context()), whole.ID); err != nil {
							t.Error(err)
						}
					}
					_, err := b.Store.Finish(context.WithoutCancel(t.Context()), j.Ticket(), job.Outcome{})
					if err != nil && !errors.Is(err, job.ErrStale) {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		w := b.get(t, whole.ID)
		completed := 0
		for _, j := range b.items(t, whole.ID) {
			if !j.State.Ended() {
				t.Errorf("item %d is %s", j.Position, j.State)
			}
			if j.State == job.Completed {
				completed++
			}
		}
		if want := (job.Batch{Total: 12, Completed: completed, Canceled: 12 - completed}); w.Batch != want || !w.State.Ended() {
			t.Errorf("canceled %v: %s, %+v, want %+v", cancel, w.State, w.Batch, want)
		}
		if !cancel && completed != 12 {
			t.Errorf("%d of 12", completed)
		}
	}
}

// testBatchKills: the server dies while items run; a batch itself is never reaped, and
// ends once.
func testBatchKills(t *testing.T, mk Make) {
	b := mk(t, Limits{Admitted: 2})
	whole, items := b.batch(t, "k", 5)
	for round := range 3 {
		for _, j := range b.items(t, whole.ID) {
			if j.State == job.Enqueued {
				b.claim(t, j)
			}
		}
		var n int
		var err error
		if round == 1 {
			b.Clock.Advance(2 * lease)
			n, err = b.Store.Reap(t.Context())
		} else {
			n, err = b.Store.Recover(t.Context(), "node1")
		}
		if err != nil || n != 2 {
			t.Errorf("%d were held: %v", n, err)
		}
	}
	if w := b.get(t, whole.ID); w.State != job.Processing || w.Batch.Pending != 5 || w.Epoch != 1 {
		t.Errorf("batch %+v", w)
	}
	for range items {
		for _, j := range b.items(t, whole.ID) {
			if j.State == job.Enqueued {
				b.finish(t, j)
				break
			}
		}
	}
	if w := b.get(t, whole.ID); w.State != job.Completed || w.Batch != (job.Batch{Total: 5, Completed: 5}) {
		t.Errorf("batch %+v", w)
	}
}

// testBatchCancel: before anything has ended, half way, and after the end.
func testBatchCancel(t *testing.T, mk Make) {
	b := mk(t, Limits{Admitted: 1})
	other := b.enqueue(t, "k")
	whole, _ := b.batch(t, "k", 3)
	if w := must(t)(b.Store.Cancel(t.Context(), whole.ID)); w.State != job.Failed || w.Problem.Code != problem.Canceled ||
		w.Batch != (job.Batch{Total: 3, Canceled: 3}) || w.Output.LinkID != "" {
		t.Errorf("canceled at once: %+v", w)
	}
	b.claim(t, other)
	must(t)(b.Store.Cancel(t.Context(), other.ID))
	half, items := b.batch(t, "k", 3)
	b.finish(t, items[0])
	running := b.claim(t, b.items(t, half.ID)[1])
	w := must(t)(b.Store.Cancel(t.Context(), half.ID))
	if w.State != job.Completed || w.Batch != (job.Batch{Total: 3, Completed: 1, Canceled: 2}) || !w.Available(b.Clock.Now()) {
		t.Errorf("canceled half way: %+v", w)
	}
	if err := b.Store.Renew(t.Context(), running.Ticket(), lease, job.Progress{}); !errors.Is(err, job.ErrCanceled) {
		t.Errorf("renewed: %v", err)
	}
	if j := b.get(t, items[0].ID); !j.Available(b.Clock.Now()) || j.Canceled {
		t.Errorf("what had ended: %+v", j)
	}
	w = must(t)(b.Store.Cancel(t.Context(), half.ID))
	if j := b.get(t, items[0].ID); w.State != job.Completed || w.Available(b.Clock.Now()) || j.Available(b.Clock.Now()) {
		t.Errorf("removed: %+v, %+v", w, j)
	}
}

// testBatchExpiry: results and records of a batch go together, the records of items first.
func testBatchExpiry(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	whole, items := b.batch(t, "k", 3)
	b.finish(t, items[0])
	b.Clock.Advance(24 * time.Hour)
	if n, err := b.Store.DeleteOld(t.Context(), b.Clock.Now()); n != 0 || err != nil {
		t.Errorf("of a batch that goes on %d records went, %v", n, err)
	}
	b.finish(t, items[1])
	b.finish(t, items[2])
	b.Clock.Advance(2*time.Hour - time.Second)
	if left, err := b.Store.Expired(t.Context(), 9); len(left) != 0 || err != nil {
		t.Errorf("expired before their time: %v, %v", left, err)
	}
	b.Clock.Advance(2 * time.Second)
	left, err := b.Store.Expired(t.Context(), 9)
	if len(left) != 4 || err != nil { // the items, and the word for all of them
		t.Errorf("expired: %v, %v", left, err)
	}
	if n, err := b.Store.DeleteOld(t.Context(), b.Clock.Now()); n != 0 || err != nil {
		t.Errorf("%d records went before their results, %v", n, err)
	}
	var ids []string
	for _, l := range left {
		ids = append(ids, l.Job)
	}
	if err := b.Store.MarkResultGone(t.Context(), ids...); err != nil {
		t.Fatal(err)
	}
	// The first item ended a day before its batch, and stays as long.
	if n, err := b.Store.DeleteOld(t.Context(), b.Clock.Now().Add(-12*time.Hour)); n != 0 || err != nil {
		t.Errorf("%d records went before their batch, %v", n, err)
	}
	if n, err := b.Store.DeleteOld(t.Context(), b.Clock.Now()); n != 4 || err != nil {
		t.Errorf("%d records went, %v", n, err)
	}
	if _, err := b.Store.Get(t.Context(), whole.ID); !problem.Has(err, problem.NotFound) {
		t.Error(err)
	}
}
