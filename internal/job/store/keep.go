package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"compressor/internal/database"
	"compressor/internal/job"
)

// batch is how many jobs one transaction of the housekeeping touches: short enough that
// nobody waits for it.
const batch = 100

// Recover implements job.Keeper.
func (s *Store) Recover(ctx context.Context, node string) (int, error) {
	held, err := tickets(ctx, s.db.Read(), `SELECT id, epoch FROM job WHERE `+open+` AND state = 'processing'`+single+`
		AND (owner = $1 OR substr(owner, 1, $2) = $3) ORDER BY created`, node, len(node)+1, node+"/")
	if err != nil {
		return 0, err
	}
	waiting, err := tickets(ctx, s.db.Read(), `SELECT id, epoch FROM job WHERE `+open+` AND state = 'enqueued'`+single+` ORDER BY created`)
	if err != nil {
		return 0, err
	}
	// Should this process end between two of these transactions, the next start does the
	// same again: tickets follow from the rows, never the other way round.
	if err := s.db.InTx(ctx, func(tx *sql.Tx) error { return s.tickets.ForgetTx(ctx, tx) }); err != nil {
		return 0, err
	}
	n, err := s.requeue(ctx, held, back)
	if err != nil {
		return n, err
	}
	_, err = s.requeue(ctx, waiting, `UPDATE job SET epoch = epoch + 1 WHERE id = $1 AND epoch = $2 AND state = 'enqueued'`)
	return n, err
}

// Reap implements job.Keeper.
func (s *Store) Reap(ctx context.Context) (int, error) {
	now := database.Millis(s.now())
	expired, err := tickets(ctx, s.db.Read(), `SELECT id, epoch FROM job WHERE `+open+` AND state = 'processing'`+single+`
		AND lease_until < $1 ORDER BY created`, now)
	if err != nil {
		return 0, err
	}
	// Between the look and the update the holder may have renewed its lease, so the update
	// looks again.
	n, err := s.requeue(ctx, expired, back+` AND lease_until < $3`, now)
	if err != nil {
		return n, err
	}
	return n, s.admitAll(ctx)
}

// requeue runs the guarded update text, with the ticket and args, for each old ticket and
// issues a new one where it hit. It returns for how many.
func (s *Store) requeue(ctx context.Context, old []job.Ticket, text string, args ...any) (int, error) {
	n := 0
	for len(old) > 0 {
		part := old[:min(batch, len(old))]
		old = old[len(part):]
		var hit []string
		err := s.db.InTx(ctx, func(tx *sql.Tx) (err error) {
			hit, err = s.reissue(ctx, tx, part, text, args)
			return err
		})
		if err != nil {
			return n, err
		}
		n += len(hit)
		s.issued(hit)
	}
	return n, nil
}

func (s *Store) reissue(ctx context.Context, tx *sql.Tx, old []job.Ticket, text string, args []any) ([]string, error) {
	var hit []string
	for _, t := range old {
		res, err := tx.ExecContext(ctx, text, append([]any{t.Job, t.Epoch}, args...)...)
		if err != nil {
			return nil, fmt.Errorf("back to the queue: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return nil, fmt.Errorf("back to the queue: %w", err)
		}
		if n == 0 {
			continue // it moved on by itself
		}
		if err := s.tickets.EnqueueTx(ctx, tx, job.Ticket{Job: t.Job, Epoch: t.Epoch + 1}); err != nil {
			return nil, err
		}
		hit = append(hit, t.Job)
	}
	return hit, nil
}

// admitAll admits held jobs of every key that has room. Each end of a job admits the next
// of its key; this is for the cases where none ends, such as a raised limit.
func (s *Store) admitAll(ctx context.Context) error {
	keys, err := texts(ctx, s.db.Read(), `SELECT DISTINCT key_id FROM job WHERE `+open+` AND state = 'held'`)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := s.Readmit(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// Expired implements job.Keeper.
func (s *Store) Expired(ctx context.Context, limit int) ([]job.Leftover, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, result_path FROM job
		WHERE result_path <> '' AND expires <= $1 AND (NOT noticing OR cancel_requested) ORDER BY expires LIMIT $2`, database.Millis(s.now()), limit)
	if err != nil {
		return nil, fmt.Errorf("expired results: %w", err)
	}
	defer rows.Close()
	var out []job.Leftover
	for rows.Next() {
		var l job.Leftover
		if err := rows.Scan(&l.Job, &l.Path); err != nil {
			return nil, fmt.Errorf("expired results: %w", err)
		}
		out = append(out, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("expired results: %w", err)
	}
	return out, nil
}

// MarkResultGone implements job.Keeper.
func (s *Store) MarkResultGone(ctx context.Context, ids ...string) error {
	for part := range slices.Chunk(ids, batch) {
		err := s.db.InTx(ctx, func(tx *sql.Tx) error {
			for _, id := range part {
				_, err := tx.ExecContext(ctx, `UPDATE job SET result_path = '' WHERE id = $1 AND state IN ('completed', 'failed')`, id)
				if err != nil {
					return fmt.Errorf("removed result: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Redact implements job.Keeper.
func (s *Store) Redact(ctx context.Context, requests map[string]json.RawMessage) error {
	for part := range slices.Chunk(slices.Sorted(maps.Keys(requests)), batch) {
		err := s.db.InTx(ctx, func(tx *sql.Tx) error {
			for _, id := range part {
				_, err := tx.ExecContext(ctx, `UPDATE job SET request = $1 WHERE id = $2 AND state IN ('completed', 'failed')`,
					string(requests[id]), id)
				if err != nil {
					return fmt.Errorf("redacted request: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteOld implements job.Keeper. The items of a batch go when it may go, and it itself
// once they are gone.
func (s *Store) DeleteOld(ctx context.Context, before time.Time) (int, error) {
	total := 0
	for _, text := range []string{
		`DELETE FROM job WHERE id IN (SELECT item.id FROM job AS whole JOIN job AS item ON item.parent_id = whole.id
			WHERE whole.items > 0 AND whole.finished > 0 AND whole.finished < $1 AND whole.result_path = '' AND NOT whole.noticing
			AND item.result_path = '' LIMIT $2)`,
		`DELETE FROM job WHERE id IN (SELECT id FROM job
			WHERE finished > 0 AND finished < $1 AND result_path = '' AND NOT noticing AND parent_id IS NULL
			AND (items = 0 OR NOT EXISTS (SELECT 1 FROM job AS item WHERE item.parent_id = job.id)) LIMIT $2)`,
	} {
		for {
			n, err := s.db.Exec(ctx, text, database.Millis(before), batch)
			if err != nil {
				return total, fmt.Errorf("old jobs: %w", err)
			}
			total += int(n)
			if n < batch {
				break
			}
		}
	}
	return total, nil
}

// References implements job.Keeper.
func (s *Store) References(ctx context.Context) (inputs, results []string, err error) {
	inputs, err = texts(ctx, s.db.Read(), `SELECT input_ref FROM job WHERE `+open+` AND input_ref <> ''`)
	if err != nil {
		return nil, nil, err
	}
	results, err = texts(ctx, s.db.Read(), `SELECT result_path FROM job WHERE result_path <> ''`)
	return inputs, results, err
}

// texts reads the rows of a statement that selects one text.
func texts(ctx context.Context, q Querier, text string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, fmt.Errorf("jobs: %w", err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return out, nil
}
