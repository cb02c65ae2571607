package httpapi

import (
	"context"
	"fmt"

	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/work"
)

// batchReply is a batch in whatever state. One that failed has message and code, as any
// failed job has.
type batchReply struct {
	Success    *bool        `json:"success,omitempty"` // false, of one that failed
	ID         string       `json:"id"`
	Status     string       `json:"status"`
	Message    string       `json:"message,omitempty"`
	Code       problem.Code `json:"code,omitempty"`
	HTTPStatus int          `json:"http_status,omitempty"`
	Progress   *progress    `json:"progress,omitempty"` // until it has ended
	Counts     counts       `json:"counts"`
	URL        string       `json:"url,omitempty"` // of all results in one ZIP archive
	ExpiresAt  string       `json:"expires_at,omitempty"`
	Tag        string       `json:"tag,omitempty"`
	CreatedAt  string       `json:"created_at,omitempty"` // in lists only
	Items      []any        `json:"items,omitempty"`      // not in lists
}

// counts are those of the items that ended so, and of all.
type counts struct {
	Total     int `json:"total"`
	Completed int `json:"completed"`
	Failed    int `json:"failed"`
	Canceled  int `json:"canceled"`
}

// batchHead is a batch without its items.
func (s *Server) batchHead(j job.Job) (batchReply, error) {
	o, err := work.ReadOrder(j.Request)
	if err != nil {
		return batchReply{}, fmt.Errorf("request of batch %s: %w", j.ID, err)
	}
	b := j.Batch
	body := batchReply{ID: j.ID, Status: j.State.Word(), Tag: o.Tag,
		Counts: counts{Total: b.Total, Completed: b.Completed, Failed: b.Failed(), Canceled: b.Canceled}}
	switch {
	case j.State == job.Failed:
		p := reasonOf(j)
		body.Success, body.Message, body.Code, body.HTTPStatus = new(bool), p.Message, p.Code, p.Code.HTTP()
	case !j.State.Ended():
		p := s.open(j, o).Progress
		body.Progress = &p
	}
	if j.Output.LinkID != "" {
		body.ExpiresAt = stamp(j.Expires)
		if j.Available(s.to.Now()) {
			body.URL = s.link(j)
		}
	}
	return body, nil
}

// batchOf is a batch with its items, in order, each as it would be told of alone.
func (s *Server) batchOf(ctx context.Context, j job.Job) (batchReply, error) {
	body, err := s.batchHead(j)
	if err != nil {
		return body, err
	}
	body.Items = make([]any, 0, j.Batch.Total)
	err = s.to.Desk.Items(ctx, j.ID, func(item job.Job) error {
		entry, err := s.itemOf(item, j)
		body.Items = append(body.Items, entry)
		return err
	})
	return body, err
}

// itemOf is an item as its batch shows it. Once the batch has ended, its results share its
// time; that is also what each try of a webhook promises.
func (s *Server) itemOf(j, whole job.Job) (any, error) {
	if whole.State.Ended() && j.Output.Path != "" && !j.Canceled {
		j.Expires = whole.Expires
	}
	o, err := work.ReadOrder(j.Request)
	if err != nil {
		return nil, fmt.Errorf("request of job %s: %w", j.ID, err)
	}
	switch {
	case j.State == job.Failed:
		return s.failed(j, o), nil
	case !j.State.Ended():
		return s.open(j, o), nil
	case o.Told:
		body, err := s.resultOf(j)
		body.Status = j.State.Word()
		return body, err
	}
	f, err := work.ReadFiles(j.Result)
	if err != nil {
		return nil, fmt.Errorf("result of job %s: %w", j.ID, err)
	}
	body := s.resultOfFiles(j, o, f)
	body.Status = j.State.Word()
	return body, nil
}
