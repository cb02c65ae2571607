package webhook

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"compressor/internal/database"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// PutTx implements store.Outbox: the notice of a job that ends becomes a delivery, unless
// its client does not want to be told of such an end.
func (b *Box) PutTx(ctx context.Context, tx *sql.Tx, j job.Job) (first time.Time, err error) {
	var n notice
	if err := json.Unmarshal(j.Notice, &n); err != nil {
		return first, fmt.Errorf("notice: %w", err)
	}
	if !slices.Contains(n.Events, j.State) {
		return first, nil
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return first, fmt.Errorf("delivery: %w", err)
	}
	now := b.now()
	first, state := now.Add(time.Duration(n.Delay)*time.Millisecond), Created
	if n.Delay > 0 {
		state = Scheduled
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO delivery (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		id.String(), j.ID, j.KeyID, string(state), n.Receiver, n.Shown, base64.StdEncoding.EncodeToString(n.Target),
		"[]", 0, database.Millis(first), database.Millis(now), 0)
	if err != nil {
		return time.Time{}, fmt.Errorf("delivery: %w", err)
	}
	return database.Time(database.Millis(first)), nil
}

// columns of a delivery, in the order of scan.
const columns = `id, job_id, key_id, state, receiver, shown, target, tries, round, next_at, created, ended`

func scan(row interface{ Scan(...any) error }) (Delivery, error) {
	var d Delivery
	var target, tries string
	var next, created, ended int64
	err := row.Scan(&d.ID, &d.JobID, &d.KeyID, &d.State, &d.from, &d.URL, &target, &tries, &d.round, &next, &created, &ended)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal([]byte(tries), &d.Tries); err != nil {
		return d, fmt.Errorf("tries of delivery %s: %w", d.ID, err)
	}
	if d.target, err = base64.StdEncoding.DecodeString(target); err != nil {
		return d, fmt.Errorf("target of delivery %s: %w", d.ID, err)
	}
	d.Next, d.Made, d.Ended = database.Time(next), database.Time(created), database.Time(ended)
	return d, nil
}

func scanAll(ctx context.Context, q querier, text string, args ...any) ([]Delivery, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("deliveries: %w", err)
	}
	defer rows.Close()
	var out []Delivery
	for rows.Next() {
		d, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("deliveries: %w", err)
		}
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("deliveries: %w", err)
	}
	return out, nil
}

// List returns deliveries of a key, the latest first, and how many there are in all: of one
// state, or of any when that is "".
func (b *Box) List(ctx context.Context, keyID string, state State, offset, limit int) ([]Delivery, int, error) {
	const which = ` FROM delivery WHERE key_id = $1 AND ($2 = '' OR state = $2)`
	var total int
	if err := b.db.Read().QueryRowContext(ctx, `SELECT COUNT(*)`+which, keyID, string(state)).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("deliveries: %w", err)
	}
	list, err := scanAll(ctx, b.db.Read(), `SELECT `+columns+which+` ORDER BY created DESC, id LIMIT $3 OFFSET $4`,
		keyID, string(state), limit, offset)
	return list, total, err
}

// Get returns a delivery of a key. Error: not-found, also for one of another key.
func (b *Box) Get(ctx context.Context, keyID, id string) (Delivery, error) {
	return one(ctx, b.db.Read(), `SELECT `+columns+` FROM delivery WHERE id = $1 AND key_id = $2`, id, keyID)
}

func one(ctx context.Context, q querier, text string, args ...any) (Delivery, error) {
	list, err := scanAll(ctx, q, text, args...)
	if err == nil && len(list) == 0 {
		err = problem.New(problem.NotFound)
	}
	if err != nil {
		return Delivery{}, err
	}
	return list[0], nil
}

// Replay sends a delivery again, whatever became of it: at once, under the same id, and
// with all its tries anew. It tells of the job as it stands then, and does not lengthen the
// life of a result whose notice was over. One whose try is under way is left alone. Error:
// not-found, also for one of another key, or whose job's record is gone.
func (b *Box) Replay(ctx context.Context, keyID, id string) (Delivery, error) {
	now := database.Millis(b.now())
	_, err := b.db.Exec(ctx, `UPDATE delivery SET state = 'created', round = 0, next_at = $1, ended = 0
		WHERE id = $2 AND key_id = $3 AND state <> 'dispatched' AND EXISTS (SELECT 1 FROM job WHERE job.id = job_id)`,
		now, id, keyID)
	if err != nil {
		return Delivery{}, fmt.Errorf("replay: %w", err)
	}
	d, err := b.Get(ctx, keyID, id)
	if err == nil && d.State != Created && d.State != Dispatched {
		return Delivery{}, problem.Newf(problem.NotFound, "The record of the job that this delivery tells of is gone.")
	}
	b.Wake()
	return d, err
}

// Recover is called once at the start of a server, before a Courier runs, by the one
// process that may serve: tries that an earlier process did not see through are due again.
// Returns how many.
func (b *Box) Recover(ctx context.Context) (int, error) {
	n, err := b.db.Exec(ctx, `UPDATE delivery SET state = 'scheduled', next_at = $1
		WHERE next_at > 0 AND state = 'dispatched'`, database.Millis(b.now()))
	if err != nil {
		return 0, fmt.Errorf("deliveries: %w", err)
	}
	return int(n), nil
}

// Forget removes deliveries that ended before the given time. Returns how many.
func (b *Box) Forget(ctx context.Context, before time.Time) (int, error) {
	const batch = 100 // short enough that nobody waits for it
	total := 0
	for {
		n, err := b.db.Exec(ctx, `DELETE FROM delivery WHERE id IN (SELECT id FROM delivery
			WHERE ended > 0 AND ended < $1 LIMIT $2)`, database.Millis(before), batch)
		if err != nil {
			return total, fmt.Errorf("old deliveries: %w", err)
		}
		total += int(n)
		if n < batch {
			return total, nil
		}
	}
}
