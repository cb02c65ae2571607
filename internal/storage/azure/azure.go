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
)

const (
	single = 16 << 20 // bytes of an object up to which it is sent in one request
	block  = 8 << 20  // bytes of each block of a larger one, unless it would need too many
	blocks = 50_000   // that one object may have (Put Block List)

	tries     = 4
	firstWait = 500 * time.Millisecond
	longWait  = 8 * time.Second
)

// Bucket is one container.
type Bucket struct{ client *container.Client }

// Open gives the container of p. endpoint is another address than Azure's, "" for none; the
// account is then the first segment of the path.
func Open(client *http.Client, endpoint string, p storage.Place) (*Bucket, error) {
	c := p.Credentials
	address := "https://" + c.Account + ".blob.core.windows.net/" + url.PathEscape(p.Bucket)
	if endpoint != "" {
		address = strings.TrimSuffix(endpoint, "/") + "/" + c.Account + "/" + url.PathEscape(p.Bucket)
	}
	options := &container.ClientOptions{ClientOptions: policy.ClientOptions{
		Transport: client,
		Retry:     policy.RetryOptions{MaxRetries: tries - 1, RetryDelay: firstWait, MaxRetryDelay: longWait},
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}}
	if !c.SAS.Empty() {
		opened, err := container.NewClientWithNoCredential(address+"?"+strings.TrimPrefix(c.SAS.Reveal(), "?"), options)
		if err != nil {
			return nil, storage.NewFault("open", storage.BadKey, "", 0, nil) // the error would repeat the address, which holds the signature
		}
		return &Bucket{opened}, nil
	}
	key, err := container.NewSharedKeyCredential(c.Account, c.Key.Reveal())
	if err != nil {
		return nil, storage.NewFault("open", storage.BadKey, "", 0, nil)
	}
	// A key would not be sent over plain HTTP by the SDK but for a test server's sake: it
	// signs, and the signature is all that is sent.
	opened, err := container.NewClientWithSharedKeyCredential(address, key, options)
	if err != nil {
		return nil, storage.NewFault("open", storage.Invalid, "", 0, err)
	}
	return &Bucket{opened}, nil
}

// Put implements storage.Bucket. Each request carries an MD5 of its body, which Azure checks.
func (b *Bucket) Put(ctx context.Context, o storage.Object, body file.Blob) (storage.Written, error) {
	f, err := body.Open()
	if err != nil {
		return storage.Written{}, err
	}
	defer f.Close()
	client := b.client.NewBlockBlobClient(o.Key)
	headers, conditions := headersOf(o), &blob.AccessConditions{}
	if o.Keep {
		conditions.ModifiedAccessConditions = &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}
	}
	if body.Size <= single {
		sum, err := md5Of(f)
		if err != nil {
			return storage.Written{}, err
		}
		headers.BlobContentMD5 = sum
		got, err := client.Upload(ctx, streaming.NopCloser(f), &blockblob.UploadOptions{
			HTTPHeaders: headers, Metadata: metadataOf(o.Metadata), AccessConditions: conditions,
			TransactionalValidation: blob.TransferValidationTypeMD5(sum),
		})
		return writtenOf(got.ETag), fault(ctx, "write", err)
	}
	ids, err := stage(ctx, client, f, body.Size)
	if err != nil {
		return storage.Written{}, fault(ctx, "write", err)
	}
	got, err := client.CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{
		HTTPHeaders: headers, Metadata: metadataOf(o.Metadata), AccessConditions: conditions,
	})
	return writtenOf(got.ETag), fault(ctx, "write", err)
}

// stage sends the blocks of a large object, one after another. Nobody sees them before they
// are committed, and Azure forgets them after a week otherwise.
func stage(ctx context.Context, client *blockblob.Client, f io.ReaderAt, size int64) (ids []string, err error) {
	part := max(int64(block), (size+blocks-1)/blocks)
	for at := int64(0); at < size; at += part {
		section := io.NewSectionReader(f, at, min(part, size-at))
		sum, err := md5Of(section)
		if err != nil {
			return nil, err
		}
		id := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(len(ids))))
		_, err = client.StageBlock(ctx, id, streaming.NopCloser(section), &blockblob.StageBlockOptions{
			TransactionalValidation: blob.TransferValidationTypeMD5(sum),
		})
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Stat implements storage.Bucket.
func (b *Bucket) Stat(ctx context.Context, key string) (storage.Info, error) {
	got, err := b.client.NewBlobClient(key).GetProperties(ctx, nil)
	if err != nil {
		return storage.Info{}, fault(ctx, "read", err)
	}
	return storage.Info{Key: key, Size: value(got.ContentLength), Changed: value(got.LastModified),
		ETag: string(value(got.ETag)), Metadata: metadataFrom(got.Metadata)}, nil
}

// Open implements storage.Bucket. A body that breaks off is gone on with where it broke, as
// long as the object is the same.
func (b *Bucket) Open(ctx context.Context, key string) (storage.Info, io.ReadCloser, error) {
	got, err := b.client.NewBlobClient(key).DownloadStream(egress.Whole(ctx), nil)
	if err != nil {
		return storage.Info{}, nil, fault(ctx, "read", err)
	}
	body := got.NewRetryReader(egress.Whole(ctx), &blob.RetryReaderOptions{MaxRetries: tries - 1, EarlyCloseAsError: true})
	return storage.Info{Key: key, Size: value(got.ContentLength), Changed: value(got.LastModified),
		ETag: string(value(got.ETag)), Metadata: metadataFrom(got.Metadata)}, &reader{ctx, body}, nil
}

// reader turns the errors of a body into faults.
type reader struct {
	ctx context.Context
	io.ReadCloser
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = fault(r.ctx, "read", err)
	}
	return n, err
}

// List implements storage.Bucket. Azure lists in the order of names, but from the beginning
// only, so what comes before after is read and passed over.
func (b *Bucket) List(ctx context.Context, prefix, after string, each func(storage.Info) error) error {
	pages := b.client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fault(ctx, "list", err)
		}
		if page.Segment == nil {
			continue
		}
		for _, item := range page.Segment.BlobItems {
			if item.Name == nil || item.Properties == nil || *item.Name <= after {
				continue
			}
			p := item.Properties
			err := each(storage.Info{Key: *item.Name, Size: value(p.ContentLength), Changed: value(p.LastModified), ETag: string(value(p.ETag))})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Remove implements storage.Bucket.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	_, err := b.client.NewBlobClient(key).Delete(ctx, nil)
	if err = fault(ctx, "remove", err); storage.Is(err, storage.NoObject) {
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

func writtenOf(tag *azcore.ETag) storage.Written { return storage.Written{ETag: string(value(tag))} }

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

// fault turns an error of the SDK into one of a store.
func fault(ctx context.Context, doing string, err error) error {
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) || ctx.Err() != nil {
		return storage.Unanswered(ctx, doing, err)
	}
	reason, known := reasons(answer.ErrorCode)
	if !known {
		reason = storage.ByStatus(answer.StatusCode)
	}
	f := storage.NewFault(doing, reason, answer.ErrorCode, answer.StatusCode, nil) // the error's text holds the whole reply
	if answer.RawResponse != nil {
		f.After = storage.RetryAfter(answer.RawResponse.Header.Get("Retry-After"))
	}
	return f
}
