package httpapi

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"compressor/internal/account"
	"compressor/internal/intake"
	"compressor/internal/problem"
)

const (
	notValid = "Validation failed for one or more parameters"
	notJSON  = "Incoming request body does not contain a valid JSON data"
)

func TestUploadErrors(t *testing.T) {
	s := start(t, func(c *Config, _ *account.Limits) { c.Limits = intake.Limits{File: 1 << 20} })
	file := part{"file", "a.jpg", "JPEG"}
	for _, c := range []struct {
		name    string
		parts   []part
		status  int
		code    problem.Code
		message string
		fields  []string
	}{
		{"data of 65,537 bytes", []part{file, {"data", "", `{"tag":"` + strings.Repeat("x", 65537-10) + `"}`}}, 413, problem.FileTooLarge,
			"The part data is larger than 65536 bytes.", []string{"data: The part data is larger than 65536 bytes."}},
		{"data that is not JSON", []part{file, {"data", "", `{"image":`}}, 422, problem.BodyNotJSON, notJSON, nil},
		{"data that is a list", []part{file, {"data", "", `[]`}}, 422, problem.BodyNotJSON, "The JSON in the request body must be a hash; got a list.", nil},
		{"empty data", []part{file, {"data", "", ``}}, 422, problem.BodyNotJSON, notJSON, nil},
		{"unknown option", []part{file, {"data", "", `{"image":{"compresion":"high"}}`}}, 422, problem.OptionsInvalid, notValid,
			[]string{"image.compresion: Unknown option; did you mean 'compression'?"}},
		{"two wrong fields", []part{{"data", "", `{"image":{"quality":0,"resize":{"mode":"auto"}}}`}, file}, 422, problem.OptionsInvalid, notValid,
			[]string{"image.quality: Must be between 1 and 100; got 0.", "image.resize: When mode='auto', at least one of 'width' or 'height' must be specified."}},
		{"resize without sides", []part{file, {"data", "", `{"video":{"resize":{}}}`}}, 422, problem.OptionsInvalid, notValid,
			[]string{"video.resize: When mode='auto', at least one of 'width' or 'height' must be specified."}},
		{"url in data", []part{file, {"data", "", `{"url":"http://example.com"}`}}, 422, problem.OptionsInvalid, notValid, []string{"url: *"}},
		{"empty file", []part{{"file", "a.jpg", ""}}, 422, problem.FileEmpty, "The file is empty.", nil},
		{"no file", []part{{"data", "", "{}"}}, 422, problem.OptionsInvalid, notValid, []string{"file: A part named file is required."}},
		{"two files", []part{file, file}, 422, problem.OptionsInvalid, notValid, []string{"file: Exactly one file *"}},
		{"file too large", []part{{"file", "a.jpg", strings.Repeat("x", 1<<20+1)}}, 413, problem.FileTooLarge, "The file is larger than the 1048576 bytes allowed here.", nil},
		{"file far too large", []part{{"file", "a.jpg", strings.Repeat("x", 6<<20)}}, 413, problem.FileTooLarge, "The file is larger than the 1048576 bytes allowed here.", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, header := form(t, c.parts...)
			a := s.try(t, "POST", "/1.0/upload", header, body)
			if start, ok := strings.CutSuffix(strings.Join(c.fields, ""), "*"); ok && strings.HasPrefix(strings.Join(fieldsOf(a), ""), start) {
				c.fields = fieldsOf(a) // the rest of its words is another package's
			}
			expectError(t, a, c.status, c.code, c.message, c.fields...)
		})
	}
	if len(s.desk.sent) > 0 {
		t.Errorf("%d were submitted", len(s.desk.sent))
	}
}

func TestWrongBodies(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct {
		name, path, contentType, coding, body string
		status                                int
		code                                  problem.Code
	}{
		{"upload of JSON", "/1.0/upload", "application/json", "", "{}", 415, problem.MediaTypeUnsupported},
		{"upload of nothing", "/1.0/upload", "", "", "", 415, problem.MediaTypeUnsupported},
		{"upload without boundary", "/1.0/upload", "multipart/form-data", "", "x", 400, problem.MultipartBroken},
		{"upload that breaks off", "/1.0/upload", "multipart/form-data; boundary=x", "", "--x\r\n", 400, problem.MultipartBroken},
		{"upload in gzip", "/1.0/upload", "multipart/form-data; boundary=x", "gzip", "x", 415, problem.MediaTypeUnsupported},
		{"fetch without type", "/1.0/fetch", "", "", `{"url":"http://example.com"}`, 415, problem.MediaTypeUnsupported},
		{"fetch as text", "/1.0/fetch", "text/json", "", `{"url":"http://example.com"}`, 415, problem.MediaTypeUnsupported},
		{"fetch in gzip", "/1.0/fetch", "application/json", "gzip", `{"url":"http://example.com"}`, 415, problem.MediaTypeUnsupported},
		{"fetch of nothing", "/1.0/fetch", "application/json", "", ``, 422, problem.BodyNotJSON},
		{"fetch of half", "/1.0/fetch", "application/json", "", `{"url":`, 422, problem.BodyNotJSON},
		{"fetch of a megabyte and one", "/1.0/fetch", "application/json", "", strings.Repeat(" ", maxJSON+1), 413, problem.FileTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := http.Header{}
			if c.contentType != "" {
				header.Set("Content-Type", c.contentType)
			}
			if c.coding != "" {
				header.Set("Content-Encoding", c.coding)
			}
			a := s.try(t, "POST", c.path, header, strings.NewReader(c.body))
			expectError(t, a, c.status, c.code, "")
			a = s.try(t, "POST", c.path, header, io.MultiReader(strings.NewReader(c.body))) // chunked
			expectError(t, a, c.status, c.code, "")
		})
	}
	if a := s.fetch1(t, `{"url":"http://example.com/"}`+strings.Repeat(" ", maxJSON-len(`{"url":"http://example.com/"}`))); a.status != 200 {
		t.Errorf("a megabyte is not taken: %s", a.text)
	}
}

