// Package azure keeps objects in Azure Blob Storage, through Microsoft's own SDK, opened with
// a key of the storage account or a shared access signature and nothing else: no identity of
// the machine is ever asked for.
package azure

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	file "compressor/internal/blob"
	"compressor/internal/egress"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// Options are the operator's.
type Options struct {
	Client   *http.Client   // of egress.Storage
	Endpoint string         // base URL instead of Azure's, for tests: the account is then the first segment of the path
	Tries    transfer.Tries // the zero value is transfer.DefaultTries
}

// Bucket is one container.
type Bucket struct {
	client *container.Client
	tries  transfer.Tries
}

var _ storage.Bucket = (*Bucket)(nil)

// Open prepares the way to the container of p and asks nothing of it yet.
func Open(p storage.Place, o Options) (*Bucket, error) {
	c := p.Credentials
	address := "https://" + c.Account + ".blob.core.windows.net/" + url.PathEscape(p.Bucket)
	if o.Endpoint != "" {
		address = strings.TrimSuffix(o.Endpoint, "/") + "/" + c.Account + "/" + url.PathEscape(p.Bucket)
	}
	if o.Tries == (transfer.Tries{}) {
		o.Tries = transfer.DefaultTries()
	}
	options := &container.ClientOptions{ClientOptions: policy.ClientOptions{
		Transport: o.Client,
		Retry:     policy.RetryOptions{MaxRetries: -1}, // ours is one for all stores
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}}
	// The errors of the SDK would repeat the address, which may hold the signature.
	if !c.SAS.Empty() {
		client, err := container.NewClientWithNoCredential(address+"?"+strings.TrimPrefix(c.SAS.Reveal(), "?"), options)
		if err != nil {
			return nil, storage.NewFault("open", storage.BadKey, "", 0, nil)
		}
		return &Bucket{client, o.Tries}, nil
	}
	key, err := container.NewSharedKeyCredential(c.Account, c.Key.Reveal())
	if err != nil {
		return nil, storage.NewFault("open", storage.BadKey, "", 0, nil)
	}
	client, err := container.NewClientWithSharedKeyCredential(address, key, options)
	if err != nil {
		return nil, storage.NewFault("open", storage.Invalid, "", 0, nil)
	}
	return &Bucket{client, o.Tries}, nil
}

// Put implements storage.Bucket. Each request carries an MD5 of its body, which Azure checks.
func (b *Bucket) Put(ctx context.Context, o storage.Object, body file.Blob) (storage.Written, error) {
	f, err := body.Open()
	if err != nil {
		return storage.Written{}, storage.NewFault("write", storage.Failed, "", 0, err)
	}
	defer f.Close()
	conditions := &blob.AccessConditions{}
	if o.Keep {
		conditions.ModifiedAccessConditions = &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}
	}
	client := b.client.NewBlockBlobClient(o.Key)
	if body.Size > transfer.Small {
		return b.putBlocks(ctx, client, o, f, body.Size, conditions)
	}
	part := transfer.Part{Size: body.Size}
	sum, err := part.Digest(f)
	if err != nil {
		return storage.Written{}, storage.NewFault("write", storage.Failed, "", 0, err)
	}
	headers := headersOf(o)
	headers.BlobContentMD5 = sum.MD5[:]
	var w storage.Written
	err = b.tries.Do(ctx, func(int) error {
		got, err := client.Upload(ctx, streaming.NopCloser(part.Body(f)), &blockblob.UploadOptions{
			HTTPHeaders: headers, Metadata: metadataOf(o.Metadata), AccessConditions: conditions,
			TransactionalValidation: blob.TransferValidationTypeMD5(sum.MD5[:]),
		})
		w.ETag = plainTag(got.ETag)
		return fault(ctx, "write", storage.NoBucket, err)
	})
	return w, err
}

// putBlocks sends a large object in blocks, one after another. Nobody sees them before they
// are committed; Azure forgets those that never are after a week.
func (b *Bucket) putBlocks(ctx context.Context, client *blockblob.Client, o storage.Object, f *os.File, size int64, conditions *blob.AccessConditions) (w storage.Written, err error) {
	var ids []string
	for _, part := range transfer.Parts(size) {
		sum, err := part.Digest(f)
		if err != nil {
			return w, storage.NewFault("write", storage.Failed, "", 0, err)
		}
		id := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(part.Number)))
		err = b.tries.Do(ctx, func(int) error {
			_, err := client.StageBlock(ctx, id, streaming.NopCloser(part.Body(f)), &blockblob.StageBlockOptions{
				TransactionalValidation: blob.TransferValidationTypeMD5(sum.MD5[:]),
			})
			return fault(ctx, "write", storage.NoBucket, err)
		})
		if err != nil {
			return w, err
		}
		ids = append(ids, id)
	}
	err = b.tries.Do(ctx, func(int) error {
		got, err := client.CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{
			HTTPHeaders: headersOf(o), Metadata: metadataOf(o.Metadata), AccessConditions: conditions,
		})
		w.ETag = plainTag(got.ETag)
		return fault(ctx, "write", storage.NoBucket, err)
	})
	return w, err
}

