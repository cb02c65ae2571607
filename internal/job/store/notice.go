package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"compressor/internal/database"
	"compressor/internal/job"
)

// ended does what belongs to the end of a job, in the same transaction: it is counted, and
// whoever waits for word of it gets that. It returns the row as it then stands.
func (s *Store) ended(ctx context.Context, tx *sql.Tx, j job.Job) (job.Job, error) {
	if s.keys != nil {
		completed, failed := 1, 0
		if j.State == job.Failed {
			completed, failed = 0, 1
		}
		if err := s.keys.EndedTx(ctx, tx, j.KeyID, completed, failed); err != nil {
			return j, err
		}
	}
	return s.putNotice(ctx, tx, j)
}

// putNotice hands the notice of a job that has just ended to the outbox, in the same
// transaction, and returns the row as it then stands. A result that is told of has its life
// from the first try on: so much is known now, and HoldTx moves it further.
func (s *Store) putNotice(ctx context.Context, tx *sql.Tx, j job.Job) (job.Job, error) {
	if len(j.Notice) == 0 || s.outbox == nil {
		return j, nil
	}
	first, err := s.outbox.PutTx(ctx, tx, j)
	if err != nil {
		return j, fmt.Errorf("notice of job %s: %w", j.ID, err)
	}
	until := j.Expires
	if from := first.Add(s.keep); !first.IsZero() && j.Output.Path != "" && from.After(until) {
		until = from
	}
	return one(ctx, tx, job.ErrStale, `UPDATE job SET notice = '', noticing = $1, expires = $2
		WHERE id = $3 RETURNING `+columns, !first.IsZero(), database.Millis(until), j.ID)
}

// noticed tells the outbox of the notice of j, once that is committed.
func (s *Store) noticed(j job.Job) {
	if j.Noticing && j.Parent == "" && s.outbox != nil {
		s.outbox.Wake()
	}
}

// HoldTx says, within tx, how it goes with the notice of a job: that the result stays until
// the given time, and whether the notice is over. A result that its client had removed stays
// removed, and a job whose notice was over before is left alone. The items
// of a batch are held as it is.
func (s *Store) HoldTx(ctx context.Context, tx *sql.Tx, id string, until time.Time, over bool) error {
	res, err := tx.ExecContext(ctx, `UPDATE job SET noticing = $1,
		expires = CASE WHEN result_path <> '' AND NOT cancel_requested THEN $2 ELSE expires END
		WHERE id = $3 AND noticing`, !over, database.Millis(until), id)
	if err != nil {
		return fmt.Errorf("notice of job %s: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return holdItems(ctx, tx, id, !over, database.Millis(until))
}

// Keep is the life of a result.
func (s *Store) Keep() time.Duration { return s.keep }
