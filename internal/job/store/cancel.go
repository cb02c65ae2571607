package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"compressor/internal/database"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// Cancel implements job.Submitter.
func (s *Store) Cancel(ctx context.Context, id string) (job.Job, error) {
	trouble, err := encode(problem.New(problem.Canceled))
	if err != nil {
		return job.Job{}, err
	}
	now := database.Millis(s.now())
	var j, whole job.Job
	var admitted []string
	err = s.change(ctx, id, func(tx *sql.Tx) error {
		var err error
		if j, whole, err = s.cancelOpen(ctx, tx, id, trouble, now); err == nil {
			admitted, err = s.admit(ctx, tx, j.KeyID)
			return err
		}
		if !errors.Is(err, errEnded) {
			return err
		}
		j, err = one(ctx, tx, problem.New(problem.NotFound), `UPDATE job SET cancel_requested = TRUE,
			expires = CASE WHEN expires > $1 THEN $1 ELSE expires END
			WHERE id = $2 RETURNING `+columns, now, id)
		if err != nil {
			return err
		}
		return dropItems(ctx, tx, id, now)
	})
	if err != nil {
		return job.Job{}, err
	}
	s.issued(admitted)
	s.noticed(j)
	s.told(whole)
	return j, nil
}

// errEnded is cancelOpen's way of telling that the job is open no more.
var errEnded = errors.New("the job has ended")

// cancelOpen ends a job that has not ended, and gives the batch that it is an item of. The
// epoch rises, so that every ticket out there is stale from this commit on.
func (s *Store) cancelOpen(ctx context.Context, tx *sql.Tx, id, trouble string, now int64) (j, whole job.Job, err error) {
	var items int
	err = tx.QueryRowContext(ctx, `SELECT items FROM job WHERE id = $1 AND `+open, id).Scan(&items)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return j, whole, errEnded
	case err != nil:
		return j, whole, fmt.Errorf("job: %w", err)
	case items > 0:
		j, err = s.cancelBatch(ctx, tx, id, trouble, now)
		return j, whole, err
	}
	j, err = one(ctx, tx, errEnded, `UPDATE job SET state = 'failed', problem = $1, cancel_requested = TRUE,
		epoch = epoch + 1, owner = '', lease_until = 0, finished = $2
		WHERE id = $3 AND `+open+` RETURNING `+columns, trouble, now, id)
	if err != nil {
		return j, whole, err
	}
	if j, err = s.ended(ctx, tx, j); err != nil {
		return j, whole, err
	}
	whole, err = s.endItem(ctx, tx, j)
	return j, whole, err
}
