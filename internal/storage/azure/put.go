package azure

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"golang.org/x/sync/errgroup"

	contents "compressor/internal/blob"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

const (
	// atOnce is how many blocks of one object are sent at a time.
	atOnce = 4

	noteNoACL = "The provider has no ACLs of objects, so the object was written without one."
)

// Put writes an object, as a block blob.
func (b *Bucket) Put(ctx context.Context, o storage.Object, body contents.Blob) (storage.Written, error) {
	var w storage.Written
	if o.ACL != "" {
		if o.ACLNamed {
			return w, storage.NewFault("write", storage.ACLRefused, "", 0, nil)
		}
		w.Notes = append(w.Notes, noteNoACL)
	}
	file, sum, err := transfer.Open(body)
	if err != nil {
		return storage.Written{}, err
	}
	defer file.Close()
	u, err := b.upload(o, file, body.Size, sum)
	if err != nil {
		return storage.Written{}, err
	}
	if body.Size > transfer.Small {
		w.ETag, err = u.blocks(ctx)
	} else {
		w.ETag, err = u.whole(ctx)
	}
	if err != nil {
		return storage.Written{}, err
	}
	return w, nil
}

// upload is one object on its way.
type upload struct {
	client   *blockblob.Client
	tries    transfer.Tries
	file     *os.File
	size     int64
	sum      transfer.Digest // of the whole
	headers  blob.HTTPHeaders
	metadata map[string]*string
	access   *blob.AccessConditions
}

func (b *Bucket) upload(o storage.Object, file *os.File, size int64, sum transfer.Digest) (*upload, error) {
	if o.Class != "" || len(o.Tags) > 0 {
		return nil, storage.NewFault("write", storage.Invalid, "", 0, nil)
	}
	u := &upload{client: b.client.NewBlockBlobClient(o.Key), tries: b.tries, file: file, size: size, sum: sum}
	u.headers = blob.HTTPHeaders{BlobContentType: to.Ptr(o.MIME), BlobContentMD5: sum.MD5[:]}
	fields := map[string]**string{
		"Cache-Control": &u.headers.BlobCacheControl, "Content-Disposition": &u.headers.BlobContentDisposition,
		"Content-Encoding": &u.headers.BlobContentEncoding, "Content-Language": &u.headers.BlobContentLanguage, "Content-Type": &u.headers.BlobContentType,
	}
	for name, value := range o.Headers {
		field, known := fields[name]
		if !known {
			return nil, storage.NewFault("write", storage.Invalid, "", 0, nil)
		}
		*field = to.Ptr(value)
	}
	for name, value := range o.Metadata {
		if u.metadata == nil {
			u.metadata = map[string]*string{}
		}
		u.metadata[name] = to.Ptr(value)
	}
	if o.Keep {
		u.access = &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}}
	}
	return u, nil
}

// whole writes a small object in one request.
func (u *upload) whole(ctx context.Context) (string, error) {
	return u.finish(ctx, func() (*azcore.ETag, error) {
		out, err := u.client.Upload(ctx, streaming.NopCloser(transfer.Part{Size: u.size}.Body(u.file)), &blockblob.UploadOptions{
			HTTPHeaders: &u.headers, Metadata: u.metadata, AccessConditions: u.access,
			TransactionalValidation: blob.TransferValidationTypeMD5(u.sum.MD5[:]),
		})
		return out.ETag, err
	})
}

// blocks writes a large object: blocks, which nobody sees, and then their list. Blocks without
// a list cannot be removed; Azure does that after a week
// (learn.microsoft.com/rest/api/storageservices/put-block).
func (u *upload) blocks(ctx context.Context) (string, error) {
	var nonce [16]byte // so that two uploads of one name do not mix
	rand.Read(nonce[:])
	parts := transfer.Parts(u.size)
	ids := make([]string, len(parts))
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, p := range parts {
		ids[p.Number] = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(bytes.Clone(nonce[:]), uint32(p.Number)))
		group.Go(func() error { return u.stage(sending, p, ids[p.Number]) })
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", err
	}
	return u.finish(ctx, func() (*azcore.ETag, error) {
		out, err := u.client.CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{HTTPHeaders: &u.headers, Metadata: u.metadata, AccessConditions: u.access})
		return out.ETag, err
	})
}

func (u *upload) stage(ctx context.Context, p transfer.Part, id string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sum, err := p.Digest(u.file)
	if err != nil {
		return storage.NewFault("write", storage.Failed, "", 0, err)
	}
	return u.tries.Do(ctx, func(int) error {
		_, err := u.client.StageBlock(ctx, id, streaming.NopCloser(p.Body(u.file)), &blockblob.StageBlockOptions{TransactionalValidation: blob.TransferValidationTypeMD5(sum.MD5[:])})
		return fault(ctx, "write", storage.NoBucket, err)
	})
}

// finish sends the request that makes the object visible. Where an object is in the way after
// a try whose answer may have been lost, it looks whether that is ours. A store that refuses
// may break the connection over the rest of the body, so that its answer is lost, too.
func (u *upload) finish(ctx context.Context, send func() (*azcore.ETag, error)) (string, error) {
	etag := ""
	err := u.tries.Do(ctx, func(try int) error {
		tag, err := send()
		if err == nil {
			etag = plainTag(tag)
			return nil
		}
		err = fault(ctx, "write", storage.NoBucket, err)
		if try == 0 || u.access == nil || !storage.Is(err, storage.Exists, storage.Unreachable) {
			return err
		}
		there, looked := u.client.GetProperties(ctx, nil)
		if looked != nil || there.ContentLength == nil || *there.ContentLength != u.size || !bytes.Equal(there.ContentMD5, u.sum.MD5[:]) {
			return err
		}
		etag = plainTag(there.ETag)
		return nil
	})
	return etag, err
}
