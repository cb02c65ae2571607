package azure

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"

	"compressor/internal/storage"
)

// Stat tells of an object without reading it. The names of its metadata come in lower case.
func (b *Bucket) Stat(ctx context.Context, key string) (storage.Info, error) {
	var got blob.GetPropertiesResponse
	err := b.tries.Do(ctx, func(int) (err error) {
		got, err = b.client.NewBlobClient(key).GetProperties(ctx, nil)
		return fault(ctx, "read", storage.NoObject, err)
	})
	if err != nil {
		return storage.Info{}, err
	}
	info := storage.Info{Key: key, Size: value(got.ContentLength), Changed: value(got.LastModified), ETag: plainTag(got.ETag), Metadata: map[string]string{}}
	for name, text := range got.Metadata {
		info.Metadata[strings.ToLower(name)] = value(text)
	}
	return info, nil
}
