package deliver

import (
	"context"
	"errors"
	"io"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/storage"
)

// CheckSource finds what is wrong with an object to read. Error: options-invalid, on the
// fields of source.
func (d *Desk) CheckSource(ctx context.Context, s recipe.Source) error {
	_, err := d.object(ctx, s)
	return err
}

// object opens the bucket that an object lies in.
func (d *Desk) object(ctx context.Context, s recipe.Source) (opened, error) {
	return d.from(ctx, s.ID, s.Bucket, s.Region, func(p storage.Provider) []problem.Field {
		return storage.CheckName("source.path", p, s.Path)
	})
}

// objects opens the bucket that objects lie in.
func (d *Desk) objects(ctx context.Context, p recipe.Prefix) (opened, error) {
	return d.from(ctx, p.ID, p.Bucket, p.Region, func(at storage.Provider) []problem.Field {
		return storage.CheckPrefix("source.prefix", at, p.Prefix)
	})
}

// from opens the bucket of a connector, or another one that its credentials open. more finds
// what else is wrong, on that provider.
func (d *Desk) from(ctx context.Context, id, bucket, region string, more func(storage.Provider) []problem.Field) (opened, error) {
	place, _, err := d.open(ctx, "source.id", id)
	if err != nil {
		return opened{}, err
	}
	place, wrong := place.In("source", bucket, region)
	if wrong = append(wrong, more(place.Provider)...); len(wrong) > 0 {
		return opened{}, problem.Invalid(wrong...)
	}
	b, err := d.dial(place)
	return opened{b, place}, err
}

// Told is told of a read. Both may be nil.
type Told struct {
	Length   func(size int64)    // once, in bytes
	Progress func(written int64) // bytes so far
}

// Read gets an object into a new blob of scratch. Errors: source-failed and its kin,
// file-empty, file-too-large, and what ends ctx.
func (d *Desk) Read(ctx context.Context, s recipe.Source, scratch *blob.Scratch, told Told) (blob.Blob, error) {
	from, err := d.object(ctx, s)
	if err != nil {
		return blob.Blob{}, unread(err)
	}
	b, err := d.read(ctx, from, s.Path, scratch, told)
	return b, named(err, "source.path", s.Path)
}

// named adds to the problem of a source the field that named it, where the name is what the
// store refused.
func named(err error, at, name string) error {
	var fault *storage.Fault
	if !errors.As(err, &fault) {
		return err
	}
	return problem.From(err).With(fault.Field(at, name)...)
}

func (d *Desk) read(ctx context.Context, from opened, key string, scratch *blob.Scratch, told Told) (b blob.Blob, err error) {
	err = d.persist(ctx, func() (err error) {
		b, err = d.copy(ctx, from, key, scratch, told)
		return err
	})
	return b, unread(err)
}

// copy is one try of a read. What breaks off leaves nothing.
func (d *Desk) copy(ctx context.Context, bucket storage.Bucket, key string, scratch *blob.Scratch, told Told) (blob.Blob, error) {
	info, body, err := bucket.Open(ctx, key)
	if err != nil {
		return blob.Blob{}, err
	}
	defer body.Close()
	switch {
	case info.Size > d.largest:
		return blob.Blob{}, d.tooLarge()
	case told.Length != nil:
		told.Length(info.Size)
	}
	w, err := scratch.Create()
	if err != nil {
		return blob.Blob{}, err
	}
	defer w.Discard()
	n, err := io.Copy(&counted{to: w, told: told.Progress}, io.LimitReader(body, d.largest+1))
	var full *writeError
	switch {
	case ctx.Err() != nil:
		return blob.Blob{}, context.Cause(ctx)
	case errors.As(err, &full):
		return blob.Blob{}, full.cause
	case err != nil:
		return blob.Blob{}, broken(err)
	case n > d.largest:
		return blob.Blob{}, d.tooLarge()
	case n == 0:
		return blob.Blob{}, problem.New(problem.FileEmpty)
	}
	return w.Commit()
}

func (d *Desk) tooLarge() error {
	return problem.Newf(problem.FileTooLarge, "The object is larger than the %d bytes allowed here.", d.largest)
}

// broken is the fault of a body that broke off.
func broken(err error) error {
	var fault *storage.Fault
	if errors.As(err, &fault) {
		return err
	}
	return storage.NewFault("read", storage.Unreachable, "", 0, err)
}

// writeError tells an error of our disk from one of the store.
type writeError struct{ cause error }

func (e *writeError) Error() string { return e.cause.Error() }

// counted tells how much was written through it.
type counted struct {
	to   io.Writer
	n    int64
	told func(int64)
}

// Write implements io.Writer.
func (c *counted) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	if c.told != nil {
		c.told(c.n)
	}
	if err != nil {
		err = &writeError{err}
	}
	return n, err
}

// unread turns what a store or a connector says into the problem of a source.
func unread(err error) error {
	var fault *storage.Fault
	switch {
	case errors.As(err, &fault):
		return fault.SourceProblem()
	case problem.Has(err, problem.OptionsInvalid):
		p := problem.Newf(problem.SourceFailed, "The file could not be read from the store: the connector does not allow it.")
		return p.With(problem.From(err).Fields...)
	}
	return err
}
