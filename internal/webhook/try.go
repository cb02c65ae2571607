package webhook

import (
	"context"
	"fmt"

	"time"

	"compressor/internal/egress"
	"compressor/internal/problem"
)

// gone is the status by which a receiver wants no more (RFC 9110, section 15.5.11).
const gone = 410

// try makes one try of a delivery that is taken, and notes what came of it.
func (c *Courier) try(ctx context.Context, d Delivery) {
	defer c.done(d)
	d.lost = d.Next
	start := c.box.now()
	held := start.Add(c.jobs.Keep())
	answer, err := c.post(ctx, d, start, held)
	if err != nil && ctx.Err() != nil {
		c.release(d)
		return
	}
	t := Try{At: start, Status: answer.Status, Took: c.box.now().Sub(start)}
	d.round++
	switch {
	case problem.Has(err, problem.NotFound):
		t.Error = "The record of the job is gone."
		c.end(&d, Failed, t)
	case err != nil:
		t.Error = sentence(err)
	case answer.Status >= 200 && answer.Status < 300:
		c.end(&d, Delivered, t)
	case answer.Status == gone:
		t.Error = "The receiver wants no more of this (410)."
		c.end(&d, Failed, t)
	default:
		t.Error = fmt.Sprintf("The receiver answered with status %d.", answer.Status)
	}
	if d.Ended.IsZero() {
		held = c.later(&d, t, retryAfter(answer.RetryAfter, c.box.now()), held)
	}
	c.note(d, held)
	c.tell(d, t)
}

// post sends the message of a try that starts at start.
func (c *Courier) post(ctx context.Context, d Delivery, start, held time.Time) (egress.Answer, error) {
	message, err := c.compose(ctx, d, start, held)
	if err == nil {
		return c.send.Post(ctx, message)
	}
	if ctx.Err() == nil && !problem.Has(err, problem.NotFound) {
		c.log.Error("webhook not composed", "delivery", d.ID, "job", d.JobID, "error", err)
	}
	return egress.Answer{}, err
}

// end makes t the last try of d.
func (c *Courier) end(d *Delivery, s State, t Try) {
	d.State, d.Tries, d.Next, d.Ended = s, append(d.Tries, t), time.Time{}, c.box.now()
}

// later plans the try after t, or ends d when there is none. It returns until when the
// result stays: as long as the next try would promise, or else as t did.
func (c *Courier) later(d *Delivery, t Try, asked time.Duration, held time.Time) time.Time {
	pause, more := c.when.next(d.round, asked)
	if !more {
		c.end(d, Failed, t)
		return held
	}
	d.State, d.Tries, d.Next = Scheduled, append(d.Tries, t), c.box.now().Add(pause)
	return d.Next.Add(c.jobs.Keep())
}

// compose writes the message of a try that starts at start: the job as it stands, with the
// time until which its result stays if this very try is the last.
func (c *Courier) compose(ctx context.Context, d Delivery, start, held time.Time) (egress.Message, error) {
	j, err := c.jobs.Get(ctx, d.JobID)
	if err != nil {
		return egress.Message{}, err
	}
	if j.Noticing && !j.Canceled && j.Output.Path != "" {
		j.Expires = held
	}
	body, err := c.render(ctx, j)
	if err != nil {
		return egress.Message{}, err
	}
	var to target
	if err := c.box.seal.open(d.target, &to, "target", d.KeyID); err != nil {
		return egress.Message{}, err
	}
	secrets, err := c.box.signers(ctx, d.KeyID)
	if err != nil {
		return egress.Message{}, err
	}
	own, err := signed(d.ID, start, body, secrets)
	if err != nil {
		return egress.Message{}, err
	}
	own["Content-Type"] = "application/json"
	return egress.Message{URL: to.URL, Headers: to.Headers, Own: own, Body: body}, nil
}

// sentence is what the log of deliveries tells of a failure.
func sentence(err error) string {
	p := problem.From(err)
	switch p.Code {
	case problem.SourceForbidden:
		return "Webhooks may not be sent to that address."
	case problem.SourceTooSlow:
		return "The receiver did not answer in time."
	case problem.SourceFailed:
		return p.Message
	}
	return "The request could not be made."
}

// tell logs a try. The address is no news: it may hold secrets, and the log of deliveries
// has it.
func (c *Courier) tell(d Delivery, t Try) {
	attrs := []any{"delivery", d.ID, "job", d.JobID, "key", d.KeyID, "try", d.round, "status", t.Status,
		"ms", t.Took.Milliseconds(), "state", string(d.State)}
	if t.Error != "" {
		attrs = append(attrs, "error", t.Error)
	}
	c.log.Info("webhook", attrs...)
}
