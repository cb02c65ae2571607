package azure

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"compressor/internal/egress"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// Open reads an object. The names of its metadata come in lower case.
func (b *Bucket) Open(ctx context.Context, key string) (storage.Info, io.ReadCloser, error) {
	var out blob.DownloadStreamResponse
	err := b.tries.Do(ctx, func(int) (err error) {
		out, err = b.client.NewBlobClient(key).DownloadStream(egress.Whole(ctx), nil)
		return fault(ctx, "read", storage.NoObject, err)
	})
	if err != nil {
		return storage.Info{}, nil, err
	}
	info := storage.Info{Key: key, Size: value(out.ContentLength), Changed: value(out.LastModified), ETag: plainTag(out.ETag)}
	for name, text := range out.Metadata {
		if info.Metadata == nil {
			info.Metadata = map[string]string{}
		}
		info.Metadata[strings.ToLower(name)] = value(text)
	}
	return info, transfer.Reader{ReadCloser: out.Body}, nil
}

// page is how many names are asked for at a time. The service would give 5,000.
const page = 1000

// List goes through the names with a prefix in the order of the service, which documents no
// more of it than "alphabetical". It cannot begin after a name, so what comes before is listed,
// too, and left out here.
func (b *Bucket) List(ctx context.Context, prefix, after string, each func(storage.Info) error) error {
	options := &container.ListBlobsFlatOptions{MaxResults: to.Ptr[int32](page)}
	if prefix != "" {
		options.Prefix = &prefix
	}
	for pages := b.client.NewListBlobsFlatPager(options); pages.More(); {
		var got container.ListBlobsFlatResponse
		err := b.tries.Do(ctx, func(int) (err error) {
			got, err = pages.NextPage(ctx)
			return fault(ctx, "list", storage.NoBucket, err)
		})
		if err != nil {
			return err
		}
		for _, item := range got.Segment.BlobItems {
			if item.Properties == nil || !past(value(item.Name), after) {
				continue
			}
			info := storage.Info{
				Key: value(item.Name), Size: value(item.Properties.ContentLength),
				Changed: value(item.Properties.LastModified), ETag: plainTag(item.Properties.ETag),
			}
			if err := each(info); err != nil {
				return err
			}
		}
	}
	return nil
}

// past says whether a name comes after another by the order of bytes or by that of UTF-16, in
// which Azurite sorts. They differ where a name holds characters from U+10000 on. By either,
// a list that is taken up again may repeat a name there, but leaves none out.
func past(name, after string) bool {
	return name > after || slices.Compare(utf16.Encode([]rune(name)), utf16.Encode([]rune(after))) > 0
}

// Remove deletes an object.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	err := b.tries.Do(ctx, func(int) error {
		_, err := b.client.NewBlobClient(key).Delete(ctx, nil)
		return fault(ctx, "remove", storage.NoObject, err)
	})
	if storage.Is(err, storage.NoObject) {
		return nil
	}
	return err
}

// value is what p points to, the zero value where nothing was sent.
func value[T int64 | string | time.Time](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}

// plainTag is an ETag without its quotes.
func plainTag(etag *azcore.ETag) string {
	if etag == nil {
		return ""
	}
	return strings.Trim(string(*etag), `"`)
}
