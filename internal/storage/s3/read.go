package s3

import (
	"context"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"compressor/internal/egress"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// Open reads an object.
func (b *Bucket) Open(ctx context.Context, key string) (storage.Info, io.ReadCloser, error) {
	var out *s3.GetObjectOutput
	err := b.tries.Do(ctx, func(int) (err error) {
		out, err = b.client.GetObject(egress.Whole(ctx), &s3.GetObjectInput{Bucket: &b.name, Key: &key})
		return fault(ctx, "read", storage.NoObject, err)
	})
	if err != nil {
		return storage.Info{}, nil, err
	}
	info := storage.Info{Key: key, Size: aws.ToInt64(out.ContentLength), Changed: aws.ToTime(out.LastModified), ETag: plainTag(out.ETag), Metadata: out.Metadata}
	return info, transfer.Reader{ReadCloser: out.Body}, nil
}

// List goes through the names with a prefix, in the order of their bytes, which is how these
// stores keep them.
func (b *Bucket) List(ctx context.Context, prefix, after string, each func(storage.Info) error) error {
	in := s3.ListObjectsV2Input{Bucket: &b.name, EncodingType: types.EncodingTypeUrl} // XML cannot hold every name
	if prefix != "" {
		in.Prefix = &prefix
	}
	if after != "" {
		in.StartAfter = &after
	}
	for {
		var page *s3.ListObjectsV2Output
		err := b.tries.Do(ctx, func(int) (err error) {
			page, err = b.client.ListObjectsV2(ctx, &in)
			return fault(ctx, "list", storage.NoBucket, err)
		})
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			key, err := decoded(aws.ToString(o.Key), page.EncodingType)
			if err != nil {
				return err
			}
			if key <= after { // some compatible stores do not know start-after
				continue
			}
			if err := each(storage.Info{Key: key, Size: aws.ToInt64(o.Size), Changed: aws.ToTime(o.LastModified), ETag: plainTag(o.ETag)}); err != nil {
				return err
			}
		}
		if !aws.ToBool(page.IsTruncated) || aws.ToString(page.NextContinuationToken) == "" {
			return nil
		}
		in.ContinuationToken = page.NextContinuationToken
	}
}

// decoded is a name in a list. A store that does not know the encoding does not echo it.
func decoded(key string, encoding types.EncodingType) (string, error) {
	if encoding != types.EncodingTypeUrl {
		return key, nil
	}
	plain, err := url.QueryUnescape(key)
	if err != nil {
		return "", storage.NewFault("list", storage.Failed, "", 0, err)
	}
	return plain, nil
}

// Remove deletes an object.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	err := b.tries.Do(ctx, func(int) error {
		_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
		return fault(ctx, "remove", storage.NoObject, err)
	})
	if storage.Is(err, storage.NoObject) { // Google and some others say so
		return nil
	}
	return err
}

// plainTag is an ETag without its quotes.
func plainTag(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }
