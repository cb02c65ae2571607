package metric

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/zipfile"
)

// Members compares archives: the finished one must hold the same members in the same
// order, with the same names, times, attributes and comments, and each must decode to what
// it was or to its own result. The scores of members are their own; the engine knows them.
type Members struct{}

// Name is the metric's own name.
func (Members) Name() string { return "members" }

// Reference reads the directory of the archive that others are compared with.
func (Members) Reference(_ context.Context, ref codec.Subject) (engine.Reference, error) {
	f, a, err := openZip(ref.Blob)
	if err != nil {
		return nil, err
	}
	return &memberReference{file: f, archive: a, parts: ref.Parts}, nil
}

func openZip(b blob.Blob) (*os.File, *zipfile.Archive, error) {
	f, err := b.Open()
	if err != nil {
		return nil, nil, err
	}
	a, err := zipfile.Read(f, b.Size)
	if err == nil && a.NotHandled != "" {
		err = errors.New("metric: " + a.NotHandled)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, a, nil
}

type memberReference struct {
	file    *os.File
	archive *zipfile.Archive
	parts   []codec.Done // those of members that are no folders, in order
	kept    []int        // see Kept
}

// Kept lists the parts whose result the archive that Equal last saw does not hold: packed,
// their source was smaller.
func (r *memberReference) Kept() []int { return r.kept }

// Close closes the archive.
func (r *memberReference) Close() { r.file.Close() }

// Score is 100 for an equal archive; anything else is no result at all.
func (r *memberReference) Score(ctx context.Context, got codec.Subject) (engine.Score, error) {
	equal, err := r.Equal(ctx, got)
	if err == nil && !equal {
		err = errors.New("metric: the members differ")
	}
	return engine.Score{Mean: 100, Worst: 100}, err
}

// Equal reads the finished archive as a stranger's: every member is decoded, its checksum
// looked at, and its contents compared with the part's result or source.
func (r *memberReference) Equal(ctx context.Context, got codec.Subject) (bool, error) {
	f, a, err := openZip(got.Blob)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if len(a.Members) != len(r.archive.Members) || a.Comment != r.archive.Comment || a.Marker != r.archive.Marker {
		return false, nil
	}
	r.kept = nil
	parts := r.parts
	before, after := r.archive.Reader(), a.Reader()
	for i := range a.Members {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		m, was := &a.Members[i], &r.archive.Members[i]
		if !m.SameAttributes(was) {
			return false, nil
		}
		var part *codec.Done
		if !was.IsDir() {
			if len(parts) == 0 {
				return false, errors.New("metric: fewer parts than members")
			}
			part, parts = &parts[0], parts[1:]
		}
		equal := false
		switch {
		case was.Why() != "" || part != nil && part.Source.Path() == "":
			equal, err = sameBytes(a.Record(m), r.archive.Record(was))
		case part == nil:
			before.Open(was)
			after.Open(m)
			equal, err = sameBytes(after, before)
		default:
			after.Open(m)
			var sum blob.Sum
			sum, err = sumOf(after)
			equal = sum == part.Result.Sum || sum == part.Source.Sum
			if sum != part.Result.Sum {
				r.kept = append(r.kept, len(r.parts)-len(parts)-1)
			}
		}
		if err != nil || !equal {
			return false, err
		}
	}
	return len(parts) == 0, nil
}

// sumOf hashes all of r.
func sumOf(r io.Reader) (blob.Sum, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, r); err != nil {
		return blob.Sum{}, err
	}
	return blob.Sum(hash.Sum(nil)), nil
}

// sameBytes compares two streams.
func sameBytes(a, b io.Reader) (bool, error) {
	left, right := make([]byte, 32<<10), make([]byte, 32<<10)
	for {
		n, err := io.ReadFull(a, left)
		m, err2 := io.ReadFull(b, right)
		if !bytes.Equal(left[:n], right[:m]) {
			return false, nil
		}
		ended := err == io.EOF || err == io.ErrUnexpectedEOF
		ended2 := err2 == io.EOF || err2 == io.ErrUnexpectedEOF
		switch {
		case err != nil && !ended:
			return false, err
		case err2 != nil && !ended2:
			return false, err2
		case ended || ended2:
			return ended == ended2, nil
		}
	}
}
