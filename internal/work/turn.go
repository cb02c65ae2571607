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
	fetch func()           // gives the place to fetch from back; nil where there is none
	whole func()           // gives back the place of a job over a bucket, at its end
}

// await waits for a job's turn among those of all keys. Errors: canceled, draining.
func (w *Worker) await(ctx context.Context, j job.Job) (*turn, error) {
	asked := turns.Turn{Key: j.KeyID, Background: true}
	order, err := ReadOrder(j.Request)
	switch {
	case err != nil: // the task will tell
		return &turn{}, nil
	case order.Prefix != nil:
		leave, err := w.place(ctx, w.buckets, asked)
		return &turn{whole: leave}, err
	case j.InputRef == "":
		leave, err := w.place(ctx, w.fetches, asked)
		return &turn{fetch: leave}, err
	}
	slot, err := w.pool.Acquire(ctx, asked)
	return &turn{slot: slot}, err
}

// place waits for a place among others. Errors: canceled, draining.
func (w *Worker) place(ctx context.Context, among *turns.Slots, asked turns.Turn) (leave func(), err error) {
	place := among.Join(asked)
	leave = func() { among.Leave(place) }
	select {
	case <-place.Ready():
		return leave, nil
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
	if t == nil {
		return
	}
	t.fetched()
	if t.whole != nil {
		t.whole()
	}
	if slot := t.take(); slot != nil {
		slot.Release()
	}
}
