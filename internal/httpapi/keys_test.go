package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/account"
	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/work"
)

// manage asks with a key that may manage keys.
func (s *service) manage(t testing.TB, admin, method, path, body string) answer {
	t.Helper()
	header := http.Header{"Authorization": {"Bearer " + admin}, "Content-Type": {"application/json"}}
	return s.try(t, method, path, header, strings.NewReader(body))
}

func adminOf(t testing.TB, s *service) (secret, id string) {
	t.Helper()
	secret, key, err := s.keys.Create(t.Context(), "admin", account.Admin)
	if err != nil {
		t.Fatal(err)
	}
	return secret, key.ID
}

func TestManageKeys(t *testing.T) {
	s := start(t, nil)
	admin, adminID := adminOf(t, s)
	made := s.manage(t, admin, "POST", "/1.0/keys", `{"name":"shop","scopes":["read","compress","read"],
		"limits":{"rate":50,"concurrent":2,"queued":3,"bytes":4000,"until":"2999-01-01"},"expires":"2999-06-01T00:00:00Z"}`)
	secret, _ := made.body["key"].(string)
	id, _ := made.body["id"].(string)
	if made.status != 201 || keysOf(made.body) != "created_at expires id key limits name prefix scopes" ||
		made.header.Get("Location") != "/1.0/keys/"+id || fmt.Sprint(made.body["scopes"]) != "[read compress]" ||
		fmt.Sprint(made.body["limits"]) != "map[bytes:4000 concurrent:2 queued:3 rate:50 until:2999-01-01T00:00:00Z]" {
		t.Fatal(made.text)
	}
	use := func() answer {
		t.Helper()
		return s.try(t, "GET", "/1.0/account", http.Header{"Authorization": {"Bearer " + secret}}, nil)
	}
	a := use()
	if l := a.body["limits"].(map[string]any); l["limit"] != 50.0 || l["concurrent"] != 2.0 || l["queued"] != 3.0 || l["bytes"] != 4000.0 || l["until"] != "2999-01-01T00:00:00Z" {
		t.Error(a.text)
	}
	look := s.manage(t, admin, "GET", "/1.0/keys/"+id, "")
	if look.status != 200 || strings.Contains(look.text, secret) || keysOf(look.body["usage"]) != "bytes_in bytes_out days requests" {
		t.Error(look.text)
	}
	list := s.manage(t, admin, "GET", "/1.0/keys?limit=2", "")
	if got := list.body["keys"].([]any); list.status != 200 || len(got) != 2 || list.body["more"] != true || strings.Contains(list.text, `"key"`) {
		t.Error(list.text)
	}

	// What is not named stays; null is the service's. It holds for the very next request, and
	// the running window keeps its count.
	for _, c := range []struct{ patch, limits, window string }{
		{`{"limits":{"rate":60,"bytes":null}}`, "map[concurrent:2 queued:3 rate:60 until:2999-01-01T00:00:00Z]", "60 58"},
		{`{"limits":{"queued":0,"until":null}}`, "map[concurrent:2 rate:60]", "60 57"},
		{`{"name":"other","expires":null}`, "map[concurrent:2 rate:60]", "60 56"},
		{`{"limits":null}`, "map[]", "100000 99995"},
		{`{"limits":{"rate":3}}`, "map[rate:3]", "3 0"},
	} {
		a := s.manage(t, admin, "PATCH", "/1.0/keys/"+id, c.patch)
		if a.status != 200 || fmt.Sprint(a.body["limits"]) != c.limits {
			t.Errorf("%s: %s", c.patch, a.text)
		}
		h := use().header
		if got := h.Get("X-Ratelimit-Limit") + " " + h.Get("X-Ratelimit-Remaining"); got != c.window {
			t.Errorf("%s: %s, want %s", c.patch, got, c.window)
		}
	}
	if len(s.desk.readmitted) != 5 || s.desk.readmitted[0] != id {
		t.Errorf("%q", s.desk.readmitted)
	}
	for range 2 {
		if a := s.manage(t, admin, "DELETE", "/1.0/keys/"+id, ""); a.status != 200 || a.body["revoked_at"] == "" || a.body["expires"] != nil || a.body["name"] != "other" {
			t.Error(a.text)
		}
	}
	expectError(t, use(), 401, problem.KeyInvalid, "A valid API key is required.")
	expectError(t, s.manage(t, admin, "DELETE", "/1.0/keys/"+adminID, ""), 422, problem.OptionsInvalid, "",
		"id: This is the last key with the scope admin. Make another one first, or use the command line of the service.")
}

