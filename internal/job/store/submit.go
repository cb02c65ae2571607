package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"

	"compressor/internal/database"
	"compressor/internal/job"
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
			if err := s.roomAtOnce(ctx, tx, j); err != nil {
				return err
			}
			return s.add(ctx, tx, &j)
		})
	} else {
		err = s.insertLazily(ctx, &j)
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
	err = s.db.InTx(ctx, func(tx *sql.Tx) (err error) {
		if err := s.repeated(ctx, tx, j.Once); err != nil { // before admission: it adds nothing
			return err
		}
		room, err := s.admission(ctx, tx, j.KeyID, 1, j.InputSize)
		if err != nil {
			return err
		}
		if j.State = job.Enqueued; room < 1 {
			j.State = job.Held
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
		Tag: j.Tag, Once: j.Once, InputSize: j.InputSize,
		Created: database.Time(database.Millis(s.now()))}, nil
}
