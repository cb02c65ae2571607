package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"
)

// reply is an HTTP reply, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// fields of the replies that the tests look at; the scripts see the raw JSON.
type fields struct {
	ID        string `json:"id"`
	Status    any    `json:"status"` // a word in jobs, a number in errors
	URL       string `json:"url"`
	ExpiresAt string `json:"expires_at"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Input     file   `json:"input"`
	Output    file   `json:"output"`
	Report    told   `json:"report"`
}

// told is a report.
type told struct {
	Path     string   `json:"path"`
	Reason   string   `json:"reason"`
	Chosen   string   `json:"chosen"`
	Score    *float64 `json:"score"`
	Attempts []any    `json:"attempts"`
	Parts    []told   `json:"parts"`
	Notes    []string `json:"notes"`
}

type file struct {
	Format string `json:"format"`
	Size   int64  `json:"size"`
	SHA1   string `json:"sha1"`
	SHA256 string `json:"sha256"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

func (r reply) fields() (fields, error) {
	var f fields
	if err := json.Unmarshal(r.body, &f); err != nil {
		return f, fmt.Errorf("status %d, body %q: %w", r.status, r.body, err)
	}
	return f, nil
}

// newClient is for one test: it shares no connection with any other.
func newClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       patience,
	}
}

// do sends a request and reads the whole reply.
func do(c *http.Client, r *http.Request) (reply, error) {
	got, err := c.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	return reply{got.StatusCode, got.Header, body}, err
}

// part is one part of a form.
type part struct{ name, fileName, body string }

// form writes parts as multipart/form-data.
func form(parts ...part) (body *bytes.Buffer, contentType string, err error) {
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	for _, p := range parts {
		var to io.Writer
		if p.fileName == "" {
			to, err = w.CreateFormField(p.name)
		} else {
			to, err = w.CreateFormFile(p.name, p.fileName)
		}
		if err != nil {
			return nil, "", err
		}
		if _, err = io.WriteString(to, p.body); err != nil {
			return nil, "", err
		}
	}
	return body, w.FormDataContentType(), w.Close()
}

// upload posts a file with options, JSON or "".
func upload(c *http.Client, base, name string, data []byte, options string) (reply, error) {
	return uploadAs(c, base, key, name, data, options)
}

// uploadAs is upload with another key.
func uploadAs(c *http.Client, base, as, name string, data []byte, options string) (reply, error) {
	parts := []part{{"file", name, string(data)}}
	if options != "" {
		parts = append(parts, part{name: "data", body: options})
	}
	body, contentType, err := form(parts...)
	if err != nil {
		return reply{}, err
	}
	r, err := http.NewRequest(http.MethodPost, base+"/1.0/upload", body)
	if err != nil {
		return reply{}, err
	}
	r.Header.Set("Content-Type", contentType)
	r.SetBasicAuth(as, "")
	return do(c, r)
}

// get asks for a path of the server, with the key, or for a download.
func get(c *http.Client, base, path string) (reply, error) {
	r, err := http.NewRequest(http.MethodGet, base+path, nil)
	if err != nil {
		return reply{}, err
	}
	r.SetBasicAuth(key, "")
	return do(c, r)
}

// mustUpload uploads, and the reply must have the status.
func (s *server) mustUpload(c *http.Client, name string, data []byte, options string, status int) fields {
	s.t.Helper()
	r, err := upload(c, s.base(), name, data, options)
	if err != nil {
		s.t.Fatal(err)
	}
	f, err := r.fields()
	if err != nil {
		s.t.Fatal(err)
	}
	if r.status != status {
		s.t.Fatalf("upload of %s with %s: status %d instead of %d: %s", name, options, r.status, status, r.body)
	}
	return f
}

// await polls a job until it has ended.
func (s *server) await(t testing.TB, c *http.Client, id string) fields {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		r, err := get(c, s.base(), "/1.0/jobs/"+id+"?wait=20")
		if err == nil && r.status != http.StatusOK {
			err = fmt.Errorf("status %d: %s", r.status, r.body)
		}
		if err != nil {
			t.Fatalf("poll of %s: %v", id, err)
		}
		f, err := r.fields()
		if err != nil {
			t.Fatal(err)
		}
		if f.ended() {
			return f
		}
		if ctx.Err() != nil {
			t.Fatalf("job %s has not ended: %s\n%s", id, r.body, s.log.String())
		}
	}
}

func (f fields) ended() bool { return f.Status == "completed" || f.Status == "failed" }

// path is the path of a link, which is good at every address the server had.
func (f fields) path() string {
	_, rest, _ := strings.Cut(f.URL, "://")
	_, path, _ := strings.Cut(rest, "/")
	return "/" + path
}

// download gets a result, and it must be the file that the reply describes.
func download(c *http.Client, base string, f fields) ([]byte, error) {
	r, err := get(c, base, f.path())
	if err != nil {
		return nil, err
	}
	if r.status != http.StatusOK {
		return nil, fmt.Errorf("download: status %d: %s", r.status, r.body)
	}
	if sum := sha(r.body); sum != f.Output.SHA256 || int64(len(r.body)) != f.Output.Size {
		return nil, errors.New("download: not the file that the reply describes")
	}
	return r.body, nil
}

// within fails a test whose requests hang, with the log, instead of with all goroutines.
func within(t testing.TB, s *server, limit time.Duration, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("not done after %s:\n%s", limit, s.log.String())
	}
}
