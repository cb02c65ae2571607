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
	"compressor/internal/storage/transfer"
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
	tries   transfer.Tries
}

var _ storage.Bucket = (*Bucket)(nil)

// Options are the operator's.
type Options struct {
	Client   *http.Client   // of egress.Storage
	Endpoint string         // base URL instead of Google's, before /storage/v1/, for tests
	Token    string         // address of tokens instead of storage.TokenURL, likewise
	Tries    transfer.Tries // the zero value is transfer.DefaultTries
}

// serviceAccount is what is used of a service account's key file.
type serviceAccount struct {
	Type         string `json:"type"`
	Email        string `json:"client_email"`
	PrivateKey   string `json:"private_key"`
	PrivateKeyID string `json:"private_key_id"`
}

// Open prepares the way to the bucket of p and asks nothing of it yet.
func Open(p storage.Place, o Options) (*Bucket, error) {
	var account serviceAccount
	if err := json.Unmarshal([]byte(p.Credentials.ServiceAccount.Reveal()), &account); err != nil || account.Type != "service_account" {
		return nil, storage.NewFault("open", storage.BadKey, "", 0, nil)
	}
	config := jwt.Config{
		Email: account.Email, PrivateKey: []byte(account.PrivateKey), PrivateKeyID: account.PrivateKeyID,
		Scopes: []string{gcs.DevstorageFullControlScope}, TokenURL: storage.TokenURL,
	}
	if o.Token != "" {
		config.TokenURL = o.Token
	}
	if o.Tries == (transfer.Tries{}) {
		o.Tries = transfer.DefaultTries()
	}
	// The token, too, comes through the client that checks where it goes. Its time is that of
	// the client, since it outlives one call.
	authorized := config.Client(context.WithValue(context.Background(), oauth2.HTTPClient, o.Client))
	options := []option.ClientOption{option.WithHTTPClient(authorized)}
	if o.Endpoint != "" {
		options = append(options, option.WithEndpoint(strings.TrimSuffix(o.Endpoint, "/")+"/storage/v1/"))
	}
	service, err := gcs.NewService(context.Background(), options...)
	if err != nil {
		return nil, storage.NewFault("open", storage.Invalid, "", 0, err)
	}
	return &Bucket{service, p.Bucket, o.Tries}, nil
}

// Put implements storage.Bucket. Google checks the CRC32C that is sent along.
func (b *Bucket) Put(ctx context.Context, o storage.Object, body blob.Blob) (storage.Written, error) {
	w, err := b.put(ctx, o, body)
	if storage.Is(err, storage.ACLRefused) && !o.ACLNamed && o.ACL != "" {
		o.ACL = ""
		w, err = b.put(ctx, o, body)
		w.Notes = append(w.Notes, noteNoACL)
	}
	return w, err
}

// noteNoACL tells that an ACL which nobody named was left out.
const noteNoACL = "The bucket takes no ACLs, so the object was written without one."

func (b *Bucket) put(ctx context.Context, o storage.Object, body blob.Blob) (w storage.Written, err error) {
	f, err := body.Open()
	if err != nil {
		return w, storage.NewFault("write", storage.Failed, "", 0, err)
	}
	defer f.Close()
	part := transfer.Part{Size: body.Size}
	sum, err := part.Digest(f)
	if err != nil {
		return w, storage.NewFault("write", storage.Failed, "", 0, err)
	}
	object := objectOf(o)
	object.Crc32c = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.CRC32C))
	err = b.tries.Do(ctx, func(int) error {
		call := b.service.Objects.Insert(b.name, object).Context(ctx).
			Media(part.Body(f), googleapi.ContentType(object.ContentType), googleapi.ChunkSize(chunk))
		if acl := predefined(o.ACL); acl != "" {
			call.PredefinedAcl(acl)
		}
		if o.Keep {
			call.IfGenerationMatch(0)
		}
		got, err := call.Do()
		if err != nil {
			return fault(ctx, "write", storage.NoBucket, err)
		}
		w.ETag = infoOf(got).ETag
		return nil
	})
	return w, err
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
func (b *Bucket) Stat(ctx context.Context, key string) (info storage.Info, err error) {
	err = b.tries.Do(ctx, func(int) error {
		got, err := b.service.Objects.Get(b.name, key).Context(ctx).Do()
		if err != nil {
			return fault(ctx, "read", storage.NoObject, err)
		}
		info = infoOf(got)
		return nil
	})
	return info, err
}

