// Package gcs keeps objects in Google's Cloud Storage, through Google's client of its JSON API.
// It takes the JSON of a service account and nothing else: no application default credentials,
// no metadata server. Interoperability keys go through package s3.
package gcs

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	api "google.golang.org/api/storage/v1"

	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// endpointURL is the JSON API (cloud.google.com/storage/docs/json_api).
const endpointURL = "https://storage.googleapis.com"

// Options are the operator's.
type Options struct {
	Client   *http.Client   // of egress.Storage
	Endpoint string         // base URL that stands in for Google's, for tests
	TokenURL string         // address that stands in for Google's, for tests
	Tries    transfer.Tries // the zero value is transfer.DefaultTries
}

// Bucket is a bucket of Cloud Storage.
type Bucket struct {
	service *api.Service
	tokens  *tokens
	name    string
	rules   storage.Rules
	tries   transfer.Tries
}

var _ storage.Bucket = (*Bucket)(nil)

// Open prepares the way to a bucket and asks nothing of it yet. Credentials that are not a
// service account's are a fault BadKey.
func Open(p storage.Place, o Options) (*Bucket, error) {
	rules, _ := storage.RulesOf(storage.GCS, "")
	if p.Provider != storage.GCS || !rules.Bucket.Good(p.Bucket) {
		return nil, storage.NewFault("open", storage.Invalid, "", 0, nil)
	}
	account, err := parse(p.Credentials.ServiceAccount)
	if err != nil {
		return nil, storage.NewFault("open", storage.BadKey, "", 0, err)
	}
	if o.Endpoint == "" {
		o.Endpoint = endpointURL
	}
	if o.TokenURL == "" {
		o.TokenURL = storage.TokenURL
	}
	if o.Tries == (transfer.Tries{}) {
		o.Tries = transfer.DefaultTries()
	}
	tokens, err := newTokens(account, o.TokenURL, o.Client)
	if err != nil {
		return nil, storage.NewFault("open", storage.BadKey, "", 0, err)
	}
	// With a client given, the library looks for no credentials; with an endpoint given, no
	// environment moves it.
	service, err := api.NewService(context.Background(), option.WithHTTPClient(o.Client),
		option.WithEndpoint(strings.TrimSuffix(o.Endpoint, "/")+"/storage/v1/"), option.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, storage.NewFault("open", storage.Invalid, "", 0, errors.New("gcs: the client of the API cannot be made"))
	}
	return &Bucket{service: service, tokens: tokens, name: p.Bucket, rules: rules, tries: o.Tries}, nil
}

// try does one request with a token, as often as it may be worth it. gone is the reason for a
// 404 that does not say what is missing.
func (b *Bucket) try(ctx context.Context, doing string, gone storage.Reason, request func(try int, bearer string) error) error {
	return b.tries.Do(ctx, func(try int) error {
		bearer, err := b.tokens.bearer(ctx, doing)
		if err != nil {
			return err
		}
		err = fault(ctx, doing, gone, request(try, bearer))
		if storage.Is(err, storage.BadKey) {
			b.tokens.forget()
		}
		return err
	})
}

// fault turns an error of the library into ours. When ctx ended, the reason for that is
// returned instead.
func fault(ctx context.Context, doing string, gone storage.Reason, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var known *storage.Fault
	if errors.As(err, &known) {
		return known
	}
	var answer *googleapi.Error
	if !errors.As(err, &answer) {
		return transfer.Broken(doing, err)
	}
	code := ""
	if len(answer.Errors) > 0 {
		code = answer.Errors[0].Reason
	}
	f := storage.NewFault(doing, reasonOf(answer, code, gone), code, answer.Code, nil)
	f.After = transfer.RetryAfter(answer.Header.Get("Retry-After"), time.Now())
	return f
}

// reasonOf follows cloud.google.com/storage/docs/json_api/v1/status-codes. Where one code
// stands for several troubles, Google tells them apart in the message only.
func reasonOf(e *googleapi.Error, code string, gone storage.Reason) storage.Reason {
	message := strings.ToLower(e.Message)
	switch {
	case strings.Contains(message, "uniform bucket-level access"), strings.Contains(message, "public access prevention"):
		return storage.ACLRefused
	case e.Code == http.StatusNotFound && strings.Contains(message, "bucket does not exist"):
		return storage.NoBucket
	case e.Code == http.StatusBadRequest && (strings.Contains(message, "md5") || strings.Contains(message, "crc32c")):
		return storage.Corrupted
	}
	switch code {
	case "rateLimitExceeded", "userRateLimitExceeded", "backendError", "concurrentRequests":
		return storage.Busy
	case "quotaExceeded", "storageQuotaExceeded":
		return storage.Full
	case "authError", "invalidCredentials", "expired":
		return storage.BadKey
	}
	return transfer.Status(e.Code, gone)
}
