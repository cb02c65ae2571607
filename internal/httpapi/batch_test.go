package httpapi

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"compressor/internal/job"
	"compressor/internal/problem"
)

func (s *service) batch1(t testing.TB, text string, extra ...string) answer {
	t.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(extra); i += 2 {
		header.Set(extra[i], extra[i+1])
	}
	return s.try(t, "POST", "/1.0/batch", header, strings.NewReader(text))
}

// many is a JSON batch of n items.
func many(n int) string {
	return `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"url":"http://a.example/x.jpg"},`, n), ",") + `]}`
}

// TestBatchMerge: an item's own value wins, field by field, but what a field holds stays whole.
func TestBatchMerge(t *testing.T) {
	s := start(t, nil)
	a := s.batch1(t, `{"image":{"quality":70,"resize":{"width":9,"height":8}},"report":"full","tag":"T","metadata":true,"items":[
		{"url":"http://a.example/1"},
		{"url":"http://a.example/2","image":{"resize":{"height":7},"quality":null},"report":"none","tag":"own","metadata":false,"name":"../ä.jpg"},
		{"url":"http://a.example/3","image":null,"headers":{"X-A":"b"}}]}`)
	if a.status != 202 || keysOf(a.body) != sorted("id status tag") || a.header.Get("Location") != "/1.0/jobs/"+fmt.Sprint(a.body["id"]) {
		t.Fatalf("%d %s", a.status, a.text)
	}
	b := s.desk.batches[0]
	first, second, third := b.Items[0].Order, b.Items[1].Order, b.Items[2].Order
	if b.Order.Tag != "T" || first.Tag != "T" || !first.Recipe.Metadata || *first.Recipe.Image.Quality != 70 ||
		*first.Recipe.Image.Resize.Width != 9 || first.Detail != "full" || !first.Told || first.Source.URL != "http://a.example/1" || first.Name != "" {
		t.Errorf("%+v", first)
	}
	if r := second.Recipe.Image.Resize; second.Recipe.Image.Quality != nil || r.Width != nil || *r.Height != 7 || second.Tag != "own" ||
		second.Recipe.Metadata || second.Detail != "none" || second.Name != "ä.jpg" {
		t.Errorf("%+v", second)
	}
	if third.Recipe.Image.Quality != nil || third.Recipe.Image.Resize != nil || third.Source.Headers["X-A"] != "b" || len(third.Named) > 0 {
		t.Errorf("%+v", third)
	}
	if a = s.batch1(t, many(1)); a.status != 202 || s.desk.batches[1].Items[0].Order.Told {
		t.Errorf("a report nobody asked for is told: %s", a.text)
	}
}

// TestBatchBounds: a thousand are taken, one more is not, however it is sent.
func TestBatchBounds(t *testing.T) {
	s := start(t, nil)
	const most = "items: A batch has at most 1000 items; got 1001 or more."
	if a := s.batch1(t, many(1000)); a.status != 202 || len(s.desk.batches[0].Items) != 1000 {
		t.Errorf("%d %s", a.status, a.text)
	}
	expectError(t, s.batch1(t, many(1001)), 422, problem.OptionsInvalid, notValid, most)
	expectError(t, s.batch1(t, `{"items":[`+strings.Repeat("0,", 1<<20)+`0]}`), 422, problem.OptionsInvalid, notValid, most)
	parts := make([]part, 1001)
	for i := range parts {
		parts[i] = part{"file", fmt.Sprintf("%d.jpg", i), "JPEG"}
	}
	body, header := form(t, parts...)
	expectError(t, s.try(t, "POST", "/1.0/batch", header, body), 422, problem.OptionsInvalid, notValid, most)
	body, header = form(t, parts[:1000]...)
	if a := s.try(t, "POST", "/1.0/batch", header, body); a.status != 202 || len(s.desk.batches[1].Items) != 1000 || s.desk.batches[1].Items[999].Order.Name != "999.jpg" {
		t.Errorf("%d %s", a.status, a.text)
	}
	expectError(t, s.batch1(t, many(1)+strings.Repeat(" ", maxBatchJSON)), 413, problem.FileTooLarge, "The request body is larger than 4194304 bytes.")
	include := `"` + strings.Repeat("x", 250) + `"`
	long := `"archive":{"include":[` + strings.TrimSuffix(strings.Repeat(include+",", 100), ",") + `]},`
	expectError(t, s.batch1(t, "{"+long+many(1000)[1:]), 422, problem.OptionsInvalid, notValid, "items: The options of all items together are too long.")
	var all []string
	for i := range 100 {
		all = append(all, fmt.Sprintf("items[%d]: Must be a hash of options.", i))
	}
	all = append(all, ": 1 more fields are wrong.")
	expectError(t, s.batch1(t, `{"items":[`+strings.Repeat("0,", 100)+`0]}`), 422, problem.OptionsInvalid, notValid, all...)
	expectError(t, s.batch1(t, `{"items":[{"url":"http://a.example"}],"items":[]}`), 422, problem.OptionsInvalid, notValid, "items: Is given more than once.")
	expectError(t, s.batch1(t, `{"items":null}`), 422, problem.OptionsInvalid, notValid, "items: Is required.")
	if len(s.desk.batches) != 2 {
		t.Errorf("%d batches were made", len(s.desk.batches))
	}
}

