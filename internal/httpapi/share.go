package httpapi

import (
	"net/http"
	"slices"
)

// Web pages of other origins may call only if the operator names them (CORS; Fetch
// standard, section 3.3). A page sends its key by itself, in Authorization, so
// Access-Control-Allow-Credentials, which is about cookies, is never set.
const (
	exposedHeaders = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, Location, " +
		"Compressor-Result, Idempotent-Replayed, X-Request-Id, Content-Disposition, ETag, Repr-Digest, " +
		"Content-Range, Accept-Ranges, Server-Timing, " +
		"Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Upload-Offset, Upload-Length, Upload-Expires, " +
		"Upload-Metadata, Compressor-Job, Link"
	allowedHeaders = "Authorization, Content-Type, Idempotency-Key, Prefer, Last-Event-ID, Range, If-Range, If-None-Match, " +
		"Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Defer-Length, Upload-Concat, Upload-Checksum, X-HTTP-Method-Override"
	preflightAge = "7200" // seconds; no browser keeps the answer much longer
)

// shareWith lets the page that asks read the reply, if its origin is one of these.
func (x *exchange) shareWith(origins []string) {
	if len(origins) == 0 {
		return
	}
	h, origin := x.Header(), x.r.Header.Get("Origin")
	anyone := slices.Contains(origins, "*")
	if !anyone {
		h.Add("Vary", "Origin") // also where there is none, or a cache would hand that reply to a page
	}
	if origin == "" || !anyone && !slices.Contains(origins, origin) {
		return
	}
	if anyone {
		origin = "*"
	}
	x.shared = true
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", exposedHeaders)
}

// isPreflight says whether a browser asks for a page that may call what it might do here.
func (x *exchange) isPreflight() bool {
	return x.shared && x.r.Method == http.MethodOptions && x.r.Header.Get("Access-Control-Request-Method") != ""
}

// preflight tells it, without asking for a key: browsers send none.
func (x *exchange) preflight(methods string) {
	h := x.Header()
	h.Del("Access-Control-Expose-Headers")
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", allowedHeaders)
	h.Set("Access-Control-Max-Age", preflightAge)
	x.WriteHeader(http.StatusNoContent)
}
