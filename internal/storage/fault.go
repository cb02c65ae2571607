package storage

import "time"

// Reason is why a store refused, in our words.
type Reason string

// The reasons.
const (
	NoBucket    Reason = "no-bucket"   // the bucket is not there, or not in that region
	NoObject    Reason = "no-object"   // nothing there by that name
	BadKey      Reason = "bad-key"     // unknown, wrong or expired credentials
	Denied      Reason = "denied"      // good credentials without that right
	Exists      Reason = "exists"      // an object is there, and may not be overwritten
	ACLRefused  Reason = "acl-refused" // the bucket takes no ACLs
	Invalid     Reason = "invalid"     // an argument that the provider does not take
	Outside     Reason = "outside"     // on the way is a link that leads out of the folder
	Corrupted   Reason = "corrupted"   // what arrived is not what was sent
	Full        Reason = "full"        // quota or space is spent
	Forbidden   Reason = "forbidden"   // an address that may not be dialled
	Unreachable Reason = "unreachable" // no connection, or it broke
	Slow        Reason = "slow"        // no answer in time
	Busy        Reason = "busy"        // the store asks to come back later
	Failed      Reason = "failed"      // anything else
)

// Fault is what a store could not do. Its text names no secret, and nothing of the raw
// answer but a short code of the provider.
type Fault struct {
	Doing  string // "write", "read", "list" or "remove"
	Reason Reason
	Code   string // the provider's own error code, such as NoSuchBucket; "" if none
	Status int    // of HTTP, 0 without an answer
	After  time.Duration
	cause  error
}
