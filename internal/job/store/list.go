package store

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"compressor/internal/database"
	"compressor/internal/job"
)

// ended is the condition of the partial index job_ended, in its own words, as open is.
const ended = `state IN ('completed', 'failed')`

// List implements job.Reader.
func (s *Store) List(ctx context.Context, q job.Query, each func(job.Job) error) (more bool, err error) {
	text, args := listing(q)
	return s.rows(ctx, q.Limit, each, text, args...)
}

// rows calls each with at most limit rows of a statement, and says whether there are more.
func (s *Store) rows(ctx context.Context, limit int, each func(job.Job) error, text string, args ...any) (more bool, err error) {
	rows, err := s.db.Read().QueryContext(ctx, text, args...)
	if err != nil {
		return false, fmt.Errorf("list of jobs: %w", err)
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		if n == limit {
			return true, nil
		}
		j, err := scan(rows)
		if err != nil {
			return false, fmt.Errorf("list of jobs: %w", err)
		}
		if err := each(j); err != nil {
			return false, err
		}
	}
	if err := rows.Err(); err != nil {
		return false, fmt.Errorf("list of jobs: %w", err)
	}
	return false, nil
}

// listing is the statement for q, which asks for one row more than wanted, to tell whether
// there is one. Its words leave the planner one index each time (TestListPlan), for without
// statistics it would walk past all jobs of the key to save the sorting of a few:
//
//	not ended   job_open, then sorted: + 0 keeps it from job_list, which is in order already
//	with a tag  job_tag, whatever the state
//	ended       job_ended
//	all         job_list
//	of a batch  job_item
func listing(q job.Query) (text string, args []any) {
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	text, created := `SELECT `+columns+` FROM job WHERE key_id = `+arg(q.KeyID), "created"
	if q.Batch != "" {
		return itemsOf(q, text, args)
	}
	const noItem = ` AND COALESCE(parent_id, '') = ''`
	switch {
	case q.State == "" && q.Tag == "":
		text += ` AND parent_id IS NULL`
	case q.State != "" && !q.State.Ended():
		states := `('held', 'enqueued')`
		if q.State == job.Processing {
			states = `('processing')`
		}
		text, created = text+` AND `+open+` AND state IN `+states+noItem, "created + 0"
		if q.Tag != "" {
			text += ` AND tag = ` + arg(q.Tag)
		}
	case q.Tag != "":
		text += noItem + ` AND tag <> '' AND tag = ` + arg(q.Tag)
		if q.State != "" {
			text += ` AND state = ` + arg(string(q.State))
		}
	default:
		text += noItem + ` AND ` + ended + ` AND state = ` + arg(string(q.State))
	}
	text += ` AND ` + created + ` >= ` + arg(database.Millis(q.Start)) + ` AND ` + created + ` < ` + arg(endOf(q)) +
		` ORDER BY ` + created + ` DESC, id DESC LIMIT ` + arg(q.Limit+1) + ` OFFSET ` + arg(q.Offset)
	return text, args
}

// endOf is the time before which the jobs of q were made.
func endOf(q job.Query) int64 {
	if q.End.IsZero() {
		return math.MaxInt64
	}
	return database.Millis(q.End)
}

// itemsOf is the statement for the items of a batch, of which text and args name the key.
func itemsOf(q job.Query, text string, args []any) (string, []any) {
	state := string(q.State)
	text += ` AND parent_id = $2 AND created >= $3 AND created < $4 AND ($5 = '' OR tag = $5)
		AND ($6 = '' OR state = $6 OR $6 = 'enqueued' AND state = 'held') ORDER BY position LIMIT $7 OFFSET $8`
	return text, append(args, q.Batch, database.Millis(q.Start), endOf(q), q.Tag, state, q.Limit+1, q.Offset)
}
