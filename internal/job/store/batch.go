package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"compressor/internal/database"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// batchName is the file name under which the results of a batch are downloaded at once.
const batchName, batchMIME = "batch.zip", "application/zip"

// EnqueueBatch implements job.Submitter. Most items of a large batch are held, so it costs
// little more than its rows.
func (s *Store) EnqueueBatch(ctx context.Context, whole job.Job, items []job.Job) (job.Job, error) {
	if len(items) == 0 || len(items) > job.MaxItems {
		return job.Job{}, fmt.Errorf("job: a batch of %d items", len(items))
	}
	whole, err := s.fresh(whole)
	if err != nil {
		return job.Job{}, err
	}
	whole.State, whole.Batch = job.Enqueued, job.Batch{Total: len(items), Pending: len(items)}
	room, bytes := 0, int64(0)
	for _, item := range items {
		bytes += item.InputSize
	}
	err = s.db.InTx(ctx, func(tx *sql.Tx) (err error) {
		if err := s.repeated(ctx, tx, whole.Once); err != nil {
			return err
		}
		if room, err = s.admission(ctx, tx, whole.KeyID, len(items), bytes); err != nil {
			return err
		}
		if err := s.add(ctx, tx, &whole); err != nil {
			return err
		}
		return s.addItems(ctx, tx, &whole, items, room)
	})
	if err != nil {
		return job.Job{}, err
	}
	if room > 0 {
		s.tickets.Wake()
	}
	whole.Progress = whole.Batch.Progress()
	return whole, nil
}

// addItems inserts the items of a batch. There is room in the queue for the first of them.
func (s *Store) addItems(ctx context.Context, tx *sql.Tx, whole *job.Job, items []job.Job, room int) error {
	row, err := tx.PrepareContext(ctx, insert)
	if err != nil {
		return fmt.Errorf("new batch: %w", err)
	}
	defer row.Close()
	for i, item := range items {
		if item, err = s.fresh(item); err != nil {
			return err
		}
		item.KeyID, item.Created, item.Parent, item.Position = whole.KeyID, whole.Created, whole.ID, i
		item.State, item.Notice, item.Noticing = job.Held, nil, true // see endBatch
		if i < room {
			item.State = job.Enqueued
			if err := s.tickets.EnqueueTx(ctx, tx, item.Ticket()); err != nil {
				return err
			}
		}
		if _, err := row.ExecContext(ctx, values(&item)...); err != nil {
			return fmt.Errorf("new item: %w", err)
		}
	}
	return nil
}

// beginBatch says that an item of a batch is worked on.
func beginBatch(ctx context.Context, tx *sql.Tx, item job.Job) error {
	if item.Parent == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE job SET state = 'processing', started = $1 WHERE id = $2 AND state = 'enqueued' AND items > 0`,
		database.Millis(item.Started), item.Parent)
	if err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	return nil
}

// endItem counts the end of an item, in its transaction, and ends its batch with the last
// one. It returns the batch as it then stands, zero for a job that is no item.
func (s *Store) endItem(ctx context.Context, tx *sql.Tx, item job.Job) (job.Job, error) {
	if item.Parent == "" {
		return job.Job{}, nil
	}
	completed, canceled := 0, 0
	switch {
	case item.State == job.Completed:
		completed = 1
	case item.Problem != nil && item.Problem.Code == problem.Canceled:
		canceled = 1
	}
	whole, err := one(ctx, tx, errGone, `UPDATE job SET pending = pending - 1,
		items_completed = items_completed + $1, items_canceled = items_canceled + $2
		WHERE id = $3 AND pending > 0 RETURNING `+columns, completed, canceled, item.Parent)
	switch {
	case errors.Is(err, errGone): // no statement of ours leads here; the item has ended all the same
		return job.Job{}, nil
	case err != nil || whole.Batch.Pending > 0:
		return whole, err
	}
	return s.endBatch(ctx, tx, whole)
}

var errGone = errors.New("there is no such batch that goes on")

// endBatch ends a batch whose items have all ended. It has failed only if not one of them
// could be tried. Until now its items had a notice under way as it were, so that no result
// went while others were made; from now on they share its notice and its time.
func (s *Store) endBatch(ctx context.Context, tx *sql.Tx, whole job.Job) (job.Job, error) {
	state, trouble := job.Completed, ""
	if whole.Batch.Canceled == whole.Batch.Total {
		state = job.Failed
		var err error
		if trouble, err = encode(problem.New(problem.Canceled)); err != nil {
			return whole, err
		}
	}
	now := s.now()
	var out job.Output
	var expires int64
	kept, err := keptItems(ctx, tx, whole.ID)
	if err != nil {
		return whole, err
	}
	if kept {
		id, err := uuid.NewRandom()
		if err != nil {
			return whole, fmt.Errorf("link of a batch: %w", err)
		}
		out = job.Output{LinkID: id.String(), Slot: job.Slot(now), Name: batchName, MIME: batchMIME, Path: job.BatchPath(whole.ID)}
		expires = database.Millis(now.Add(s.keep))
	}
	whole, err = one(ctx, tx, errGone, `UPDATE job SET state = $1, problem = $2, link_id = $3, link_slot = $4,
		result_name = $5, result_mime = $6, result_path = $7, finished = $8, expires = $9
		WHERE id = $10 AND pending = 0 AND `+open+` RETURNING `+columns,
		string(state), trouble, nullable(out.LinkID), out.Slot, out.Name, out.MIME, out.Path,
		database.Millis(now), expires, whole.ID)
	if err != nil {
		return whole, err
	}
	if whole, err = s.putNotice(ctx, tx, whole); err != nil {
		return whole, err
	}
	return whole, holdItems(ctx, tx, whole.ID, whole.Noticing, database.Millis(whole.Expires))
}

// keptItems says whether the result of any item that is completed is kept here, and not where
// its client wanted it.
func keptItems(ctx context.Context, tx *sql.Tx, id string) (kept bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM job WHERE parent_id = $1 AND state = 'completed' AND result_path <> '')`, id).Scan(&kept)
	if err != nil {
		return false, fmt.Errorf("results of batch %s: %w", id, err)
	}
	return kept, nil
}

