// Package store keeps jobs in a database. It implements job.Store: one text of SQL, every
// change guarded by the epoch and the state of the row, so that whoever lost a job
// changes nothing.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"compressor/internal/database"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// Tickets is the queue as the store needs it.
type Tickets interface {
	// EnqueueTx adds a ticket within tx: it exists if tx commits.
	EnqueueTx(ctx context.Context, tx *sql.Tx, t job.Ticket) error

	// ForgetTx drops every ticket there is, within tx.
	ForgetTx(ctx context.Context, tx *sql.Tx) error

	// Wake says that tickets were committed.
	Wake()
}

// Outbox takes the notices of jobs that end. What a notice says is its own business.
type Outbox interface {
	// PutTx takes the notice of j, which has ended within tx: it is under way if tx
	// commits. The time is that of its first try, zero if there is nothing to tell.
	PutTx(ctx context.Context, tx *sql.Tx, j job.Job) (first time.Time, err error)

	// Wake says that notices were committed.
	Wake()
}

// Keys is what the store asks and tells of API keys.
type Keys interface {
	// Own returns the limits of a key's own, as they are now.
	Own(ctx context.Context, q Querier, keyID string) (Own, error)

	// EndedTx counts, within tx, jobs that have ended; a batch is none, its items are.
	EndedTx(ctx context.Context, tx *sql.Tx, keyID string, completed, failed int) error
}

// Limits bound what waits. 0 is no limit.
type Limits struct {
	Admitted     int   // jobs of one key that are in the queue or run; more are held
	QueuedPerKey int   // waiting jobs of one key; more are refused with key-busy
	Queued       int   // waiting jobs in all; more are refused with queue-full
	BytesPerKey  int64 // bytes of the inputs of one key's open jobs; more are refused with key-busy
}

// Own are limits of one key that stand in for those of all, where they are not 0.
type Own struct {
	Admitted int // likewise, and this many run at once, also of those that somebody waits for
	Queued   int
	Bytes    int64
}

// DefaultLimits are those of a service nobody has configured.
func DefaultLimits() Limits {
	return Limits{Admitted: 8, QueuedPerKey: 1000, Queued: 10_000, BytesPerKey: 10 << 30}
}

// Options of New.
type Options struct {
	Limits Limits
	Keep   time.Duration    // life of a result, 2 h when 0
	Now    func() time.Time // the clock of leases and expiry, time.Now when nil
	Notify func(id string)  // told of each changed row after its commit; may be nil
	Outbox Outbox           // nil: nobody is told of anything
	Keys   Keys             // nil: no key has limits of its own, and nothing is counted
}

// Store keeps jobs. Its methods are safe for concurrent use.
type Store struct {
	db      *database.DB
	tickets Tickets
	limits  Limits
	keep    time.Duration
	now     func() time.Time
	notify  func(id string)
	outbox  Outbox
	keys    Keys
}

// New returns the store of the jobs in db, which hands its tickets to tickets.
func New(db *database.DB, tickets Tickets, o Options) *Store {
	s := &Store{db: db, tickets: tickets, limits: o.Limits, keep: o.Keep, now: o.Now, notify: o.Notify, outbox: o.Outbox, keys: o.Keys}
	if s.keep <= 0 {
		s.keep = 2 * time.Hour
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.notify == nil {
		s.notify = func(string) {}
	}
	return s
}

var _ job.Store = (*Store)(nil)

// change runs f in a write transaction and, once it is committed, tells those who wait
// for job id.
func (s *Store) change(ctx context.Context, id string, f func(*sql.Tx) error) error {
	if err := s.db.InTx(ctx, f); err != nil {
		return err
	}
	s.notify(id)
	return nil
}

// issued tells that these jobs have a ticket since the last commit.
func (s *Store) issued(ids []string) {
	if len(ids) == 0 {
		return
	}
	s.tickets.Wake()
	for _, id := range ids {
		s.notify(id)
	}
}

// one runs a statement that returns the row of a job. No row is none.
func one(ctx context.Context, q Querier, none error, text string, args ...any) (job.Job, error) {
	j, err := scan(q.QueryRowContext(ctx, text, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return job.Job{}, none
	}
	if err != nil {
		return job.Job{}, fmt.Errorf("job: %w", err)
	}
	return j, nil
}

// Querier is a pool or a transaction.
type Querier interface {
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// Get implements job.Reader.
func (s *Store) Get(ctx context.Context, id string) (job.Job, error) {
	return one(ctx, s.db.Read(), problem.New(problem.NotFound),
		`SELECT `+columns+` FROM job WHERE id = $1`, id)
}

// GetByLink implements job.Reader.
func (s *Store) GetByLink(ctx context.Context, linkID string) (job.Job, error) {
	return one(ctx, s.db.Read(), problem.New(problem.NotFound),
		`SELECT `+columns+` FROM job WHERE link_id = $1`, linkID)
}

// open is the condition of the partial index job_open; a statement that means it must say
// it in these words, or SQLite does not see that the index serves.
const open = `state IN ('held', 'enqueued', 'processing')`

// single leaves batches out: nobody holds one, and it has no ticket.
const single = ` AND items = 0`

// Counts implements job.Reader.
func (s *Store) Counts(ctx context.Context) (job.Counts, error) {
	l, err := loadOf(ctx, s.db.Read(), "")
	return l.Counts, err
}

// CountsOf implements job.Reader.
func (s *Store) CountsOf(ctx context.Context, keyID string) (job.Counts, error) {
	l, err := loadOf(ctx, s.db.Read(), keyID)
	return l.Counts, err
}
