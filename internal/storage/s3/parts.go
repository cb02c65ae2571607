package s3

import (
	"context"
	"crypto/md5" // #nosec: an ETag of S3 is made with it
	"encoding/hex"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// atOnce is how many parts of one object are sent at a time.
const atOnce = 4

// upload is one multipart upload under way. The SDK's own manager is not used: it holds parts
// in memory, although they lie in a file, writes raw errors to the standard log, and cannot
// tell that an object whose answer was lost is there.
type upload struct {
	bucket *Bucket
	key    string
	id     *string
	file   *os.File
}

// putParts writes a large object in parts. It is seen when the last request has been answered,
// whole; when anything fails, the store is told to forget the parts.
func (b *Bucket) putParts(ctx context.Context, o storage.Object, file *os.File, size int64, keep bool) (string, error) {
	in, err := b.putInput(o)
	if err != nil {
		return "", err
	}
	create := &s3.CreateMultipartUploadInput{
		Bucket: in.Bucket, Key: in.Key, ACL: in.ACL, Metadata: in.Metadata, StorageClass: in.StorageClass, Tagging: in.Tagging,
		CacheControl: in.CacheControl, ContentDisposition: in.ContentDisposition, ContentEncoding: in.ContentEncoding,
		ContentLanguage: in.ContentLanguage, ContentType: in.ContentType, Expires: in.Expires,
	}
	if b.preset.crc {
		create.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32
	}
	u := upload{bucket: b, key: o.Key, file: file}
	err = b.tries.Do(ctx, func(int) error {
		out, err := b.client.CreateMultipartUpload(ctx, create)
		if err == nil {
			u.id = out.UploadId
		}
		return fault(ctx, "write", storage.NoBucket, err)
	})
	if err != nil {
		return "", err
	}
	etag, err := u.run(ctx, size, keep)
	if err != nil {
		u.abort(ctx)
	}
	return etag, err
}

func (u *upload) run(ctx context.Context, size int64, keep bool) (string, error) {
	parts := transfer.Parts(size)
	sent := make([]types.CompletedPart, len(parts))
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, p := range parts {
		group.Go(func() (err error) {
			sent[p.Number], err = u.send(sending, p)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", err
	}
	return u.complete(ctx, sent, size, keep)
}

func (u *upload) send(ctx context.Context, p transfer.Part) (types.CompletedPart, error) {
	if ctx.Err() != nil {
		return types.CompletedPart{}, context.Cause(ctx)
	}
	sum, err := p.Digest(u.file)
	if err != nil {
		return types.CompletedPart{}, storage.NewFault("write", storage.Failed, "", 0, err)
	}
	b := u.bucket
	in := &s3.UploadPartInput{Bucket: &b.name, Key: &u.key, UploadId: u.id, PartNumber: aws.Int32(int32(p.Number + 1)), ContentLength: &p.Size}
	in.ChecksumCRC32, in.ContentMD5 = b.checks(sum)
	done := types.CompletedPart{PartNumber: in.PartNumber, ChecksumCRC32: in.ChecksumCRC32}
	err = b.tries.Do(ctx, func(int) error {
		in.Body = p.Body(u.file)
		out, err := b.client.UploadPart(ctx, in, given(hex.EncodeToString(sum.SHA256[:])))
		if err == nil {
			done.ETag = out.ETag
		}
		return fault(ctx, "write", storage.NoBucket, err)
	})
	return done, err
}

// complete makes the parts an object. A second try may find the upload gone, because the first
// had done it.
func (u *upload) complete(ctx context.Context, parts []types.CompletedPart, size int64, keep bool) (string, error) {
	b := u.bucket
	in := &s3.CompleteMultipartUploadInput{Bucket: &b.name, Key: &u.key, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
	if keep {
		in.IfNoneMatch = aws.String("*")
	}
	etag := ""
	err := b.tries.Do(ctx, func(try int) error {
		out, err := b.client.CompleteMultipartUpload(ctx, in)
		if err == nil {
			etag = plainTag(out.ETag)
			return nil
		}
		err = fault(ctx, "write", storage.NoBucket, err)
		if try > 0 && storage.Is(err, storage.Exists, storage.Failed, storage.Unreachable) {
			etag, err = b.ours(ctx, u.key, size, tagOf(parts), err)
		}
		return err
	})
	return etag, err
}

// tagOf is the ETag that S3 gives to an object of parts, "" where theirs are not MD5s.
func tagOf(parts []types.CompletedPart) string {
	sum := md5.New()
	for _, p := range parts {
		raw, err := hex.DecodeString(plainTag(p.ETag))
		if err != nil || len(raw) != md5.Size {
			return ""
		}
		sum.Write(raw)
	}
	return fmt.Sprintf("%x-%d", sum.Sum(nil), len(parts))
}

// abort makes the store forget the parts. Where that fails, too, they stay until a rule of the
// bucket removes them.
func (u *upload) abort(ctx context.Context) {
	ctx, cancel := transfer.Tidy(ctx)
	defer cancel()
	//nolint:errcheck // the reason why the upload failed is the one to tell
	_ = u.bucket.tries.Do(ctx, func(int) error {
		_, err := u.bucket.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.bucket.name, Key: &u.key, UploadId: u.id})
		return fault(ctx, "remove", storage.NoObject, err)
	})
}
