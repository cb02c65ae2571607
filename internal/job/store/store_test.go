package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"compressor/internal/database"
	"compressor/internal/job"
	"compressor/internal/job/store"
	"compressor/internal/job/storetest"
	"compressor/internal/problem"
	"compressor/internal/queue"
)

func TestSQLite(t *testing.T) { storetest.Run(t, sqlite(t)) }

// sqlite makes benches of the real thing: a database in a folder, and River, not started,
// for tickets. The tables are made once and the file copied.
func sqlite(t *testing.T) storetest.Make {
	made := t.TempDir()
	db := open(t, made)
	if _, err := queue.New(t.Context(), db.Write(), queue.Config{Workers: 1}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, l storetest.Limits) *storetest.Bench {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(made)); err != nil {
			t.Fatal(err)
		}
		db := open(t, dir)
		q, err := queue.New(t.Context(), db.Write(), queue.Config{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		b := &storetest.Bench{Clock: storetest.NewClock(), Heard: &storetest.Heard{}}
		b.Tickets = func(t *testing.T) []job.Ticket { return tickets(t, db) }
		b.Store = store.New(db, q, store.Options{
			Limits: store.Limits{Admitted: l.Admitted, QueuedPerKey: l.QueuedPerKey, Queued: l.Queued},
			Keep:   2 * time.Hour,
			Now:    b.Clock.Now,
			Notify: b.Heard.Notify,
		})
		return b
	}
}

func open(t *testing.T, dir string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func tickets(t *testing.T, db *database.DB) []job.Ticket {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(),
		`SELECT json_extract(args, '$.job'), json_extract(args, '$.epoch') FROM river_job ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []job.Ticket
	for rows.Next() {
		var k job.Ticket
		if err := rows.Scan(&k.Job, &k.Epoch); err != nil {
			t.Fatal(err)
		}
		out = append(out, k)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// broken is a queue that refuses the ticket after the given number of good ones.
type broken struct{ good, woken int }

var errBroken = errors.New("no ticket")

func (b *broken) EnqueueTx(context.Context, *sql.Tx, job.Ticket) error {
	if b.good--; b.good < 0 {
		return errBroken
	}
	return nil
}

func (b *broken) ForgetTx(context.Context, *sql.Tx) error { return nil }

func (b *broken) Wake() { b.woken++ }

// TestTicketAndRowAreOne: where the ticket cannot be written, the row is as it was.
func TestTicketAndRowAreOne(t *testing.T) {
	db := open(t, t.TempDir())
	clock := storetest.NewClock()
	q := &broken{}
	s := store.New(db, q, store.Options{Now: clock.Now, Limits: store.Limits{Admitted: 1}})
	ctx := t.Context()

	id := "6f7f0e4a-0000-4000-8000-000000000001"
	for range 2 { // nor is its Once remembered, or the second would be a repetition
		once := job.Once{Name: "n", Digest: "d"}
		if _, err := s.Enqueue(ctx, job.Job{ID: id, KeyID: "k", Once: once}); !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
	}
	if _, err := s.Get(ctx, id); !problem.Has(err, problem.NotFound) {
		t.Errorf("a row without a ticket: %v", err)
	}
	same := func(name string, j job.Job, err error) {
		t.Helper()
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := s.Get(ctx, j.ID); err != nil || got.State != j.State || got.Epoch != j.Epoch || got.Owner != j.Owner {
			t.Errorf("%s left %+v, %v", name, got, err)
		}
	}
	j, err := s.InsertClaimed(ctx, job.Job{KeyID: "k"}, "n/p", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Release(ctx, j.Ticket())
	same("release", j, err)
	_, err = s.Recover(ctx, "n")
	same("recover", j, err)
	held, err := s.Enqueue(ctx, job.Job{KeyID: "k"})
	if err != nil || held.State != job.Held {
		t.Fatal(held, err)
	}
	_, err = s.Finish(ctx, j.Ticket(), job.Outcome{})
	same("finish that admits", j, err)
	_, err = s.Cancel(ctx, j.ID)
	same("cancel that admits", j, err)
	clock.Advance(time.Minute)
	_, err = s.Reap(ctx)
	same("reap", j, err)
	if q.woken != 0 {
		t.Errorf("woken %d times for tickets that were rolled back", q.woken)
	}
}

// TestManyLeases: the housekeeping works in short transactions and still reaches all.
func TestManyLeases(t *testing.T) {
	db := open(t, t.TempDir())
	clock := storetest.NewClock()
	q := &broken{good: 110}
	s := store.New(db, q, store.Options{Now: clock.Now})
	for range 130 {
		if _, err := s.InsertClaimed(t.Context(), job.Job{KeyID: "k"}, "n/p", time.Second); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(time.Minute)
	if n, err := s.Reap(t.Context()); n != 100 || !errors.Is(err, errBroken) {
		t.Errorf("a queue that breaks after 110: reaped %d, %v; want the 100 of the first transaction", n, err)
	}
	q.good = 1000
	if n, err := s.Reap(t.Context()); n != 30 || err != nil {
		t.Errorf("then reaped %d, %v", n, err)
	}
}

// TestNotifiedAfterCommit: whoever is told of a change can read it.
func TestNotifiedAfterCommit(t *testing.T) {
	var s *store.Store
	var seen []job.State
	s = store.New(open(t, t.TempDir()), &broken{good: 1000}, store.Options{
		Limits: store.Limits{Admitted: 1},
		Notify: func(id string) {
			j, err := s.Get(t.Context(), id)
			if err != nil {
				t.Error(err)
			}
			seen = append(seen, j.State)
		},
	})
	ctx := t.Context()
	must := func(j job.Job, err error) job.Job {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	j := must(s.Enqueue(ctx, job.Job{KeyID: "k"}))
	next := must(s.Enqueue(ctx, job.Job{KeyID: "k"}))
	j = must(s.Claim(ctx, j.Ticket(), "n/p", time.Hour))
	if err := s.Renew(ctx, j.Ticket(), time.Hour, job.Progress{}); err != nil {
		t.Fatal(err)
	}
	j = must(s.Again(ctx, j.Ticket(), time.Hour))
	j = must(s.Release(ctx, j.Ticket()))
	j = must(s.Claim(ctx, j.Ticket(), "n/p", time.Hour))
	must(s.Finish(ctx, j.Ticket(), job.Outcome{})) // which admits the next
	must(s.Cancel(ctx, next.ID))
	want := []job.State{job.Processing, job.Processing, job.Processing, job.Enqueued, job.Processing, job.Completed, job.Enqueued, job.Failed}
	if !slices.Equal(seen, want) {
		t.Errorf("told of %v, want %v", seen, want)
	}
}

// TestRaisedLimit: what was held under a lower limit is admitted by the housekeeping, in
// its order, and nothing new overtakes it.
func TestRaisedLimit(t *testing.T) {
	db, q, clock := open(t, t.TempDir()), &broken{good: 1000}, storetest.NewClock()
	with := func(admitted int) *store.Store {
		return store.New(db, q, store.Options{Now: clock.Now, Limits: store.Limits{Admitted: admitted}})
	}
	var jobs []job.Job
	add := func(s *store.Store) {
		clock.Advance(time.Millisecond)
		j, err := s.Enqueue(t.Context(), job.Job{KeyID: "k"})
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, j)
	}
	states := func() (all []job.State) {
		for _, j := range jobs {
			j, err := with(0).Get(t.Context(), j.ID)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, j.State)
		}
		return all
	}
	low, high, none := with(1), with(3), with(0)
	add(low)
	add(low)
	add(high)
	if got := states(); !slices.Equal(got, []job.State{job.Enqueued, job.Held, job.Held}) {
		t.Errorf("one overtook: %v", got)
	}
	add(high)
	if _, err := high.Reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := states(); !slices.Equal(got, []job.State{job.Enqueued, job.Enqueued, job.Enqueued, job.Held}) {
		t.Errorf("with room for three: %v", got)
	}
	if _, err := none.Reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := states(); got[3] != job.Enqueued {
		t.Errorf("without a limit: %v", got)
	}
}

// TestWoken: the queue is told of each commit that gave it a ticket, and of no other.
func TestWoken(t *testing.T) {
	q, clock := &broken{good: 1000}, storetest.NewClock()
	s := store.New(open(t, t.TempDir()), q, store.Options{Now: clock.Now, Limits: store.Limits{Admitted: 1}})
	ctx := t.Context()
	var j job.Job
	var err error
	for _, step := range []struct {
		name string
		do   func()
		want int
	}{
		{"enqueue", func() { j, err = s.Enqueue(ctx, job.Job{KeyID: "k"}) }, 1},
		{"hold", func() { _, err = s.Enqueue(ctx, job.Job{KeyID: "k"}) }, 0},
		{"claim", func() { j, err = s.Claim(ctx, j.Ticket(), "n/p", time.Second) }, 0},
		{"renew", func() { err = s.Renew(ctx, j.Ticket(), time.Second, job.Progress{}) }, 0},
		{"again", func() { j, err = s.Again(ctx, j.Ticket(), time.Second) }, 0},
		{"release", func() { j, err = s.Release(ctx, j.Ticket()) }, 1},
		{"claim", func() { j, err = s.Claim(ctx, j.Ticket(), "n/p", time.Second) }, 0},
		{"reap nothing", func() { _, err = s.Reap(ctx) }, 0},
		{"reap", func() { clock.Advance(time.Minute); _, err = s.Reap(ctx) }, 1},
		{"recover", func() { _, err = s.Recover(ctx, "n") }, 1},
		{"cancel, which admits", func() { _, err = s.Cancel(ctx, j.ID) }, 1},
		{"insert claimed", func() { j, err = s.InsertClaimed(ctx, job.Job{KeyID: "other"}, "n/p", time.Second) }, 0},
		{"finish", func() { _, err = s.Finish(ctx, j.Ticket(), job.Outcome{}) }, 0},
	} {
		q.woken = 0
		if step.do(); err != nil || q.woken != step.want {
			t.Errorf("%s: %v, woken %d times, want %d", step.name, err, q.woken, step.want)
		}
	}
}
