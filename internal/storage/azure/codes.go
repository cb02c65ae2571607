package azure

import (
	"crypto/md5" // #nosec: the digest that Azure's API knows; it finds accidents, not attacks
	"io"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"compressor/internal/storage"
)

// reasons are those of the error codes of Blob Storage (REST reference, "Blob Storage error
// codes" and "Common REST API error codes"). What is not here goes by its status.
func reasons(code string) (storage.Reason, bool) {
	switch bloberror.Code(code) {
	case bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted, bloberror.ContainerDisabled, "InvalidResourceName":
		return storage.NoBucket, true
	case bloberror.BlobNotFound, bloberror.BlobArchived, bloberror.BlobBeingRehydrated:
		return storage.NoObject, true
	case bloberror.AuthenticationFailed, bloberror.InvalidAuthenticationInfo, bloberror.NoAuthenticationInformation, bloberror.AccountIsDisabled:
		return storage.BadKey, true
	case bloberror.AuthorizationFailure, bloberror.AuthorizationPermissionMismatch, bloberror.AuthorizationProtocolMismatch,
		bloberror.AuthorizationResourceTypeMismatch, bloberror.AuthorizationServiceMismatch, bloberror.AuthorizationSourceIPMismatch,
		bloberror.InsufficientAccountPermissions, bloberror.BlobImmutableDueToPolicy:
		return storage.Denied, true
	case bloberror.BlobAlreadyExists, bloberror.ConditionNotMet, bloberror.TargetConditionNotMet:
		return storage.Exists, true
	case bloberror.ServerBusy, bloberror.OperationTimedOut, bloberror.InternalError:
		return storage.Busy, true
	case bloberror.MD5Mismatch, "Crc64Mismatch":
		return storage.Corrupted, true
	}
	return "", false
}

// md5Of reads r to its end and goes back to its beginning.
func md5Of(r io.ReadSeeker) ([]byte, error) {
	h := md5.New() // #nosec: see above
	if _, err := io.Copy(h, r); err != nil {
		return nil, err
	}
	_, err := r.Seek(0, io.SeekStart)
	return h.Sum(nil), err
}
