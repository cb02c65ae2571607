package s3

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"compressor/internal/blob"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// noteLook is a note of Written.
const noteLook = "The provider cannot refuse to overwrite, so it was only looked before the write whether an object is there."

// Put writes an object.
func (b *Bucket) Put(ctx context.Context, o storage.Object, body blob.Blob) (storage.Written, error) {
	var notes []string
	if o.ACL != "" && b.preset.noACL {
		if o.ACLNamed {
			return storage.Written{}, storage.NewFault("write", storage.ACLRefused, "", 0, nil)
		}
		o.ACL, notes = "", append(notes, transfer.NoteNoACL)
	}
	w, err := b.put(ctx, o, body)
	// Stores say in many ways that they take no ACL, and a bucket that blocks public access
	// says no more than that access is denied. So it is tried once more without.
	if o.ACL != "" && !o.ACLNamed && storage.Is(err, storage.ACLRefused, storage.Denied, storage.Invalid) {
		o.ACL, notes = "", append(notes, transfer.NoteNoACL)
		w, err = b.put(ctx, o, body)
	}
	if err != nil {
		return storage.Written{}, err
	}
	w.Notes = append(notes, w.Notes...)
	return w, nil
}

func (b *Bucket) put(ctx context.Context, o storage.Object, body blob.Blob) (storage.Written, error) {
	file, err := body.Open()
	if err != nil {
		return storage.Written{}, storage.NewFault("write", storage.Failed, "", 0, err)
	}
	defer file.Close()
	var w storage.Written
	if o.Keep && b.preset.keep != byHeader {
		switch _, err := b.head(ctx, "write", o.Key); {
		case err == nil:
			return storage.Written{}, storage.NewFault("write", storage.Exists, "", 0, nil)
		case !storage.Is(err, storage.NoObject):
			return storage.Written{}, err
		}
	}
	if o.Keep && b.preset.keep == byLook {
		w.Notes = append(w.Notes, noteLook)
	}
	header := o.Keep && b.preset.keep != byLook
	if body.Size > transfer.Small {
		w.ETag, err = b.putParts(ctx, o, file, body.Size, header)
	} else {
		w.ETag, err = b.putWhole(ctx, o, file, body.Size, header)
	}
	return w, err
}

// putWhole writes a small object in one request.
func (b *Bucket) putWhole(ctx context.Context, o storage.Object, file *os.File, size int64, keep bool) (string, error) {
	part := transfer.Part{Size: size}
	sum, err := part.Digest(file)
	if err != nil {
		return "", storage.NewFault("write", storage.Failed, "", 0, err)
	}
	in, err := b.putInput(o)
	if err != nil {
		return "", err
	}
	in.ContentLength = &size
	if in.ChecksumCRC32, in.ContentMD5 = b.checks(sum); keep {
		in.IfNoneMatch = aws.String("*")
	}
	etag := ""
	err = b.tries.Do(ctx, func(try int) error {
		in.Body = part.Body(file)
		out, err := b.client.PutObject(ctx, in, given(hex.EncodeToString(sum.SHA256[:])))
		if err == nil {
			etag = plainTag(out.ETag)
			return nil
		}
		err = fault(ctx, "write", storage.NoBucket, err)
		// Is it there by the try before, whose answer was lost? A store that refuses may break
		// the connection over the rest of the body, so that its answer is lost, too.
		if try > 0 && keep && storage.Is(err, storage.Exists, storage.Unreachable) {
			etag, err = b.ours(ctx, o.Key, size, hex.EncodeToString(sum.MD5[:]), err)
		}
		return err
	})
	return etag, err
}

// ours returns the ETag of an object if it is the very one that was just sent, else refused.
func (b *Bucket) ours(ctx context.Context, key string, size int64, etag string, refused error) (string, error) {
	there, err := b.head(ctx, "write", key)
	if err != nil || there.Size != size || there.ETag != etag {
		return "", refused
	}
	return etag, nil
}

// checks are the sums of a body that the store is to check, of which one is nil.
func (b *Bucket) checks(sum transfer.Digest) (crc, md5 *string) {
	if b.preset.crc {
		return aws.String(base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.CRC32))), nil
	}
	return nil, aws.String(base64.StdEncoding.EncodeToString(sum.MD5[:]))
}

func (b *Bucket) putInput(o storage.Object) (*s3.PutObjectInput, error) {
	in := &s3.PutObjectInput{
		Bucket: &b.name, Key: &o.Key, ACL: types.ObjectCannedACL(o.ACL), Metadata: o.Metadata,
		StorageClass: types.StorageClass(b.rules.Value(o.Class)),
		Tagging:      tagging(o.Tags), ContentType: text(o.MIME),
	}
	for name, value := range o.Headers {
		switch name {
		case "Content-Type":
			in.ContentType = &value
		case "Cache-Control":
			in.CacheControl = &value
		case "Content-Disposition":
			in.ContentDisposition = &value
		case "Content-Encoding":
			in.ContentEncoding = &value
		case "Content-Language":
			in.ContentLanguage = &value
		case "Expires":
			at, err := time.Parse(storage.HTTPDate, value)
			if err != nil {
				return nil, storage.NewFault("write", storage.Invalid, "", 0, err)
			}
			in.Expires = &at
		default:
			return nil, storage.NewFault("write", storage.Invalid, "", 0, nil)
		}
	}
	if o.Class != "" && in.StorageClass == "" || len(o.Tags) > 0 && !b.rules.Tags {
		return nil, storage.NewFault("write", storage.Invalid, "", 0, nil)
	}
	return in, nil
}

// text is s, or nil for an empty one, which would be sent as an empty header.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// tagging is the form that x-amz-tagging wants: a query string.
func tagging(tags map[string]string) *string {
	query := url.Values{}
	for name, value := range tags {
		query.Set(name, value)
	}
	return text(query.Encode())
}

// withSum puts the SHA-256 of a body where the signer looks for it.
func withSum(ctx context.Context, sum string) context.Context { return v4.SetPayloadHash(ctx, sum) }
