// Package azure keeps objects in Azure's Blob Storage, through Microsoft's SDK. It takes a key
// of the account or a shared access signature and nothing else: no identity of a machine, no
// environment.
package azure

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// Options are the operator's.
type Options struct {
	Client   policy.Transporter // of egress.Storage
	Endpoint string             // base URL that stands in for the account's own, for tests
	Tries    transfer.Tries     // the zero value is transfer.DefaultTries
}

// Bucket is a container of a storage account.
type Bucket struct {
	client *container.Client
	tries  transfer.Tries
}

var _ storage.Bucket = (*Bucket)(nil)

// Open prepares the way to a container and asks nothing of it yet. The place must have passed
// storage.Faults; a key that is none is a fault BadKey.
func Open(p storage.Place, o Options) (*Bucket, error) {
	rules, _ := storage.RulesOf(storage.Azure, "")
	if p.Provider != storage.Azure || !rules.Bucket.Good(p.Bucket) || !plain(p.Credentials.Account) {
		return nil, storage.NewFault("open", storage.Invalid, "", 0, nil)
	}
	if o.Endpoint == "" {
		o.Endpoint = "https://" + p.Credentials.Account + ".blob.core.windows.net"
	}
	if o.Tries == (transfer.Tries{}) {
		o.Tries = transfer.DefaultTries()
	}
	at := strings.TrimSuffix(o.Endpoint, "/") + "/" + p.Bucket
	options := &container.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: o.Client,
		Retry:     policy.RetryOptions{MaxRetries: -1}, // ours is one for all stores
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}}
	client, err := open(at, p.Credentials, options)
	if err != nil {
		return nil, storage.NewFault("open", storage.BadKey, "", 0, errors.New("azure: the key is not in base64, or the signature no query string"))
	}
	return &Bucket{client: client, tries: o.Tries}, nil
}

func open(at string, c storage.Credentials, o *container.ClientOptions) (*container.Client, error) {
	if !c.SAS.Empty() {
		return container.NewClientWithNoCredential(at+"?"+strings.TrimPrefix(c.SAS.Reveal(), "?"), o)
	}
	key, err := container.NewSharedKeyCredential(c.Account, c.Key.Reveal())
	if err != nil {
		return nil, err
	}
	return container.NewClientWithSharedKeyCredential(at, key, o)
}

// plain says whether the name of an account is one (learn.microsoft.com/azure/storage/common/
// storage-account-overview#storage-account-name). It becomes part of a host name.
func plain(account string) bool {
	return len(account) >= 3 && len(account) <= 24 && !strings.ContainsFunc(account, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// reasons are those of the service's error codes
// (learn.microsoft.com/rest/api/storageservices/blob-service-error-codes and common-rest-api-error-codes).
// Of other codes the status decides.
var reasons = [...]transfer.Codes{
	{Reason: storage.BadKey, Codes: []string{"AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation"}},
	{Reason: storage.Denied, Codes: []string{"AuthorizationFailure", "AuthorizationPermissionMismatch", "AuthorizationProtocolMismatch", "AuthorizationResourceTypeMismatch",
		"AuthorizationServiceMismatch", "AuthorizationSourceIPMismatch", "InsufficientAccountPermissions", "KeyBasedAuthenticationNotPermitted",
		"AccountIsDisabled", "UnauthorizedBlobOverwrite", "BlobImmutableDueToPolicy", "LeaseIdMissing", "BlobArchived"}},
	{Reason: storage.NoBucket, Codes: []string{"ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled"}},
	{Reason: storage.NoObject, Codes: []string{"BlobNotFound", "ResourceNotFound"}},
	{Reason: storage.Exists, Codes: []string{"BlobAlreadyExists", "ConditionNotMet", "TargetConditionNotMet"}},
	{Reason: storage.Corrupted, Codes: []string{"Md5Mismatch", "Crc64Mismatch"}},
	{Reason: storage.Full, Codes: []string{"AccountQuotaExceeded", "AccountLimitExceeded"}},
	{Reason: storage.Slow, Codes: []string{"OperationTimedOut"}},
	{Reason: storage.Busy, Codes: []string{"ServerBusy", "InvalidBlockList"}}, // another upload of that name threw the blocks away
	{Reason: storage.Failed, Codes: []string{"InternalError"}},
}

// fault turns an error of the SDK into ours. gone is the reason for a 404 that does not say
// what is missing. When ctx ended, the reason for that is returned instead.
func fault(ctx context.Context, doing string, gone storage.Reason, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) {
		return transfer.Broken(doing, err)
	}
	f := storage.NewFault(doing, transfer.ReasonOf(reasons[:], answer.ErrorCode, answer.StatusCode, gone), answer.ErrorCode, answer.StatusCode, nil)
	if answer.RawResponse != nil {
		f.After = transfer.RetryAfter(answer.RawResponse.Header.Get("Retry-After"), time.Now())
	}
	return f
}
