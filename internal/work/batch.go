package work

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/google/uuid"

	"compressor/internal/blob"
	"compressor/internal/job"
)

// Batch is a request for many files.
type Batch struct {
	KeyID string
	Order Order // of the batch itself: what it is called
	Items []Item
	Once  job.Once

	Notice json.RawMessage // opaque: whom to tell of the end of the batch; nil for nobody
}

// Item is one file of a batch.
type Item struct {
	Order Order
	Input *blob.Blob // nil: to be fetched from Order.Source
}

// SubmitBatch takes a batch in, all of it or nothing. Once it returns, no item is lost.
// Errors: as of Submit.
func (d *Desk) SubmitBatch(ctx context.Context, b Batch) (r Receipt, err error) {
	var need int64
	for _, item := range b.Items {
		if item.Input != nil {
			need += item.Input.Size * (spaceFactor - 1) // as in Submit
		}
	}
	if err := d.accepts(need); err != nil {
		return Receipt{}, err
	}
	ctx = context.WithoutCancel(ctx) // as in Submit
	whole := job.Job{ID: uuid.NewString(), KeyID: b.KeyID, Tag: b.Order.Tag, Once: b.Once, Notice: b.Notice}
	if whole.Request, err = json.Marshal(b.Order); err != nil {
		return Receipt{}, err
	}
	var kept []string
	items := make([]job.Job, len(b.Items))
	for i, item := range b.Items {
		j := job.Job{ID: uuid.NewString(), Tag: item.Order.Tag}
		if j.Request, err = json.Marshal(item.Order); err != nil {
			break
		}
		if item.Input != nil {
			j.InputRef, j.InputSize = inputName(j.ID), item.Input.Size
			if err = d.files.Keep(item.Input.Path(), j.InputRef, false); err != nil {
				break
			}
			kept = append(kept, j.InputRef)
		}
		items[i] = j
	}
	if err == nil {
		err = d.files.Sync(kept...)
	}
	if err == nil {
		whole, err = d.store.EnqueueBatch(ctx, whole, items)
	}
	if err == nil {
		return Receipt{Job: whole}, nil
	}
	for _, name := range kept {
		if failed := d.files.Remove(name); failed != nil {
			return Receipt{}, errors.Join(err, failed)
		}
	}
	var repeated *job.Repeated
	if errors.As(err, &repeated) {
		return d.repeat(ctx, repeated)
	}
	return Receipt{}, d.space.Note(err)
}

// Items calls each with the items of a batch, in order.
func (d *Desk) Items(ctx context.Context, id string, each func(job.Job) error) error {
	return d.store.Items(ctx, id, each)
}

// OpenItem opens the result of an item, whose time its caller has looked at. Error: an
// fs.ErrNotExist when it was removed.
func (d *Desk) OpenItem(j job.Job) (*os.File, error) { return d.files.Open(j.Output.Path) }

// clear ends what still runs of a canceled batch, and removes what its items leave.
func (d *Desk) clear(ctx context.Context, whole job.Job) error {
	var errs []error
	var gone []string
	requests := map[string]json.RawMessage{}
	err := d.store.Items(ctx, whole.ID, func(j job.Job) error {
		if j.State.Ended() && j.Canceled {
			d.worker.interrupt(j.ID)
			if j.InputRef != "" {
				errs = append(errs, d.files.Remove(j.InputRef))
			}
			if raw, ok := d.worker.redacted(j); ok {
				requests[j.ID] = raw
			}
			if j.Output.Path != "" {
				errs = append(errs, d.files.Remove(j.Output.Path))
				gone = append(gone, j.ID)
			}
		}
		return nil
	})
	errs = append(errs, err, d.store.Redact(ctx, requests), d.store.MarkResultGone(ctx, gone...))
	return errors.Join(errs...)
}
