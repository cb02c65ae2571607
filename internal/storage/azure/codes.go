package azure

import (
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
