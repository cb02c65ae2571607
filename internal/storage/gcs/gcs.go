// Package gcs keeps objects in Google Cloud Storage, through Google's own client of its JSON
// API, opened with the key of a service account and nothing else: no identity of the machine
// is ever asked for, and tokens come from one address. Interoperability keys are a matter of
// package s3, whose API they open.
package gcs

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	gcs "google.golang.org/api/storage/v1"

	"compressor/internal/blob"
	"compressor/internal/egress"
	"compressor/internal/storage"
)

const (
	// chunk is how many bytes of an object go in one request; what is larger goes through
	// a resumable upload. A multiple of 256 KiB, as the API demands.
	chunk = 16 << 20

	page = 1000 // objects of one list request
)

// Bucket is one bucket.
type Bucket struct {
	service *gcs.Service
	name    string
}

// Addresses are others than Google's, for tests; "" for none.
type Addresses struct {
	API   string // before /storage/v1/ and /upload/storage/v1/
	Token string
}

// serviceAccount is what is used of a service account's key file.
type serviceAccount struct {
	Type         string `json:"type"`
	Email        string `json:"client_email"`
	PrivateKey   string `json:"private_key"`
	PrivateKeyID string `json:"private_key_id"`
}

// Open gives the bucket of p.
func Open(client *http.Client, at Addresses, p storage.Place) (*Bucket, error) {
	var account serviceAccount
	if err := json.Unmarshal([]byte(p.Credentials.ServiceAccount.Reveal()), &account); err != nil || account.Type != "service_account" {
		return nil, storage.NewFault("open", storage.BadKey, "", 0, nil)
	}
	config := jwt.Config{
		Email: account.Email, PrivateKey: []byte(account.PrivateKey), PrivateKeyID: account.PrivateKeyID,
		Scopes: []string{gcs.DevstorageFullControlScope}, TokenURL: storage.TokenURL,
	}
	if at.Token != "" {
		config.TokenURL = at.Token
	}
	// The token, too, comes through the client that checks where it goes. Its time is that of
	// the client, since it outlives one call.
	authorized := config.Client(context.WithValue(context.Background(), oauth2.HTTPClient, client))
	options := []option.ClientOption{option.WithHTTPClient(authorized)}
	if at.API != "" {
		options = append(options, option.WithEndpoint(strings.TrimSuffix(at.API, "/")+"/storage/v1/"))
	}
	service, err := gcs.NewService(context.Background(), options...)
	if err != nil {
		return nil, storage.NewFault("open", storage.Invalid, "", 0, err)
	}
	return &Bucket{service, p.Bucket}, nil
}

// Put implements storage.Bucket. Google checks the CRC32C that is sent along with what arrived.
func (b *Bucket) Put(ctx context.Context, o storage.Object, body blob.Blob) (storage.Written, error) {
	f, err := body.Open()
	if err != nil {
		return storage.Written{}, err
	}
	defer f.Close()
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if _, err := io.Copy(sum, f); err != nil {
		return storage.Written{}, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return storage.Written{}, err
	}
	object := objectOf(o)
	object.Crc32c = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.Sum32()))
	call := b.service.Objects.Insert(b.name, object).Context(ctx).Media(f, googleapi.ContentType(object.ContentType), googleapi.ChunkSize(chunk))
	if acl := predefined(o.ACL); acl != "" {
		call.PredefinedAcl(acl)
	}
	if o.Keep {
		call.IfGenerationMatch(0)
	}
	got, err := call.Do()
	if storage.Is(fault(ctx, "write", err), storage.ACLRefused) && !o.ACLNamed && o.ACL != "" {
		o.ACL = ""
		written, err := b.Put(ctx, o, body)
		written.Notes = append(written.Notes, noteWithoutACL)
		return written, err
	}
	if err != nil {
		return storage.Written{}, fault(ctx, "write", err)
	}
	return storage.Written{ETag: got.Etag}, nil
}

// objectOf are the words that go with an object.
func objectOf(o storage.Object) *gcs.Object {
	rules, _ := storage.RulesOf(storage.GCS, "")
	out := &gcs.Object{Name: o.Key, ContentType: o.MIME, Metadata: o.Metadata, StorageClass: rules.Value(o.Class)}
	for name, set := range map[string]*string{
		"Content-Type": &out.ContentType, "Cache-Control": &out.CacheControl, "Content-Disposition": &out.ContentDisposition,
		"Content-Encoding": &out.ContentEncoding, "Content-Language": &out.ContentLanguage,
	} {
		if given, ok := o.Headers[name]; ok {
			*set = given
		}
	}
	return out
}

// predefined is Google's word for an ACL.
func predefined(acl storage.ACL) string {
	switch acl {
	case storage.PublicRead:
		return "publicRead"
	case storage.Private:
		return "private"
	}
	return ""
}

