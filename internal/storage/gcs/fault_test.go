package gcs

import (
	"testing"

	"google.golang.org/api/googleapi"

	"compressor/internal/storage"
)

// TestReasons: the answers are those of cloud.google.com/storage/docs/json_api/v1/status-codes.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		status        int
		code, message string
		want          storage.Reason
	}{
		{400, "invalid", "Cannot insert legacy ACL for an object when uniform bucket-level access is enabled.", storage.ACLRefused},
		{412, "conditionNotMet", "The member bindings allUsers are not allowed since public access prevention is enforced.", storage.ACLRefused},
		{400, "invalid", "Provided MD5 hash \"x\" doesn't match calculated MD5 hash \"y\".", storage.Corrupted},
		{400, "invalid", "Provided CRC32C \"x\" doesn't match calculated CRC32C \"y\".", storage.Corrupted},
		{400, "invalid", "Invalid argument.", storage.Invalid},
		{401, "authError", "Invalid Credentials", storage.BadKey},
		{403, "forbidden", "writer@project does not have storage.objects.create access", storage.Denied},
		{403, "rateLimitExceeded", "The rate of change requests is too high.", storage.Busy},
		{404, "notFound", "The specified bucket does not exist.", storage.NoBucket},
		{404, "notFound", "No such object: b/o", storage.NoObject},
		{412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.", storage.Exists},
		{429, "rateLimitExceeded", "", storage.Busy},
		{503, "backendError", "", storage.Busy},
		{500, "internalError", "", storage.Failed},
	} {
		if got := reasonOf(&googleapi.Error{Code: c.status, Message: c.message}, c.code, storage.NoObject); got != c.want {
			t.Errorf("%d %s %q: %s, want %s", c.status, c.code, c.message, got, c.want)
		}
	}
}
