package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// onceHeader names a request that may be sent again without being done again.
const onceHeader = "Idempotency-Key"

// maxOnce is the longest idempotency key, in characters.
const maxOnce = 255

// idempotencyKey reads the header; "" when there is none. The key is taken as it is, quotes
// included.
func idempotencyKey(h http.Header) (string, error) {
	given := h.Values(onceHeader)
	if len(given) == 0 {
		return "", nil
	}
	odd := func(r rune) bool { return r < ' ' || r > '~' }
	message := fmt.Sprintf("Must be given once, as 1 to %d visible ASCII characters.", maxOnce)
	switch {
	case len(given) > 1:
		message = strings.TrimSuffix(message, ".") + fmt.Sprintf("; got it %d times.", len(given))
	case given[0] == "" || len(given[0]) > maxOnce || strings.ContainsFunc(given[0], odd):
		message = got(message, given[0])
	default:
		return given[0], nil
	}
	return "", problem.Invalid(problem.Field{Path: onceHeader, Message: message})
}

// onceOf is what tells a request that was sent before: zero without an idempotency key.
// Two requests are the same if they came to the same endpoint with the same options, each
// default counting as if it had been given, and more is the same: of an upload, the name and
// the SHA-256 of the file. How the form was cut into parts and the JSON laid out does not
// matter, nor do other headers.
//
// What is stored of it are hashes. The second is keyed with the idempotency key, which is
// not stored: it covers addresses with passwords, which nobody shall guess at.
func onceOf(x *exchange, asked any, more ...string) (job.Once, error) {
	key, err := idempotencyKey(x.r.Header)
	if err != nil || key == "" {
		return job.Once{}, err
	}
	text, err := json.Marshal([]any{x.route, asked, more})
	if err != nil {
		return job.Once{}, fmt.Errorf("idempotency: %w", err)
	}
	name := sha256.Sum256([]byte(x.key.ID + "\x00" + key))
	digest := hmac.New(sha256.New, []byte(key))
	digest.Write(text) //nolint:errcheck // a hash never fails
	return job.Once{Name: hex.EncodeToString(name[:]), Digest: hex.EncodeToString(digest.Sum(nil))}, nil
}
