package work

import (
	"context"

	"compressor/internal/job"
	"compressor/internal/jobprocess"
	"compressor/internal/problem"
	"compressor/internal/turns"
)

// turn is what a job of the queue begins with, when it is its turn: a slot to run in, or a
// place to fetch from.
type turn struct {
	slot  *jobprocess.Slot // nil once it was used
	fetch func()           // gives the place back; nil where there is none
}

// await waits for a job's turn among those of all keys. Errors: canceled, draining.
func (w *Worker) await(ctx context.Context, j job.Job) (*turn, error) {
	asked := turns.Turn{Key: j.KeyID, Background: true}
	if j.InputRef != "" {
		slot, err := w.pool.Acquire(ctx, asked)
		return &turn{slot: slot}, err
	}
	place := w.fetches.Join(asked)
	leave := func() { w.fetches.Leave(place) }
	select {
	case <-place.Ready():
		return &turn{fetch: leave}, nil
	case <-ctx.Done():
		leave()
		return nil, problem.New(problem.Canceled).Because(ctx.Err())
	case <-w.leaving:
		leave()
		return nil, problem.New(problem.Draining)
	}
}

// fetched gives the place to fetch back.
func (t *turn) fetched() {
	if t != nil && t.fetch != nil {
		t.fetch()
		t.fetch = nil
	}
}

// take gives the slot, once; nil where there is none, or none any more.
func (t *turn) take() *jobprocess.Slot {
	if t == nil {
		return nil
	}
	slot := t.slot
	t.slot = nil
	return slot
}

// end gives back what was not used.
func (t *turn) end() {
	t.fetched()
	if slot := t.take(); slot != nil {
		slot.Release()
	}
}
