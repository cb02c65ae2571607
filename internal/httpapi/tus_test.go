package httpapi

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"compressor/internal/account"
	"compressor/internal/intake"
	"compressor/internal/problem"
	"compressor/internal/work"
)

// tusHeader is the header of a tus request, with name and value in turn.
func tusHeader(pairs ...string) http.Header {
	h := http.Header{"Tus-Resumable": {"1.0.0"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

const octets = "application/offset+octet-stream"

// create begins an upload and returns its path.
func (s *service) create(t testing.TB, size int, extra ...string) string {
	t.Helper()
	a := s.try(t, "POST", "/1.0/uploads/", tusHeader(append(extra, "Upload-Length", fmt.Sprint(size))...), nil)
	if a.status != 201 || a.text != "" || a.header.Get("Upload-Expires") != "Tue, 24 Nov 2026 13:03:20 GMT" {
		t.Fatalf("creation: %d %s %v", a.status, a.text, a.header)
	}
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || u.Host != "api.example.com" {
		t.Fatalf("location %v, %v", u, err)
	}
	return u.Path
}

func (s *service) patch(t testing.TB, path string, offset int, body io.Reader, extra ...string) answer {
	t.Helper()
	h := tusHeader(append([]string{"Content-Type", octets, "Upload-Offset", fmt.Sprint(offset)}, extra...)...)
	return s.try(t, "PATCH", path, h, body)
}

// offset asks how far an upload has come.
func (s *service) offset(t testing.TB, path string) string {
	t.Helper()
	a := s.try(t, "HEAD", path, tusHeader(), nil)
	if a.status != 200 || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("HEAD: %d %v", a.status, a.header)
	}
	return a.header.Get("Upload-Offset")
}

// uploadsLeft is what the disk holds of uploads.
func (s *service) uploadsLeft(t testing.TB) int {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(s.dir, "uploads"))
	if err != nil {
		t.Fatal(err)
	}
	return len(left)
}

// TestTus takes an upload in three pieces, and one job comes of it, with its options.
func TestTus(t *testing.T) {
	s := start(t, nil)
	path := s.create(t, 10, "Upload-Metadata", "filename "+base64Of("a/strand ü.jpg")+",filetype "+base64Of("image/jpeg")+
		",data "+base64Of(`{"image":{"quality":50},"tag":"t"}`)+",empty")
	if a := s.try(t, "GET", path, nil, nil); a.status != 200 || keysOf(a.body) != "expires_at id length offset status" || a.body["status"] != "uploading" {
		t.Error(a.status, a.text)
	}
	for offset, piece := range map[int]string{0: "JPEG"} {
		if a := s.patch(t, path, offset, strings.NewReader(piece)); a.status != 204 || a.header.Get("Upload-Offset") != "4" || a.header.Get("Compressor-Job") != "" {
			t.Fatal(a.status, a.text, a.header)
		}
	}
	a := s.try(t, "HEAD", path, tusHeader(), nil)
	if a.header.Get("Upload-Offset") != "4" || a.header.Get("Upload-Length") != "10" || a.header.Get("Tus-Resumable") != "1.0.0" {
		t.Error(a.header)
	}
	if m := a.header.Get("Upload-Metadata"); strings.Contains(m, "data") || !strings.Contains(m, "filetype "+base64Of("image/jpeg")) {
		t.Errorf("metadata %q: the options may hold secrets", m)
	}
	if a := s.patch(t, path, 4, strings.NewReader("")); a.status != 204 || a.header.Get("Upload-Offset") != "4" {
		t.Error(a.status, a.text)
	}
	a = s.patch(t, path, 4, strings.NewReader("012345"))
	id := strings.TrimPrefix(path, "/1.0/uploads/")
	if a.status != 204 || a.header.Get("Compressor-Job") != id || a.header.Get("Upload-Offset") != "10" || !strings.Contains(a.header.Get("Link"), "</1.0/jobs/"+id+">") {
		t.Fatal(a.status, a.text, a.header)
	}
	sent := s.desk.last(t)
	if sent.ID != id || sent.KeyID != s.keyID || sent.Wait || sent.Order.Name != "strand ü.jpg" || sent.Order.Tag != "t" ||
		sent.Order.Recipe.Image.Quality == nil || string(s.desk.inputs[0]) != "JPEG012345" || sent.Order.Uploaded != 10 {
		t.Errorf("%+v, %q", sent, s.desk.inputs)
	}
	// Nothing is left of it, and it still answers.
	if s.uploadsLeft(t) != 0 {
		t.Error("the upload is still there")
	}
	for range 2 {
		if a := s.try(t, "HEAD", path, tusHeader(), nil); a.status != 200 || a.header.Get("Compressor-Job") != id || a.header.Get("Upload-Offset") != "10" || a.header.Get("Upload-Length") != "10" {
			t.Error(a.status, a.header)
		}
		if a := s.patch(t, path, 10, nil); a.status != 204 || a.header.Get("Compressor-Job") != id {
			t.Error(a.status, a.text)
		}
	}
	for _, more := range []io.Reader{strings.NewReader("x"), io.MultiReader(strings.NewReader("x"))} {
		expectError(t, s.patch(t, path, 10, more), 413, problem.FileTooLarge, "", "Upload-Length: The body is longer than what is left of the declared length.")
	}
	if a := s.patch(t, path, 10, io.MultiReader()); a.status != 204 { // chunked, and empty
		t.Error(a.status, a.text)
	}
	expectError(t, s.patch(t, path, 4, strings.NewReader("012345")), 409, problem.OffsetConflict, "")
	expectError(t, s.try(t, "DELETE", path, tusHeader(), nil), 404, problem.NotFound, "")
	if a := s.try(t, "GET", path, nil, nil); a.status != 200 || a.body["id"] != id || a.body["status"] != "enqueued" {
		t.Error(a.status, a.text)
	}
	if len(s.desk.sent) != 1 {
		t.Errorf("%d jobs", len(s.desk.sent))
	}
}

// TestTusAtOnce sends the file along with the creation.
func TestTusAtOnce(t *testing.T) {
	s := start(t, nil)
	a := s.try(t, "POST", "/1.0/uploads", tusHeader("Upload-Length", "4", "Content-Type", octets), strings.NewReader("JPEG"))
	if a.status != 201 || a.header.Get("Upload-Offset") != "4" || a.header.Get("Compressor-Job") == "" || string(s.desk.inputs[0]) != "JPEG" {
		t.Error(a.status, a.text, a.header, s.desk.inputs)
	}
	// One that fails leaves nothing, since nobody knows its address.
	a = s.try(t, "POST", "/1.0/uploads/", tusHeader("Upload-Length", "3", "Content-Type", octets), strings.NewReader("JPEG"))
	expectError(t, a, 413, problem.FileTooLarge, "", "Upload-Length: The body is longer than what is left of the declared length.")
	if a.header.Get("Location") != "" || s.uploadsLeft(t) != 0 {
		t.Error(a.header)
	}
}

// TestTusCreationRefused: what can be known at the beginning is told then.
func TestTusCreationRefused(t *testing.T) {
	s := start(t, func(c *Config, _ *account.Limits) { c.Limits.File = 1000 })
	data := func(text string) string { return "data " + base64Of(text) }
	for _, c := range []struct {
		name   string
		header []string
		status int
		code   problem.Code
		fields []string
	}{
		{"another version", []string{"Tus-Resumable", "0.2.2", "Upload-Length", "5"}, 412, problem.TusVersion, nil},
		{"no version", []string{"Tus-Resumable", "", "Upload-Length", "5"}, 412, problem.TusVersion, nil},
		{"no length", nil, 422, problem.OptionsInvalid, []string{"Upload-Length: Must be given, as a number of bytes."}},
		{"negative", []string{"Upload-Length", "-1"}, 422, problem.OptionsInvalid, []string{"Upload-Length: Must be a number of bytes; got '-1'."}},
		{"no number", []string{"Upload-Length", "5 MB"}, 422, problem.OptionsInvalid, []string{"Upload-Length: Must be a number of bytes; got '5 MB'."}},
		{"beyond int64", []string{"Upload-Length", "9223372036854775808"}, 422, problem.OptionsInvalid, []string{"Upload-Length: Must be a number of bytes; got '9223372036854775808'."}},
		{"too large", []string{"Upload-Length", "1001"}, 413, problem.FileTooLarge, nil},
		{"empty", []string{"Upload-Length", "0"}, 422, problem.FileEmpty, nil},
		{"deferred", []string{"Upload-Defer-Length", "1"}, 422, problem.OptionsInvalid, []string{"Upload-Defer-Length: The length must be known from the beginning."}},
		{"part", []string{"Upload-Length", "5", "Upload-Concat", "partial"}, 422, problem.OptionsInvalid, []string{"Upload-Concat: This extension of tus is not spoken here."}},
		{"whole", []string{"Upload-Concat", "final;/1.0/uploads/a", "Upload-Length", "5"}, 422, problem.OptionsInvalid, []string{"Upload-Concat: This extension of tus is not spoken here."}},
		{"twice by a name", []string{"Upload-Length", "5", "Idempotency-Key", "k"}, 422, problem.OptionsInvalid, []string{
			"Idempotency-Key: Must not be given here: an upload is repeated by its own address, and becomes one job however often."}},
		{"checksum", []string{"Upload-Length", "5", "Upload-Checksum", "sha1 x"}, 422, problem.OptionsInvalid, []string{"Upload-Checksum: This extension of tus is not spoken here."}},
		{"no base64", []string{"Upload-Length", "5", "Upload-Metadata", "filename ü"}, 422, problem.OptionsInvalid, []string{"Upload-Metadata: Each value must be in base64."}},
		{"twice", []string{"Upload-Length", "5", "Upload-Metadata", "a YQ==,a YQ=="}, 422, problem.OptionsInvalid, []string{"Upload-Metadata: Each name may be given once."}},
		{"no name", []string{"Upload-Length", "5", "Upload-Metadata", "a YQ==,"}, 422, problem.OptionsInvalid, []string{"Upload-Metadata: Must be pairs of a name and a value in base64, with commas between."}},
		{"no JSON", []string{"Upload-Length", "5", "Upload-Metadata", data("{")}, 422, problem.BodyNotJSON, nil},
		{"bad option", []string{"Upload-Length", "5", "Upload-Metadata", data(`{"image":{"quality":0}}`)}, 422, problem.OptionsInvalid, []string{"image.quality: Must be between 1 and 100; got 0."}},
		{"binary", []string{"Upload-Length", "5", "Upload-Metadata", data(`{"response":{"mode":"binary"}}`)}, 422, problem.OptionsInvalid, []string{"response.mode: A resumable upload is never answered with the result itself."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			expectError(t, s.try(t, "POST", "/1.0/uploads/", tusHeader(c.header...), nil), c.status, c.code, "", c.fields...)
		})
	}
	s.desk.notReady = problem.New(problem.StorageFull)
	expectError(t, s.try(t, "POST", "/1.0/uploads/", tusHeader("Upload-Length", "5"), nil), 507, problem.StorageFull, "")
	s.desk.notReady = nil
	if s.uploadsLeft(t) != 0 || len(s.desk.sent) != 0 {
		t.Error("a refused creation left something")
	}
	for range 3 {
		s.create(t, 5)
	}
	a := s.try(t, "POST", "/1.0/uploads/", tusHeader("Upload-Length", "5"), nil)
	expectError(t, a, 429, problem.KeyBusy, "This key has 3 uploads open. Complete or delete one.")
	if a.header.Get("Retry-After") == "" {
		t.Error(a.header)
	}
}

// TestTusRefused: what is wrong with a piece.
func TestTusRefused(t *testing.T) {
	s := start(t, nil)
	path := s.create(t, 5)
	for _, c := range []struct {
		name   string
		header []string
		body   io.Reader
		status int
		code   problem.Code
		fields []string
	}{
		{"another version", []string{"Tus-Resumable", "2.0.0"}, strings.NewReader("abc"), 412, problem.TusVersion, nil},
		{"another type", []string{"Content-Type", "image/jpeg"}, strings.NewReader("abc"), 415, problem.MediaTypeUnsupported, nil},
		{"another offset", []string{"Upload-Offset", "1"}, strings.NewReader("abc"), 409, problem.OffsetConflict, nil},
		{"no offset", []string{"Upload-Offset", "x"}, strings.NewReader("abc"), 422, problem.OptionsInvalid, []string{"Upload-Offset: Must be a number of bytes; got 'x'."}},
		{"longer", nil, strings.NewReader("abcdef"), 413, problem.FileTooLarge, []string{"Upload-Length: The body is longer than what is left of the declared length."}},
		{"longer, by surprise", nil, io.MultiReader(strings.NewReader("abcd"), strings.NewReader("ef")), 413, problem.FileTooLarge, []string{"Upload-Length: The body is longer than what is left of the declared length."}},
		{"length again", []string{"Upload-Length", "9"}, strings.NewReader("abc"), 422, problem.OptionsInvalid, []string{"Upload-Length: May be given when the upload is created only."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			expectError(t, s.patch(t, path, 0, c.body, c.header...), c.status, c.code, "", c.fields...)
			if got := s.offset(t, path); got != "0" {
				t.Errorf("offset %s", got)
			}
		})
	}
	if len(s.desk.sent) != 0 {
		t.Error("a job was made")
	}
}

// TestTusOthers: an upload is its key's, and each method needs one that may compress.
func TestTusOthers(t *testing.T) {
	s := start(t, nil)
	path := s.create(t, 5)
	other, _, err := s.keys.Create(t.Context(), "other", account.Compress)
	if err != nil {
		t.Fatal(err)
	}
	reader, _, err := s.keys.Create(t.Context(), "reader", account.Read)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key, path string
		status    int
	}{
		{other, path, 404}, {reader, path, 403}, {"nobody", path, 401},
		{s.key, "/1.0/uploads/nothing", 404}, {s.key, "/1.0/uploads/..%2f..%2fdata", 404},
	} {
		for _, method := range []string{"GET", "HEAD", "PATCH", "DELETE"} {
			h := tusHeader("Authorization", "Bearer "+c.key, "Content-Type", octets, "Upload-Offset", "0")
			if a := s.try(t, method, c.path, h, strings.NewReader("JPEGs")); a.status != c.status {
				t.Errorf("%s %s: %d instead of %d: %s", method, c.path, a.status, c.status, a.text)
			}
		}
	}
	for _, h := range []http.Header{tusHeader("Authorization", "Bearer "+reader, "Upload-Length", "5"), tusHeader("Authorization", "Bearer nobody", "Upload-Length", "5")} {
		if a := s.try(t, "POST", "/1.0/uploads/", h, nil); a.status != 401 && a.status != 403 {
			t.Error(a.status)
		}
	}
	if a := s.try(t, "OPTIONS", "/1.0/uploads/", http.Header{"Authorization": nil}, nil); a.status != 401 {
		t.Error(a.status)
	}
	// A job that came another way is no upload.
	s.upload1(t, `{"async":true}`)
	for id := range s.desk.jobs {
		if a := s.try(t, "HEAD", "/1.0/uploads/"+id, tusHeader(), nil); a.status != 404 {
			t.Error(a.status)
		}
	}
}

