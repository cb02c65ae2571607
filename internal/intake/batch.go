package intake

import (
	"context"
	"fmt"
	"io"
	"mime/multipart"

	"compressor/internal/blob"
	"compressor/internal/problem"
)

// BatchLimits bounds a form of many files beyond the Limits of each.
type BatchLimits struct {
	Files int   // parts file
	Bytes int64 // of all files together
}

// Batch reads the form to its end and stages every part file, in order, streamed to
// scratch, and data, which may stand anywhere. An empty file is staged like any other: only
// its own item fails. Errors are those of Upload, but file-empty; too many files are refused
// as options-invalid on items, and without another byte being read. What was staged before
// an error stays in scratch.
func Batch(ctx context.Context, form *Form, limits Limits, all BatchLimits, scratch *blob.Scratch) (files []Staged, data []byte, err error) {
	limits = limits.complete()
	limits.Parts = all.Files + DefaultMaxParts
	b := &batch{upload: upload{limits: limits, form: form, scratch: scratch}, all: all, left: all.Bytes}
	for {
		name, part, err := form.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = b.take(ctx, name, part)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if len(b.files) == 0 {
		b.wrong = append(b.wrong, problem.Field{Path: partFile, Message: "At least one part named file is required."})
	}
	if len(b.wrong) > 0 {
		return nil, nil, problem.Invalid(b.wrong...)
	}
	form.finish()
	return b.files, b.data, nil
}

// batch is the state of one Batch.
type batch struct {
	upload
	all   BatchLimits
	left  int64 // bytes that may still come in files
	files []Staged
}

func (b *batch) take(ctx context.Context, name string, part *multipart.Part) error {
	if name != partFile {
		return b.upload.take(ctx, name, part)
	}
	if len(b.files) >= b.all.Files {
		return problem.Invalid(problem.Field{Path: "items", Message: fmt.Sprintf("A batch has at most %d items; got %d or more.", b.all.Files, b.all.Files+1)})
	}
	b.count++
	w, err := b.scratch.Create()
	if err != nil {
		return err
	}
	defer w.Discard()
	most := min(b.limits.File, b.left)
	n, err := copyAtMost(ctx, w, part, most, broken)
	switch {
	case err == errTooLarge && most < b.limits.File:
		return problem.Newf(problem.FileTooLarge, "The files of the batch are larger than the %d bytes allowed here.", b.all.Bytes)
	case err == errTooLarge:
		return problem.Newf(problem.FileTooLarge, "A file is larger than the %d bytes allowed here.", b.limits.File).
			With(problem.Field{Path: fmt.Sprintf("items[%d]", len(b.files)), Message: "The file is too large."})
	case err != nil:
		return err
	}
	b.left -= n
	staged, err := w.Commit()
	if err != nil {
		return err
	}
	b.files = append(b.files, Staged{Blob: staged, Name: CleanName(part.FileName())})
	return nil
}
