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

// head is Stat as a part of doing something.
func (b *Bucket) head(ctx context.Context, doing, key string) (info storage.Info, err error) {
	err = b.tries.Do(ctx, func(int) error {
		out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
		if err == nil {
			info = storage.Info{Key: key, Size: aws.ToInt64(out.ContentLength), Changed: aws.ToTime(out.LastModified), ETag: plainTag(out.ETag), Metadata: out.Metadata}
		}
		return fault(ctx, doing, storage.NoObject, err)
	})
	return info, err
}