func TestTusOptionsAndDelete(t *testing.T) {
	s := start(t, nil)
	a := s.try(t, "OPTIONS", "/1.0/uploads/", nil, nil)
	if a.status != 200 || a.header.Get("Tus-Version") != "1.0.0" || a.header.Get("Tus-Extension") != "creation,creation-with-upload,termination,expiration" ||
		a.header.Get("Tus-Max-Size") != "8589934592" {
		t.Error(a.status, a.header)
	}
	path := s.create(t, 5)
	for _, version := range []string{"", "0.2.2"} {
		a := s.try(t, "DELETE", path, tusHeader("Tus-Resumable", version), nil)
		expectError(t, a, 412, problem.TusVersion, "")
		if a.header.Get("Tus-Version") != "1.0.0" {
			t.Error(a.header)
		}
	}
	if a := s.try(t, "DELETE", path, tusHeader(), nil); a.status != 204 || a.text != "" || a.header.Get("Tus-Resumable") != "1.0.0" {
		t.Error(a.status, a.text, a.header)
	}
	if s.uploadsLeft(t) != 0 {
		t.Error("the upload is still there")
	}
	for _, method := range []string{"HEAD", "PATCH", "DELETE", "GET"} {
		if a := s.try(t, method, path, tusHeader("Content-Type", octets, "Upload-Offset", "0"), nil); a.status != 404 {
			t.Error(method, a.status, a.text)
		}
	}
}

