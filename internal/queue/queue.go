// Package queue decides when a waiting job is worked on. It is River behind our own words
// and the only package that imports it.
//
// A ticket names a job and an epoch, nothing else. It may be delivered late, twice or
// after its job has ended: the job's row decides who may work (package job). Of River's
// retries nothing is used: a ticket whose handler could not ask the database is put off,
// as often as that takes, and so never lost.
package queue

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"compressor/internal/job"
)

// Handle works on a ticket. It is called in a goroutine of its own, may block until there
// is room for the job, and must return soon after ctx ends. nil ends the ticket, stale
// tickets included; an error, or a panic, is logged and brings it back after a while.
type Handle func(ctx context.Context, t job.Ticket) error

// Config of New.
type Config struct {
	Workers int           // how many tickets are handled at once, at least 1
	Timeout time.Duration // longest handling of one ticket, 12 h when 0
	Poll    time.Duration // how often to look for tickets of other processes, 1 s when 0
	Logger  *slog.Logger  // of failed handlers, and River's own words; none when nil
}

const (
	name = "jobs"

	// cooldown bounds how often River looks when it is woken again and again.
	cooldown = 5 * time.Millisecond

	// A ticket that ended is of no use to anyone, but River keeps it for a look.
	keep = 15 * time.Minute

	// putOff is when a ticket comes back whose handler failed.
	putOff = 5 * time.Second
)

// args is a ticket as River stores it, unique by its contents.
type args struct {
	job.Ticket
}

// Kind implements river.JobArgs.
func (args) Kind() string { return "job" }

// Queue holds tickets. It is safe for concurrent use.
type Queue struct {
	client *river.Client[*sql.Tx]
	worker *worker
	bell   chan struct{}
}

// New returns the queue in the database behind pool, which must allow one writer at a
// time (database.DB.Write), and brings River's tables up to date. Tickets can be added at
// once; none is handled before Start.
func New(ctx context.Context, pool *sql.DB, c Config) (*Queue, error) {
	if c.Timeout <= 0 {
		c.Timeout = 12 * time.Hour
	}
	if c.Poll <= 0 {
		c.Poll = time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	driver := inProcess{Driver: riversqlite.New(pool), bell: make(chan struct{}, 1)}
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("queue: tables: %w", err)
	}
	w := &worker{timeout: c.Timeout, log: c.Logger}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, w); err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	client, err := river.NewClient(driver, &river.Config{
		Queues:                      map[string]river.QueueConfig{name: {MaxWorkers: max(1, c.Workers)}},
		Workers:                     workers,
		Logger:                      c.Logger,
		FetchCooldown:               cooldown,
		FetchPollInterval:           max(c.Poll, cooldown),
		JobTimeout:                  c.Timeout,
		RescueStuckJobsAfter:        c.Timeout + time.Hour,
		CompletedJobRetentionPeriod: keep,
		CancelledJobRetentionPeriod: keep,
		ReindexerSchedule:           river.NeverSchedule(), // SQLite reindexes under a lock on everything
	})
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	return &Queue{client: client, worker: w, bell: driver.bell}, nil
}

// EnqueueTx adds a ticket within tx: it exists if tx commits. The same ticket twice is one.
func (q *Queue) EnqueueTx(ctx context.Context, tx *sql.Tx, t job.Ticket) error {
	_, err := q.client.InsertTx(ctx, tx, args{t}, &river.InsertOpts{
		Queue:      name,
		UniqueOpts: river.UniqueOpts{ByArgs: true},
	})
	if err != nil {
		return fmt.Errorf("queue: ticket: %w", err)
	}
	return nil
}

// ForgetTx drops every ticket, within tx, also those an earlier process took and never
// ended. River itself gives up on such only after the longest handling there may be.
func (q *Queue) ForgetTx(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM river_job WHERE kind = $1`, args{}.Kind()); err != nil {
		return fmt.Errorf("queue: old tickets: %w", err)
	}
	return nil
}

// Start begins to hand tickets to handle. It may be called once.
func (q *Queue) Start(ctx context.Context, handle Handle) error {
	q.worker.handle = handle
	// What ends ctx must not cut handlers off: Stop does that, in its own time.
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("queue: start: %w", err)
	}
	return nil
}

// hardStop is how long Stop waits for handlers whose context it had to end.
const hardStop = 10 * time.Second

// Stop takes no more tickets and waits for the handlers. When ctx ends first, it ends the
// context of those that are left and waits a little longer; an error says that some did
// not return even then.
func (q *Queue) Stop(ctx context.Context) error {
	err := q.client.Stop(ctx)
	if err == nil || ctx.Err() == nil {
		return wrap(err)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), hardStop)
	defer cancel()
	return wrap(q.client.StopAndCancel(last))
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("queue: stop: %w", err)
}

// worker is River's view of Handle.
type worker struct {
	river.WorkerDefaults[args]
	handle  Handle
	timeout time.Duration
	log     *slog.Logger
}

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, j *river.Job[args]) error {
	if err := w.safely(ctx, j.Args.Ticket); err != nil {
		w.log.ErrorContext(ctx, "ticket put off", "job", j.Args.Job, "epoch", j.Args.Epoch, "error", err)
		// River's retries are counted, and each keeps its error in the row; this is not.
		return river.JobSnooze(putOff)
	}
	return nil
}

// safely turns a panic of the handler into an error: one job must not end the rest.
func (w *worker) safely(ctx context.Context, t job.Ticket) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return w.handle(ctx, t)
}

// Timeout implements river.Worker.
func (w *worker) Timeout(*river.Job[args]) time.Duration { return w.timeout }
