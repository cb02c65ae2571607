package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"

	"compressor/internal/database"
	"compressor/internal/job"
	"compressor/internal/job/store"
	"compressor/internal/problem"
	"compressor/internal/queue"
)

// fakeKeys has limits that a test sets, and counts.
type fakeKeys struct {
	mu    sync.Mutex
	own   store.Own
	ended map[job.State]int
	fail  error
}

func (k *fakeKeys) Own(_ context.Context, _ store.Querier, keyID string) (store.Own, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if keyID != "k" {
		return store.Own{}, nil
	}
	return k.own, nil
}

func (k *fakeKeys) set(o store.Own) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.own = o
}

func (k *fakeKeys) EndedTx(_ context.Context, _ *sql.Tx, _ string, completed, failed int) error {
	k.ended[job.Completed] += completed
	k.ended[job.Failed] += failed
	return k.fail
}

func keyed(t *testing.T, l store.Limits) (*store.Store, *fakeKeys) {
	t.Helper()
	keys := &fakeKeys{ended: map[job.State]int{}}
	return store.New(open(t, t.TempDir()), &broken{good: 1 << 30}, store.Options{Limits: l, Keys: keys}), keys
}

func enqueue(t *testing.T, s *store.Store, key string, size int64) job.Job {
	t.Helper()
	j, err := s.Enqueue(t.Context(), job.Job{KeyID: key, InputRef: "in", InputSize: size})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestOwnLimits: a key's own limits stand in for those of all, as they are at that moment.
func TestOwnLimits(t *testing.T) {
	s, keys := keyed(t, store.Limits{Admitted: 2, QueuedPerKey: 3})
	for i, want := range []job.State{job.Enqueued, job.Enqueued, job.Held} {
		if j := enqueue(t, s, "k", 0); j.State != want {
			t.Errorf("job %d is %s, want %s", i, j.State, want)
		}
	}
	if _, err := s.Enqueue(t.Context(), job.Job{KeyID: "k"}); !problem.Has(err, problem.KeyBusy) {
		t.Errorf("over the service's limit: %v", err)
	}
	keys.set(store.Own{Admitted: 4, Queued: 5})
	if err := s.Readmit(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if c, err := s.CountsOf(t.Context(), "k"); err != nil || c != (job.Counts{Enqueued: 3}) {
		t.Errorf("after the limit was raised: %+v %v", c, err)
	}
	enqueue(t, s, "k", 0)
	if j := enqueue(t, s, "k", 0); j.State != job.Held {
		t.Errorf("the fifth is %s", j.State)
	}
	if _, err := s.Enqueue(t.Context(), job.Job{KeyID: "k"}); !problem.Has(err, problem.KeyBusy) {
		t.Errorf("over its own limit: %v", err)
	}
	keys.set(store.Own{})
	if _, err := s.Enqueue(t.Context(), job.Job{KeyID: "k"}); !problem.Has(err, problem.KeyBusy) {
		t.Errorf("back to the service's: %v", err)
	}
	for range 3 {
		enqueue(t, s, "other", 0)
	}
}

// TestBytesInFlight: what a key's open jobs hold is bounded, whichever way they came.
func TestBytesInFlight(t *testing.T) {
	s, keys := keyed(t, store.Limits{BytesPerKey: 100})
	claimed := func(size int64) (job.Job, error) {
		return s.InsertClaimed(t.Context(), job.Job{KeyID: "k", InputRef: "in", InputSize: size}, "n/p", lease)
	}
	refused := func(size int64, code problem.Code) {
		t.Helper()
		if _, err := s.Enqueue(t.Context(), job.Job{KeyID: "k", InputSize: size}); !problem.Has(err, code) {
			t.Errorf("%d bytes through the queue: %v", size, err)
		}
		if _, err := claimed(size); !problem.Has(err, code) {
			t.Errorf("%d bytes at once: %v", size, err)
		}
	}
	refused(101, problem.FileTooLarge)
	first := enqueue(t, s, "k", 60)
	second, err := claimed(40)
	if err != nil {
		t.Fatal(err)
	}
	refused(1, problem.KeyBusy)
	enqueue(t, s, "other", 100)
	enqueue(t, s, "k", 0) // to be fetched: its size is not known yet
	if _, err := s.Finish(t.Context(), second.Ticket(), job.Outcome{}); err != nil {
		t.Fatal(err)
	}
	refused(41, problem.KeyBusy)
	third, err := claimed(40)
	if err != nil {
		t.Fatal(err)
	}
	// A fetched input counts from when it is here, even if that is too much.
	if err := s.SetInput(t.Context(), third.Ticket(), "in", 90); err != nil {
		t.Fatal(err)
	}
	refused(1, problem.KeyBusy)
	if _, err := s.Cancel(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	refused(11, problem.KeyBusy)
	if _, err := claimed(10); err != nil {
		t.Error(err)
	}
	keys.set(store.Own{Bytes: 1000})
	enqueue(t, s, "k", 900)
	refused(1, problem.KeyBusy)
}

// TestCrowded: an own limit of jobs holds for those that somebody waits for, too, and of many
// that come at once exactly so many get a place.
func TestCrowded(t *testing.T) {
	s, keys := keyed(t, store.Limits{Admitted: 1})
	claim := func(once string) error {
		j := job.Job{KeyID: "k", InputSize: 1, Once: job.Once{Name: once}}
		_, err := s.InsertClaimed(context.Background(), j, "n/p", lease)
		return err
	}
	for range 2 {
		if err := claim(""); err != nil {
			t.Errorf("the service's limit is for the queue: %v", err)
		}
	}
	keys.set(store.Own{Admitted: 5})
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			once := ""
			if i%2 == 0 {
				once = fmt.Sprint(i)
			}
			errs[i] = claim(once)
		})
	}
	wg.Wait()
	good := 0
	for _, err := range errs {
		switch {
		case err == nil:
			good++
		case !errors.Is(err, job.ErrCrowded):
			t.Error(err)
		}
	}
	if c, err := s.CountsOf(t.Context(), "k"); good != 3 || err != nil || c.Processing != 5 {
		t.Errorf("%d got a place, %+v run, %v", good, c, err)
	}
}