// TestTusLater: the last byte comes while no job can be made; the upload is kept and becomes
// one as soon as somebody asks.
func TestTusLater(t *testing.T) {
	s := start(t, nil)
	s.desk.submit = func(work.Submission) error { return problem.New(problem.QueueFull) }
	path := s.create(t, 4)
	a := s.patch(t, path, 0, strings.NewReader("JPEG"))
	expectError(t, a, 503, problem.QueueFull, "")
	if a.header.Get("Retry-After") == "" {
		t.Error(a.header)
	}
	if a := s.try(t, "HEAD", path, tusHeader(), nil); a.status != 503 {
		t.Error(a.status)
	}
	if a := s.try(t, "GET", path, nil, nil); a.status != 200 || a.body["offset"] != 4.0 || a.body["status"] != "uploading" {
		t.Error(a.status, a.text)
	}
	s.desk.submit = nil
	if a := s.try(t, "HEAD", path, tusHeader(), nil); a.status != 200 || a.header.Get("Compressor-Job") == "" {
		t.Error(a.status, a.header)
	}
	if got := s.desk.inputs; len(got) != 1 || string(got[0]) != "JPEG" {
		t.Errorf("%q", got)
	}
}

// rawPatch sends the head of a PATCH of size bytes, and a piece of its body.
func (s *service) rawPatch(t *testing.T, path string, offset, size int, piece string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_, err = fmt.Fprintf(c, "PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: %d\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		path, s.key, offset, octets, size, piece)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// awaitOffset returns once an upload has come so far. GET disturbs nobody.
func (s *service) awaitOffset(t *testing.T, path string, offset int) {
	t.Helper()
	for range 2000 {
		if a := s.try(t, "GET", path, nil, nil); a.body["offset"] == float64(offset) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("the offset %d is not reached", offset)
}

// TestTusTakeover: a connection that is dead, and of which the server has not noticed, holds
// nobody up: who comes again gets the upload at once, and what came before is kept.
func TestTusTakeover(t *testing.T) {
	s := start(t, func(c *Config, _ *account.Limits) { c.Pace.Stall = 10 * time.Minute })
	path := s.create(t, 10)
	dead := s.rawPatch(t, path, 0, 10, "JPEG")
	s.awaitOffset(t, path, 4)
	if got := s.offset(t, path); got != "4" {
		t.Fatal("offset", got)
	}
	res, err := http.ReadResponse(bufio.NewReader(dead), nil)
	if err != nil {
		t.Fatal(err)
	}
	expectError(t, read(t, res), 423, problem.UploadLocked, "Another request has taken this upload over.")
	second := s.rawPatch(t, path, 4, 6, "01")
	s.awaitOffset(t, path, 6)
	if a := s.patch(t, path, 6, strings.NewReader("2345")); a.status != 204 || a.header.Get("Compressor-Job") == "" {
		t.Fatal(a.status, a.text)
	}
	second.Close()
	if string(s.desk.inputs[0]) != "JPEG012345" || len(s.desk.inputs) != 1 {
		t.Errorf("%q", s.desk.inputs)
	}
}

// TestTusStalled: a body that stops is given up, and what came is kept.
func TestTusStalled(t *testing.T) {
	s := start(t, func(c *Config, _ *account.Limits) {
		c.Pace = intake.Pace{Stall: 50 * time.Millisecond, Rate: 1}
	})
	path := s.create(t, 10)
	c := s.rawPatch(t, path, 0, 10, "JPEG")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	expectError(t, read(t, res), 408, problem.UploadStalled, "")
	if got := s.offset(t, path); got != "4" {
		t.Error("offset", got)
	}
}

// TestTusLeaving: a server that stops tells who sends, and keeps what came.
func TestTusLeaving(t *testing.T) {
	s := start(t, nil)
	path := s.create(t, 10)
	c := s.rawPatch(t, path, 0, 10, "JPEG")
	s.awaitOffset(t, path, 4)
	s.leaveNow.Do(func() { close(s.leaving) })
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	expectError(t, read(t, res), 503, problem.Draining, "")
}

// TestTusCut: the connection breaks in the middle of a piece.
func TestTusCut(t *testing.T) {
	s := start(t, nil)
	path := s.create(t, 10)
	c := s.rawPatch(t, path, 0, 10, "JPEG01")
	c.Close()
	s.awaitOffset(t, path, 6)
	if a := s.patch(t, path, 6, strings.NewReader("2345")); a.status != 204 || string(s.desk.inputs[0]) != "JPEG012345" {
		t.Error(a.status, a.text, s.desk.inputs)
	}
}

func TestTusPreflight(t *testing.T) {
	s := start(t, origins("*"))
	h := http.Header{"Origin": {"https://app.example.com"}, "Access-Control-Request-Method": {"PATCH"}, "Authorization": nil}
	a := s.try(t, "OPTIONS", "/1.0/uploads/some", h, nil)
	if a.status != 204 || a.header.Get("Access-Control-Allow-Methods") != "GET, HEAD, PATCH, DELETE, OPTIONS" {
		t.Error(a.status, a.header)
	}
	for _, name := range []string{"Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata", "X-HTTP-Method-Override"} {
		if !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), name) {
			t.Errorf("%s is not allowed", name)
		}
	}
	a = s.try(t, "POST", "/1.0/uploads/", tusHeader("Upload-Length", "5", "Origin", "https://app.example.com"), nil)
	for name := range a.header {
		if strings.HasPrefix(name, "Upload-") || strings.HasPrefix(name, "Tus-") || name == "Location" {
			if !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), name) {
				t.Errorf("%s is not exposed", name)
			}
		}
	}
}

// FuzzUploadMetadata: whatever the header says, it is read or refused.
func FuzzUploadMetadata(f *testing.F) {
	for _, seed := range []string{"", "a", "a YQ==", "filename YQ==,data e30=", "a YQ==,a", " , ", "a YQ== x", "a\tYQ=="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, wrong := metadataOf(http.Header{"Upload-Metadata": {text}})
		if (m == nil) != (len(wrong) > 0) {
			t.Fatal(m, wrong)
		}
		for name, value := range m {
			if name == "" || len(value) > len(text) {
				t.Fatalf("%q %q", name, value)
			}
		}
	})
}