// Stat implements storage.Bucket.
func (b *Bucket) Stat(ctx context.Context, key string) (storage.Info, error) {
	got, err := b.service.Objects.Get(b.name, key).Context(ctx).Do()
	if err != nil {
		return storage.Info{}, fault(ctx, "read", err)
	}
	return infoOf(got), nil
}

// Open implements storage.Bucket. It reads the very state of the object that it tells of.
func (b *Bucket) Open(ctx context.Context, key string) (storage.Info, io.ReadCloser, error) {
	info, err := b.service.Objects.Get(b.name, key).Context(ctx).Do()
	if err != nil {
		return storage.Info{}, nil, fault(ctx, "read", err)
	}
	call := b.service.Objects.Get(b.name, key).Context(egress.Whole(ctx))
	if info.Generation != 0 {
		call.Generation(info.Generation)
	}
	// An object that is stored in gzip is to come as it is stored, not unpacked on the way.
	call.Header().Set("Accept-Encoding", "gzip")
	reply, err := call.Download()
	if err != nil {
		return storage.Info{}, nil, fault(ctx, "read", err)
	}
	return infoOf(info), &reader{ctx, reply.Body}, nil
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

// List implements storage.Bucket.
func (b *Bucket) List(ctx context.Context, prefix, after string, each func(storage.Info) error) error {
	call := b.service.Objects.List(b.name).Prefix(prefix).MaxResults(page).Context(ctx)
	if after != "" {
		call.StartOffset(after) // which is listed, too
	}
	var own error
	err := call.Pages(ctx, func(list *gcs.Objects) error {
		for _, o := range list.Items {
			if o.Name <= after {
				continue
			}
			if own = each(infoOf(o)); own != nil {
				return own
			}
		}
		return nil
	})
	if own != nil {
		return own
	}
	return fault(ctx, "list", err)
}

// Remove implements storage.Bucket.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	err := fault(ctx, "remove", b.service.Objects.Delete(b.name, key).Context(ctx).Do())
	if storage.Is(err, storage.NoObject) {
		return nil
	}
	return err
}

func infoOf(o *gcs.Object) storage.Info {
	changed, _ := time.Parse(time.RFC3339, o.Updated) // zero is as good as none
	tag := o.Etag
	if o.Generation != 0 {
		tag = strconv.FormatInt(o.Generation, 10) // an ETag of the JSON API changes with the metadata
	}
	metadata := map[string]string{}
	for name, text := range o.Metadata {
		metadata[strings.ToLower(name)] = text
	}
	return storage.Info{Key: o.Name, Size: int64(o.Size), Changed: changed, ETag: tag, Metadata: metadata}
}

// fault turns an error of the client into one of a store (JSON API, "Status and error codes").
func fault(ctx context.Context, doing string, err error) error {
	var denied *oauth2.RetrieveError
	if errors.As(err, &denied) && ctx.Err() == nil {
		status := 0
		if denied.Response != nil {
			status = denied.Response.StatusCode
		}
		if status >= 500 {
			return storage.NewFault(doing, storage.Busy, "", status, nil)
		}
		return storage.NewFault(doing, storage.BadKey, denied.ErrorCode, status, nil)
	}
	var answer *googleapi.Error
	if !errors.As(err, &answer) || ctx.Err() != nil {
		return storage.Unanswered(ctx, doing, err)
	}
	code := ""
	if len(answer.Errors) > 0 {
		code = answer.Errors[0].Reason
	}
	f := storage.NewFault(doing, reasonOf(answer, code, doing), code, answer.Code, nil) // the error's text holds the whole reply
	f.After = storage.RetryAfter(answer.Header.Get("Retry-After"))
	return f
}

func reasonOf(answer *googleapi.Error, code, doing string) storage.Reason {
	switch {
	case answer.Code == http.StatusPreconditionFailed:
		return storage.Exists
	case answer.Code == http.StatusNotFound && (doing == "write" || doing == "list" || strings.Contains(answer.Message, "bucket")):
		return storage.NoBucket
	case answer.Code == http.StatusBadRequest && strings.Contains(answer.Message, "uniform bucket-level access"):
		return storage.ACLRefused
	case answer.Code == http.StatusPreconditionFailed, code == "conflict":
		return storage.Exists
	case code == "quotaExceeded":
		return storage.Full
	case code == "rateLimitExceeded", code == "userRateLimitExceeded", answer.Code == http.StatusTooManyRequests:
		return storage.Busy
	case answer.Code == http.StatusBadRequest && strings.Contains(answer.Message, "Provided CRC32C"):
		return storage.Corrupted
	}
	return storage.ByStatus(answer.Code)
}

// noteWithoutACL tells that an ACL which nobody named was left out.
const noteWithoutACL = "The bucket takes no ACLs, so it decides who may read the object."
