package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// preferences are those of the header Prefer (RFC 7240) that mean something here.
type preferences struct {
	async bool          // respond-async
	wait  time.Duration // wait, 0 if not given
}

// prefers reads the header. What is unknown or malformed counts as not given, as the
// standard asks; of a repeated preference the first counts.
func prefers(h http.Header) preferences {
	var p preferences
	seen := map[string]bool{}
	for _, line := range h.Values("Prefer") {
		for item := range strings.SplitSeq(line, ",") {
			item, _, _ = strings.Cut(item, ";") // parameters: none of ours has any
			name, value, _ := strings.Cut(item, "=")
			name = strings.ToLower(strings.TrimSpace(name))
			if seen[name] {
				continue
			}
			seen[name] = true
			switch name {
			case "respond-async":
				p.async = true
			case "wait":
				seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 16)
				if err == nil {
					p.wait = time.Duration(seconds) * time.Second
				}
			}
		}
	}
	return p
}