func TestManageKeysRefused(t *testing.T) {
	s := start(t, nil)
	admin, _ := adminOf(t, s)
	_, plain, err := s.keys.Create(t.Context(), "plain")
	if err != nil {
		t.Fatal(err)
	}
	own := "/1.0/keys/" + plain.ID
	for _, c := range []struct{ method, path string }{{"GET", "/1.0/keys"}, {"POST", "/1.0/keys"}, {"GET", own}, {"PATCH", own}, {"DELETE", own}} {
		expectError(t, s.manage(t, s.key, c.method, c.path, "{}"), 403, problem.ScopeMissing, "This API key may not do that: it lacks the scope admin.")
	}
	for _, path := range []string{"/1.0/keys/" + jobID, "/1.0/keys/x"} {
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			expectError(t, s.manage(t, admin, method, path, "{}"), 404, problem.NotFound, "")
		}
	}
	for _, c := range []struct{ body, want string }{
		{`{"scopes":["root"]}`, "scopes[0]: "}, {`{"limits":{"rate":-1}}`, "limits.rate: "},
		{`{"limits":{"until":"2020-01-01"}}`, "limits.until: Must not be in the past; got 2020-01-01T00:00:00Z."}, {`{"expires":"soon"}`, "expires: "},
		{`{"expires":"2020-01-01"}`, "expires: Must not be in the past; got 2020-01-01T00:00:00Z. To end a key at once, revoke it."}, {`{"limit":{}}`, "limit: "}, {`{"name":7}`, "name: "},
	} {
		for _, at := range []struct{ method, path string }{{"POST", "/1.0/keys"}, {"PATCH", own}} {
			a := s.manage(t, admin, at.method, at.path, c.body)
			if got := fieldsOf(a); a.status != 422 || len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
				t.Errorf("%s %s: %d %q", at.method, c.body, a.status, got)
			}
		}
	}
	for _, body := range []string{`{"scopes":[]}`, `{"scopes":null}`} {
		if got := fieldsOf(s.manage(t, admin, "PATCH", own, body)); len(got) != 1 || !strings.HasPrefix(got[0], "scopes: Must name at least one.") {
			t.Errorf("%s: %q", body, got)
		}
	}
	expectError(t, s.manage(t, admin, "POST", "/1.0/keys", `{"scopes":[]}`), 422, problem.OptionsInvalid, notValid, "scopes: Must name at least one.")
	if a := s.manage(t, admin, "POST", "/1.0/keys", `{"scopes":null}`); a.status != 201 || fmt.Sprint(a.body["scopes"]) != "[compress read]" {
		t.Error(a.status, a.text)
	}
	expectError(t, s.manage(t, admin, "POST", "/1.0/keys", "{"), 422, problem.BodyNotJSON, "")
	expectError(t, s.manage(t, admin, "GET", "/1.0/keys?limit=0", ""), 422, problem.OptionsInvalid, "", "limit: Must be a whole number from 1 to 100; got '0'.")
	if a := s.manage(t, admin, "PUT", own, ""); a.status != 405 || a.header.Get("Allow") != "GET, HEAD, PATCH, DELETE" {
		t.Error(a.status, a.header)
	}
}

// TestRateOnEveryReply: every reply to a good key tells where it stands; one without tells nothing.
func TestRateOnEveryReply(t *testing.T) {
	s := start(t, nil)
	s.desk.put(job.Job{ID: jobID, KeyID: s.keyID, State: job.Failed, Problem: problem.New(problem.Canceled), Request: []byte(`{}`)})
	file, header := form(t, part{"file", "a.jpg", "JPEG"}, part{"data", "", `{"response":{"mode":"binary"}}`})
	replies := map[string]answer{
		"200 binary": s.try(t, "POST", "/1.0/upload", header, file),
		"422":        s.fetch1(t, `{}`),
		"403":        s.try(t, "GET", "/1.0/keys", nil, nil),
		"404 route":  s.try(t, "GET", "/nowhere", nil, nil),
		"404 job":    s.try(t, "GET", "/1.0/jobs/"+linkID, nil, nil),
		"405":        s.try(t, "PUT", "/1.0/upload", nil, nil),
		"200 stream": s.try(t, "GET", "/1.0/jobs/"+jobID+"/events", nil, nil),
		"204 stream": s.try(t, "GET", "/1.0/jobs/"+jobID+"/events", http.Header{"Last-Event-Id": {"failed"}}, nil),
		"200 open":   s.try(t, "GET", "/healthz", nil, nil),
	}
	s.desk.submit = func(work.Submission) error { return problem.New(problem.QueueFull) }
	replies["503"] = s.upload1(t, `{}`)
	s.desk.submit = func(work.Submission) error { panic("on purpose") }
	replies["500"] = s.upload1(t, `{}`)
	for name, a := range replies {
		if !strings.HasPrefix(name, fmt.Sprint(a.status)) {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
		for _, h := range []string{"Limit", "Remaining", "Reset"} {
			if a.header.Get("X-Ratelimit-"+h) == "" {
				t.Errorf("%s: no %s", name, h)
			}
		}
	}
	none := s.try(t, "GET", "/1.0/account", http.Header{"Authorization": {"Bearer nobody-knows-this-key"}}, nil)
	if none.status != 401 || none.header.Get("X-Ratelimit-Limit") != "" {
		t.Error(none.status, none.header)
	}
}

// TestStreamLimit: so many streams of a key, and a place again once one has ended.
func TestStreamLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := assemble(t, func(c *Config, _ *account.Limits) { c.Streams = 2 })
		s.desk.put(job.Job{ID: jobID, KeyID: s.keyID, State: job.Processing, Request: []byte(`{}`)})
		ctx, stop := context.WithCancel(t.Context())
		var open sync.WaitGroup
		for range 2 {
			open.Go(func() { s.stream(ctx) })
		}
		synctest.Wait()
		w := s.stream(t.Context())
		if w.Code != 429 || w.Header().Get("Retry-After") != "5" || !strings.Contains(w.Body.String(), `"message":"This API key has 2 event streams open`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		stop()
		open.Wait()
		ctx, stop = context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if w := s.stream(ctx); w.Code != 200 {
			t.Errorf("after two have ended: %d", w.Code)
		}
		if len(s.streams.byKey) != 0 {
			t.Errorf("%v", s.streams.byKey)
		}
	})
}
