package store_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"compressor/internal/job"
	"compressor/internal/job/store"
	"compressor/internal/job/storetest"
)

// finishItem ends the item of a batch at a position, with a result.
func finishItem(t *testing.T, s *store.Store, id string, position int) error {
	return s.Items(t.Context(), id, func(j job.Job) error {
		if j.Position != position {
			return nil
		}
		if j.State == job.Enqueued {
			var err error
			if j, err = s.Claim(t.Context(), j.Ticket(), "n/p", time.Minute); err != nil {
				return err
			}
		}
		_, err := s.Finish(t.Context(), j.Ticket(), job.Outcome{Output: job.Output{LinkID: j.ID, Path: "results/" + j.ID}})
		return err
	})
}

// TestBatchNotice: a batch has one notice, of its end, and the results of its items stay as
// long as that is under way and are held with it.
func TestBatchNotice(t *testing.T) {
	clock := storetest.NewClock()
	later := clock.Now().Add(time.Hour)
	db, out := open(t, t.TempDir()), &outbox{first: later}
	s := store.New(db, &broken{good: 1000}, store.Options{Now: clock.Now, Keep: 2 * time.Hour, Outbox: out})
	whole, err := s.EnqueueBatch(t.Context(), job.Job{KeyID: "k", Notice: json.RawMessage(`{"to":"x"}`)}, make([]job.Job, 2))
	if err != nil {
		t.Fatal(err)
	}
	finish := func(position int) error { return finishItem(t, s, whole.ID, position) }
	if err := finish(0); err != nil || len(out.took) != 0 || out.woken != 0 {
		t.Fatalf("%v; of an item were taken %d, woken %d", err, len(out.took), out.woken)
	}
	out.err = errBroken
	if err := finish(1); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	if w, err := s.Get(t.Context(), whole.ID); err != nil || w.Batch.Pending != 1 || w.State != job.Processing {
		t.Fatalf("an outbox that refuses left %+v, %v", w, err)
	}
	out.err = nil
	if err := finish(1); err != nil || len(out.took) != 1 || out.took[0].ID != whole.ID || out.woken != 1 {
		t.Fatalf("%v; taken %d, woken %d", err, len(out.took), out.woken)
	}
	expect := func(noticing bool, expires time.Time) {
		t.Helper()
		check := func(j job.Job) error {
			if j.Noticing != noticing || !j.Expires.Equal(expires) {
				return fmt.Errorf("noticing %v until %v", j.Noticing, j.Expires)
			}
			return nil
		}
		w, err := s.Get(t.Context(), whole.ID)
		if err = errors.Join(err, check(w), s.Items(t.Context(), whole.ID, check)); err != nil {
			t.Error(err)
		}
	}
	expect(true, later.Add(2*time.Hour))
	clock.Advance(100 * time.Hour)
	if left, err := s.Expired(t.Context(), 9); err != nil || len(left) > 0 {
		t.Errorf("expired under a notice: %v, %v", left, err)
	}
	hold := func(until time.Time, over bool) {
		t.Helper()
		err := db.InTx(t.Context(), func(tx *sql.Tx) error { return s.HoldTx(t.Context(), tx, whole.ID, until, over) })
		if err != nil {
			t.Fatal(err)
		}
		expect(!over, until)
	}
	hold(clock.Now().Add(time.Hour), false)
	hold(clock.Now().Add(2*time.Hour), true)
	clock.Advance(3 * time.Hour)
	if left, err := s.Expired(t.Context(), 9); err != nil || len(left) != 3 {
		t.Errorf("expired: %v, %v", left, err)
	}
}

// BenchmarkBatch is what a batch of 1,000 costs: to insert it, to read it with reports of
// 2 kB, and to cancel it.
func BenchmarkBatch(b *testing.B) {
	report := json.RawMessage(`{"attempts":"` + strings.Repeat("x", 2000) + `"}`)
	for b.Loop() {
		s := benchStore(b)
		items := make([]job.Job, job.MaxItems)
		for i := range items {
			items[i].Request = report
		}
		start := time.Now()
		whole, err := s.EnqueueBatch(b.Context(), job.Job{KeyID: "k"}, items)
		inserted := time.Now()
		n := 0
		if err == nil {
			err = s.Items(b.Context(), whole.ID, func(job.Job) error { n++; return nil })
		}
		read := time.Now()
		if err == nil {
			_, err = s.Cancel(b.Context(), whole.ID)
		}
		if err != nil || n != job.MaxItems {
			b.Fatalf("%d items, %v", n, err)
		}
		b.ReportMetric(float64(inserted.Sub(start).Milliseconds()), "insert-ms")
		b.ReportMetric(float64(read.Sub(inserted).Milliseconds()), "read-ms")
		b.ReportMetric(float64(time.Since(read).Milliseconds()), "cancel-ms")
	}
}
