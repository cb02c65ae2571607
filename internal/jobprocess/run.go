package jobprocess

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"compressor/internal/problem"
	"compressor/internal/sandbox"
)

// Result is what one job left. It must be closed.
type Result struct {
	Report json.RawMessage // the engine's report, JSON
	File   *os.File        // the result, open for reading; nil: the input itself is the result
	Path   string          // the result's path, so that it can be moved; "" without File
	Size   int64           // bytes of the result
	CPU    time.Duration   // processor time of the job process and its tools
	MaxRSS int64           // bytes of the largest resident set among them
	Log    string          // what they printed: for the log only
	folder *folder
}

// Close closes the result and removes its folder. A file moved away stays.
func (r *Result) Close() error {
	if r.folder == nil {
		return nil
	}
	err := errors.Join(r.File.Close(), r.folder.remove())
	r.folder = nil
	return err
}

// Run runs one job on the file at path input, in a process of its own, and returns when
// the process and everything it started is gone. progress is called from one goroutine,
// in order; it may be nil.
//
// The error is always a [problem.Problem]: what the engine found wrong with the file,
// worker-timeout for a job over its wall clock, processor time or memory, worker-died for
// one whose process crashed or spoke nonsense, canceled when ctx ended first, draining
// when the pool was closed, internal when no process could be started.
func (s *Slot) Run(ctx context.Context, input string, request Request, progress func(Progress)) (*Result, error) {
	p := s.pool
	p.mu.Lock()
	select {
	case <-p.closed:
		p.mu.Unlock()
		return nil, problem.New(problem.Draining)
	default:
		p.tasks.Add(1) // under the lock, so that Close waits for it or it sees Close
	}
	p.mu.Unlock()
	defer p.tasks.Done()
	defer p.refill()
	w, err := p.take(ctx)
	if err != nil {
		return nil, p.excuse(ctx, problem.New(problem.Internal).Because(err))
	}
	// With Landlock the input cannot be written to, so a second name of it is safe.
	if err := w.folder.place(input, p.config.Features.Landlock > 0); err != nil {
		p.discard(w)
		return nil, problem.New(problem.Internal).Because(fmt.Errorf("job process: input: %w", err))
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	return p.run(ctx, w, request, progress)
}

// run talks to w until its outcome or its end, and ends it.
func (p *Pool) run(ctx context.Context, w *worker, request Request, progress func(Progress)) (*Result, error) {
	var late atomic.Bool
	limit := time.AfterFunc(p.config.Limits.Wall, func() {
		late.Store(true)
		w.process.Kill()
	})
	defer limit.Stop()
	stop := context.AfterFunc(ctx, w.process.Kill)
	defer stop()

	outcome, err := converse(w.process, request, progress)
	death := p.end(w) // before anything it wrote is looked at
	if err != nil {
		err = p.excuse(ctx, died(err, death, late.Load(), w.folder.path))
	} else if outcome.Problem != nil {
		err = outcome.Problem.Because(errors.New(redact(death.Stderr, w.folder.path)))
	}
	if err != nil {
		_ = w.folder.remove()
		return nil, err
	}
	return p.deliver(w.folder, outcome, death)
}

// converse sends the request and reads what comes until the outcome.
func converse(process *sandbox.Process, request Request, progress func(Progress)) (*Outcome, error) {
	if err := process.Send(request); err != nil {
		return nil, err
	}
	return listen(process.Receive, progress)
}

// listen reads hostile messages until an outcome that an honest process could have sent.
func listen(receive func(any) error, progress func(Progress)) (*Outcome, error) {
	var rise rising
	for {
		var m message
		if err := receive(&m); err != nil {
			return nil, err
		}
		switch {
		case m.Outcome != nil:
			return m.Outcome, m.Outcome.check()
		case m.Progress != nil:
			progress(rise.next(*m.Progress))
		default:
			return nil, errors.New("it said neither progress nor outcome")
		}
	}
}

// deliver turns an outcome into a result, looking at the file it names.
func (p *Pool) deliver(folder *folder, outcome *Outcome, death sandbox.Death) (*Result, error) {
	result := &Result{
		Report: outcome.Report, CPU: death.CPU, MaxRSS: death.MaxRSS, Log: redact(death.Stderr, folder.path),
	}
	if outcome.File == "" {
		_ = folder.remove()
		return result, nil
	}
	var err error
	result.File, result.Size, err = folder.result(outcome.File, p.config.Limits.Output)
	if err != nil {
		_ = folder.remove()
		return nil, problem.New(problem.WorkerDied).Because(err)
	}
	result.Path, result.folder = result.File.Name(), folder
	return result, nil
}

// died is the problem of a job whose process ended, or was ended, without an outcome.
func died(err error, death sandbox.Death, late bool, path string) *problem.Problem {
	code := problem.WorkerDied
	if late || death.Cause == sandbox.OutOfMemory || death.Cause == sandbox.OutOfCPU {
		code = problem.WorkerTimeout
	}
	reason := death.Cause.String()
	if late {
		reason = "over its wall clock"
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("no outcome")
	}
	return problem.New(code).Because(fmt.Errorf("job process: %w: %s, %s, %.1f s of processor time: %s",
		err, reason, death.Status, death.CPU.Seconds(), redact(death.Stderr, path)))
}

// excuse replaces a failure that is of our own making: a job that was canceled or a pool
// that was closed says nothing about the file.
func (p *Pool) excuse(ctx context.Context, failure *problem.Problem) error {
	if ctx.Err() != nil {
		return problem.New(problem.Canceled).Because(ctx.Err())
	}
	select {
	case <-p.closed:
		return problem.New(problem.Draining)
	default:
		return failure
	}
}

// redact takes the folder's path out of what a process printed.
func redact(text, path string) string { return strings.ReplaceAll(text, path, "job") }