// TestEndsAreCounted: each end once, in its transaction.
func TestEndsAreCounted(t *testing.T) {
	s, keys := keyed(t, store.Limits{})
	j, err := s.InsertClaimed(t.Context(), job.Job{KeyID: "k"}, "n/p", lease)
	if err != nil {
		t.Fatal(err)
	}
	keys.fail = errors.New("not counted")
	if _, err := s.Finish(t.Context(), j.Ticket(), job.Outcome{}); !errors.Is(err, keys.fail) {
		t.Errorf("ended without being counted: %v", err)
	}
	if got, err := s.Get(t.Context(), j.ID); err != nil || got.State != job.Processing {
		t.Errorf("%+v %v", got, err)
	}
	keys.fail, keys.ended = nil, map[job.State]int{}
	for range 2 { // the second finds a stale ticket
		s.Finish(t.Context(), j.Ticket(), job.Outcome{}) //nolint:errcheck // see below
	}
	for range 2 { // the second finds an ended job
		if _, err := s.Cancel(t.Context(), enqueue(t, s, "k", 1).ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Cancel(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	if keys.ended[job.Completed] != 1 || keys.ended[job.Failed] != 2 {
		t.Errorf("%v", keys.ended)
	}
}

// BenchmarkAdmission is what a submission costs while 10,000 jobs wait, most of them, or all,
// its own key's.
func BenchmarkAdmission(b *testing.B) {
	for _, c := range []struct {
		name string
		keys int
	}{{"of 10 keys", 10}, {"of one key", 1}} {
		b.Run(c.name, func(b *testing.B) {
			db, err := database.Open(b.Context(), b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			q, err := queue.New(b.Context(), db.Write(), queue.Config{Workers: 1})
			if err != nil {
				b.Fatal(err)
			}
			s := store.New(db, q, store.Options{Keys: &fakeKeys{ended: map[job.State]int{}},
				Limits: store.Limits{Admitted: 8, QueuedPerKey: 1 << 30, Queued: 1 << 30, BytesPerKey: 1 << 40}})
			err = db.InTx(b.Context(), func(tx *sql.Tx) error {
				for i := range 10_000 {
					_, err := tx.ExecContext(b.Context(), `INSERT INTO job (id, key_id, state, epoch, owner, lease_until, attempts, progress,
						request, input_ref, result, problem, link_slot, result_name, result_mime, result_size, result_path,
						cancel_requested, created, started, finished, expires, input_size)
						VALUES ($1, $2, 'held', 1, '', 0, 0, '', $3, '', '', '', 0, '', '', 0, '', FALSE, $4, 0, 0, 0, 1000)`,
						fmt.Sprint("id", i), fmt.Sprint("k", i%c.keys), fmt.Sprintf("%2000d", i), i)
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := s.Enqueue(b.Context(), job.Job{KeyID: "k0", InputSize: 1000}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
