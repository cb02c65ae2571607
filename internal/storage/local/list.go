package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"compressor/internal/storage"
)

// List goes through the files whose names begin with prefix, in the order of the bytes of
// their whole names, with one folder at a time in memory. What is no regular file is left out,
// also a link. A prefix that leads out by one is a fault Outside, lest it look like an empty
// folder.
func (b *Bucket) List(ctx context.Context, prefix, after string, each func(storage.Info) error) error {
	root, err := b.enter("list", storage.NoObject, false)
	if err != nil {
		return unless(err, storage.NoObject)
	}
	defer root.Close()
	if _, err := root.Stat(path.Dir(prefix + "x")); err != nil && escapes(err) {
		return fault("list", storage.NoObject, err)
	}
	return walk(ctx, root, "", prefix, after, each)
}

// walk lists one folder: its path with a slash at the end, "" for the top.
func walk(ctx context.Context, root *os.Root, folder, prefix, after string, each func(storage.Info) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	names, err := entries(root, folder)
	if err != nil {
		return fault("list", storage.NoBucket, err)
	}
	for _, name := range names {
		whole := folder + name
		if sub := strings.HasSuffix(whole, "/"); sub {
			// Either may be the longer one. Of a folder that comes before after, nothing is
			// left unless after lies in it.
			apart := !strings.HasPrefix(whole, prefix) && !strings.HasPrefix(prefix, whole)
			if apart || whole < after && !strings.HasPrefix(after, whole) {
				continue
			}
			if err := walk(ctx, root, whole, prefix, after, each); err != nil {
				return err
			}
			continue
		}
		if !strings.HasPrefix(whole, prefix) || whole <= after {
			continue
		}
		info, err := root.Lstat(whole)
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			continue
		}
		if err != nil {
			return fault("list", storage.NoBucket, err)
		}
		if err := each(storage.Info{Key: whole, Size: info.Size(), Changed: info.ModTime(), ETag: tag(info)}); err != nil {
			return err
		}
	}
	return nil
}

// entries are the names of the files and folders in a folder, sorted as they are in whole names: a
// folder as if it ended in a slash.
func entries(root *os.Root, folder string) ([]string, error) {
	f, err := root.Open(path.Join(".", folder))
	if errors.Is(err, fs.ErrNotExist) && folder != "" { // removed meanwhile
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range found {
		switch {
		case e.IsDir():
			names = append(names, e.Name()+"/")
		case e.Type().IsRegular() && !strings.HasPrefix(e.Name(), part):
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}
