package egress

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"compressor/internal/problem"
)

const (
	maxURL         = 8 << 10
	maxHeaders     = 50
	maxHeaderBytes = 16 << 10
)

// Request is what to fetch. URL may carry user:password@, which goes to that origin only.
// Headers are added to the request and dropped for good when a redirect leaves the origin.
type Request struct {
	URL     string
	Headers map[string]string
	// OnLength, when set, is told the size in bytes as soon as the remote server states it.
	OnLength func(size int64)
	// OnProgress, when set, is told after each write how many bytes were written so far.
	OnProgress func(written int64)
}

// String shows the host only: URL and headers may hold credentials.
func (r Request) String() string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return "GET (not a URL)"
	}
	return "GET " + u.Host
}

// GoString is String, so that %#v does not show credentials either.
func (r Request) GoString() string { return r.String() }

// LogValue is String, for slog.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// ParseURL reads a URL to fetch: absolute, http or https, with a host. It does not look
// the host up. The error is options-invalid on field url and never repeats the URL, which
// may carry a password.
func ParseURL(raw string) (*url.URL, error) {
	refuse := func(message string) (*url.URL, error) {
		return nil, problem.Invalid(problem.Field{Path: "url", Message: message})
	}
	switch {
	case raw == "":
		return refuse("A URL is required.")
	case len(raw) > maxURL:
		return refuse("The URL is longer than 8192 bytes.")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return refuse("This is not a valid URL.")
	case u.Scheme != "http" && u.Scheme != "https":
		return refuse("The URL must begin with http:// or https://.")
	case u.Opaque != "" || u.Hostname() == "":
		return refuse("The URL must name a host.")
	}
	return u, nil
}

// CheckHeaders returns one field, headers.<name>, for each header that a fetch may not
// carry: malformed ones, those that steer the connection or the body, and any that stand
// twice under spellings of different case. In order of name.
func CheckHeaders(headers map[string]string) []problem.Field {
	if len(headers) > maxHeaders {
		return []problem.Field{{Path: "headers", Message: "At most 50 headers may be given."}}
	}
	names := make([]string, 0, len(headers))
	total := 0
	for name, value := range headers {
		names = append(names, name)
		total += len(name) + len(value)
	}
	if total > maxHeaderBytes {
		return []problem.Field{{Path: "headers", Message: "The headers are longer than 16384 bytes together."}}
	}
	slices.Sort(names)
	var wrong []problem.Field
	seen := map[string]bool{}
	for _, name := range names {
		message := headerFault(name, headers[name])
		canonical := http.CanonicalHeaderKey(name)
		if message == "" && seen[canonical] {
			message = "This header is given twice."
		}
		seen[canonical] = true
		if message != "" {
			wrong = append(wrong, problem.Field{Path: "headers." + printable(name), Message: message})
		}
	}
	return wrong
}

// headerFault says what is wrong with one header, or "".
func headerFault(name, value string) string {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return "This is not a valid header name."
	case !httpguts.ValidHeaderFieldValue(value):
		return "The value holds characters that a header may not hold."
	}
	lower := strings.ToLower(name)
	switch lower {
	case "host", "connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding",
		"upgrade", "http2-settings", "expect", "proxy-authenticate", "proxy-authorization":
		return "This header may not be set."
	}
	if strings.HasPrefix(lower, "content-") {
		return "Content headers may not be set."
	}
	return ""
}

// printable makes a client's own name fit to be shown back to it.
func printable(name string) string {
	const most = 64
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if runes := []rune(clean); len(runes) > most {
		clean = string(runes[:most])
	}
	return clean
}

// build makes the HTTP request for one hop. own says that the hop is still at the origin
// the client named, the only one that gets its credentials and headers.
func (c *Client) build(at *url.URL, user *url.Userinfo, headers map[string]string, own bool) *http.Request {
	target := *at
	target.User, target.Fragment, target.RawFragment = nil, "", ""
	h := http.Header{"Accept": {"*/*"}, "User-Agent": {c.policy.UserAgent}}
	r := &http.Request{Method: http.MethodGet, URL: &target, Host: target.Host, Header: h}
	if own {
		if user != nil {
			password, _ := user.Password()
			r.SetBasicAuth(user.Username(), password)
		}
		for name, value := range headers {
			h.Set(name, value)
		}
	}
	h.Set("Accept-Encoding", "identity") // last: a coded body would be refused anyway
	return r
}

// sameOrigin compares scheme, host and port (RFC 6454).
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}
