// Package intake turns an upload or a fetch into a staged blob: the file on disk, hashed
// while it was copied, under a name that is safe to use, with the options that came along.
// It looks at sizes and names only; what a file is, its contents tell, later.
package intake

import (
	"context"
	"errors"
	"io"

	"compressor/internal/blob"
	"compressor/internal/egress"
	"compressor/internal/problem"
)

// Defaults of Limits.
const (
	DefaultMaxFile  = 8 << 30
	DefaultMaxData  = 64 << 10
	DefaultMaxParts = 20

	copyBuffer = 64 << 10
)

// Limits bounds an upload. Zero fields take the defaults above.
type Limits struct {
	File  int64 // bytes of the file
	Data  int64 // bytes of the part data, and of parts that are refused
	Parts int   // parts of a form
}

func (l Limits) complete() Limits {
	if l.File <= 0 {
		l.File = DefaultMaxFile
	}
	if l.Data <= 0 {
		l.Data = DefaultMaxData
	}
	if l.Parts <= 0 {
		l.Parts = DefaultMaxParts
	}
	return l
}

// Staged is a file that was taken in.
type Staged struct {
	Blob blob.Blob
	Name string // clean: see CleanName
	Data []byte // the part data of an upload as it came, or nil
}

// Fetch stages what client gets for source. Errors are those of egress.Client.Fetch, and
// file-empty. Nothing stays in scratch after an error.
func Fetch(ctx context.Context, client *egress.Client, source egress.Request, scratch *blob.Scratch) (Staged, error) {
	w, err := scratch.Create()
	if err != nil {
		return Staged{}, err
	}
	defer w.Discard()
	info, err := client.Fetch(ctx, source, w)
	if err != nil {
		return Staged{}, err
	}
	if info.Size == 0 {
		return Staged{}, problem.New(problem.FileEmpty)
	}
	b, err := w.Commit()
	if err != nil {
		return Staged{}, err
	}
	return Staged{Blob: b, Name: CleanName(info.Name)}, nil
}

// copyAtMost copies src to w, at most limit bytes. It tells apart who failed: a source
// error goes through broken, an error of w comes back as it is.
func copyAtMost(ctx context.Context, w io.Writer, src io.Reader, limit int64, broken func(error) error) (int64, error) {
	buffer := make([]byte, copyBuffer)
	var written int64
	for {
		if ctx.Err() != nil {
			return written, context.Cause(ctx)
		}
		n, err := src.Read(buffer)
		if written+int64(n) > limit {
			return written, errTooLarge
		}
		if _, err := w.Write(buffer[:n]); err != nil {
			return written, err
		}
		written += int64(n)
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, broken(err)
		}
	}
}

var errTooLarge = errors.New("intake: over the limit")
