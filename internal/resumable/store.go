package resumable

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/tus/tusd/v2/pkg/handler"

	"compressor/internal/problem"
)

// Call is one request as this store sees it. It travels in the request's context, since
// tusd hands nothing else down, and hands no error of ours back up unspoilt.
type Call struct {
	// Read is how many bytes of the body were read so far.
	Read func() int64
	// Interrupt makes reading the body fail at once, and for good.
	Interrupt func()
	// Admit says, once a piece has come, whether who sent it may still send.
	Admit func() error

	mu  sync.Mutex
	err error
}

type callKey struct{}

// With is ctx with the call in it.
func (c *Call) With(ctx context.Context) context.Context { return context.WithValue(ctx, callKey{}, c) }

// Fail notes why the request fails, and returns err. The first reason counts.
func (c *Call) Fail(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
	return err
}

// Err is why the request fails, nil if nobody said.
func (c *Call) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// fail is Call.Fail of the call in ctx; nil stays nil.
func fail(ctx context.Context, err error) error {
	if c, ok := ctx.Value(callKey{}).(*Call); ok && err != nil {
		c.Fail(err)
	}
	return err
}

// Composer tells tusd what this store can do: uploads of a known length, ended early or not,
// one writer at a time.
func (b *Box) Composer() *handler.StoreComposer {
	c := handler.NewStoreComposer()
	c.UseCore(b)
	c.UseTerminater(b)
	c.UseLocker(b)
	return c
}

// NewUpload implements handler.DataStore. Create has made the upload before, in tusd's
// callback, where there is more to know than tusd passes on here.
func (b *Box) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	return b.GetUpload(ctx, info.ID)
}

// GetUpload implements handler.DataStore. A complete upload whose job could not be made when
// its last byte came gets it here.
func (b *Box) GetUpload(ctx context.Context, id string) (handler.Upload, error) {
	s, err := b.State(ctx, id)
	if err == nil && s.Job == nil && s.Offset == s.Size {
		if err = b.finish(ctx, id); err == nil {
			s, err = b.State(ctx, id)
		}
	}
	if err == nil && s.Job == nil {
		err = b.settle(id, &s)
	}
	if err != nil {
		return nil, fail(ctx, err)
	}
	return &upload{box: b, id: id, state: s}, nil
}

// settle reads what State leaves out, and makes sure of bytes that an earlier process wrote:
// the offset that is told next is a promise.
func (b *Box) settle(id string, s *State) error {
	r, err := b.read(id)
	if err != nil {
		return err
	}
	s.Metadata = r.Metadata
	b.mu.Lock()
	e, ok := b.open[id]
	synced := ok && e.synced
	b.mu.Unlock()
	if synced {
		return nil
	}
	path, err := b.files.Path(dataName(id))
	if err != nil {
		return err
	}
	if err := syncPath(path); err != nil {
		return full(err)
	}
	b.reached(id, s.Offset, true)
	return nil
}

// reached records how far an upload has come.
func (b *Box) reached(id string, offset int64, synced bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := b.open[id]; ok {
		e.offset, e.synced = offset, synced
	}
}

// AsTerminatableUpload implements handler.TerminaterDataStore.
func (b *Box) AsTerminatableUpload(u handler.Upload) handler.TerminatableUpload { return u.(*upload) }

// upload is one upload, locked for one request.
type upload struct {
	box   *Box
	id    string
	state State
}

// GetInfo implements handler.Upload.
func (u *upload) GetInfo(context.Context) (handler.FileInfo, error) {
	return handler.FileInfo{ID: u.id, Size: u.state.Size, Offset: u.state.Offset, MetaData: u.state.Metadata}, nil
}

// GetReader implements handler.Upload; downloads are not mounted.
func (u *upload) GetReader(context.Context) (io.ReadCloser, error) { return nil, errors.ErrUnsupported }

// FinishUpload implements handler.Upload: the last byte has come.
func (u *upload) FinishUpload(ctx context.Context) error { return fail(ctx, u.box.finish(ctx, u.id)) }

// Terminate implements handler.TerminatableUpload.
func (u *upload) Terminate(ctx context.Context) error {
	if u.state.Job != nil {
		return fail(ctx, problem.Newf(problem.NotFound, "This upload is complete and has become a job, which can be canceled."))
	}
	return fail(ctx, u.box.drop(u.id))
}

// WriteChunk implements handler.Upload. What it says was written is on the disk itself.
func (u *upload) WriteChunk(ctx context.Context, offset int64, src io.Reader) (int64, error) {
	path, err := u.box.files.Path(dataName(u.id))
	if err != nil {
		return 0, fail(ctx, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return 0, fail(ctx, err)
	}
	n, err := u.copy(f, offset, src)
	refused := problem.Has(err, problem.FileTooLarge)
	if err == nil {
		err = u.refuses(ctx, offset)
		refused = err != nil
	}
	if refused { // or the sweeper would make a job of what is now whole
		n = 0
		err = errors.Join(err, f.Truncate(offset))
	}
	if failed := f.Sync(); failed != nil {
		n, err = 0, errors.Join(err, failed, f.Truncate(offset))
	}
	err = errors.Join(err, f.Close())
	u.box.reached(u.id, offset+n, true)
	return n, fail(ctx, full(err))
}

const copyBuffer = 64 << 10 // bytes

// copy writes src at offset to its end. tusd's reader never fails: it ends, and its error is
// asked for afterwards.
func (u *upload) copy(f *os.File, offset int64, src io.Reader) (written int64, err error) {
	buffer := make([]byte, copyBuffer)
	for {
		n, readErr := src.Read(buffer)
		if written+int64(n) > u.state.Size-offset {
			return written, TooLong()
		}
		if _, err := f.WriteAt(buffer[:n], offset+written); err != nil {
			return written, err
		}
		written += int64(n)
		u.box.reached(u.id, offset+written, false)
		if readErr == io.EOF {
			return written, nil
		}
		if readErr != nil {
			return written, readErr
		}
	}
}

// refuses says why a piece that came whole is not taken: it held more than was left to come,
// or who sent it may not any more. tusd cuts a body that is too long off and takes its
// beginning, which would make a job of a file that nobody meant.
func (u *upload) refuses(ctx context.Context, offset int64) error {
	c, ok := ctx.Value(callKey{}).(*Call)
	switch {
	case !ok:
		return nil
	case c.Read() > u.state.Size-offset:
		return TooLong()
	case c.Admit != nil:
		return c.Admit()
	}
	return nil
}

// TooLong is the problem of a body that holds more than was declared.
func TooLong() error {
	const message = "The body is longer than what is left of the declared length."
	return problem.Newf(problem.FileTooLarge, message).With(problem.Field{Path: "Upload-Length", Message: message})
}
