package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"compressor/internal/storage"
)

// Stat tells of an object without reading it.
func (b *Bucket) Stat(ctx context.Context, key string) (storage.Info, error) {
	return b.head(ctx, "read", key)
}

// head is Stat as a part of doing something. A refusal to a HEAD has no body, so that a wrong
// secret looks like a right that is missing; the same is asked by a GET for the code.
func (b *Bucket) head(ctx context.Context, doing, key string) (info storage.Info, err error) {
	err = b.tries.Do(ctx, func(int) error {
		out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
		if err == nil {
			info = storage.Info{Key: key, Size: aws.ToInt64(out.ContentLength), Changed: aws.ToTime(out.LastModified), ETag: plainTag(out.ETag), Metadata: out.Metadata}
		}
		err = fault(ctx, doing, storage.NoObject, err)
		if storage.Is(err, storage.Denied, storage.Invalid) {
			err = b.refusal(ctx, doing, key, err)
		}
		return err
	})
	return info, err
}

// refusal is why a HEAD was refused: what a GET of one byte says, unless it says nothing of
// the credentials or the bucket.
func (b *Bucket) refusal(ctx context.Context, doing, key string, refused error) error {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, Range: aws.String("bytes=0-0")})
	if err == nil {
		out.Body.Close() //nolint:errcheck // nobody reads it
		return refused
	}
	if err = fault(ctx, doing, storage.NoObject, err); storage.Is(err, storage.BadKey, storage.Denied, storage.NoBucket) {
		return err
	}
	return refused
}