// holdItems gives the items of a batch its time.
func holdItems(ctx context.Context, tx *sql.Tx, id string, noticing bool, expires int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE job SET noticing = $1,
		expires = CASE WHEN result_path <> '' AND NOT cancel_requested THEN $2 ELSE expires END
		WHERE parent_id = $3`, noticing, expires, id)
	if err != nil {
		return fmt.Errorf("items of batch %s: %w", id, err)
	}
	return nil
}

// cancelBatch cancels what has not ended of a batch that goes on.
func (s *Store) cancelBatch(ctx context.Context, tx *sql.Tx, id, trouble string, now int64) (job.Job, error) {
	res, err := tx.ExecContext(ctx, `UPDATE job SET state = 'failed', problem = $1, cancel_requested = TRUE,
		epoch = epoch + 1, owner = '', lease_until = 0, finished = $2 WHERE parent_id = $3 AND `+open, trouble, now, id)
	if err != nil {
		return job.Job{}, fmt.Errorf("items of batch %s: %w", id, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return job.Job{}, fmt.Errorf("items of batch %s: %w", id, err)
	}
	whole, err := one(ctx, tx, errGone, `UPDATE job SET pending = 0, items_canceled = items_canceled + $1
		WHERE id = $2 RETURNING `+columns, n, id)
	if err != nil {
		return whole, err
	}
	if s.keys != nil {
		if err := s.keys.EndedTx(ctx, tx, whole.KeyID, 0, int(n)); err != nil {
			return whole, err
		}
	}
	return s.endBatch(ctx, tx, whole)
}

// dropItems says that the results of a batch's items may no longer be downloaded.
func dropItems(ctx context.Context, tx *sql.Tx, id string, now int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE job SET cancel_requested = TRUE,
		expires = CASE WHEN expires > $1 THEN $1 ELSE expires END WHERE parent_id = $2`, now, id)
	if err != nil {
		return fmt.Errorf("items of batch %s: %w", id, err)
	}
	return nil
}

// told tells those who wait for a batch that it has changed, once that is committed.
func (s *Store) told(whole job.Job) {
	if whole.ID == "" {
		return
	}
	s.notify(whole.ID)
	if whole.State.Ended() {
		s.noticed(whole)
	}
}

// Items implements job.Reader.
func (s *Store) Items(ctx context.Context, id string, each func(job.Job) error) error {
	_, err := s.rows(ctx, job.MaxItems, each, `SELECT `+columns+` FROM job WHERE parent_id = $1 ORDER BY position`, id)
	return err
}