// ended is a batch of six: two of the same name, one that failed, one removed, one whose
// file is gone, one whose name is that of the list of errors.
func (s *service) ended(t testing.TB) job.Job {
	t.Helper()
	whole := job.Job{ID: uuid.NewString(), KeyID: s.keyID, State: job.Completed, Request: []byte(`{"tag":"T"}`), Created: noon, Finished: noon,
		Expires: noon.Add(time.Hour), Batch: job.Batch{Total: 5, Completed: 4},
		Output: job.Output{LinkID: uuid.NewString(), Slot: job.Slot(noon), Name: "batch.zip", MIME: "application/zip", Path: "batches/x"}}
	s.desk.put(whole)
	for i := range 5 {
		j := job.Job{ID: uuid.NewString(), KeyID: s.keyID, Request: []byte(`{}`), Parent: whole.ID, Position: i, Created: noon}
		complete(&j)
		j.Output.LinkID = uuid.NewString()
		switch i {
		case 1:
			j.Output.Name = "STRAND Ü.jpg"
		case 2:
			j.State, j.Problem, j.Output, j.Result = job.Failed, problem.New(problem.FileCorrupt), job.Output{}, nil
		case 3:
			j.Canceled, j.Expires = true, noon
		case 4:
			j.Output.Name = "errors.json"
		}
		s.desk.put(j)
	}
	return whole
}

func TestBatchArchive(t *testing.T) {
	s := start(t, nil)
	whole := s.ended(t)
	path := strings.TrimPrefix(s.link(whole), s.config.BaseURL)
	a := s.try(t, "GET", path, http.Header{"Authorization": {""}}, nil)
	z, err := zip.NewReader(strings.NewReader(a.text), int64(len(a.text)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r) // which checks the checksum
		if err != nil || f.Method != zip.Store || f.Flags&8 != 0 || f.NonUTF8 || f.Modified.Sub(noon).Abs() > 2*time.Second {
			t.Errorf("%+v: %v", f.FileHeader, err)
		}
		if f.Name != leftOutName {
			if string(text) != content {
				t.Errorf("%s holds %q", f.Name, text)
			}
			continue
		}
		var left []leftOut
		if err := json.Unmarshal(text, &left); err != nil || len(left) != 2 || left[0].Item != 2 || left[0].Code != problem.FileCorrupt ||
			left[1].Item != 3 || left[1].Code != problem.LinkExpired {
			t.Errorf("%s, %v", text, err)
		}
	}
	if got := strings.Join(names, "|"); got != "Strand ü.jpg|STRAND Ü-2.jpg|errors-2.json|errors.json" {
		t.Error(got)
	}
	if again := s.try(t, "GET", path, nil, nil); again.text != a.text {
		t.Error("the same archive has other bytes")
	}
	if h := s.try(t, "HEAD", path, nil, nil); h.status != 200 || h.text != "" || h.header.Get("Content-Type") != "application/zip" {
		t.Errorf("%+v", h)
	}
	expectError(t, s.try(t, "GET", strings.Replace(path, "batch.zip", "other.zip", 1), nil, nil), 404, problem.NotFound, "")
	if err := os.Remove(s.desk.file); err != nil {
		t.Fatal(err)
	}
	a = s.try(t, "GET", path, nil, nil)
	if z, err = zip.NewReader(strings.NewReader(a.text), int64(len(a.text))); err != nil || len(z.File) != 1 {
		t.Errorf("without any file: %v", err)
	}
	whole.Expires = noon
	s.desk.put(whole)
	expectError(t, s.try(t, "GET", path, nil, nil), 410, problem.LinkExpired, "")
}

