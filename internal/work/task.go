package work

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"compressor/internal/enginejob"
	"compressor/internal/job"
	"compressor/internal/jobprocess"
	"compressor/internal/problem"
	"compressor/internal/turns"
)

// task is one job while it is held.
type task struct {
	*Worker
	cancel context.CancelFunc
	turn   *turn           // what a job of the queue begins with; nil if somebody waits
	large  chan<- struct{} // nil if nobody waits
	tell   sync.Once       // closes large

	mu       sync.Mutex // of the two below, shared with the renewal of the lease
	job      job.Job
	progress job.Progress
}

// keepLease renews the lease, with the progress, until stop is called. A hold that is
// lost ends the work.
func (t *task) keepLease(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(renewEvery(t.limits.Lease))
		defer tick.Stop()
		var told job.Progress
		due := time.Now().Add(t.limits.Lease / 4)
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				ticket, p := t.state()
				if p == told && now.Before(due) {
					continue
				}
				if err := t.store.Renew(ctx, ticket, t.limits.Lease, p); errors.Is(err, job.ErrStale) {
					t.cancel()
					return
				}
				told, due = p, now.Add(t.limits.Lease/4)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// renewEvery is how often progress is written: twice a second, and often enough to keep
// a short lease alive.
func renewEvery(lease time.Duration) time.Duration { return min(500*time.Millisecond, lease/4) }

func (t *task) state() (job.Ticket, job.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.job.Ticket(), t.progress
}

// setInput notes the name of the input, of which the row knows.
func (t *task) setInput(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.job.InputRef = name
}

func (t *task) setJob(j job.Job) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.job = j
}

// run does the work and ends the row, whatever happens.
func (t *task) run(ctx context.Context) {
	order, err := ReadOrder(t.job.Request)
	if err != nil {
		t.fail(problem.From(fmt.Errorf("request of the row: %w", err)))
		return
	}
	if order.Prefix != nil {
		t.runBucket(ctx, order)
		return
	}
	input := t.job.InputRef
	if input == "" {
		input, err = t.fetchInput(ctx, &order)
		t.turn.fetched()
		if err != nil {
			t.end(ctx, order, nil, err)
			return
		}
	}
	for {
		done, err := t.attempt(ctx, input, order)
		if again := t.again(ctx, err); again {
			continue
		}
		t.end(ctx, order, done, err)
		return
	}
}

// attempt runs the job once, in a process of its own.
func (t *task) attempt(ctx context.Context, input string, order Order) (*enginejob.Done, error) {
	slot := t.turn.take()
	if slot == nil {
		var err error
		if slot, err = t.pool.Acquire(ctx, turns.Turn{Key: t.job.KeyID, Background: t.large == nil}); err != nil {
			return nil, err
		}
	}
	defer slot.Release()
	path, err := t.files.Path(input)
	if err != nil {
		return nil, err
	}
	ask := enginejob.Ask{Recipe: order.Recipe, Named: order.Named, Limits: t.limits.File, Budget: t.limits.Budget}
	done, err := enginejob.Run(ctx, slot, path, order.Name, ask, func(p jobprocess.Progress) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.progress = job.Progress{Percent: p.Percent, Phase: p.Phase, Done: p.Done, Total: p.Total}.After(t.progress)
	})
	return done, t.space.Note(err)
}

// again says whether a failed attempt is repeated: the death of a job process under a
// living server is, as often as the table says; a second one fails the job, since the
// file is to blame. The row counts, so that no restart begins anew.
func (t *task) again(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	p := problem.From(err)
	if t.job.Attempts >= p.Code.Retries() {
		return false
	}
	t.log.Warn("job process failed, trying again", "job", t.job.ID, "code", p.Code, "cause", p.Cause())
	j, err := t.store.Again(ctx, t.job.Ticket(), t.limits.Lease)
	if err != nil {
		t.cancel()
		return false
	}
	t.setJob(j)
	return true
}

// end keeps the result, if there is one, and writes the outcome.
func (t *task) end(ctx context.Context, order Order, done *enginejob.Done, err error) {
	if err == nil {
		defer done.Close()
		err = t.complete(ctx, order, done)
	}
	t.settle(ctx, err)
}

