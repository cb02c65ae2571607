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

// Claim implements job.Holder.
func (s *Store) Claim(ctx context.Context, t job.Ticket, owner string, lease time.Duration) (job.Job, error) {
	now := s.now()
	var j job.Job
	var err error
	err = s.change(ctx, t.Job, func(tx *sql.Tx) error {
		j, err = one(ctx, tx, job.ErrStale, `UPDATE job SET state = 'processing', owner = $1, lease_until = $2, started = $3
			WHERE id = $4 AND epoch = $5 AND state = 'enqueued' RETURNING `+columns,
			owner, database.Millis(now.Add(lease)), database.Millis(now), t.Job, t.Epoch)
		if err != nil {
			return err
		}
		return beginBatch(ctx, tx, j)
	})
	if err == nil && j.Parent != "" {
		s.notify(j.Parent)
	}
	return j, err
}

// Renew implements job.Holder.
func (s *Store) Renew(ctx context.Context, t job.Ticket, lease time.Duration, p job.Progress) error {
	text, err := encode(p)
	if err != nil {
		return err
	}
	return s.touch(ctx, t, `UPDATE job SET lease_until = $1, progress = $2
		WHERE id = $3 AND epoch = $4 AND state = 'processing'`, database.Millis(s.now().Add(lease)), text, t.Job, t.Epoch)
}

// SetInput implements job.Holder.
func (s *Store) SetInput(ctx context.Context, t job.Ticket, ref string, size int64) error {
	return s.touch(ctx, t, `UPDATE job SET input_ref = $1, input_size = $2 WHERE id = $3 AND epoch = $4 AND state = 'processing'`,
		ref, size, t.Job, t.Epoch)
}

// touch runs one guarded update. No row changed means that the hold is over.
func (s *Store) touch(ctx context.Context, t job.Ticket, text string, args ...any) error {
	n, err := s.db.Exec(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("job: %w", err)
	}
	if n == 0 {
		return s.stale(ctx, t)
	}
	s.notify(t.Job)
	return nil
}

// stale tells a cancellation from other ways of losing a job.
func (s *Store) stale(ctx context.Context, t job.Ticket) error {
	j, err := s.Get(ctx, t.Job)
	if problem.Has(err, problem.NotFound) {
		return job.ErrStale
	}
	if err != nil {
		return err
	}
	if j.Canceled {
		return job.ErrCanceled
	}
	return job.ErrStale
}

// Finish implements job.Holder.
func (s *Store) Finish(ctx context.Context, t job.Ticket, o job.Outcome) (job.Job, error) {
	now := s.now()
	state, trouble := job.Completed, ""
	if o.Problem != nil {
		state = job.Failed
		var err error
		if trouble, err = encode(o.Problem); err != nil {
			return job.Job{}, err
		}
	}
	if o.Output.LinkID != "" && o.Output.Slot == 0 {
		o.Output.Slot = job.Slot(now)
	}
	if o.Output.Path != "" && o.Expires.IsZero() {
		o.Expires = now.Add(s.keep)
	}
	var j, whole job.Job
	var admitted []string
	err := s.change(ctx, t.Job, func(tx *sql.Tx) error {
		var err error
		j, err = one(ctx, tx, job.ErrStale, `UPDATE job SET state = $1, result = $2, problem = $3,
			link_id = $4, link_slot = $5, result_name = $6, result_mime = $7, result_size = $8, result_path = $9,
			finished = $10, expires = $11, owner = '', lease_until = 0
			WHERE id = $12 AND epoch = $13 AND state = 'processing' RETURNING `+columns,
			string(state), string(o.Result), trouble,
			nullable(o.Output.LinkID), o.Output.Slot, o.Output.Name, o.Output.MIME, o.Output.Size, o.Output.Path,
			database.Millis(now), database.Millis(o.Expires), t.Job, t.Epoch)
		if err != nil {
			return err
		}
		if j, err = s.ended(ctx, tx, j); err != nil {
			return err
		}
		if whole, err = s.endItem(ctx, tx, j); err != nil {
			return err
		}
		admitted, err = s.admit(ctx, tx, j.KeyID)
		return err
	})
	if errors.Is(err, job.ErrStale) {
		return job.Job{}, s.stale(ctx, t)
	}
	if err != nil {
		return job.Job{}, err
	}
	s.issued(admitted)
	s.noticed(j)
	s.told(whole)
	return j, nil
}

// Fail implements job.Holder.
func (s *Store) Fail(ctx context.Context, t job.Ticket, p *problem.Problem) (job.Job, error) {
	return s.Finish(ctx, t, job.Outcome{Problem: p})
}

// Again implements job.Holder.
func (s *Store) Again(ctx context.Context, t job.Ticket, lease time.Duration) (job.Job, error) {
	return s.pass(ctx, t, nil, `UPDATE job SET attempts = attempts + 1, epoch = epoch + 1, lease_until = $1
		WHERE id = $2 AND epoch = $3 AND state = 'processing' RETURNING `+columns,
		database.Millis(s.now().Add(lease)), t.Job, t.Epoch)
}

// Release implements job.Holder.
func (s *Store) Release(ctx context.Context, t job.Ticket) (job.Job, error) {
	return s.pass(ctx, t, s.tickets.EnqueueTx, back+` RETURNING `+columns, t.Job, t.Epoch)
}

// back returns a held job to the queue. Its next holder has a new epoch and needs a new
// ticket, in the same transaction. How far the job came stays: clients have seen it.
const back = `UPDATE job SET state = 'enqueued', epoch = epoch + 1, owner = '', lease_until = 0
	WHERE id = $1 AND epoch = $2 AND state = 'processing'`

// pass runs a guarded update that raises the epoch, and gives the new ticket to issue
// unless that is nil.
func (s *Store) pass(ctx context.Context, t job.Ticket, issue func(context.Context, *sql.Tx, job.Ticket) error,
	text string, args ...any) (job.Job, error) {
	var j job.Job
	err := s.change(ctx, t.Job, func(tx *sql.Tx) error {
		var err error
		if j, err = one(ctx, tx, job.ErrStale, text, args...); err != nil || issue == nil {
			return err
		}
		return issue(ctx, tx, j.Ticket())
	})
	if errors.Is(err, job.ErrStale) {
		return job.Job{}, s.stale(ctx, t)
	}
	if err != nil {
		return job.Job{}, err
	}
	if issue != nil {
		s.tickets.Wake()
	}
	return j, nil
}
