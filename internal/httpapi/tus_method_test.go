package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"compressor/internal/account"
	"compressor/internal/problem"
)

// TestTusVersionOnEveryReply: whatever is answered below the address of uploads, and why.
func TestTusVersionOnEveryReply(t *testing.T) {
	s := start(t, nil)
	reader, _, err := s.keys.Create(t.Context(), "reader", account.Read)
	if err != nil {
		t.Fatal(err)
	}
	path := s.create(t, 5)
	for _, c := range []struct {
		method, path, key string
		status            int
	}{
		{"GET", path, s.key, 200}, {"HEAD", path, s.key, 200}, {"OPTIONS", path, s.key, 200}, {"PATCH", path, s.key, 415},
		{"GET", path, "nobody-knows-this-key", 401}, {"POST", "/1.0/uploads", "nobody-knows-this-key", 401},
		{"POST", "/1.0/uploads", reader, 403}, {"POST", "/1.0/uploads", s.key, 422},
		{"GET", uploadsPath + "nothing", s.key, 404}, {"GET", path + "/more", s.key, 404}, {"GET", uploadsPath + "/a/", s.key, 404},
		{"PUT", path, s.key, 405}, {"PATCH", uploadsPath, s.key, 405},
	} {
		a := s.try(t, c.method, c.path, tusHeader("Authorization", "Bearer "+c.key), nil)
		if a.status != c.status || a.header.Get("Tus-Resumable") != "1.0.0" {
			t.Errorf("%s %s: %d instead of %d, %v", c.method, c.path, a.status, c.status, a.header)
		}
	}
	if a := s.try(t, "GET", "/1.0/account", nil, nil); a.header.Get("Tus-Resumable") != "" {
		t.Error(a.header)
	}
}

// TestTusMethodOverride: what a client means that can send POST only is done, with the rights
// and in the way of the method that it means.
func TestTusMethodOverride(t *testing.T) {
	s := start(t, nil)
	reader, _, err := s.keys.Create(t.Context(), "reader", account.Read)
	if err != nil {
		t.Fatal(err)
	}
	path := s.create(t, 4)
	post := func(method, path, body string, extra ...string) answer {
		t.Helper()
		extra = append(extra, "X-HTTP-Method-Override", method)
		return s.try(t, "POST", path, tusHeader(extra...), strings.NewReader(body))
	}
	piece := []string{"Content-Type", octets, "Upload-Offset", "0"}
	expectError(t, post("PATCH", path, "JP", append(piece, "Authorization", "Bearer "+reader)...), 403, problem.ScopeMissing, "")
	if a := post("PATCH", path, "JP", piece...); a.status != 204 || a.header.Get("Upload-Offset") != "2" {
		t.Fatal(a.status, a.text)
	}
	if a := post("HEAD", path, ""); a.status != 200 || a.header.Get("Upload-Offset") != "2" || a.header.Get("Upload-Length") != "4" || a.text != "" {
		t.Error(a.status, a.header, a.text)
	}
	expectError(t, post("HEAD", uploadsPath+jobID, ""), 404, problem.NotFound, "") // with a body, since it came by POST
	for _, where := range []string{path, uploadsPath, "/1.0/uploads"} {
		if a := post("OPTIONS", where, ""); a.status != 200 || a.header.Get("Tus-Version") != "1.0.0" {
			t.Error(where, a.status, a.header)
		}
	}
	for _, method := range []string{"GET", "POST", "PUT", "patch", "x y"} {
		a := post(method, path, "")
		expectError(t, a, 405, problem.MethodNotAllowed, "")
		if a.header.Get("Allow") != "GET, HEAD, PATCH, DELETE, OPTIONS" {
			t.Error(a.header)
		}
		expectError(t, post(method, uploadsPath, "", "Upload-Length", "4"), 405, problem.MethodNotAllowed, "")
	}
	for _, method := range []string{"PATCH", "DELETE", "HEAD"} {
		expectError(t, post(method, "/1.0/uploads", ""), 405, problem.MethodNotAllowed, "")
	}
	if a := post("DELETE", path, ""); a.status != 204 || s.uploadsLeft(t) != 0 {
		t.Error(a.status, a.text)
	}
	// Nowhere else, and by no other method.
	if a := s.try(t, "POST", "/1.0/jobs/"+jobID, http.Header{"X-Http-Method-Override": {"DELETE"}}, nil); a.status != 405 {
		t.Error(a.status)
	}
	if a := s.try(t, "GET", path, http.Header{"X-Http-Method-Override": {"DELETE"}}, nil); a.status != 404 {
		t.Error(a.status)
	}
}
