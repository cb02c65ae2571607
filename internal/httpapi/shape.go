package httpapi

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/report"
	"compressor/internal/work"
)

// ackReply acknowledges a job that goes on.
type ackReply struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Tag    string `json:"tag,omitempty"`
}

// resultReply is the documented success, with additions. Status is for job replies only.
type resultReply struct {
	ID        string         `json:"id"`
	Status    string         `json:"status,omitempty"`
	URL       string         `json:"url,omitempty"` // left out once the result is gone
	Input     report.File    `json:"input"`
	Output    report.File    `json:"output"`
	ExpiresAt string         `json:"expires_at,omitempty"` // of a result that is kept here
	Report    *report.Report `json:"report,omitempty"`
	Tag       string         `json:"tag,omitempty"`
	CreatedAt string         `json:"created_at,omitempty"` // in lists only

	engineMillis float64 // how long the engine worked; told in a header
}

// openReply is a job that has not ended.
type openReply struct {
	ID       string   `json:"id"`
	Status   string   `json:"status"`
	Progress progress `json:"progress"`
	Tag      string   `json:"tag,omitempty"`

	CreatedAt string `json:"created_at,omitempty"` // in lists only
}

type progress struct {
	Percent float64 `json:"percent"`
	Phase   string  `json:"phase"`
	Done    int64   `json:"done"`
	Total   int64   `json:"total"`
}

// failedReply is a failed job as GET /1.0/jobs/{id} tells it, whose own status is 200.
// A result that could not be stored where it should go has a temporary link.
type failedReply struct {
	Success    bool            `json:"success"`
	ID         string          `json:"id"`
	Status     string          `json:"status"`
	Message    string          `json:"message"`
	Code       problem.Code    `json:"code"`
	HTTPStatus int             `json:"http_status"`
	Errors     []problem.Field `json:"errors,omitempty"`
	URL        string          `json:"url,omitempty"`
	ExpiresAt  string          `json:"expires_at,omitempty"`
	Tag        string          `json:"tag,omitempty"`
	CreatedAt  string          `json:"created_at,omitempty"` // in lists only
}

// resultOf is a completed job as a request that waited for it is answered.
func (s *Server) resultOf(j job.Job) (resultReply, error) {
	o, err := work.ReadOrder(j.Request)
	if err != nil {
		return resultReply{}, fmt.Errorf("request of job %s: %w", j.ID, err)
	}
	a, err := work.ReadAnswer(j.Result)
	if err != nil {
		return resultReply{}, fmt.Errorf("result of job %s: %w", j.ID, err)
	}
	body := s.resultOfFiles(j, o, work.Files{Input: a.Input, Output: a.Output, Stored: a.Stored})
	body.Report, body.engineMillis = a.Report.Trim(o.Detail), a.EngineMillis
	return body, nil
}

// resultOfFiles is resultOf without a report.
func (s *Server) resultOfFiles(j job.Job, o work.Order, f work.Files) resultReply {
	body := resultReply{ID: j.ID, Input: f.Input, Output: f.Output, Tag: o.Tag}
	switch {
	case f.Stored != nil: // that it is gone from there is not ours to know
		body.URL = f.Stored.URL
		return body
	case j.Available(s.to.Now()):
		body.URL = s.link(j)
	}
	body.ExpiresAt = stamp(j.Expires)
	return body
}

// jobReply is a job in whatever state, as polls see it.
func (s *Server) jobReply(ctx context.Context, j job.Job) (any, error) {
	if j.Batch.Total > 0 {
		return s.batchOf(ctx, j)
	}
	if j.State == job.Completed {
		f, err := work.ReadFiles(j.Result)
		if err != nil {
			return nil, fmt.Errorf("result of job %s: %w", j.ID, err)
		}
		if f.Objects != nil {
			return s.objectsOf(j, *f.Objects), nil
		}
		body, err := s.resultOf(j)
		body.Status = j.State.Word()
		return body, err
	}
	o, err := work.ReadOrder(j.Request)
	if err != nil {
		return nil, fmt.Errorf("request of job %s: %w", j.ID, err)
	}
	if j.State == job.Failed {
		return s.failed(j, o), nil
	}
	return s.open(j, o), nil
}

// objectsReply is a job over the objects of a bucket that is completed: how many came to
// what, and where the list of all is.
type objectsReply struct {
	ID        string     `json:"id"`
	Status    string     `json:"status"`
	Objects   work.Tally `json:"objects"`
	URL       string     `json:"url,omitempty"`
	ExpiresAt string     `json:"expires_at,omitempty"`
	Tag       string     `json:"tag,omitempty"`
	CreatedAt string     `json:"created_at,omitempty"` // in lists only
}

// objectsOf is the reply to a job over a bucket.
func (s *Server) objectsOf(j job.Job, t work.Tally) objectsReply {
	body := objectsReply{ID: j.ID, Status: j.State.Word(), Objects: t, ExpiresAt: stamp(j.Expires), Tag: j.Tag}
	if j.Available(s.to.Now()) {
		body.URL = s.link(j)
	}
	return body
}

// failed is a job that failed.
func (s *Server) failed(j job.Job, o work.Order) failedReply {
	p := reasonOf(j)
	body := failedReply{
		ID: j.ID, Status: j.State.Word(), Message: p.Message, Code: p.Code, HTTPStatus: p.Code.HTTP(),
		Errors: p.Fields, Tag: o.Tag,
	}
	if j.Output.Path != "" {
		body.URL, body.ExpiresAt = s.link(j), stamp(j.Expires)
	}
	return body
}

// open is a job that has not ended.
func (s *Server) open(j job.Job, o work.Order) openReply {
	p := progress{Percent: j.Progress.Percent, Phase: j.Progress.Phase, Done: j.Progress.Done, Total: j.Progress.Total}
	if p.Phase == "" || j.State != job.Processing { // one that was given back keeps how far it came
		p.Phase = j.State.Word()
	}
	return openReply{ID: j.ID, Status: j.State.Word(), Progress: p, Tag: o.Tag}
}

// link is the address of a result.
func (s *Server) link(j job.Job) string {
	return s.config.BaseURL + "/" + strconv.FormatInt(j.Output.Slot, 10) + "/" + j.Output.LinkID + "/" + url.PathEscape(j.Output.Name)
}
