package work

import (
	"context"
	"errors"
	"time"

	"compressor/internal/blob"
	"compressor/internal/deliver"
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

// fetchAgain repeats a failed fetch as often as the table says, a little later each time. The
// desk of stores does so by itself.
func (t *task) fetchAgain(ctx context.Context, s Source, scratch *blob.Scratch) (intake.Staged, error) {
	for try := 0; ; try++ {
		staged, err := t.fetchOnce(ctx, s, scratch)
		if err == nil || ctx.Err() != nil || s.Object != nil || try >= problem.From(err).Code.Retries() || egress.Final(err) {
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
	length := func(size int64) {
		large(size)
		if err := t.space.Room(size * spaceFactor); err != nil {
			end(err)
		}
	}
	staged, err := t.get(ctx, s, scratch, length, large)
	if full := context.Cause(ctx); problem.Has(full, problem.StorageFull) {
		return staged, full // there is room for others
	}
	return staged, t.space.Note(err)
}

// get is one try to get a source, of an address or of an object.
func (t *task) get(ctx context.Context, s Source, scratch *blob.Scratch, length, progress func(int64)) (intake.Staged, error) {
	if s.Object != nil {
		b, err := t.stores.Read(ctx, *s.Object, scratch, deliver.Told{Length: length, Progress: progress})
		return intake.Staged{Blob: b, Name: intake.CleanName(s.Object.Path)}, err
	}
	return intake.Fetch(ctx, t.fetch, egress.Request{URL: s.URL, Headers: s.Headers, OnLength: length, OnProgress: progress}, scratch)
}