func TestFetchNamesEveryWrongField(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct {
		body   string
		fields []string
	}{
		{`{}`, []string{"url: Must be given, unless 'source' is."}},
		{`{"url":null}`, []string{"url: Must be given, unless 'source' is."}},
		{`{"url":""}`, []string{"url: Must be given, unless 'source' is."}},
		{`{"url":"ftp://u:secret@example.com/","Image":{},"image":{"quality":500},"headers":{"Host":"x","X-Good":"y","Content-Type":"z"},"report":"all"}`, []string{
			"Image: Unknown option; did you mean 'image'?",
			"image.quality: Must be between 1 and 100; got 500.",
			"report: Must be one of none, brief, full; got 'all'.",
			"url: The URL must begin with http:// or https://.",
			"headers.Content-Type: Content headers may not be set.",
			"headers.Host: This header may not be set."}},
		{`{"url":5,"headers":{"Host":"x","X-A":1}}`, []string{
			"url: Must be text; got 5.", "headers.X-A: Must be text; got 1.", "headers.Host: This header may not be set."}},
		{`{"url":"http://example.com","headers":{"X-A":"a\r\nHost: b"}}`, []string{"headers.X-A: The value holds characters that a header may not hold."}},
	} {
		a := s.fetch1(t, c.body)
		fields := fieldsOf(a)
		slices.Sort(fields)
		slices.Sort(c.fields)
		if a.status != 422 || a.body["message"] != notValid || !slices.Equal(fields, c.fields) {
			t.Errorf("%s\n got %q\nwant %q", c.body, fields, c.fields)
		}
		if strings.Contains(a.text, "secret") {
			t.Error("the password is repeated")
		}
	}
	if len(s.desk.sent) > 0 {
		t.Errorf("%d were submitted", len(s.desk.sent))
	}
}

// TestFetchForbidden: an address that would never be asked makes no job, however it is spelled.
func TestFetchForbidden(t *testing.T) {
	s := start(t, nil)
	for _, url := range []string{"http://127.0.0.1/s3cret", "http://127.1/s3cret", "http://0x7f.1/s3cret", "http://①②⑦.⓪.⓪.①/s3cret", "http://localhost/s3cret", "http://example.com:22/s3cret"} {
		for _, async := range []string{"false", "true"} {
			a := s.fetch1(t, `{"url":"`+url+`","async":`+async+`}`)
			expectError(t, a, 422, problem.SourceForbidden, "That address may not be fetched from.")
			if strings.Contains(a.text, "s3cret") {
				t.Error(a.text)
			}
		}
	}
	if len(s.desk.sent) > 0 {
		t.Errorf("%d were submitted", len(s.desk.sent))
	}
}

// TestNoHash: what is JSON, and no hash, is told so.
func TestNoHash(t *testing.T) {
	s := start(t, nil)
	admin, _ := adminOf(t, s)
	for body, kind := range map[string]string{`[]`: "a list", ` [{"url":"x"}]`: "a list", `"s3cret"`: "a text", `7`: "a number", `true`: "true or false", `null`: "null"} {
		for _, path := range []string{"/1.0/fetch", "/1.0/batch", "/1.0/keys"} {
			key := s.key
			if path == "/1.0/keys" {
				key = admin
			}
			a := s.manage(t, key, "POST", path, body)
			expectError(t, a, 422, problem.BodyNotJSON, "The JSON in the request body must be a hash; got "+kind+".")
		}
	}
}

func TestNoSuchThing(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct{ method, path, allow string }{
		{"GET", "/", ""},
		{"GET", "/1.0", ""},
		{"GET", "/1.0/", ""},
		{"GET", "/1.0/accounts", ""},
		{"GET", "/1.0/account/", ""},
		{"GET", "/1.0//account", ""},
		{"GET", "/1.0/./account", ""},
		{"GET", "/a/../1.0/account", ""},
		{"GET", "/2.0/account", ""},
		{"POST", "/1.0/a/b", ""},
		{"GET", "/1.0/a/b", ""},
		{"GET", "/1.0/jobs/", ""},
		{"OPTIONS", "/1.0/nothing", ""},
		{"POST", "/1.0/account", "GET, HEAD"},
		{"GET", "/1.0/upload", "POST"},
		{"PUT", "/1.0/upload", "POST"},
		{"OPTIONS", "/1.0/fetch", "POST"},
		{"POST", "/1.0/jobs/x", "GET, HEAD, DELETE"},
		{"POST", "/1795521600/" + linkID + "/a.jpg", "GET, HEAD"},
		{"MADEUP", "/healthz", "GET, HEAD"},
	} {
		for _, header := range []http.Header{nil, {"Authorization": {"Bearer wrong-key-of-some-length"}}} {
			a := s.try(t, c.method, c.path, header, nil)
			if c.allow == "" {
				expectError(t, a, 404, problem.NotFound, "")
			} else {
				expectError(t, a, 405, problem.MethodNotAllowed, "")
			}
			if a.header.Get("Allow") != c.allow {
				t.Errorf("%s %s: Allow %q", c.method, c.path, a.header.Get("Allow"))
			}
			if (a.header.Get("X-Ratelimit-Remaining") != "") != (header == nil) {
				t.Errorf("%s %s: rate headers %v", c.method, c.path, a.header)
			}
		}
	}
}
