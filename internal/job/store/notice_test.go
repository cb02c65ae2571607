package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"compressor/internal/job"
	"compressor/internal/job/store"
	"compressor/internal/job/storetest"
	"compressor/internal/problem"
)

// outbox notes what it is given; it may refuse, or have nothing to tell.
type outbox struct {
	took  []job.Job
	first time.Time
	err   error
	woken int
}

func (o *outbox) PutTx(_ context.Context, _ *sql.Tx, j job.Job) (time.Time, error) {
	if o.err == nil {
		o.took = append(o.took, j)
	}
	return o.first, o.err
}

func (o *outbox) Wake() { o.woken++ }

// TestNotice: the notice of a job goes to the outbox with the end of the job, whatever end
// that is, or neither happens; and until it is over, row and result stay.
func TestNotice(t *testing.T) {
	clock := storetest.NewClock()
	later := clock.Now().Add(time.Hour)
	result := job.Output{LinkID: "l", Path: "results/x"}
	ends := map[string]func(s *store.Store, j job.Job) (job.Job, error){
		"finish": func(s *store.Store, j job.Job) (job.Job, error) {
			return s.Finish(t.Context(), j.Ticket(), job.Outcome{Output: result})
		},
		"fail": func(s *store.Store, j job.Job) (job.Job, error) {
			return s.Fail(t.Context(), j.Ticket(), problem.New(problem.FileCorrupt))
		},
		"poison": func(s *store.Store, j job.Job) (job.Job, error) {
			j, err := s.Again(t.Context(), j.Ticket(), time.Minute)
			if err != nil {
				return j, err
			}
			return s.Fail(t.Context(), j.Ticket(), problem.New(problem.WorkerDied))
		},
		"cancel": func(s *store.Store, j job.Job) (job.Job, error) { return s.Cancel(t.Context(), j.ID) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			db, out := open(t, t.TempDir()), &outbox{first: later, err: errBroken}
			s := store.New(db, &broken{good: 1000}, store.Options{Now: clock.Now, Keep: 2 * time.Hour, Outbox: out})
			j := claimed(t, s, `{"to":"x"}`)
			if _, err := end(s, j); !errors.Is(err, errBroken) || out.woken != 0 {
				t.Errorf("an outbox that refuses: %v, woken %d", err, out.woken)
			}
			j, err := s.Get(t.Context(), j.ID)
			if err != nil || j.State != job.Processing || string(j.Notice) != `{"to":"x"}` || j.Noticing {
				t.Fatalf("it left %+v, %v", j, err)
			}
			out.err = nil
			ended, err := end(s, j)
			if err != nil || len(out.took) != 1 || out.woken != 1 {
				t.Fatalf("%v, took %d, woken %d", err, len(out.took), out.woken)
			}
			if got := out.took[0]; got.State != ended.State || string(got.Notice) != `{"to":"x"}` || !got.State.Ended() {
				t.Errorf("the outbox got %+v", got)
			}
			if !ended.Noticing || ended.Notice != nil {
				t.Errorf("the row is %+v", ended)
			}
			if kept := name == "finish"; kept != ended.Expires.Equal(later.Add(2*time.Hour)) {
				t.Errorf("it expires at %v", ended.Expires)
			}
			if n, err := s.DeleteOld(t.Context(), clock.Now().Add(time.Hour)); n != 0 && name != "finish" || err != nil {
				t.Errorf("%d records removed, %v", n, err)
			}
		})
	}
}

// TestNothingToTell: an end that is not told of is as one of a job without notice.
func TestNothingToTell(t *testing.T) {
	out := &outbox{}
	s := store.New(open(t, t.TempDir()), &broken{good: 1000}, store.Options{Outbox: out})
	for _, notice := range []string{"", `{}`} {
		j := claimed(t, s, notice)
		j, err := s.Fail(t.Context(), j.Ticket(), problem.New(problem.FileCorrupt))
		if err != nil || j.Noticing || j.Notice != nil || out.woken != 0 {
			t.Errorf("%q: %+v, %v", notice, j, err)
		}
	}
	if len(out.took) != 1 {
		t.Errorf("the outbox was asked %d times", len(out.took))
	}
}

// TestHold: how long a result stays while its notice is under way, and after.
func TestHold(t *testing.T) {
	clock, db := storetest.NewClock(), open(t, t.TempDir())
	out := &outbox{first: clock.Now()}
	s := store.New(db, &broken{good: 1000}, store.Options{Now: clock.Now, Keep: time.Hour, Outbox: out})
	j := claimed(t, s, `{}`)
	j, err := s.Finish(t.Context(), j.Ticket(), job.Outcome{Output: job.Output{LinkID: "l", Path: "results/x"}})
	if err != nil {
		t.Fatal(err)
	}
	hold := func(until time.Time, over bool) job.Job {
		t.Helper()
		err := db.InTx(t.Context(), func(tx *sql.Tx) error { return s.HoldTx(t.Context(), tx, j.ID, until, over) })
		if err != nil {
			t.Fatal(err)
		}
		j, err := s.Get(t.Context(), j.ID)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	expired := func() int {
		t.Helper()
		left, err := s.Expired(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(left)
	}
	clock.Advance(2 * time.Hour) // past its time, in the middle of the tries
	if got := hold(clock.Now().Add(-time.Minute), false); !got.Available(clock.Now()) || expired() != 0 {
		t.Errorf("under way: %+v, %d expired", got, expired())
	}
	until := clock.Now().Add(time.Hour)
	if got := hold(until, true); got.Noticing || !got.Available(clock.Now()) || !got.Expires.Equal(until) {
		t.Errorf("over: %+v", got)
	}
	if got := hold(until.Add(time.Hour), false); got.Noticing || !got.Expires.Equal(until) {
		t.Errorf("what is over began again: %+v", got)
	}
	clock.Advance(time.Hour)
	if expired() != 1 {
		t.Error("it does not expire")
	}
}

func claimed(t *testing.T, s *store.Store, notice string) job.Job {
	t.Helper()
	j, err := s.Enqueue(t.Context(), job.Job{KeyID: "k", Notice: json.RawMessage(notice)})
	if err == nil {
		j, err = s.Claim(t.Context(), j.Ticket(), "n/p", time.Minute)
	}
	if err != nil {
		t.Fatal(err)
	}
	return j
}
