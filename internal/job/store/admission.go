package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// keyLimits are the limits of one key: its own, and the service's where it has none.
func (s *Store) keyLimits(ctx context.Context, q Querier, keyID string) (all Limits, own Own, err error) {
	all = s.limits
	if s.keys == nil {
		return all, own, nil
	}
	if own, err = s.keys.Own(ctx, q, keyID); err != nil {
		return all, own, fmt.Errorf("limits of the key: %w", err)
	}
	if own.Admitted > 0 {
		all.Admitted = own.Admitted
	}
	if own.Queued > 0 {
		all.QueuedPerKey = own.Queued
	}
	if own.Bytes > 0 {
		all.BytesPerKey = own.Bytes
	}
	return all, own, nil
}

// load is what open jobs come to.
type load struct {
	job.Counts
	bytes int64 // of their inputs
}

// loadOf sums up those of a key, of all keys where it is "". The index covers it: one entry
// per open job.
func loadOf(ctx context.Context, q Querier, keyID string) (load, error) {
	var l load
	text, args := `SELECT state, COUNT(*), SUM(input_size) FROM job WHERE `+open+single, []any{}
	if keyID != "" {
		text, args = text+` AND key_id = $1`, []any{keyID}
	}
	rows, err := q.QueryContext(ctx, text+` GROUP BY state`, args...)
	if err != nil {
		return l, fmt.Errorf("open jobs of a key: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var state job.State
		var n int
		var bytes int64
		if err := rows.Scan(&state, &n, &bytes); err != nil {
			return l, fmt.Errorf("open jobs of a key: %w", err)
		}
		l.add(state, n)
		l.bytes += bytes
	}
	if err := rows.Err(); err != nil {
		return l, fmt.Errorf("open jobs of a key: %w", err)
	}
	return l, nil
}

func (l *load) add(state job.State, n int) {
	switch state {
	case job.Held:
		l.Held = n
	case job.Enqueued:
		l.Enqueued = n
	case job.Processing:
		l.Processing = n
	}
}

// takes says whether another size bytes fit. An input that alone is larger than the limit
// never will.
func (l load) takes(size, limit int64) error {
	if limit <= 0 || size == 0 || l.bytes+size <= limit {
		return nil
	}
	if size > limit {
		return problem.Newf(problem.FileTooLarge, "This API key may have %d bytes in jobs that have not ended, and this alone has %d.", limit, size)
	}
	return problem.Newf(problem.KeyBusy, "This API key may have %d bytes in jobs that have not ended. Try again when some have.", limit)
}

// ever refuses what fits into no queue, however empty: no retry would help.
func (l Limits) ever(fresh int) error {
	for _, limit := range []struct {
		most int
		of   string
	}{{l.QueuedPerKey, "this API key"}, {l.Queued, "this service"}} {
		if limit.most > 0 && fresh > limit.most {
			return problem.Invalid(problem.Field{Path: "items",
				Message: fmt.Sprintf("Must have at most %d, as many as the queue of %s may hold; got %d.", limit.most, limit.of, fresh)})
		}
	}
	return nil
}

// admission says how many of so many new jobs of this key, whose inputs have so many bytes
// together, start in the queue, the others being held, or that they may not be at all.
func (s *Store) admission(ctx context.Context, tx *sql.Tx, keyID string, fresh int, bytes int64) (room int, err error) {
	limits, _, err := s.keyLimits(ctx, tx, keyID)
	if err != nil {
		return 0, err
	}
	if err := limits.ever(fresh); err != nil {
		return 0, err
	}
	if s.limits.Queued > 0 {
		var waiting int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM job WHERE `+open+single+` AND state <> 'processing'`).Scan(&waiting)
		if err != nil {
			return 0, fmt.Errorf("count of jobs: %w", err)
		}
		if waiting+fresh > s.limits.Queued {
			return 0, problem.Newf(problem.QueueFull, "The service is busy: %d jobs may wait here. Try again when some have ended.", s.limits.Queued)
		}
	}
	l, err := loadOf(ctx, tx, keyID)
	if err != nil {
		return 0, err
	}
	if limits.QueuedPerKey > 0 && l.Queued()+fresh > limits.QueuedPerKey {
		return 0, problem.Newf(problem.KeyBusy, "This API key may have %d jobs waiting. Try again when some have ended.", limits.QueuedPerKey)
	}
	if err := l.takes(bytes, limits.BytesPerKey); err != nil {
		return 0, err
	}
	switch {
	case limits.Admitted <= 0:
		return fresh, nil
	case l.Held > 0: // one that is held already goes first, whatever room there is
		return 0, nil
	}
	return min(fresh, max(0, limits.Admitted-l.Enqueued-l.Processing)), nil
}

// roomAtOnce says whether a job may start without the queue. The service's limit of jobs is
// for what goes through the queue: what somebody waits for is bounded by the worker. One of
// the key's own was set for this key, and holds for all.
func (s *Store) roomAtOnce(ctx context.Context, q Querier, j job.Job) error {
	limits, own, err := s.keyLimits(ctx, q, j.KeyID)
	if err != nil || own.Admitted <= 0 && (limits.BytesPerKey <= 0 || j.InputSize == 0) {
		return err
	}
	l, err := loadOf(ctx, q, j.KeyID)
	if err != nil {
		return err
	}
	if err := l.takes(j.InputSize, limits.BytesPerKey); err != nil {
		return err
	}
	if own.Admitted > 0 && l.Processing >= own.Admitted {
		return job.ErrCrowded
	}
	return nil
}

// insertIf is insert under the conditions of roomAtOnce, in one statement: two that come at
// once cannot both take the last place. Its first parameters are those of insert.
const insertIf = `INSERT INTO job (` + columns + `) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
	$11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33
	WHERE (SELECT COUNT(*) FROM job WHERE key_id = $2 AND ` + open + single + ` AND state = 'processing') < $34
	AND (SELECT COALESCE(SUM(input_size), 0) FROM job WHERE key_id = $2 AND ` + open + single + `) <= $35`

// insertLazily inserts a row that was promised to nobody, if there is room for it.
func (s *Store) insertLazily(ctx context.Context, j *job.Job) error {
	limits, own, err := s.keyLimits(ctx, s.db.Read(), j.KeyID)
	if err != nil {
		return err
	}
	running, bytes := int64(math.MaxInt64), int64(math.MaxInt64)
	if own.Admitted > 0 {
		running = int64(own.Admitted)
	}
	if limits.BytesPerKey > 0 && j.InputSize > 0 {
		bytes = limits.BytesPerKey - j.InputSize
	}
	n, err := s.db.ExecLazily(ctx, insertIf, append(values(j), running, bytes)...)
	if err != nil {
		return fmt.Errorf("new job: %w", err)
	}
	if n == 1 {
		return nil
	}
	if err := s.roomAtOnce(ctx, s.db.Read(), *j); err != nil {
		return err
	}
	return job.ErrCrowded // there was no room a moment ago: the queue is for it
}

// admit enqueues as many held jobs of the key as it may have more, oldest first, and
// returns their ids.
func (s *Store) admit(ctx context.Context, tx *sql.Tx, keyID string) ([]string, error) {
	limits, _, err := s.keyLimits(ctx, tx, keyID)
	if err != nil {
		return nil, err
	}
	if limits.Admitted <= 0 { // some may be held from a time when there was a limit
		return s.admitUpTo(ctx, tx, keyID, batch)
	}
	c, err := loadOf(ctx, tx, keyID)
	if err != nil {
		return nil, err
	}
	room := limits.Admitted - c.Enqueued - c.Processing
	if c.Held == 0 || room <= 0 {
		return nil, nil
	}
	return s.admitUpTo(ctx, tx, keyID, room)
}

// Readmit implements job.Submitter.
func (s *Store) Readmit(ctx context.Context, keyID string) error {
	var admitted []string
	err := s.db.InTx(ctx, func(tx *sql.Tx) (err error) {
		admitted, err = s.admit(ctx, tx, keyID)
		return err
	})
	if err != nil {
		return err
	}
	s.issued(admitted)
	return nil
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
func tickets(ctx context.Context, q Querier, text string, args ...any) ([]job.Ticket, error) {
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
