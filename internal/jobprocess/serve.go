package jobprocess

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"compressor/internal/problem"
	"compressor/internal/sandbox"
)

// Job is what the engine works on inside the cage.
type Job struct {
	Input    string // path of the input: it can be read, not written
	Out      string // folder for the result and for everything temporary
	Request  Request
	progress func(Progress)
}

// Progress tells the service how far the job is. It may be called from any goroutine and
// as often as wanted: a new phase and a whole percent are sent at once, less now and then.
func (j Job) Progress(p Progress) { j.progress(p) }

// Serve is the whole life of a job process: it enters the cage, reads one request, runs
// it and sends the outcome. main must call it before it opens anything; libraries that
// must be initialised outside the cage are initialised before. What goes to log ends in
// the service's log and nowhere else.
//
// An error of run becomes the outcome's problem, its causes go to log. A panic in run's
// goroutine is written to log with its stack and becomes the problem internal; a panic in
// any other goroutine ends the process, which the service reports as worker-died. An
// error of Serve means that nobody is left to tell.
func Serve(ctx context.Context, log io.Writer, run func(context.Context, Job) (Outcome, error)) error {
	cell, err := sandbox.Enter()
	if err != nil {
		return err
	}
	if err := cell.Send(message{Ready: true}); err != nil {
		return err
	}
	var request Request
	if err := cell.Receive(&request); err != nil {
		return fmt.Errorf("job process: request: %w", err)
	}
	if !request.Film {
		if err := cell.GiveUpTools(); err != nil {
			return fmt.Errorf("job process: %w", err)
		}
	}
	job := Job{
		Input: filepath.Join(cell.Spec.Folder, inputName), Out: cell.Spec.Writable,
		Request: request, progress: reporter(cell),
	}
	outcome, err := guard(ctx, log, job, run)
	if err != nil {
		outcome = Outcome{Problem: problem.From(err)}
		if cause := outcome.Problem.Cause(); cause != nil {
			fmt.Fprintf(log, "%s: %v\n", outcome.Problem.Code, cause)
		}
	}
	return cell.Send(message{Outcome: &outcome})
}

// guard runs the job and turns a panic into an error.
func guard(ctx context.Context, log io.Writer, job Job, run func(context.Context, Job) (Outcome, error)) (outcome Outcome, err error) {
	defer func() {
		if value := recover(); value != nil {
			fmt.Fprintf(log, "panic: %v\n%s", value, debug.Stack())
			err = problem.New(problem.Internal).Because(errors.New("the engine panicked"))
		}
	}()
	return run(ctx, job)
}

// tellEvery is how long progress of less than a percent is held back: what takes an hour
// still moves twice a second.
const tellEvery = 400 * time.Millisecond

// reporter sends progress that says something new.
func reporter(cell *sandbox.Cell) func(Progress) {
	var mu sync.Mutex
	var sent Progress
	var at time.Time
	var rise rising
	return func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		p = rise.next(p)
		if p == sent || p.Phase == sent.Phase && p.Percent < sent.Percent+1 && time.Since(at) < tellEvery {
			return
		}
		sent, at = p, time.Now()
		// A parent that cannot be told is gone, and the cage ends this process.
		_ = cell.Send(message{Progress: &p})
	}
}
