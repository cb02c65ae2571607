package httpapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/account"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// lateBody does something before its first byte comes.
type lateBody struct {
	before func()
	io.Reader
}

func (b *lateBody) Read(p []byte) (int, error) {
	if b.before != nil {
		b.before()
		b.before = nil
	}
	return b.Reader.Read(p)
}

// tryLate sends a body of which the first byte leaves once the server has asked for it, and
// so has let the key in, and before was called.
func (s *service) tryLate(t *testing.T, key, method, path string, header http.Header, body io.Reader, before func()) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, &lateBody{before, body})
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Expect", "100-continue")
	res, err := (&http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

// expectUnknown checks that the answer is that of a key which never was.
func expectUnknown(t *testing.T, a answer) {
	t.Helper()
	expectError(t, a, 401, problem.KeyInvalid, "A valid API key is required.")
	if a.header.Get("X-Ratelimit-Limit") != "" || a.header.Get("Www-Authenticate") == "" || a.header.Get("Location") != "" {
		t.Error(a.header)
	}
}

// TestRevokedWhileABodyComes: nothing comes of a body whose key is revoked before its end.
func TestRevokedWhileABodyComes(t *testing.T) {
	s := start(t, nil)
	asJSON := http.Header{"Content-Type": {"application/json"}}
	file, ofFile := form(t, part{"file", "a.jpg", "JPEG"})
	files, ofFiles := form(t, part{"file", "a.jpg", "JPEG"}, part{"file", "b.jpg", "JPEG"})
	for _, c := range []struct {
		name, method, path string
		header             http.Header
		body               io.Reader
	}{
		{"upload", "POST", "/1.0/upload", ofFile, file},
		{"fetch", "POST", "/1.0/fetch", asJSON, strings.NewReader(`{"url":"http://example.com/","async":true}`)},
		{"list", "POST", "/1.0/batch", asJSON, strings.NewReader(`{"items":[{"url":"http://example.com/"}]}`)},
		{"batch", "POST", "/1.0/batch", ofFiles, files},
		{"key", "POST", "/1.0/keys", asJSON, strings.NewReader(`{"name":"heir"}`)},
		{"creation", "POST", "/1.0/uploads/", tusHeader("Upload-Length", "4", "Content-Type", octets), strings.NewReader("JPEG")},
		{"last piece", "PATCH", "", tusHeader("Upload-Offset", "2", "Content-Type", octets), strings.NewReader("EG")},
		{"first piece", "PATCH", "", tusHeader("Upload-Offset", "0", "Content-Type", octets), strings.NewReader("JP")},
	} {
		t.Run(c.name, func(t *testing.T) {
			secret, key, err := s.keys.Create(t.Context(), c.name, account.Compress, account.Admin)
			if err != nil {
				t.Fatal(err)
			}
			offset := c.header.Get("Upload-Offset")
			if offset != "" {
				c.path = s.create(t, 4, "Authorization", "Bearer "+secret)
			}
			if offset == "2" {
				s.patch(t, c.path, 0, strings.NewReader("JP"), "Authorization", "Bearer "+secret)
			}
			expectUnknown(t, s.tryLate(t, secret, c.method, c.path, c.header, c.body, func() {
				if _, err := s.keys.Revoke(context.WithoutCancel(t.Context()), key.ID); err != nil {
					t.Error(err)
				}
			}))
			s.uploads.Sweep(t.Context()) // would make a job of what is whole
			if offset != "" {
				u, err := s.uploads.State(t.Context(), strings.TrimPrefix(c.path, uploadsPath))
				if err != nil || u.Offset != int64(offset[0]-'0') {
					t.Errorf("%+v, %v", u, err)
				}
			}
		})
	}
	if keys, err := s.keys.List(t.Context()); err != nil || len(keys) != 9 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	if len(s.desk.sent)+len(s.desk.batches) > 0 || s.uploadsLeft(t) != 2 {
		t.Errorf("%d jobs, %d batches, %d uploads", len(s.desk.sent), len(s.desk.batches), s.uploadsLeft(t))
	}
}

// TestRevokedWhileAPollWaits: a job is not told to a key that was revoked, stripped or has
// expired since the poll began.
func TestRevokedWhileAPollWaits(t *testing.T) {
	for name, end := range map[string]func(*service) error{
		"good":    func(*service) error { return nil },
		"revoked": func(s *service) error { _, err := s.keys.Revoke(context.Background(), s.keyID); return err },
		"expired": func(s *service) error {
			_, err := s.keys.Change(context.Background(), s.keyID, func(k *account.Key) { k.Expires = time.Now().Add(30 * time.Second) })
			return err
		},
		"stripped": func(s *service) error {
			_, err := s.keys.Change(context.Background(), s.keyID, func(k *account.Key) { k.Scopes = []account.Scope{account.Compress} })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := assemble(t, nil)
				s.row(func(*job.Job) {})
				s.desk.wait = func(_ context.Context, j *job.Job) error {
					complete(j)
					defer time.Sleep(50 * time.Second)
					return end(s)
				}
				r := httptest.NewRequestWithContext(t.Context(), "GET", "/1.0/jobs/"+jobID+"?wait=60", nil)
				r.Header.Set("Authorization", "Bearer "+s.key)
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				switch a := read(t, w.Result()); name {
				case "good":
					if a.status != 200 || a.body["status"] != "completed" {
						t.Error(a.text)
					}
				case "stripped":
					expectError(t, a, 403, problem.ScopeMissing, "")
				default:
					expectUnknown(t, a)
				}
			})
		})
	}
}
