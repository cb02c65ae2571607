package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"compressor/internal/database"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// InsertClaimed implements job.Submitter.
func (s *Store) InsertClaimed(ctx context.Context, j job.Job, owner string, lease time.Duration) (job.Job, error) {
	j, err := s.fresh(j)
	if err != nil {
		return job.Job{}, err
	}
	j.State, j.Owner, j.Started, j.LeaseUntil = job.Processing, owner, j.Created, j.Created.Add(lease)
	if j.Once.Name != "" { // two rows that belong together, so a transaction, which is flushed
		err = s.db.InTx(ctx, func(tx *sql.Tx) error {
			if err := s.repeated(ctx, tx, j.Once); err != nil {
				return err
			}
			return s.add(ctx, tx, &j)
		})
	} else if _, err = s.db.ExecLazily(ctx, insert, values(&j)...); err != nil {
		err = fmt.Errorf("new job: %w", err)
	}
	if err != nil {
		return job.Job{}, err
	}
	return j, nil
}

// Durable implements job.Submitter. Any flushed commit flushes all before it; a millisecond
// more of lease is something to commit, where the same row again would not be. A job that
// is not processing any more had a flushed commit since.
func (s *Store) Durable(ctx context.Context, id string) error {
	const text = `UPDATE job SET lease_until = lease_until + 1 WHERE id = $1 AND state = 'processing'`
	if _, err := s.db.Exec(ctx, text, id); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

// Enqueue implements job.Submitter.
func (s *Store) Enqueue(ctx context.Context, j job.Job) (job.Job, error) {
	j, err := s.fresh(j)
	if err != nil {
		return job.Job{}, err
	}
	err = s.db.InTx(ctx, func(tx *sql.Tx) error {
		if err := s.repeated(ctx, tx, j.Once); err != nil { // before admission: it adds nothing
			return err
		}
		if j.State, err = s.admission(ctx, tx, j.KeyID); err != nil {
			return err
		}
		if err := s.add(ctx, tx, &j); err != nil {
			return err
		}
		if j.State == job.Held {
			return nil
		}
		return s.tickets.EnqueueTx(ctx, tx, j.Ticket())
	})
	if err != nil {
		return job.Job{}, err
	}
	if j.State == job.Enqueued {
		s.tickets.Wake()
	}
	return j, nil
}

// fresh gives a new row its id, epoch and time; what only a store may set is cleared.
func (s *Store) fresh(j job.Job) (job.Job, error) {
	if j.ID == "" {
		id, err := uuid.NewRandom()
		if err != nil {
			return job.Job{}, fmt.Errorf("new job: %w", err)
		}
		j.ID = id.String()
	}
	return job.Job{ID: j.ID, KeyID: j.KeyID, Epoch: 1, Request: j.Request, InputRef: j.InputRef, Notice: j.Notice,
		Tag: j.Tag, Once: j.Once,
		Created: database.Time(database.Millis(s.now()))}, nil
}

// admission says in which state a new job of this key starts, or that it may not.
func (s *Store) admission(ctx context.Context, tx *sql.Tx, keyID string) (job.State, error) {
	if s.limits.Queued > 0 {
		var waiting int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM job WHERE `+open+` AND state <> 'processing'`).Scan(&waiting)
		if err != nil {
			return "", fmt.Errorf("count of jobs: %w", err)
		}
		if waiting >= s.limits.Queued {
			return "", problem.New(problem.QueueFull)
		}
	}
	c, err := countOf(ctx, tx, keyID)
	if err != nil {
		return "", err
	}
	if s.limits.QueuedPerKey > 0 && c.Queued() >= s.limits.QueuedPerKey {
		return "", problem.New(problem.KeyBusy)
	}
	// One that is held already goes first, whatever room there is.
	if s.limits.Admitted > 0 && (c.Enqueued+c.Processing >= s.limits.Admitted || c.Held > 0) {
		return job.Held, nil
	}
	return job.Enqueued, nil
}

// admit enqueues as many held jobs of the key as it may have more, oldest first, and
// returns their ids.
func (s *Store) admit(ctx context.Context, tx *sql.Tx, keyID string) ([]string, error) {
	if s.limits.Admitted <= 0 { // some may be held from a time when there was a limit
		return s.admitUpTo(ctx, tx, keyID, batch)
	}
	c, err := countOf(ctx, tx, keyID)
	if err != nil {
		return nil, err
	}
	room := s.limits.Admitted - c.Enqueued - c.Processing
	if c.Held == 0 || room <= 0 {
		return nil, nil
	}
	return s.admitUpTo(ctx, tx, keyID, room)
}

func (s *Store) admitUpTo(ctx context.Context, tx *sql.Tx, keyID string, room int) ([]string, error) {
	held, err := tickets(ctx, tx, `SELECT id, epoch FROM job WHERE key_id = $1 AND `+open+` AND state = 'held'
		ORDER BY created LIMIT $2`, keyID, room)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, t := range held {
		_, err := tx.ExecContext(ctx, `UPDATE job SET state = 'enqueued' WHERE id = $1 AND epoch = $2 AND state = 'held'`, t.Job, t.Epoch)
		if err != nil {
			return nil, fmt.Errorf("admission: %w", err)
		}
		if err := s.tickets.EnqueueTx(ctx, tx, t); err != nil {
			return nil, err
		}
		ids = append(ids, t.Job)
	}
	return ids, nil
}

// tickets reads the rows of a statement that selects id and epoch.
func tickets(ctx context.Context, q querier, text string, args ...any) ([]job.Ticket, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	defer rows.Close()
	var out []job.Ticket
	for rows.Next() {
		var t job.Ticket
		if err := rows.Scan(&t.Job, &t.Epoch); err != nil {
			return nil, fmt.Errorf("jobs: %w", err)
		}
		out = append(out, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return out, nil
}

// Cancel implements job.Submitter.
func (s *Store) Cancel(ctx context.Context, id string) (job.Job, error) {
	trouble, err := encode(problem.New(problem.Canceled))
	if err != nil {
		return job.Job{}, err
	}
	now := database.Millis(s.now())
	var j job.Job
	var admitted []string
	err = s.change(ctx, id, func(tx *sql.Tx) error {
		// The epoch rises, so that every ticket out there is stale from this commit on.
		j, err = one(ctx, tx, errEnded, `UPDATE job SET state = 'failed', problem = $1, cancel_requested = TRUE,
			epoch = epoch + 1, owner = '', lease_until = 0, finished = $2
			WHERE id = $3 AND `+open+` RETURNING `+columns, trouble, now, id)
		if err == nil {
			if j, err = s.putNotice(ctx, tx, j); err != nil {
				return err
			}
			admitted, err = s.admit(ctx, tx, j.KeyID)
			return err
		}
		if !errors.Is(err, errEnded) {
			return err
		}
		j, err = one(ctx, tx, problem.New(problem.NotFound), `UPDATE job SET cancel_requested = TRUE,
			expires = CASE WHEN expires > $1 THEN $1 ELSE expires END
			WHERE id = $2 RETURNING `+columns, now, id)
		return err
	})
	if err != nil {
		return job.Job{}, err
	}
	s.issued(admitted)
	s.noticed(j)
	return j, nil
}

// errEnded is Cancel's way of telling that the job was open no more.
var errEnded = errors.New("the job has ended")