// Stat implements storage.Bucket.
func (b *Bucket) Stat(ctx context.Context, key string) (info storage.Info, err error) {
	err = b.tries.Do(ctx, func(int) error {
		got, err := b.client.NewBlobClient(key).GetProperties(ctx, nil)
		info = storage.Info{Key: key, Size: value(got.ContentLength), Changed: value(got.LastModified),
			ETag: plainTag(got.ETag), Metadata: metadataFrom(got.Metadata)}
		return fault(ctx, "read", storage.NoObject, err)
	})
	return info, err
}

// Open implements storage.Bucket.
func (b *Bucket) Open(ctx context.Context, key string) (info storage.Info, body io.ReadCloser, err error) {
	err = b.tries.Do(ctx, func(int) error {
		got, err := b.client.NewBlobClient(key).DownloadStream(egress.Whole(ctx), nil)
		if err != nil {
			return fault(ctx, "read", storage.NoObject, err)
		}
		body = transfer.Reader{ReadCloser: got.Body}
		info = storage.Info{Key: key, Size: value(got.ContentLength), Changed: value(got.LastModified),
			ETag: plainTag(got.ETag), Metadata: metadataFrom(got.Metadata)}
		return nil
	})
	return info, body, err
}

// List implements storage.Bucket. Azure lists in the order of names, but from the beginning
// only, so what comes before after is read and passed over.
func (b *Bucket) List(ctx context.Context, prefix, after string, each func(storage.Info) error) error {
	options := container.ListBlobsFlatOptions{}
	if prefix != "" {
		options.Prefix = &prefix
	}
	for {
		var page container.ListBlobsFlatResponse
		err := b.tries.Do(ctx, func(int) (err error) {
			page, err = b.client.NewListBlobsFlatPager(&options).NextPage(ctx)
			return fault(ctx, "list", storage.NoBucket, err)
		})
		if err != nil {
			return err
		}
		for _, item := range itemsOf(page) {
			if item.Name == nil || item.Properties == nil || *item.Name <= after {
				continue
			}
			p := item.Properties
			err := each(storage.Info{Key: *item.Name, Size: value(p.ContentLength), Changed: value(p.LastModified), ETag: plainTag(p.ETag)})
			if err != nil {
				return err
			}
		}
		if options.Marker = page.NextMarker; value(options.Marker) == "" {
			return nil
		}
	}
}

func itemsOf(page container.ListBlobsFlatResponse) []*container.BlobItem {
	if page.Segment == nil {
		return nil
	}
	return page.Segment.BlobItems
}

// Remove implements storage.Bucket.
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

// value is what p points to, the zero value for nil.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// plainTag is an ETag without its quotes, which are there in some replies only.
func plainTag(tag *azcore.ETag) string { return strings.Trim(string(value(tag)), `"`) }

// headersOf are the headers that an object is served with.
func headersOf(o storage.Object) *blob.HTTPHeaders {
	h := &blob.HTTPHeaders{BlobContentType: &o.MIME}
	for name, set := range map[string]**string{
		"Content-Type": &h.BlobContentType, "Cache-Control": &h.BlobCacheControl, "Content-Disposition": &h.BlobContentDisposition,
		"Content-Encoding": &h.BlobContentEncoding, "Content-Language": &h.BlobContentLanguage,
	} {
		if given, ok := o.Headers[name]; ok {
			*set = &given
		}
	}
	return h
}

func metadataOf(given map[string]string) map[string]*string {
	out := map[string]*string{}
	for name, text := range given {
		out[name] = &text
	}
	return out
}

// metadataFrom gives the names in lower case: as parts of headers they have none.
func metadataFrom(given map[string]*string) map[string]string {
	out := map[string]string{}
	for name, text := range given {
		out[strings.ToLower(name)] = value(text)
	}
	return out
}

// fault turns an error of the SDK into one of a store. gone is the reason for a 404 without a
// code.
func fault(ctx context.Context, doing string, gone storage.Reason, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) {
		return transfer.Broken(doing, err)
	}
	reason, known := reasons(answer.ErrorCode)
	if !known {
		reason = transfer.Status(answer.StatusCode, gone)
	}
	f := storage.NewFault(doing, reason, answer.ErrorCode, answer.StatusCode, nil) // the error's text holds the whole reply
	if answer.RawResponse != nil {
		f.After = transfer.RetryAfter(answer.RawResponse.Header.Get("Retry-After"), time.Now())
	}
	return f
}