// Open implements storage.Bucket. It reads the very state of the object that it tells of.
func (b *Bucket) Open(ctx context.Context, key string) (info storage.Info, body io.ReadCloser, err error) {
	err = b.tries.Do(ctx, func(int) error {
		about, err := b.service.Objects.Get(b.name, key).Context(ctx).Do()
		if err != nil {
			return fault(ctx, "read", storage.NoObject, err)
		}
		call := b.service.Objects.Get(b.name, key).Context(egress.Whole(ctx))
		if about.Generation != 0 {
			call.Generation(about.Generation)
		}
		// An object that is stored in gzip is to come as it is stored, not unpacked on the way.
		call.Header().Set("Accept-Encoding", "gzip")
		reply, err := call.Download()
		if err != nil {
			return fault(ctx, "read", storage.NoObject, err)
		}
		info, body = infoOf(about), transfer.Reader{ReadCloser: reply.Body}
		return nil
	})
	return info, body, err
}

// List implements storage.Bucket.
func (b *Bucket) List(ctx context.Context, prefix, after string, each func(storage.Info) error) error {
	call := b.service.Objects.List(b.name).Prefix(prefix).MaxResults(page).Context(ctx)
	if after != "" {
		call.StartOffset(after) // which is listed, too
	}
	for {
		var list *gcs.Objects
		err := b.tries.Do(ctx, func(int) (err error) {
			list, err = call.Do()
			return fault(ctx, "list", storage.NoBucket, err)
		})
		if err != nil {
			return err
		}
		for _, o := range list.Items {
			if o.Name <= after {
				continue
			}
			if err := each(infoOf(o)); err != nil {
				return err
			}
		}
		if list.NextPageToken == "" {
			return nil
		}
		call.PageToken(list.NextPageToken)
	}
}

// Remove implements storage.Bucket.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	err := b.tries.Do(ctx, func(int) error {
		return fault(ctx, "remove", storage.NoObject, b.service.Objects.Delete(b.name, key).Context(ctx).Do())
	})
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
// gone is the reason for a 404.
func fault(ctx context.Context, doing string, gone storage.Reason, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var denied *oauth2.RetrieveError
	if errors.As(err, &denied) {
		return deniedToken(doing, denied)
	}
	var answer *googleapi.Error
	if !errors.As(err, &answer) {
		return transfer.Broken(doing, err)
	}
	code := ""
	if len(answer.Errors) > 0 {
		code = answer.Errors[0].Reason
	}
	f := storage.NewFault(doing, reasonOf(answer, code, gone), code, answer.Code, nil) // the error's text holds the whole reply
	f.After = transfer.RetryAfter(answer.Header.Get("Retry-After"), time.Now())
	return f
}

// deniedToken is the fault of a service account that gets no token.
func deniedToken(doing string, denied *oauth2.RetrieveError) error {
	status, reason := 0, storage.BadKey
	if denied.Response != nil {
		status = denied.Response.StatusCode
	}
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		reason = storage.Busy
	}
	return storage.NewFault(doing, reason, denied.ErrorCode, status, nil)
}

func reasonOf(answer *googleapi.Error, code string, gone storage.Reason) storage.Reason {
	switch {
	case answer.Code == http.StatusNotFound && strings.Contains(answer.Message, "bucket does not exist"):
		return storage.NoBucket
	case answer.Code == http.StatusBadRequest && strings.Contains(answer.Message, "uniform bucket-level access"):
		return storage.ACLRefused
	case answer.Code == http.StatusBadRequest && strings.Contains(answer.Message, "CRC32C"):
		return storage.Corrupted
	case code == "quotaExceeded":
		return storage.Full
	case code == "rateLimitExceeded", code == "userRateLimitExceeded":
		return storage.Busy
	case code == "conditionNotMet":
		return storage.Exists
	}
	return transfer.Status(answer.Code, gone)
}
