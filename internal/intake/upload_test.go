package intake

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"compressor/internal/blob"
	"compressor/internal/problem"
)

const (
	boundary    = "b0undary"
	contentType = "multipart/form-data; boundary=" + boundary
)

// part writes one part; header is what follows form-data.
func part(header, content string) string {
	return "--" + boundary + "\r\nContent-Disposition: form-data; " + header + "\r\n\r\n" + content + "\r\n"
}

const end = "--" + boundary + "--\r\n"

// stage runs Upload on the body and returns, beside its results, how many files it left.
func stage(t testing.TB, body io.Reader, limits Limits) (Staged, int, error) {
	t.Helper()
	dir := t.TempDir()
	form, err := NewForm(body, contentType)
	if err != nil {
		t.Fatal(err)
	}
	staged, err := Upload(t.Context(), form, limits, blob.NewScratch(dir))
	left, dirErr := os.ReadDir(dir)
	if dirErr != nil {
		t.Fatal(dirErr)
	}
	return staged, len(left), err
}

func TestUploadTaken(t *testing.T) {
	file := part(`name="file"; filename="dir/beach.jpg"`, "JPEG")
	data := part(`name="data"`, `{"image":{}}`)
	for _, test := range []struct{ name, body string }{
		{"file alone", file + end},
		{"data after", file + data + end},
		{"data before", data + file + end},
		{"preamble and epilogue", "preamble\r\n" + file + end + "epilogue"},
		{"no line break at the end", file + strings.TrimSuffix(end, "\r\n")},
		{"declared types", strings.Replace(file, "\r\n\r\n", "\r\nContent-Type: text/html\r\nContent-Length: 7\r\nContent-Transfer-Encoding: binary\r\n\r\n", 1) + end},
		{"no file name", part(`name="file"`, "JPEG") + end},
		{"largest data", file + part(`name=data`, strings.Repeat("x", 65536)) + end},
		{"largest file", part(`name="file"`, strings.Repeat("x", 100)) + end},
	} {
		staged, left, err := stage(t, strings.NewReader(test.body), Limits{File: 100})
		if err != nil || left != 1 || staged.Blob.Size == 0 {
			t.Errorf("%s: %v, %d files, %+v", test.name, err, left, staged)
		}
	}
}

