package work

import (
	"context"
	"errors"
	"time"

	"compressor/internal/blob"
	"compressor/internal/egress"
	"compressor/internal/intake"
	"compressor/internal/problem"
)

// fetchInput gets the input of a job that names a source, and records where it is kept.
func (t *task) fetchInput(ctx context.Context, order *Order) (string, error) {
	if order.Source == nil {
		return "", errors.New("the row names neither input nor source")
	}
	dir, err := t.files.Incoming()
	if err != nil {
		return "", err
	}
	scratch := blob.NewScratch(dir)
	defer scratch.Close()
	staged, err := t.fetchAgain(ctx, *order.Source, scratch)
	if err != nil {
		return "", err
	}
	if order.Name == "" {
		order.Name = staged.Name
	}
	name := inputName(t.job.ID)
	if err := t.files.Keep(staged.Blob.Path(), name, true); err != nil {
		return "", err
	}
	return name, t.store.SetInput(ctx, t.job.Ticket(), name, staged.Blob.Size)
}

// fetchAgain repeats a failed fetch as often as the table says, a little later each time.
func (t *task) fetchAgain(ctx context.Context, s Source, scratch *blob.Scratch) (intake.Staged, error) {
	for try := 0; ; try++ {
		staged, err := t.fetchOnce(ctx, s, scratch)
		if err == nil || ctx.Err() != nil || try >= problem.From(err).Code.Retries() || egress.Final(err) {
			return staged, err
		}
		select {
		case <-time.After(fetchPause << try):
		case <-ctx.Done():
			return staged, ctx.Err()
		}
	}
}

// fetchPause is the pause before the second try of a fetch; it doubles.
const fetchPause = 250 * time.Millisecond

func (t *task) fetchOnce(ctx context.Context, s Source, scratch *blob.Scratch) (intake.Staged, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	large := func(size int64) {
		if size > t.limits.Sync && t.large != nil {
			t.tell.Do(func() { close(t.large) })
		}
	}
	staged, err := intake.Fetch(ctx, t.fetch, egress.Request{
		URL: s.URL, Headers: s.Headers, OnProgress: large,
		OnLength: func(size int64) {
			large(size)
			if err := t.space.Room(size * spaceFactor); err != nil {
				end(err)
			}
		},
	}, scratch)
	if full := context.Cause(ctx); problem.Has(full, problem.StorageFull) {
		return staged, full // there is room for others
	}
	return staged, t.space.Note(err)
}
