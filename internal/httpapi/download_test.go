package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"compressor/internal/account"
	"compressor/internal/intake"
	"compressor/internal/job"
	"compressor/internal/problem"
)

const linkPath = "/1795521600/" + linkID + "/Strand%20%C3%BC.jpg"

func TestDownload(t *testing.T) {
	s := start(t, nil)
	s.row(complete)
	etag := `"` + strings.Repeat("ab", 32) + `"`
	a := s.try(t, "GET", linkPath, http.Header{"Authorization": nil}, nil)
	if a.status != 200 || a.text != content {
		t.Fatalf("%d %q", a.status, a.text)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/jpeg", "Content-Disposition": "inline; filename*=utf-8''Strand%20%C3%BC.jpg",
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
		"Cross-Origin-Resource-Policy": "same-site", "Cache-Control": "private, no-cache", "Etag": etag,
		"Accept-Ranges": "bytes", "Content-Length": "19", "Last-Modified": "Tue, 24 Nov 2026 12:03:20 GMT",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if a.header.Get("X-Ratelimit-Limit") != "" {
		t.Error("rate headers without a key")
	}
	for _, c := range []struct {
		method, header, value string
		status                int
		text                  string
	}{
		{"HEAD", "", "", 200, ""},
		{"GET", "Range", "bytes=4-10", 206, "smaller"},
		{"GET", "Range", "bytes=-7", 206, "picture"},
		{"GET", "Range", "bytes=12-", 206, "picture"},
		{"HEAD", "Range", "bytes=4-10", 206, ""},
		{"GET", "If-None-Match", etag, 304, ""},
		{"GET", "If-None-Match", `"x"`, 200, content},
		{"GET", "If-Match", `"x"`, 412, ""},
	} {
		h := http.Header{"Authorization": nil}
		if c.header != "" {
			h.Set(c.header, c.value)
		}
		if a := s.try(t, c.method, linkPath, h, nil); a.status != c.status || a.text != c.text {
			t.Errorf("%s %s %s: %d %q", c.method, c.header, c.value, a.status, a.text)
		}
	}
}

func TestDownloadOfRanges(t *testing.T) {
	s := start(t, nil)
	s.row(complete)
	a := s.try(t, "GET", linkPath, http.Header{"Authorization": nil, "Range": {"bytes=0-2,12-"}}, nil)
	if a.status != 206 || !strings.HasPrefix(a.header.Get("Content-Type"), "multipart/byteranges") || !strings.Contains(a.text, "\r\n\r\npicture\r\n") {
		t.Errorf("two ranges: %d %s", a.status, a.text)
	}
	a = s.try(t, "GET", linkPath, http.Header{"Range": {"bytes=19-"}}, nil)
	expectError(t, a, 416, problem.RangeInvalid, "The range lies outside the file.", "Range: Lies outside the file, which has 19 bytes.")
	if a.header.Get("Content-Range") != "bytes */19" || a.header.Get("Content-Disposition") != "" {
		t.Errorf("%v", a.header)
	}
	if u, err := s.meter.Usage(t.Context(), s.keyID); err != nil || u.BytesOut < 19*2 {
		t.Errorf("%+v %v", u, err)
	}
	if log := s.log.String(); strings.Contains(log, linkID) || strings.Contains(log, "Strand") {
		t.Error("the secret of the link or the file's name is in the log")
	}
}

func TestDownloadOfWhatMayRun(t *testing.T) {
	s := start(t, nil)
	s.row(func(j *job.Job) {
		complete(j)
		j.Result = []byte(strings.Replace(string(j.Result), `"format":"jpeg","mime":"image/jpeg","size":19`, `"format":"svg","mime":"text/html","size":19`, 1))
		j.Output.Name, j.Output.MIME = `a "b"; c.svg`, "text/html"
	})
	a := s.try(t, "GET", "/1795521600/"+linkID+"/"+url.PathEscape(`a "b"; c.svg`), nil, nil)
	if a.status != 200 || a.header.Get("Content-Type") != "image/svg+xml" || a.header.Get("Content-Disposition") != `attachment; filename="a \"b\"; c.svg"` {
		t.Errorf("%d %v", a.status, a.header)
	}
}

func TestLinks(t *testing.T) {
	s := start(t, nil)
	s.row(complete)
	for _, path := range []string{
		"/1795521900/" + linkID + "/Strand%20%C3%BC.jpg",
		"/01795521600/" + linkID + "/Strand%20%C3%BC.jpg",
		"/+1795521600/" + linkID + "/Strand%20%C3%BC.jpg",
		"/1795521600/" + jobID + "/Strand%20%C3%BC.jpg",
		"/1795521600/" + strings.ToUpper(linkID) + "/Strand%20%C3%BC.jpg",
		"/1795521600/" + linkID + "/other.jpg",
		"/1795521600/" + linkID + "/",
		"/1795521600/" + linkID,
		"/1795521600/x/Strand%20%C3%BC.jpg",
		"/-300/" + linkID + "/Strand%20%C3%BC.jpg",
		linkPath + "/",
		linkPath + "/x",
	} {
		expectError(t, s.try(t, "GET", path, nil, nil), 404, problem.NotFound, "")
	}
	s.row(func(j *job.Job) { complete(j); j.Expires = noon })
	expectError(t, s.try(t, "GET", linkPath, nil, nil), 410, problem.LinkExpired, "This link has expired.")
	if a := s.try(t, "HEAD", linkPath, nil, nil); a.status != 410 || a.text != "" {
		t.Errorf("%d %q", a.status, a.text)
	}
}

// TestClientThatDoesNotRead has the server give up on it.
func TestClientThatDoesNotRead(t *testing.T) {
	s := start(t, func(c *Config, _ *account.Limits) { c.Pace = intake.Pace{Stall: 20 * time.Millisecond} })
	s.row(complete)
	if err := os.Truncate(s.desk.file, 1<<30); err != nil { // sparse, and far more than sockets buffer
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+linkPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Transport{}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	s.log.await(`"msg":"request"`) // the download has ended, although nobody reads
}

// FuzzLink checks that no path brings the edge down, and that only the one right address
// gives the file.
func FuzzLink(f *testing.F) {
	s := assemble(f, nil)
	s.row(complete)
	for _, path := range []string{linkPath, "/1795521600/" + linkID + "/%2e%2e", "/1.0/jobs/" + jobID, "//", "/%zz", "/1795521600//x", "*", ""} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, &http.Request{Method: "GET", URL: u, Header: http.Header{}, Body: http.NoBody})
		right := u.Path == "/1795521600/"+linkID+"/Strand ü.jpg"
		if file := w.Body.String() == content; file != right && !(right && w.Code == 404) {
			t.Errorf("%q: %d %s", path, w.Code, w.Body)
		}
		if kind := w.Header().Get("Content-Type"); w.Code >= 300 && kind != "application/json" {
			t.Errorf("%q: %d as %q", path, w.Code, kind)
		}
	})
}
