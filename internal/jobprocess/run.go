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
	"compressor/internal/turns"
)

// Result is what one job left. It must be closed.
type Result struct {
	Report json.RawMessage // the engine's report, JSON
	File   *os.File        // the result, open for reading; nil: the input itself is the result
	Path   string          // the result's path, so that it can be moved; "" without File
	Size   int64           // bytes of the result

	folder *folder
	gone   chan struct{} // closed when the process and all it started are gone
	death  sandbox.Death // valid once gone is closed
}

// Death waits until the process is gone, and says what it used and printed: for the log.
func (r *Result) Death() sandbox.Death {
	<-r.gone
	return r.death
}

// Close waits until the process is gone, closes the result and removes its folder. A file
// moved away stays. Closing again does nothing.
func (r *Result) Close() error {
	if r.folder == nil {
		return nil
	}
	<-r.gone
	var err error
	if r.File != nil {
		err = r.File.Close()
	}
	err = errors.Join(err, r.folder.remove())
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
	defer p.refillSoon()
	w, err := p.take(ctx)
	if err != nil {
		return nil, p.excuse(ctx, problem.From(err))
	}
	if s.turn.Nice() > 0 {
		// Before the request, so that the process has but idle threads, and every one that it
		// starts later inherits it, as its tools do. A machine that does not let us runs the
		// job at the priority it has: no reason to fail it.
		_ = w.process.Nice(s.turn.Nice())
		over := make(chan struct{})
		defer close(over)
		go func() {
			select {
			case <-s.turn.Aside():
				_ = w.process.Nice(turns.AsideNice - s.turn.Nice())
			case <-over:
			}
		}()
	}
	// With Landlock the input cannot be written to, so a second name of it is safe.
	if err := w.folder.place(input, p.config.Features.Landlock > 0); err != nil {
		p.discard(w)
		return nil, problem.From(fmt.Errorf("job process: input: %w", err))
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	return p.run(ctx, w, request, progress)
}

// run talks to w until its outcome or its end, and ends it.
func (p *Pool) run(ctx context.Context, w *worker, request Request, progress func(Progress)) (*Result, error) {
	var late atomic.Bool
	wall := p.config.Limits.Wall
	if request.Long {
		wall = max(wall, p.config.LongWall)
	}
	limit := time.AfterFunc(wall, func() {
		late.Store(true)
		w.process.Kill()
	})
	defer limit.Stop()
	stop := context.AfterFunc(ctx, w.process.Kill)
	defer stop()

	var outcome *Outcome
	err := w.process.SettleCPU(request.Long)
	if err == nil {
		outcome, err = converse(w.process, request, progress)
	}
	if err == nil && outcome.Problem == nil {
		return p.deliver(w, outcome)
	}
	death := p.end(w)
	if err != nil {
		err = p.excuse(ctx, died(err, death, late.Load(), w.folder.path))
	} else {
		err = outcome.Problem.Because(errors.New(redact(death.Stderr, w.folder.path)))
	}
	_ = w.folder.remove()
	return nil, err
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

// deliver turns an outcome into a result. The kernel takes milliseconds to take a process
// apart, about as long as everything else that a small job costs beside its own work, so
// nobody waits for that: a small result is copied while its writer may still live, which
// can spoil nothing but its own result. A larger one is looked at when the writer is gone.
func (p *Pool) deliver(w *worker, outcome *Outcome) (*Result, error) {
	result := &Result{Report: outcome.Report, folder: w.folder, gone: make(chan struct{})}
	w.process.Kill()
	p.tasks.Go(func() {
		result.death = p.end(w)
		result.death.Stderr = redact(result.death.Stderr, w.folder.path)
		close(result.gone)
	})
	if outcome.File == "" {
		return result, nil
	}
	err := result.open(outcome.File, p.config.Limits.Output)
	if err != nil {
		failure := problem.From(err)
		if failure.Code == problem.Internal { // not what it said it was: its fault, not ours
			failure = problem.New(problem.WorkerDied).Because(err)
		}
		return nil, errors.Join(failure, result.Close())
	}
	return result, nil
}

// copied is the size, in bytes, up to which a result is copied rather than waited for.
const copied = 4 << 20

// open opens the file that the process has left under name.
func (r *Result) open(name string, limit int64) error {
	file, size, err := r.folder.result(name, limit)
	if err != nil {
		return err
	}
	if size > copied {
		file.Close()
		<-r.gone
		if file, size, err = r.folder.result(name, limit); err != nil {
			return err
		}
		r.File, r.Path, r.Size = file, file.Name(), size
		return nil
	}
	defer file.Close()
	r.File, r.Path, r.Size, err = r.folder.copyOut(file, size)
	return err
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
