package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"compressor/internal/account"
	"compressor/internal/problem"
)

func origins(list ...string) func(*Config, *account.Limits) {
	return func(c *Config, _ *account.Limits) { c.Origins = list }
}

func TestShare(t *testing.T) {
	const app, other = "https://app.example.com", "https://evil.example.com"
	for _, c := range []struct {
		name    string
		origins []string
		origin  string
		allow   string
		vary    bool
	}{
		{"off", nil, app, "", false},
		{"listed", []string{"http://localhost:3000", app}, app, app, true},
		{"not listed", []string{app}, other, "", true},
		{"no page", []string{app}, "", "", true},
		{"a longer name", []string{app}, app + ".evil.com", "", true},
		{"null", []string{app}, "null", "", true},
		{"any", []string{"*"}, other, "*", false},
		{"any, no page", []string{"*"}, "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, origins(c.origins...))
			s.row(complete)
			header := http.Header{}
			if c.origin != "" {
				header.Set("Origin", c.origin)
			}
			for _, path := range []string{"/1.0/account", "/1.0/jobs/" + jobID, "/1.0/jobs", linkPath, "/nothing", "/1.0//account"} {
				h := s.try(t, "GET", path, header, nil).header
				if h.Get("Access-Control-Allow-Origin") != c.allow || slices.Contains(h.Values("Vary"), "Origin") != c.vary || h.Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("%s: %v", path, h)
				}
				if exposed := h.Get("Access-Control-Expose-Headers"); (exposed != "") != (c.allow != "") {
					t.Errorf("%s exposes %q", path, exposed)
				}
			}
			header.Set("Authorization", "Bearer nobody") // the page must be able to read why
			if a := s.try(t, "GET", "/1.0/account", header, nil); a.status != 401 || a.header.Get("Access-Control-Allow-Origin") != c.allow {
				t.Errorf("%d %v", a.status, a.header)
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	const app = "https://app.example.com"
	s := start(t, origins(app))
	ask := func(path, origin, method string) answer {
		h := http.Header{"Authorization": nil, "Origin": {origin}}
		if method != "" {
			h.Set("Access-Control-Request-Method", method)
		}
		return s.try(t, "OPTIONS", path, h, nil)
	}
	for path, methods := range map[string]string{"/1.0/upload": "POST", "/1.0/jobs/" + jobID: "GET, HEAD, DELETE", "/1.0/jobs/" + jobID + "/events": "GET, HEAD", linkPath: "GET, HEAD"} {
		a := ask(path, app, "POST")
		if a.status != 204 || a.text != "" || a.header.Get("Access-Control-Allow-Origin") != app || a.header.Get("Access-Control-Allow-Methods") != methods || a.header.Get("Access-Control-Max-Age") != "7200" {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
		for _, name := range []string{"Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"} {
			if !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), name) {
				t.Errorf("%s: %s is not allowed", path, name)
			}
		}
	}
	expectError(t, ask("/1.0/upload", "https://evil.example.com", "POST"), 405, problem.MethodNotAllowed, "")
	expectError(t, ask("/1.0/upload", app, ""), 405, problem.MethodNotAllowed, "")
	expectError(t, ask("/1.0/nothing", app, "POST"), 404, problem.NotFound, "")
}

// TestRateHeaders: every reply to a good key tells where it stands, in the bucket that
// counts it; a bad key where none is needed changes nothing.
func TestRateHeaders(t *testing.T) {
	s := start(t, func(_ *Config, l *account.Limits) { l.Requests, l.Reads = 100, 9 })
	s.row(complete)
	for _, c := range []struct {
		method, path, limit, left string
	}{
		{"GET", "/1.0/account", "100", "99"},
		{"GET", "/1.0/jobs/" + jobID, "9", "8"},
		{"GET", "/1.0/jobs/" + jobID + "?wait=61", "9", "7"},
		{"GET", "/1.0/jobs", "9", "6"},
		{"GET", "/1.0/jobs/" + linkID, "9", "5"}, // 404
		{"GET", "/1.0/jobs/" + jobID + "/events", "9", "4"},
		{"DELETE", "/1.0/jobs/" + jobID, "9", "3"},
		{"GET", linkPath, "9", "2"},
		{"HEAD", linkPath, "9", "1"},
		{"GET", "/nothing", "100", "98"},
		{"PUT", "/1.0/upload", "100", "97"},
		{"GET", "/healthz", "100", "97"},
		{"GET", "/1.0/openapi.json", "100", "97"},
		{"POST", "/1.0/upload", "100", "96"}, // 415
		{"GET", linkPath, "9", "0"},
		{"GET", linkPath, "9", "0"}, // no more to count, and no reason to refuse
	} {
		a := s.try(t, c.method, c.path, nil, nil)
		if a.header.Get("X-RateLimit-Limit") != c.limit || a.header.Get("X-RateLimit-Remaining") != c.left || a.header.Get("X-RateLimit-Reset") == "" {
			t.Errorf("%s %s: %d %v", c.method, c.path, a.status, a.header)
		}
		if c.path == linkPath && a.status != 200 {
			t.Errorf("download: %d", a.status)
		}
	}
	expectError(t, s.try(t, "GET", "/1.0/jobs", nil, nil), 429, problem.RateLimited, "")
	a := s.try(t, "GET", linkPath, http.Header{"Authorization": {"Bearer nobody"}}, nil)
	if a.status != 200 || a.header.Get("X-RateLimit-Limit") != "" {
		t.Errorf("a download with a bad key: %d %v", a.status, a.header)
	}
}
