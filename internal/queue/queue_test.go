package queue

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"compressor/internal/database"
	"compressor/internal/job"
)

// patience is how long a test waits for what must come; none passes by waiting.
const patience = 30 * time.Second

func openDB(t testing.TB) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newQueue(t testing.TB, db *database.DB, c Config) *Queue {
	t.Helper()
	q, err := New(context.Background(), db.Write(), c)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// begin starts q and stops it, kindly or not, when the test ends.
func begin(t testing.TB, q *Queue, h Handle) {
	t.Helper()
	if err := q.Start(context.Background(), h); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		q.Stop(ctx) //nolint:errcheck // it may be stopped already
	})
}

func enqueue(t testing.TB, db *database.DB, q *Queue, tickets ...job.Ticket) {
	t.Helper()
	err := db.InTx(context.Background(), func(tx *sql.Tx) error {
		for _, k := range tickets {
			if err := q.EnqueueTx(context.Background(), tx, k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func next[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

// TestTickets: one that was committed is handled once; one that was rolled back never; the
// same twice is one; an old epoch does not hide a new one.
func TestTickets(t *testing.T) {
	db := openDB(t)
	q := newQueue(t, db, Config{Workers: 1})
	enqueue(t, db, q, job.Ticket{Job: "a", Epoch: 1}, job.Ticket{Job: "a", Epoch: 1})
	enqueue(t, db, q, job.Ticket{Job: "a", Epoch: 1})
	db.InTx(t.Context(), func(tx *sql.Tx) error { //nolint:errcheck // it fails on purpose
		return errors.Join(q.EnqueueTx(t.Context(), tx, job.Ticket{Job: "lost", Epoch: 1}), errors.New("roll back"))
	})
	got := make(chan job.Ticket, 10)
	begin(t, q, func(_ context.Context, k job.Ticket) error {
		got <- k
		return nil
	})
	if k := next(t, got); k != (job.Ticket{Job: "a", Epoch: 1}) {
		t.Errorf("first %v", k)
	}
	// While it runs, a ticket that ended is remembered and one more of it is not new.
	enqueue(t, db, q, job.Ticket{Job: "a", Epoch: 1}, job.Ticket{Job: "a", Epoch: 2})
	if k := next(t, got); k != (job.Ticket{Job: "a", Epoch: 2}) {
		t.Errorf("then %v", k)
	}
}

// TestWake: with the poll out of reach, a ticket is taken because its process said so.
func TestWake(t *testing.T) {
	db := openDB(t)
	q := newQueue(t, db, Config{Workers: 2, Poll: time.Hour})
	events, end := q.client.Subscribe(river.EventKindJobCompleted)
	defer end()
	begin(t, q, func(context.Context, job.Ticket) error { return nil })
	for i := range int64(4) {
		enqueue(t, db, q, job.Ticket{Job: "a", Epoch: i})
		q.Wake()
		q.Wake()
		next(t, events) // nothing runs any more, so nothing else makes River look
	}
}

// TestNewTwice: the tables are made once, and a queue may be opened to add tickets only.
func TestNewTwice(t *testing.T) {
	db := openDB(t)
	enqueue(t, db, newQueue(t, db, Config{}), job.Ticket{Job: "a", Epoch: 1})
	got := make(chan job.Ticket, 1)
	begin(t, newQueue(t, db, Config{}), func(_ context.Context, k job.Ticket) error {
		got <- k
		return nil
	})
	next(t, got)
}

// TestWorkersBound: no more handlers at once than workers, and all of them are used.
func TestWorkersBound(t *testing.T) {
	db := openDB(t)
	q := newQueue(t, db, Config{Workers: 3})
	for i := range int64(9) {
		enqueue(t, db, q, job.Ticket{Job: "a", Epoch: i})
	}
	var mu sync.Mutex
	running, most := 0, 0
	full, done := make(chan struct{}), make(chan struct{}, 9)
	begin(t, q, func(context.Context, job.Ticket) error {
		mu.Lock()
		running++
		if most = max(most, running); running == 3 && most == 3 {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		mu.Unlock()
		<-full // nobody ends before three run
		mu.Lock()
		running--
		mu.Unlock()
		done <- struct{}{}
		return nil
	})
	for range 9 {
		next(t, done)
	}
	if most != 3 {
		t.Errorf("%d ran at once", most)
	}
}

// logged keeps log lines.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// TestFailedHandler: an error or a panic puts the ticket off, keeps it, and is logged; the
// others go on.
func TestFailedHandler(t *testing.T) {
	db := openDB(t)
	var log logged
	q := newQueue(t, db, Config{Workers: 1, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))})
	events, end := q.client.Subscribe(river.EventKindJobSnoozed, river.EventKindJobCompleted, river.EventKindJobFailed)
	defer end()
	enqueue(t, db, q, job.Ticket{Job: "errs", Epoch: 1}, job.Ticket{Job: "panics", Epoch: 1}, job.Ticket{Job: "works", Epoch: 1})
	begin(t, q, func(_ context.Context, k job.Ticket) error {
		switch k.Job {
		case "errs":
			return errors.New("no database")
		case "panics":
			panic("of the handler")
		}
		return nil
	})
	for range 3 {
		e := next(t, events)
		want := river.EventKindJobSnoozed
		if strings.Contains(string(e.Job.EncodedArgs), "works") {
			want = river.EventKindJobCompleted
		}
		if e.Kind != want || len(e.Job.Errors) != 0 {
			t.Errorf("%s: %s, errors %v", e.Job.EncodedArgs, e.Kind, e.Job.Errors)
		}
	}
	for _, want := range []string{"no database", "of the handler", "job=errs", "job=panics"} {
		if !strings.Contains(log.text.String(), want) {
			t.Errorf("the log does not tell %q: %s", want, log.text.String())
		}
	}
}

// TestStopWaits: Stop lets a handler end in peace, and takes nothing more.
func TestStopWaits(t *testing.T) {
	db := openDB(t)
	q := newQueue(t, db, Config{Workers: 1})
	enqueue(t, db, q, job.Ticket{Job: "a", Epoch: 1})
	started, release := make(chan struct{}), make(chan struct{})
	var cut error
	begin(t, q, func(ctx context.Context, _ job.Ticket) error {
		close(started)
		<-release
		cut = ctx.Err()
		return nil
	})
	next(t, started)
	stopped := make(chan error, 1)
	go func() { stopped <- q.Stop(context.Background()) }()
	enqueue(t, db, q, job.Ticket{Job: "late", Epoch: 1})
	close(release)
	if err := next(t, stopped); err != nil || cut != nil {
		t.Errorf("stopped with %v, the handler saw %v", err, cut)
	}
}

// TestStopCuts: when the time of Stop is over, the handlers' context ends.
func TestStopCuts(t *testing.T) {
	db := openDB(t)
	q := newQueue(t, db, Config{Workers: 1})
	enqueue(t, db, q, job.Ticket{Job: "a", Epoch: 1})
	started, cut := make(chan struct{}), make(chan error, 1)
	begin(t, q, func(ctx context.Context, _ job.Ticket) error {
		close(started)
		<-ctx.Done()
		cut <- ctx.Err()
		return ctx.Err()
	})
	next(t, started)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := q.Stop(ctx); err != nil {
		t.Errorf("stopped with %v", err)
	}
	if err := next(t, cut); !errors.Is(err, context.Canceled) {
		t.Errorf("the handler saw %v", err)
	}
}

// TestStartContext: what ends the context of Start must not cut handlers off.
func TestStartContext(t *testing.T) {
	db := openDB(t)
	q := newQueue(t, db, Config{Workers: 1})
	ctx, cancel := context.WithCancel(context.Background())
	got := make(chan job.Ticket, 1)
	if err := q.Start(ctx, func(_ context.Context, k job.Ticket) error {
		got <- k
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	cancel()
	enqueue(t, db, q, job.Ticket{Job: "a", Epoch: 1})
	next(t, got)
	if err := q.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestForget: also a ticket that a process took with it when it was killed.
func TestForget(t *testing.T) {
	db := openDB(t)
	q := newQueue(t, db, Config{Workers: 1})
	enqueue(t, db, q, job.Ticket{Job: "taken", Epoch: 1}, job.Ticket{Job: "waits", Epoch: 1})
	if _, err := db.Write().ExecContext(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1 WHERE id = 1`); err != nil {
		t.Fatal(err)
	}
	err := db.InTx(t.Context(), func(tx *sql.Tx) error {
		return errors.Join(q.ForgetTx(t.Context(), tx), q.EnqueueTx(t.Context(), tx, job.Ticket{Job: "taken", Epoch: 1}))
	})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan job.Ticket, 3)
	begin(t, q, func(_ context.Context, k job.Ticket) error {
		got <- k
		return nil
	})
	if k := next(t, got); k.Job != "taken" {
		t.Errorf("got %v", k)
	}
	enqueue(t, db, q, job.Ticket{Job: "last", Epoch: 1})
	if k := next(t, got); k.Job != "last" {
		t.Errorf("forgotten, yet handled: %v", k)
	}
}
