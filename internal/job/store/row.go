package store

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"compressor/internal/database"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// columns of a job, in the order of scan and of values.
const columns = `id, key_id, state, epoch, owner, lease_until, attempts, progress, request, input_ref,
	result, problem, link_id, link_slot, result_name, result_mime, result_size, result_path,
	cancel_requested, created, started, finished, expires, notice, noticing, tag,
	parent_id, position, items, pending, items_completed, items_canceled, input_size`

const insert = `INSERT INTO job (` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
	$11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)`

// scan reads a row of columns.
func scan(row interface{ Scan(...any) error }) (job.Job, error) {
	var (
		j                                          job.Job
		progress, request, result, trouble, notice string
		link, parent                               sql.NullString
		lease, created, started, finished, expires int64
	)
	err := row.Scan(&j.ID, &j.KeyID, &j.State, &j.Epoch, &j.Owner, &lease, &j.Attempts, &progress, &request, &j.InputRef,
		&result, &trouble, &link, &j.Output.Slot, &j.Output.Name, &j.Output.MIME, &j.Output.Size, &j.Output.Path,
		&j.Canceled, &created, &started, &finished, &expires, &notice, &j.Noticing, &j.Tag,
		&parent, &j.Position, &j.Batch.Total, &j.Batch.Pending, &j.Batch.Completed, &j.Batch.Canceled, &j.InputSize)
	if err != nil {
		return job.Job{}, err
	}
	j.LeaseUntil, j.Created, j.Started = database.Time(lease), database.Time(created), database.Time(started)
	j.Finished, j.Expires = database.Time(finished), database.Time(expires)
	j.Request, j.Result, j.Notice, j.Output.LinkID = rawJSON(request), rawJSON(result), rawJSON(notice), link.String
	j.Parent = parent.String
	if progress != "" {
		if err := json.Unmarshal([]byte(progress), &j.Progress); err != nil {
			return job.Job{}, fmt.Errorf("progress of job %s: %w", j.ID, err)
		}
	}
	if j.Batch.Total > 0 {
		j.Progress = j.Batch.Progress()
	}
	if trouble != "" {
		j.Problem = new(problem.Problem)
		if err := json.Unmarshal([]byte(trouble), j.Problem); err != nil {
			return job.Job{}, fmt.Errorf("problem of job %s: %w", j.ID, err)
		}
	}
	return j, nil
}

// values are those of a new row of j, in the order of columns.
func values(j *job.Job) []any {
	return []any{j.ID, j.KeyID, string(j.State), j.Epoch, j.Owner, database.Millis(j.LeaseUntil), j.Attempts,
		"", string(j.Request), j.InputRef, "", "", nil, 0, "", "", 0, "",
		false, database.Millis(j.Created), database.Millis(j.Started), 0, 0, string(j.Notice), j.Noticing, j.Tag,
		nullable(j.Parent), j.Position, j.Batch.Total, j.Batch.Pending, 0, 0, j.InputSize}
}

// rawJSON gives nil for an empty column, so that an absent value stays absent.
func rawJSON(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// encode gives the text of v for a column.
func encode(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("job: %w", err)
	}
	return string(text), nil
}

// nullable stores "" as NULL, which a unique index does not compare.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}
