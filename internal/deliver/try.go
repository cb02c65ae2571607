package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/google/uuid"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/storage"
)

// Trial is what a connector turned out to be able to do.
type Trial struct {
	Key    string // of the object that was written, also where it could not be removed
	Rights []Right
}

// Right is one thing that credentials allow, or do not.
type Right struct {
	Name  string         // write, read, remove or list
	Fault *storage.Fault // nil: it is there
}

// OK says whether results can be stored. To list is needed for whole buckets only.
func (t Trial) OK() bool {
	for _, r := range t.Rights {
		if r.Fault != nil && r.Name != "list" {
			return false
		}
	}
	return true
}

// Why is what is missing of a right, in our words, "" where nothing is. An object that could
// not be removed is named, since it is still there.
func (t Trial) Why(r Right) string {
	switch {
	case r.Fault == nil:
		return ""
	case r.Name == "remove":
		return r.Fault.Why() + "; the object '" + t.Key + "' is left there"
	}
	return r.Fault.Why()
}

// trialText is what the small object holds.
const trialText = "Compressor was here, and should have removed this.\n"

// Try writes, reads, removes and lists a small object, in the bucket given or else that of
// the connector. Errors: not-found; options-invalid, such as where there is no bucket at all.
func (d *Desk) Try(ctx context.Context, id, bucket string) (Trial, error) {
	place, defaults, err := d.connectors.Open(ctx, id)
	if err != nil {
		return Trial{}, err
	}
	target, wrong := storage.Aim(place, defaults, recipe.Store{ID: id, Bucket: bucket, Overwrite: true, Path: trialPath(defaults.Path)})
	if len(wrong) > 0 {
		for i := range wrong {
			wrong[i].Path = strings.TrimPrefix(wrong[i].Path, "store.")
		}
		return Trial{}, problem.Invalid(wrong...)
	}
	object, wrong := target.Object(storage.NamesOf(id, trialName+uuid.NewString(), ""), "text/plain")
	if len(wrong) > 0 {
		return Trial{}, problem.Invalid(wrong...)
	}
	to, err := d.dial(target.Place)
	var fault *storage.Fault
	if errors.As(err, &fault) {
		return Trial{Rights: []Right{{"write", fault}}}, nil
	}
	if err != nil {
		return Trial{}, err
	}
	dir, err := os.MkdirTemp("", "compressor-trial-")
	if err != nil {
		return Trial{}, err
	}
	scratch := blob.NewScratch(dir)
	defer scratch.Close() //nolint:errcheck // a small file in the system's own folder
	file, err := trialFile(scratch)
	if err != nil {
		return Trial{}, err
	}
	return d.rights(ctx, to, object, file)
}

// trialName begins the name of the small object.
const trialName = ".compressor-test-"

// trialPath is the folder of a path, up to its first placeholder.
func trialPath(path string) string {
	path, _, _ = strings.Cut(path, "{")
	return path[:strings.LastIndexByte(path, '/')+1]
}

func trialFile(scratch *blob.Scratch) (blob.Blob, error) {
	w, err := scratch.Create()
	if err != nil {
		return blob.Blob{}, err
	}
	defer w.Discard()
	if _, err := io.WriteString(w, trialText); err != nil {
		return blob.Blob{}, err
	}
	return w.Commit()
}

// rights finds out, one after another. Without an object there is nothing to read or remove.
func (d *Desk) rights(ctx context.Context, to storage.Bucket, object storage.Object, file blob.Blob) (t Trial, err error) {
	t.Key = object.Key
	find := func(name string, err error) bool {
		r := Right{Name: name}
		if err != nil && !errors.As(err, &r.Fault) {
			r.Fault = storage.NewFault(name, storage.Failed, "", 0, err)
		}
		t.Rights = append(t.Rights, r)
		return err == nil
	}
	_, err = to.Put(ctx, object, file)
	if find("write", err) {
		find("read", readsBack(ctx, to, object.Key))
		find("remove", to.Remove(ctx, object.Key))
	}
	stop := errors.New("one is enough")
	err = to.List(ctx, object.Key, "", func(storage.Info) error { return stop })
	if errors.Is(err, stop) {
		err = nil
	}
	find("list", err)
	return t, ctx.Err()
}

// readsBack says whether the small object is what was written.
func readsBack(ctx context.Context, from storage.Bucket, key string) error {
	_, body, err := from.Open(ctx, key)
	if err != nil {
		return err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, 2*int64(len(trialText))))
	if err == nil && !bytes.Equal(text, []byte(trialText)) {
		err = storage.NewFault("read", storage.Corrupted, "", 0, nil)
	}
	return err
}
