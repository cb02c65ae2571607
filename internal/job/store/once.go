package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"compressor/internal/database"
	"compressor/internal/job"
)

// repeated is *job.Repeated when there is a job of this Once. One that has had its time is
// forgotten here, whether or not the keeper has come by. Writers take turns, so nobody else
// adds one of that name before the transaction ends.
func (s *Store) repeated(ctx context.Context, tx *sql.Tx, o job.Once) error {
	if o.Name == "" {
		return nil
	}
	now := database.Millis(s.now())
	if _, err := tx.ExecContext(ctx, `DELETE FROM idempotency WHERE name = $1 AND expires <= $2`, o.Name, now); err != nil {
		return fmt.Errorf("idempotency: %w", err)
	}
	var digest, id string
	err := tx.QueryRowContext(ctx, `SELECT digest, job_id FROM idempotency WHERE name = $1`, o.Name).Scan(&digest, &id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("idempotency: %w", err)
	}
	return &job.Repeated{ID: id, Same: digest == o.Digest}
}

// add inserts the row of a new job, and its Once.
func (s *Store) add(ctx context.Context, tx *sql.Tx, j *job.Job) error {
	if _, err := tx.ExecContext(ctx, insert, values(j)...); err != nil {
		return fmt.Errorf("new job: %w", err)
	}
	if j.Once.Name == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO idempotency (name, digest, job_id, expires) VALUES ($1, $2, $3, $4)`,
		j.Once.Name, j.Once.Digest, j.ID, database.Millis(s.now().Add(job.OnceLife)))
	if err != nil {
		return fmt.Errorf("idempotency: %w", err)
	}
	return nil
}

// ForgetOnce implements job.Keeper.
func (s *Store) ForgetOnce(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := s.db.Exec(ctx, `DELETE FROM idempotency WHERE name IN (SELECT name FROM idempotency
			WHERE expires <= $1 LIMIT $2)`, database.Millis(s.now()), batch)
		if err != nil {
			return total, fmt.Errorf("idempotency: %w", err)
		}
		total += int(n)
		if n < batch {
			return total, nil
		}
	}
}
