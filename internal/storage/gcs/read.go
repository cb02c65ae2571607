package gcs

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	api "google.golang.org/api/storage/v1"

	"compressor/internal/egress"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// metaPrefix begins the headers that carry an object's metadata.
const metaPrefix = "X-Goog-Meta-"

// Open reads an object, as it is kept. The names of its metadata come in lower case.
func (b *Bucket) Open(ctx context.Context, key string) (storage.Info, io.ReadCloser, error) {
	info := storage.Info{Key: key}
	var body io.ReadCloser
	err := b.try(ctx, "read", storage.NoObject, func(_ int, bearer string) error {
		call := b.service.Objects.Get(b.name, key).Context(egress.Stored(egress.Whole(ctx)))
		call.Header().Set("Authorization", bearer)
		reply, err := call.Download()
		if err != nil {
			return err
		}
		body = reply.Body
		info.Size, info.ETag = reply.ContentLength, strings.Trim(reply.Header.Get("Etag"), `"`)
		if info.Size < 0 {
			info.Size, _ = strconv.ParseInt(reply.Header.Get("X-Goog-Stored-Content-Length"), 10, 64)
		}
		info.Changed, _ = time.Parse(time.RFC1123, reply.Header.Get("Last-Modified"))
		for name, values := range reply.Header {
			if short, ours := strings.CutPrefix(name, metaPrefix); ours {
				if info.Metadata == nil {
					info.Metadata = map[string]string{}
				}
				info.Metadata[strings.ToLower(short)] = values[0]
			}
		}
		return nil
	})
	if err != nil {
		return storage.Info{}, nil, err
	}
	return info, transfer.Reader{ReadCloser: body}, nil
}

// List goes through the names with a prefix, in the order of their bytes, which is how the
// store keeps them.
func (b *Bucket) List(ctx context.Context, prefix, after string, each func(storage.Info) error) error {
	for token := ""; ; {
		var page *api.Objects
		err := b.try(ctx, "list", storage.NoBucket, func(_ int, bearer string) (err error) {
			call := b.service.Objects.List(b.name).Context(ctx).Prefix(prefix).StartOffset(after).PageToken(token).
				Projection("noAcl").Fields("nextPageToken", "items(name,size,updated,etag)")
			call.Header().Set("Authorization", bearer)
			page, err = call.Do()
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range page.Items {
			if o.Name <= after { // the offset itself belongs to the list
				continue
			}
			changed, _ := time.Parse(time.RFC3339, o.Updated)
			if err := each(storage.Info{Key: o.Name, Size: int64(o.Size), Changed: changed, ETag: o.Etag}); err != nil {
				return err
			}
		}
		if token = page.NextPageToken; token == "" {
			return nil
		}
	}
}

// Remove deletes an object.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	err := b.try(ctx, "remove", storage.NoObject, func(_ int, bearer string) error {
		call := b.service.Objects.Delete(b.name, key).Context(ctx)
		call.Header().Set("Authorization", bearer)
		return call.Do()
	})
	if storage.Is(err, storage.NoObject) {
		return nil
	}
	return err
}
