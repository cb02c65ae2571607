package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
	"compressor/internal/work"
)

// order is what the job is to do. Error: options-invalid, on where the result is to go.
func (s *Server) order(ctx context.Context, e recipe.Envelope, named []string, name string) (work.Order, error) {
	o := work.Order{Name: name, Recipe: e.Recipe, Named: named, Detail: report.Detail(e.Report), Tag: e.Tag}
	return o, s.store(ctx, &o, e.Store)
}

// answering is how a request is answered.
type answering struct {
	wait   bool // for the result
	binary bool // with the result itself
}

// answeringOf reads how from the options as they were given and from the headers. A binary
// reply goes to who waits for it, and so not together with what sends the result elsewhere.
func answeringOf(x *exchange, e recipe.Envelope, given map[string]json.RawMessage) (how answering, err error) {
	how.wait = !e.Async && e.Webhook == nil && !prefers(x.r.Header).async
	asked := e.Response.Mode == recipe.Binary
	how.binary = asked || takesNoJSON(x.r.Header)
	if !how.binary {
		return how, nil
	}
	path := "Accept"
	if asked {
		path = "response.mode"
	}
	var wrong []problem.Field
	for _, other := range []string{"store", "webhook"} {
		if raw, ok := given[other]; ok && string(raw) != "null" {
			wrong = append(wrong, problem.Field{Path: path, Message: "A binary reply cannot be combined with '" + other + "'."})
		}
	}
	if len(wrong) > 0 {
		return how, problem.Invalid(wrong...)
	}
	return how, nil
}

// conclude answers a request whose job is in: with the result if the client waits and it
// comes in time, else with an acknowledgement. From here on the job's id is the request's.
func (s *Server) conclude(x *exchange, r work.Receipt, how answering) error {
	x.id = r.Job.ID
	if r.Repeated {
		x.Header().Set("Idempotent-Replayed", "true")
	}
	if !how.wait {
		return s.acknowledge(x, r.Job)
	}
	ctx, stop := s.patience(x.r.Context(), r.Large)
	defer stop()
	j, err := s.to.Desk.Wait(ctx, r.Job.ID, s.config.Hold)
	if j, err = s.asItStands(x, ctx, j, err); err != nil {
		return err
	}
	switch {
	case !j.State.Ended():
		if err := s.to.Desk.Durable(x.r.Context(), j.ID); err != nil {
			return err
		}
		return s.acknowledge(x, j)
	case j.State == job.Failed:
		if j.Available(s.to.Now()) {
			x.kept = keptResult{s.link(j), stamp(j.Expires)}
		}
		return reasonOf(j)
	}
	body, err := s.resultOf(j)
	if err != nil {
		return err
	}
	// Server-Timing (W3C): what of the wait was the engine's, for who wants to know what the
	// service itself costs. The body says nothing of time: it must not depend on load.
	x.Header().Set("Server-Timing", fmt.Sprintf("engine;dur=%.3f", body.engineMillis))
	if how.binary {
		return s.sendResult(x, j, body)
	}
	return x.reply(http.StatusOK, body)
}

// patience is a context that also ends when the job turns out too large to wait for, or
// the server is leaving. stop must be called.
func (s *Server) patience(ctx context.Context, large <-chan struct{}) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-large:
		case <-s.leaving:
		case <-ctx.Done():
		}
		cancel()
	}()
	return ctx, cancel
}

// asItStands is what a wait under the context of patience came to: when the wait was cut
// short by us, and not by the client, the job as it is now.
func (s *Server) asItStands(x *exchange, ctx context.Context, j job.Job, err error) (job.Job, error) {
	if err != nil && ctx.Err() != nil && x.r.Context().Err() == nil {
		return s.to.Desk.Get(x.r.Context(), x.id)
	}
	return j, err
}

// acknowledge answers 202: the job goes on, and where to ask for it.
func (s *Server) acknowledge(x *exchange, j job.Job) error {
	o, err := work.ReadOrder(j.Request)
	if err != nil {
		return err
	}
	x.Header().Set("Location", "/1.0/jobs/"+j.ID)
	x.Header().Set("Retry-After", strconv.Itoa(s.pollAgain(j)))
	return x.reply(http.StatusAccepted, ackReply{ID: j.ID, Status: j.State.Word(), Tag: o.Tag})
}

// pollAgain is in how many seconds to ask again: as many as the job is old, from 1 to 15,
// so that a client which obeys doubles its pauses.
func (s *Server) pollAgain(j job.Job) int {
	age := int(s.to.Now().Sub(j.Created) / time.Second)
	return min(max(age, 1), 15)
}

// reasonOf is why a job failed.
func reasonOf(j job.Job) *problem.Problem {
	if j.Problem == nil {
		return problem.New(problem.Internal)
	}
	return j.Problem
}
