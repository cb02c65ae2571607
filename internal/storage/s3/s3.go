// Package s3 keeps objects in S3 and in the stores that speak its protocol: R2, Spaces, B2,
// Google's interoperability, and any compatible endpoint. It signs and speaks through the SDK
// of AWS, but takes nothing of what that SDK would find out by itself: no environment, no
// shared files, no metadata service.
package s3

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
	"compressor/internal/vault"
)

// Options are the operator's.
type Options struct {
	Client   s3.HTTPClient  // of egress.Storage
	Endpoint string         // base URL that stands in for every provider's own, for tests; path style. One that the place names wins.
	Tries    transfer.Tries // the zero value is transfer.DefaultTries
}

// Bucket is a bucket of one of these stores.
type Bucket struct {
	client *s3.Client
	name   string
	rules  storage.Rules
	preset preset
	tries  transfer.Tries
}

var _ storage.Bucket = (*Bucket)(nil)

// Open prepares the way to a bucket and asks nothing of it yet. The place must have passed
// storage.Faults; one of a provider that does not speak this protocol is a fault Invalid.
func Open(p storage.Place, o Options) (*Bucket, error) {
	preset, known := presetOf(p)
	rules, _ := storage.RulesOf(p.Provider, p.Endpoint)
	region := preset.region
	if region == "" {
		region = p.Region
	}
	if region == "" {
		region = rules.Implied
	}
	// A bucket or region becomes part of a host name. They were checked when the connector was
	// made, and are once more here, where it matters.
	if !known || !rules.Bucket.Good(p.Bucket) || preset.region == "" && !rules.Region.Good(region) {
		return nil, storage.NewFault("open", storage.Invalid, "", 0, nil)
	}
	endpoint := preset.endpoint(p)
	if o.Endpoint != "" && p.Endpoint == "" {
		endpoint, preset.pathStyle = o.Endpoint, true
	}
	if o.Tries == (transfer.Tries{}) {
		o.Tries = transfer.DefaultTries()
	}
	options := s3.Options{
		Region:                     region,
		Credentials:                static{p.Credentials.AccessKeyID, p.Credentials.SecretAccessKey},
		HTTPClient:                 o.Client,
		Retryer:                    aws.NopRetryer{}, // ours knows Retry-After, and is one for all stores
		UsePathStyle:               preset.pathStyle,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired, // sums are given; the SDK's come in a trailer that few stores know
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		APIOptions:                 []func(*middleware.Stack) error{plain},

		DisableMultiRegionAccessPoints:            true,
		DisableS3ExpressSessionAuth:               aws.Bool(true),
		DisableClockSkewCorrection:                true,
		DisableLogOutputChecksumValidationSkipped: true,
	}
	if preset.noWait {
		options.ContinueHeaderThresholdBytes = -1
	}
	if endpoint != "" {
		options.BaseEndpoint = aws.String(strings.TrimSuffix(endpoint, "/"))
	}
	return &Bucket{client: s3.New(options), name: p.Bucket, rules: rules, preset: preset, tries: o.Tries}, nil
}

// static are the credentials of the connector, and no others. They are revealed for a signature
// only, so that a client which is printed shows none.
type static struct {
	id     string
	secret vault.Secret
}

func (s static) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: s.id, SecretAccessKey: s.secret.Reveal(), Source: "connector"}, nil
}

// plain takes out of each request, before it is signed, what the SDK adds for AWS's own
// statistics, some of it from the environment. Google's interoperability refuses requests with
// it, since it changes Accept-Encoding on the way in, and does not know x-id.
func plain(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Plain", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if r, ok := in.Request.(*smithyhttp.Request); ok {
			for _, name := range []string{"Accept-Encoding", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "User-Agent", "X-Amz-User-Agent", "X-Amzn-Trace-Id"} {
				r.Header.Del(name)
			}
			query := r.URL.Query()
			query.Del("x-id")
			r.URL.RawQuery = query.Encode()
		}
		return next.HandleFinalize(ctx, in)
	}), "Signing", middleware.Before)
}

// given hands the SHA-256 of a body to the signer, which would read the body for it, on every
// try.
func given(sum string) func(*s3.Options) {
	set := middleware.InitializeMiddlewareFunc("GivenSum", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(withSum(ctx, sum), in)
	})
	return s3.WithAPIOptions(func(stack *middleware.Stack) error { return stack.Initialize.Add(set, middleware.Before) })
}
