package local

import (
	"context"
	"io/fs"

	"compressor/internal/storage"
)

// Stat tells of a file without reading it.
func (b *Bucket) Stat(ctx context.Context, key string) (storage.Info, error) {
	name, err := nameOf("read", key)
	if err != nil {
		return storage.Info{}, err
	}
	if ctx.Err() != nil {
		return storage.Info{}, context.Cause(ctx)
	}
	root, err := b.enter("read", storage.NoObject, false)
	if err != nil {
		return storage.Info{}, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return storage.Info{}, fault("read", storage.NoObject, err)
	}
	return storage.Info{Key: key, Size: info.Size(), Changed: info.ModTime(), ETag: tag(info)}, nil
}
