package work

import (
	"context"

	"compressor/internal/blob"
	"compressor/internal/deliver"
	"compressor/internal/job"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// Stores carries results to the buckets of clients, and sources from there. deliver.Desk is
// one, and its methods say what they promise.
type Stores interface {
	Put(ctx context.Context, s recipe.Store, r deliver.Result) (deliver.Delivered, error)
	Read(ctx context.Context, s recipe.Source, scratch *blob.Scratch, told deliver.Told) (blob.Blob, error)
	Begin(ctx context.Context, p recipe.Prefix, s recipe.Store, options []byte) (*deliver.Transfer, error)
}

// deliver carries the result, which is kept at path, to where it is to go.
func (t *task) deliver(ctx context.Context, s recipe.Store, output report.File, path string) (*deliver.Delivered, error) {
	at, err := t.files.Path(path)
	if err != nil {
		return nil, err
	}
	file, err := blob.Of(at)
	if err != nil {
		return nil, err
	}
	t.storing(0, file.Size)
	got, err := t.stores.Put(ctx, s, deliver.Result{
		Job: t.job.ID, Name: output.Name, MIME: output.MIME, File: file,
		Again: t.job.Epoch > 1, // a hold before may have come as far
		Sent:  func(bytes int64) { t.storing(bytes, file.Size) },
	})
	return &got, err
}

// The percent at which a result is made that is still to be stored, and at which the store has
// all of it: the job is done when the store says so.
const (
	made   = 90
	stored = 99
)

// storing tells how many bytes of the result the store has taken.
func (t *task) storing(sent, size int64) {
	p := job.Progress{Percent: made, Phase: "store", Done: min(sent, size), Total: size}
	if size > 0 {
		p.Percent += (stored - made) * float64(p.Done) / float64(size)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress = p.After(t.progress)
}
