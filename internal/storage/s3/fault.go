package s3

import (
	"context"
	"errors"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// reasons are those of the error codes of S3 and of what the compatible stores add
// (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and the pages that
// docs/connectors-requests.md names). Of other codes the status decides.
var reasons = [...]struct {
	reason storage.Reason
	codes  []string
}{
	{storage.ACLRefused, []string{"AccessControlListNotSupported"}},
	{storage.BadKey, []string{"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired", "InvalidSecurity", "Unauthorized", "UnauthorizedAccess", "XAdminUserNotFound"}},
	{storage.Denied, []string{"AccessDenied", "AllAccessDisabled", "AccountProblem", "NotSignedUp", "UserProjectAccountProblem", "RequestTimeTooSkewed"}},
	{storage.NoBucket, []string{"NoSuchBucket", "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "NoSuchEndpoint"}},
	{storage.NoObject, []string{"NoSuchKey", "NoSuchVersion"}},
	{storage.Exists, []string{"PreconditionFailed"}},
	{storage.Corrupted, []string{"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"}},
	{storage.Full, []string{"QuotaExceeded", "InsufficientStorage", "InsufficientCapacity", "StorageFull", "XMinioStorageFull", "TotalStorageLimitExceeded"}},
	{storage.Busy, []string{"SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException", "TooManyRequests", "RequestLimitExceeded", "BandwidthLimitExceeded", "OperationAborted", "ConditionalRequestConflict", "ServerBusy"}},
	{storage.Slow, []string{"RequestTimeout"}},
	{storage.Failed, []string{"InvalidObjectState", "InternalError", "NoSuchUpload"}},
}

// fault turns an error of the SDK into ours. gone is the reason for a 404 without a code,
// since a HEAD has no body to tell what is missing. When ctx ended, the reason for that is
// returned instead.
func fault(ctx context.Context, doing string, gone storage.Reason, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil {
		return transfer.Broken(doing, err)
	}
	code, status := "", answer.HTTPStatusCode()
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	} else if status < 300 {
		return transfer.Broken(doing, err) // the body broke off, or is none of the protocol
	}
	f := storage.NewFault(doing, reasonOf(code, status, gone), code, status, nil)
	f.After = transfer.RetryAfter(answer.Response.Header.Get("Retry-After"), time.Now())
	return f
}

func reasonOf(code string, status int, gone storage.Reason) storage.Reason {
	for _, row := range reasons {
		for _, known := range row.codes {
			if code == known {
				return row.reason
			}
		}
	}
	return transfer.Status(status, gone)
}

// is says whether err is a fault for one of these reasons.
func is(err error, reasons ...storage.Reason) bool {
	var f *storage.Fault
	if !errors.As(err, &f) {
		return false
	}
	for _, r := range reasons {
		if f.Reason == r {
			return true
		}
	}
	return false
}
