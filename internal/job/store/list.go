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
	rows, err := s.db.Read().QueryContext(ctx, text, args...)
	if err != nil {
		return false, fmt.Errorf("list of jobs: %w", err)
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		if n == q.Limit {
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
func listing(q job.Query) (text string, args []any) {
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	text, created := `SELECT `+columns+` FROM job WHERE key_id = `+arg(q.KeyID), "created"
	switch {
	case q.State == "" && q.Tag == "":
	case q.State != "" && !q.State.Ended():
		states := `('held', 'enqueued')`
		if q.State == job.Processing {
			states = `('processing')`
		}
		text, created = text+` AND `+open+` AND state IN `+states, "created + 0"
		if q.Tag != "" {
			text += ` AND tag = ` + arg(q.Tag)
		}
	case q.Tag != "":
		text += ` AND tag <> '' AND tag = ` + arg(q.Tag)
		if q.State != "" {
			text += ` AND state = ` + arg(string(q.State))
		}
	default:
		text += ` AND ` + ended + ` AND state = ` + arg(string(q.State))
	}
	end := int64(math.MaxInt64)
	if !q.End.IsZero() {
		end = database.Millis(q.End)
	}
	text += ` AND ` + created + ` >= ` + arg(database.Millis(q.Start)) + ` AND ` + created + ` < ` + arg(end) +
		` ORDER BY ` + created + ` DESC, id DESC LIMIT ` + arg(q.Limit+1) + ` OFFSET ` + arg(q.Offset)
	return text, args
}
