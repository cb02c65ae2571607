package gcs

import (
	"context"
	"strings"
	"time"

	api "google.golang.org/api/storage/v1"

	"compressor/internal/storage"
)

// Stat tells of an object without reading it. The names of its metadata come in lower case.
func (b *Bucket) Stat(ctx context.Context, key string) (storage.Info, error) {
	var got *api.Object
	err := b.try(ctx, "read", storage.NoObject, func(_ int, bearer string) (err error) {
		call := b.service.Objects.Get(b.name, key).Context(ctx).Projection("noAcl")
		call.Header().Set("Authorization", bearer)
		got, err = call.Do()
		return err
	})
	if err != nil {
		return storage.Info{}, err
	}
	info := storage.Info{Key: key, Size: int64(got.Size), ETag: got.Etag, Metadata: map[string]string{}}
	info.Changed, _ = time.Parse(time.RFC3339, got.Updated)
	for name, text := range got.Metadata {
		info.Metadata[strings.ToLower(name)] = text
	}
	return info, nil
}