// settle writes an outcome that complete has not. When the work was interrupted, the job goes
// back to the queue: the node is stopping, or the hold was lost and nothing is written.
func (t *task) settle(ctx context.Context, err error) {
	switch {
	case err == nil, errors.Is(err, job.ErrStale):
	case ctx.Err() != nil, problem.Has(err, problem.Draining):
		t.release(t.job.Ticket())
	default:
		t.fail(problem.From(t.space.Note(err)))
	}
}

// complete keeps the result, carries it to where it is to go, and ends the row. The file is
// on the disk before the row names it; if the row is not ours any more, the file goes.
func (t *task) complete(ctx context.Context, order Order, done *enginejob.Done) error {
	from, path, err := t.resultFile(done)
	if err != nil {
		return err
	}
	if err := t.files.Keep(from, path, order.Store == nil); err != nil {
		return err
	}
	answer := answerOf(done.Answer)
	o := job.Outcome{Output: job.Output{
		LinkID: uuid.NewString(), Name: done.Output.Name, MIME: done.Output.MIME, Size: done.Output.Size, Path: path,
	}}
	if order.Store != nil {
		answer.Stored, err = t.deliver(ctx, *order.Store, done.Output, path)
		switch {
		case ctx.Err() != nil:
			return errors.Join(ctx.Err(), t.files.Remove(path))
		case problem.Has(err, problem.StoreFailed): // the result stays here, for a while
			o.Problem = problem.From(err)
			err = t.files.Sync(path)
		case err == nil:
			answer.Report.Notes = append(answer.Report.Notes, answer.Stored.Notes...)
			o.Output = job.Output{}
		}
		if err != nil {
			return errors.Join(err, t.files.Remove(path))
		}
	}
	if err := t.finish(answer, o); err != nil {
		return errors.Join(err, t.files.Remove(path))
	}
	if o.Output.Path == "" {
		if err := t.files.Remove(path); err != nil {
			t.log.Error("result not removed", "job", t.job.ID, "error", err)
		}
	}
	return nil
}

// finish ends the row with what the engine answered, and forgets what only the work needed.
func (t *task) finish(answer Answer, o job.Outcome) (err error) {
	if o.Result, err = json.Marshal(answer); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	if _, err = t.store.Finish(ctx, t.job.Ticket(), o); err != nil {
		return err
	}
	t.redact(ctx, t.job)
	if err := t.dropInput(); err != nil { // the job has ended all the same
		t.log.Error("input not removed", "job", t.job.ID, "error", err)
	}
	return nil
}

// resultFile gives the file that is the result: the job's own, or a second name of the
// input.
func (t *task) resultFile(done *enginejob.Done) (from, name string, err error) {
	name = t.job.Ticket().ResultPath()
	if done.Process.File != nil {
		return done.Process.Path, name, nil
	}
	input, err := t.files.Path(t.input())
	if err != nil {
		return "", "", err
	}
	from = input + ".result"
	if err := os.Link(input, from); err != nil && !errors.Is(err, os.ErrExist) {
		return "", "", err
	}
	return from, name, nil
}

// input is the name of the job's input.
func (t *task) input() string {
	if t.job.InputRef != "" {
		return t.job.InputRef
	}
	return inputName(t.job.ID)
}

// fail ends the row with a problem.
func (t *task) fail(p *problem.Problem) {
	if !known(p) {
		t.log.Error("job failed", "job", t.job.ID, "code", p.Code, "cause", p.Cause())
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	if _, err := t.store.Fail(ctx, t.job.Ticket(), p); err != nil {
		if !errors.Is(err, job.ErrStale) {
			t.log.Error("job's end not written", "job", t.job.ID, "error", err)
		}
		return
	}
	t.redact(ctx, t.job)
	if err := t.dropInput(); err != nil {
		t.log.Error("input not removed", "job", t.job.ID, "error", err)
	}
}

// dropInput removes the input of an ended job.
func (t *task) dropInput() error { return t.files.Remove(t.input()) }
