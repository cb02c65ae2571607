package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"compressor/internal/codec"
	"compressor/internal/config"
	"compressor/internal/enginejob"
	"compressor/internal/format"
	"compressor/internal/jobprocess"
	"compressor/internal/problem"
	"compressor/internal/turns"
)

// outcome is what came of one item.
type outcome struct {
	item
	answer *enginejob.Answer // nil after an error
	saved  string            // path of the result; "" if nothing was written
}

// compression is what all items of a run share.
type compression struct {
	order order
	ask   enginejob.Ask
	pool  *jobprocess.Pool
	bar   *bar
}

// compressAll handles all items, as many at once as the order says, and returns their
// outcomes in the order of items. The outcomes are nil if none could be begun.
func compressAll(ctx context.Context, t terminal, c config.Config, o order, items []item) (_ []outcome, err error) {
	work := 0
	for _, it := range items {
		if !it.idle() {
			work++
		}
	}
	r := compression{order: o, bar: newBar(t.err, work), ask: enginejob.Ask{
		Recipe: o.recipe, Named: o.named, Budget: budget(),
		Limits: codec.Limits{Pixels: c.Sandbox.Pixels, Frames: c.Sandbox.Frames, Seconds: float64(c.Sandbox.Seconds)},
	}}
	if work > 0 {
		dir, err := os.MkdirTemp("", "compressor-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // nothing of worth is left in it
		// No spares: all processors are busy with files anyway.
		if r.pool, _, err = openPool(ctx, c, dir, min(o.jobs, work), 0); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, r.pool.Close()) }()
	}
	defer r.bar.clear()
	return r.all(ctx, items), nil
}

// all hands the items to as many goroutines as run at once.
func (r *compression) all(ctx context.Context, items []item) []outcome {
	outcomes := make([]outcome, len(items))
	next := make(chan int)
	var group sync.WaitGroup
	for range min(r.order.jobs, len(items)) {
		group.Go(func() {
			for i := range next {
				outcomes[i] = r.one(ctx, items[i])
			}
		})
	}
	for i := range items {
		next <- i
	}
	close(next)
	group.Wait()
	return outcomes
}

// one handles one item.
func (r *compression) one(ctx context.Context, it item) outcome {
	out := outcome{item: it}
	if it.idle() {
		return out
	}
	if ctx.Err() != nil {
		out.err = problem.New(problem.Canceled)
		return out
	}
	done, err := r.run(ctx, it)
	if err != nil {
		out.err = err
	} else {
		out.saved, out.err = r.keep(it, done)
		out.answer = &done.Answer
		// The job process has done its part; its folder goes with the pool at the latest.
		_ = done.Close()
	}
	if out.err != nil {
		out.answer = nil
	}
	r.bar.finished()
	return out
}

// run has a job process work on the file; a process that dies of our own making or the
// machine's is tried again as often as the table of errors says.
func (r *compression) run(ctx context.Context, it item) (*enginejob.Done, error) {
	slot, err := r.pool.Acquire(ctx, turns.Turn{})
	if err != nil {
		return nil, err
	}
	defer slot.Release()
	task := r.bar.begin(filepath.Base(it.path))
	defer task.end()
	for attempt := 0; ; attempt++ {
		done, err := enginejob.Run(ctx, slot, it.real, filepath.Base(it.path), r.ask, task.progress)
		if err == nil || ctx.Err() != nil || attempt >= problem.From(err).Code.Retries() {
			return done, err
		}
	}
}

// keep puts the result where it belongs, and gives its path, "" if the file was left as it
// is. What the job process says decides of no path: it has read a stranger's file.
func (r *compression) keep(it item, done *enginejob.Done) (string, error) {
	row, err := r.formatOf(it, done.Output.Format)
	if err != nil {
		return "", err
	}
	target := it.result(row)
	if it.inPlace {
		if done.Process.File == nil || done.Output.Size >= done.Input.Size {
			return "", nil
		}
		return target, replaceFile(it, done.Process.File)
	}
	from := done.Process.File
	if from == nil {
		target = it.untouched()
		if from, err = os.Open(it.real); err != nil {
			return "", unreadable(err)
		}
		defer from.Close()
	}
	return target, writeFile(target, from, it.info.Mode().Perm(), done.Output.SHA256, r.order.force)
}

// formatOf gives the row of the result's format, which must be one that was planned for.
func (r *compression) formatOf(it item, id format.ID) (format.Row, error) {
	if id == it.format.ID {
		return it.format, nil
	}
	i := slices.IndexFunc(it.mayBe, func(row format.Row) bool { return row.ID == id })
	if i < 0 {
		return format.Row{}, problem.New(problem.WorkerDied).Because(fmt.Errorf("a result of format %q was not asked for", id))
	}
	return it.mayBe[i], nil
}
