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
var reasons = [...]transfer.Codes{
	{Reason: storage.ACLRefused, Codes: []string{"AccessControlListNotSupported"}},
	{Reason: storage.BadKey, Codes: []string{"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired", "InvalidSecurity", "Unauthorized", "UnauthorizedAccess", "XAdminUserNotFound"}},
	{Reason: storage.Denied, Codes: []string{"AccessDenied", "AllAccessDisabled", "AccountProblem", "NotSignedUp", "UserProjectAccountProblem", "RequestTimeTooSkewed"}},
	{Reason: storage.NoBucket, Codes: []string{"NoSuchBucket", "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "NoSuchEndpoint"}},
	{Reason: storage.NoObject, Codes: []string{"NoSuchKey", "NoSuchVersion"}},
	{Reason: storage.Exists, Codes: []string{"PreconditionFailed"}},
	{Reason: storage.Corrupted, Codes: []string{"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"}},
	{Reason: storage.Full, Codes: []string{"QuotaExceeded", "InsufficientStorage", "InsufficientCapacity", "StorageFull", "XMinioStorageFull", "TotalStorageLimitExceeded"}},
	{Reason: storage.Busy, Codes: []string{"SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException", "TooManyRequests", "RequestLimitExceeded", "BandwidthLimitExceeded", "OperationAborted", "ConditionalRequestConflict", "ServerBusy"}},
	{Reason: storage.Slow, Codes: []string{"RequestTimeout"}},
	{Reason: storage.Failed, Codes: []string{"InvalidObjectState", "InternalError", "NoSuchUpload"}},
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
	f := storage.NewFault(doing, transfer.ReasonOf(reasons[:], code, status, gone), code, status, nil)
	f.After = transfer.RetryAfter(answer.Response.Header.Get("Retry-After"), time.Now())
	return f
}
