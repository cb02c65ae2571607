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
	t.phase("store")
	at, err := t.files.Path(path)
	if err != nil {
		return nil, err
	}
	file, err := blob.Of(at)
	if err != nil {
		return nil, err
	}
	got, err := t.stores.Put(ctx, s, deliver.Result{
		Job: t.job.ID, Name: output.Name, MIME: output.MIME, File: file,
		Again: t.job.Epoch > 1, // a hold before may have come as far
	})
	return &got, err
}

// phase tells what the job is at, without a step forward.
func (t *task) phase(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress = job.Progress{Percent: t.progress.Percent, Phase: name}
}
