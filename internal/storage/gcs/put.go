package gcs

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"os"

	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/googleapi"
	api "google.golang.org/api/storage/v1"

	"compressor/internal/blob"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// Put writes an object.
func (b *Bucket) Put(ctx context.Context, o storage.Object, body blob.Blob) (storage.Written, error) {
	file, sum, err := transfer.Open(body)
	if err != nil {
		return storage.Written{}, err
	}
	defer file.Close()
	meta, err := b.object(o, sum)
	if err != nil {
		return storage.Written{}, err
	}
	u := upload{bucket: b, object: o, meta: meta, file: file, size: body.Size}
	w, err := u.run(ctx)
	if o.ACL != "" && !o.ACLNamed && storage.Is(err, storage.ACLRefused, storage.Denied) {
		u.object.ACL = ""
		w, err = u.run(ctx)
		w.Notes = append(w.Notes, transfer.NoteNoACL)
	}
	if err != nil {
		return storage.Written{}, err
	}
	return w, nil
}

// object is what the API wants to know of an object. It checks the contents by both digests
// and stores nothing where they differ.
func (b *Bucket) object(o storage.Object, sum transfer.Digest) (*api.Object, error) {
	meta := &api.Object{
		Name: o.Key, ContentType: o.MIME, Metadata: o.Metadata, StorageClass: b.rules.Value(o.Class),
		Md5Hash: base64.StdEncoding.EncodeToString(sum.MD5[:]),
		Crc32c:  base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.CRC32C)),
	}
	fields := map[string]*string{
		"Cache-Control": &meta.CacheControl, "Content-Disposition": &meta.ContentDisposition,
		"Content-Encoding": &meta.ContentEncoding, "Content-Language": &meta.ContentLanguage, "Content-Type": &meta.ContentType,
	}
	for name, value := range o.Headers {
		field, known := fields[name]
		if !known {
			return nil, storage.NewFault("write", storage.Invalid, "", 0, nil)
		}
		*field = value
	}
	if o.Class != "" && meta.StorageClass == "" || len(o.Tags) > 0 {
		return nil, storage.NewFault("write", storage.Invalid, "", 0, nil)
	}
	return meta, nil
}

// upload is one object on its way.
type upload struct {
	bucket *Bucket
	object storage.Object
	meta   *api.Object
	file   *os.File
	size   int64
}

func (u *upload) run(ctx context.Context) (storage.Written, error) {
	send, again := u.small, false
	if u.size > transfer.Small {
		send = u.large
	}
	var w storage.Written
	err := u.bucket.try(ctx, "write", storage.NoBucket, func(try int, bearer string) error {
		again = again || try > 0
		out, err := send(ctx, bearer, &again)
		if err != nil {
			out, err = u.settle(ctx, bearer, again, err)
		}
		if err != nil {
			return err
		}
		w.ETag = out.Etag
		return u.verify(ctx, bearer, out)
	})
	return w, err
}

// small writes an object in one request.
func (u *upload) small(ctx context.Context, bearer string, _ *bool) (*api.Object, error) {
	return u.call(ctx, bearer).Media(transfer.Part{Size: u.size}.Body(u.file), googleapi.ContentType(u.meta.ContentType), googleapi.ChunkSize(0)).Do()
}

// large writes an object in a resumable session. What breaks is taken up at the chunk that it
// broke in; the library does that, and holds one chunk in memory. again is set where it did.
func (u *upload) large(ctx context.Context, bearer string, again *bool) (*api.Object, error) {
	tries, failed := u.bucket.tries, 0
	retry := func(err error) bool { // asked after every exchange, also a good one
		if err == nil || ctx.Err() != nil || !passing(ctx, err) {
			return false
		}
		*again = true
		failed++
		return failed < tries.Most
	}
	out, err := u.call(ctx, bearer).
		Media(transfer.Part{Size: u.size}.Body(u.file), googleapi.ContentType(u.meta.ContentType), googleapi.ChunkSize(transfer.Small)).
		ProgressUpdater(func(int64, int64) { failed = 0 }).
		WithRetry(&gax.Backoff{Initial: tries.First, Max: tries.Longest, Multiplier: 2}, retry).Do()
	var answer *googleapi.Error
	if *again && errors.As(err, &answer) && (answer.Code == http.StatusNotFound || answer.Code == http.StatusGone) {
		return nil, storage.NewFault("write", storage.Unreachable, "", answer.Code, nil) // the session is lost, so it begins anew
	}
	return out, err
}

// verify looks whether the store holds what was sent. It was to refuse anything else, but the
// digests are in its answer, so that it need not be believed.
func (u *upload) verify(ctx context.Context, bearer string, out *api.Object) error {
	if out.Size == uint64(u.size) && (out.Md5Hash == u.meta.Md5Hash || out.Md5Hash == "" && out.Crc32c == u.meta.Crc32c) {
		return nil
	}
	ctx, cancel := transfer.Tidy(ctx)
	defer cancel()
	call := u.bucket.service.Objects.Delete(u.bucket.name, u.meta.Name).IfGenerationMatch(out.Generation).Context(ctx)
	call.Header().Set("Authorization", bearer)
	call.Do() //nolint:errcheck // the fault is that it is wrong
	return storage.NewFault("write", storage.Corrupted, "", 0, nil)
}

// passing says whether an error may go away by itself.
func passing(ctx context.Context, err error) bool {
	var f *storage.Fault
	return errors.As(fault(ctx, "write", storage.NoBucket, err), &f) && f.Retry()
}

func (u *upload) call(ctx context.Context, bearer string) *api.ObjectsInsertCall {
	call := u.bucket.service.Objects.Insert(u.bucket.name, u.meta).Context(ctx).Projection("noAcl")
	call.Header().Set("Authorization", bearer)
	switch u.object.ACL {
	case storage.PublicRead:
		call.PredefinedAcl("publicRead")
	case storage.Private:
		call.PredefinedAcl("private")
	}
	if u.object.Keep {
		call.IfGenerationMatch(0)
	}
	return call
}

// settle looks, where an object is in the way after a try whose answer may have been lost,
// whether it is ours. A store that refuses may break the connection over the rest of the body,
// so that its answer is lost, too.
func (u *upload) settle(ctx context.Context, bearer string, again bool, refused error) (*api.Object, error) {
	if !u.object.Keep || !again || !storage.Is(fault(ctx, "write", storage.NoBucket, refused), storage.Exists, storage.Unreachable) {
		return nil, refused
	}
	call := u.bucket.service.Objects.Get(u.bucket.name, u.meta.Name).Context(ctx).Fields("size", "md5Hash", "crc32c", "etag")
	call.Header().Set("Authorization", bearer)
	there, err := call.Do()
	if err != nil || there.Size != uint64(u.size) || there.Md5Hash != u.meta.Md5Hash {
		return nil, refused
	}
	return there, nil
}