func TestUploadRefused(t *testing.T) {
	file := part(`name="file"; filename="dir/beach.jpg"`, "JPEG")
	data := part(`name="data"`, `{"image":{}}`)
	for _, test := range []struct {
		name, body string
		want       problem.Code
		fields     string // paths of the wrong fields
		message    string // part of the error
	}{
		{"data too large", file + part(`name="data"`, strings.Repeat("x", 65537)) + end, problem.FileTooLarge, "data", "65536"},
		{"file too large", part(`name="file"`, strings.Repeat("x", 101)) + end, problem.FileTooLarge, "", "100 bytes"},
		{"empty file", part(`name="file"; filename=""`, "") + end, problem.FileEmpty, "", ""},
		{"no file", data + end, problem.OptionsInvalid, "file", "required"},
		{"nothing", end, problem.OptionsInvalid, "file", "required"},
		{"two files", file + file + end, problem.OptionsInvalid, "file", "Exactly one file"},
		{"two data", file + data + data + end, problem.OptionsInvalid, "data", "once"},
		{"unknown part", file + part(`name="image"`, "x") + end, problem.OptionsInvalid, "image", "file and data."},
		{"near part", part(`name="Files"; filename="a"`, "x") + end, problem.OptionsInvalid, "Files file", "Did you mean file?"},
		{"all at once", part(`name="dat"`, "x") + part("name=\"o\u202eps/x\"", "x") + data + data + end, problem.OptionsInvalid, "dat ops/x data file", "Did you mean data?"},
		{"large unknown part", part(`name="a"`, "x") + part(`name="b"`, strings.Repeat("x", 70000)) + file + end, problem.OptionsInvalid, "a b", ""},
		{"twenty-one parts", strings.Repeat(part(`name="a"`, ""), 21) + end, problem.MultipartBroken, "", "20 parts"},
		{"not a form", "JPEG", problem.MultipartBroken, "", ""},
		{"empty body", "", problem.MultipartBroken, "", ""},
		{"other boundary", strings.ReplaceAll(file+end, boundary, "other"), problem.MultipartBroken, "", ""},
		{"part without a name", part(`filename="a"`, "x") + end, problem.MultipartBroken, "", "no name"},
		{"broken disposition", part(`name="file"; name="data"`, "x") + end, problem.MultipartBroken, "", ""},
		{"part header broken", "--" + boundary + "\r\nnonsense\r\n\r\nx\r\n" + end, problem.MultipartBroken, "", ""},
		{"quoted-printable", strings.Replace(file, "\r\n\r\n", "\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n", 1) + end, problem.MultipartBroken, "", "Content-Transfer-Encoding"},
		{"base64", strings.Replace(file, "\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1) + end, problem.MultipartBroken, "", ""},
		{"long part header", part(`name="file"; filename="`+strings.Repeat("x", 70000)+`"`, "x") + end, problem.MultipartBroken, "", ""},
		{"long preamble", strings.Repeat("x\r\n", 30000) + file + end, problem.MultipartBroken, "", ""},
	} {
		staged, left, err := stage(t, strings.NewReader(test.body), Limits{File: 100})
		var paths []string
		for _, f := range problem.From(err).Fields {
			paths = append(paths, f.Path)
		}
		if !problem.Has(err, test.want) || strings.Join(paths, " ") != test.fields || !strings.Contains(err.Error(), test.message) {
			t.Errorf("%s: %v, want %s on %q with %q", test.name, err, test.want, test.fields, test.message)
		}
		if left != 0 || staged.Name != "" {
			t.Errorf("%s: %d files are left, %+v", test.name, left, staged)
		}
	}
}

// TestStaged looks closely at one upload whose contents try to look like its frame.
func TestStaged(t *testing.T) {
	content := "\r\n--" + boundary + "x\r\n--\x00\xff=41\r\n--" + boundary[:4]
	body := part(`name="file"; filename="C:\\a\\b\".jpg"`, content) + part(`name="data"`, " {} ") + end
	staged, _, err := stage(t, strings.NewReader(body), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := staged.Blob.Bytes(1 << 20)
	if err != nil || string(stored) != content {
		t.Errorf("%q, %v", stored, err)
	}
	if staged.Name != `b".jpg` || string(staged.Data) != " {} " || staged.Blob.Size != int64(len(content)) ||
		staged.Blob.Sum != sha256.Sum256([]byte(content)) || staged.Blob.SHA1 != sha1.Sum([]byte(content)) {
		t.Errorf("%+v", staged)
	}
	without, _, err := stage(t, strings.NewReader(part(`name="file"`, "x")+end), Limits{})
	if err != nil || without.Data != nil || without.Name != "file" {
		t.Errorf("%+v, %v", without, err)
	}
	empty, _, err := stage(t, strings.NewReader(part(`name="file"`, "x")+part(`name="data"`, "")+end), Limits{})
	if err != nil || empty.Data == nil || len(empty.Data) != 0 {
		t.Errorf("%+v, %v", empty, err)
	}
}

// TestReadsToTheEnd: net/http notices that a client has left only once the body was read
// to its end, which lies behind the last part.
func TestReadsToTheEnd(t *testing.T) {
	body := &watched{r: iotest.OneByteReader(strings.NewReader(part(`name="file"`, "x") + end + "epilogue"))}
	if _, _, err := stage(t, body, Limits{}); err != nil || !body.ended {
		t.Errorf("%v, body read to its end: %v", err, body.ended)
	}
}

type watched struct {
	r     io.Reader
	ended bool
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.ended = w.ended || err == io.EOF
	return n, err
}

// TestTruncated breaks a form off after every byte: never a success, never a file left.
func TestTruncated(t *testing.T) {
	body := part(`name="data"`, "{}") + part(`name="file"; filename="a"`, "content") + end
	for size := range len(body) - len("\r\n") {
		_, left, err := stage(t, strings.NewReader(body[:size]), Limits{})
		if !problem.Has(err, problem.MultipartBroken) || left != 0 {
			t.Fatalf("cut at %d of %d: %v, %d files left", size, len(body), err, left)
		}
	}
}

// TestStreams takes in far more than it allocates.
func TestStreams(t *testing.T) {
	const size = 16 << 20
	head := strings.TrimSuffix(part(`name="file"`, ""), "\r\n")
	body := io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size), strings.NewReader("\r\n"+end))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	staged, _, err := stage(t, body, Limits{})
	runtime.ReadMemStats(&after)
	if err != nil || staged.Blob.Size != size {
		t.Errorf("%v, %+v", err, staged)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > size/16 {
		t.Errorf("%d bytes were allocated for a file of %d", grown, size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestBodyFails: problems of the body's reader pass, other errors are a broken form with
// the reason kept.
func TestBodyFails(t *testing.T) {
	reset := errors.New("connection reset")
	for _, test := range []struct {
		fails error
		want  problem.Code
	}{
		{problem.New(problem.UploadStalled), problem.UploadStalled},
		{reset, problem.MultipartBroken},
	} {
		whole := part(`name="file"`, "content")
		for _, size := range []int{0, 10, len(whole) - 5} {
			_, left, err := stage(t, io.MultiReader(strings.NewReader(whole[:size]), failing{test.fails}), Limits{})
			if !problem.Has(err, test.want) || left != 0 || test.fails == reset && !errors.Is(err, reset) {
				t.Errorf("%v after %d: %v, %d files left", test.fails, size, err, left)
			}
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestUploadCanceled(t *testing.T) {
	why := errors.New("draining")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	form, err := NewForm(strings.NewReader(part(`name="file"`, "x")+end), contentType)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Upload(ctx, form, Limits{}, blob.NewScratch(t.TempDir())); err != why {
		t.Errorf("%v, want the cause of the context", err)
	}
}

// TestScratchFails: an error of our own disk is not the client's fault.
func TestScratchFails(t *testing.T) {
	form, err := NewForm(strings.NewReader(part(`name="file"`, "x")+end), contentType)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Upload(t.Context(), form, Limits{}, blob.NewScratch(t.TempDir()+"/missing"))
	var known *problem.Problem
	if !errors.Is(err, os.ErrNotExist) || errors.As(err, &known) {
		t.Errorf("%v, want the error of the file system", err)
	}
}

func TestNewForm(t *testing.T) {
	for header, want := range map[string]problem.Code{
		"":                                   problem.MediaTypeUnsupported,
		"application/json":                   problem.MediaTypeUnsupported,
		"application/x-www-form-urlencoded":  problem.MediaTypeUnsupported,
		"multipart/mixed; boundary=x":        problem.MediaTypeUnsupported,
		"multipart/form-data":                problem.MultipartBroken,
		"multipart/form-data; boundary=":     problem.MultipartBroken,
		"multipart/form-data; boundary=a; b": problem.MultipartBroken,
		"multipart/form-data; boundary=" + strings.Repeat("x", 71): problem.MultipartBroken,
	} {
		if _, err := NewForm(strings.NewReader(""), header); !problem.Has(err, want) {
			t.Errorf("%q: %v, want %s", header, err, want)
		}
	}
	if _, err := NewForm(strings.NewReader(""), `Multipart/Form-Data; charset=utf-8; boundary="a b"`); err != nil {
		t.Error(err)
	}
}

func FuzzUpload(f *testing.F) {
	file, data := part(`name="file"; filename="a.jpg"`, "JPEG"), part(`name="data"`, "{}")
	for _, seed := range []string{file + end, data + file + end, file + file + end, file[:30], file + data[:40], "--" + boundary + "\n\n",
		part(`name="file"; filename*=UTF-8''%ff`, "\r\n--") + end, strings.Repeat(part(`name=a`, ""), 25) + end} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		staged, left, err := stage(t, bytes.NewReader(body), Limits{File: 1 << 10, Data: 1 << 8})
		if err != nil {
			var known *problem.Problem
			if left != 0 || !errors.As(err, &known) || known.Code == problem.Internal {
				t.Fatalf("%v, %d files left", err, left)
			}
			return
		}
		stored, err := staged.Blob.Bytes(1 << 10)
		if err != nil || left != 1 || len(stored) == 0 || !bytes.Contains(body, stored) || staged.Name != CleanName(staged.Name) || len(staged.Data) > 1<<8 {
			t.Fatalf("%+v, %q, %v", staged, stored, err)
		}
	})
}