// TestBatchShapes: a batch in each state, as polls and as lists tell it.
func TestBatchShapes(t *testing.T) {
	s := start(t, nil)
	whole := s.ended(t)
	a := s.try(t, "GET", "/1.0/jobs/"+whole.ID, nil, nil)
	items, _ := a.body["items"].([]any)
	if keysOf(a.body) != sorted("id status counts url expires_at tag items") || keysOf(a.body["counts"]) != sorted("total completed failed canceled") || len(items) != 5 {
		t.Fatal(a.text)
	}
	if got := keysOf(items[0]); got != sorted("id status url input output expires_at") || items[0].(map[string]any)["expires_at"] != a.body["expires_at"] {
		t.Errorf("%v", items[0])
	}
	if got := keysOf(items[2]); got != sorted("success id status message code http_status") {
		t.Error(got)
	}
	if got := keysOf(items[3]); got != sorted("id status input output expires_at") { // removed
		t.Error(got)
	}
	text, err := s.Render(t.Context(), whole)
	if err != nil || string(text) != a.text {
		t.Errorf("a webhook says %s, %v", text, err)
	}
	open := whole
	open.State, open.Output, open.Batch.Pending = job.Processing, job.Output{}, 2
	open.Progress = open.Batch.Progress()
	s.desk.put(open)
	a = s.try(t, "GET", "/1.0/jobs/"+whole.ID, nil, nil)
	if keysOf(a.body) != sorted("id status progress counts tag items") || a.header.Get("Retry-After") == "" ||
		a.body["progress"].(map[string]any)["percent"] != float64(60) || a.body["progress"].(map[string]any)["phase"] != "items" {
		t.Error(a.text)
	}
	if line, err := s.eventData(t.Context(), open); err != nil || bytes.Contains(line, []byte(`"items":`)) {
		t.Errorf("%s, %v", line, err)
	}
	failed := whole
	failed.State, failed.Problem, failed.Output = job.Failed, problem.New(problem.Canceled), job.Output{}
	s.desk.put(failed)
	a = s.try(t, "GET", "/1.0/jobs/"+whole.ID, nil, nil)
	if keysOf(a.body) != sorted("success id status message code http_status counts tag items") || a.body["success"] != false {
		t.Error(a.text)
	}
}

// BenchmarkBatchReply is a poll of a batch of 1,000 items with reports of 2 kB.
func BenchmarkBatchReply(b *testing.B) {
	s := assemble(b, nil)
	whole := job.Job{ID: uuid.NewString(), State: job.Completed, Request: []byte(`{}`), Batch: job.Batch{Total: 1000, Completed: 1000}}
	for i := range 1000 {
		j := job.Job{ID: uuid.NewString(), Request: []byte(`{}`), Parent: whole.ID, Position: i}
		complete(&j)
		j.Result = append(j.Result[:len(j.Result)-1], `,"x":"`+strings.Repeat("x", 2000)+`"}`...)
		s.desk.put(j)
	}
	n := 0
	for b.Loop() {
		text, err := s.Render(b.Context(), whole)
		if err != nil {
			b.Fatal(err)
		}
		n = len(text)
	}
	b.ReportMetric(float64(n), "bytes/reply")
}

// TestBatchCollision: results of one batch do not overwrite each other.
func TestBatchCollision(t *testing.T) {
	s := stored(t)
	store := func(path string) string {
		return fmt.Sprintf(`"store":{"id":%q,"path":%q}`, s.connect(t, fmt.Sprintf(`{"name":%q,"provider":"local","path":"box"}`, "disk "+path)), path)
	}
	fixed, named := store("a.jpg"), store("{name}.jpg")
	const two = `"items":[{"url":"http://a.example/1"},{"url":"http://a.example/2"}]`
	expectError(t, s.batch1(t, "{"+fixed+","+two+"}"), 422, problem.OptionsInvalid, notValid,
		"items[1].store.path: The result of items[0] would lie there, too: must hold {id}, {name} or {sha1}, or end in /; got 'a.jpg'.")
	for _, good := range []string{
		"{" + named + "," + two + "}",
		`{` + fixed + `,"items":[{"url":"http://a.example/1"}]}`,
		`{` + fixed + `,"items":[{"url":"http://a.example/1"},{"url":"http://a.example/2",` + named + `}]}`,
	} {
		if a := s.batch1(t, good); a.status != 202 {
			t.Errorf("%s: %d %s", good, a.status, a.text)
		}
	}
}
