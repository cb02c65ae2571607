package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"compressor/internal/account"
	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/report"
	"compressor/internal/work"
)

const (
	resultKeys = "expires_at id input output report url"
	fileKeys   = "format height mime name sha1 sha256 size type width"
	briefKeys  = "chosen metric reason saved_bytes saved_percent score"
)

func TestUploadAnswersTheResult(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct{ name, data, top, inner string }{
		{"no options", ``, resultKeys, briefKeys},
		{"brief", `{"report":"brief"}`, resultKeys, briefKeys},
		{"full", `{"report":"full"}`, resultKeys, "attempts " + briefKeys},
		{"none and a tag", `{"report":"none","tag":"<T&1>"}`, "expires_at id input output tag url", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts := []part{{"file", "beach.jpg", "JPEG"}}
			if c.data != "" {
				parts = append(parts, part{"data", "", c.data})
			}
			body, header := form(t, parts...)
			a := s.try(t, "POST", "/1.0/upload", header, body)
			if a.status != 200 || keysOf(a.body) != c.top || keysOf(a.body["input"]) != fileKeys ||
				keysOf(a.body["output"]) != fileKeys || keysOf(a.body["report"]) != c.inner {
				t.Fatalf("%d %s", a.status, a.text)
			}
			if a.body["url"] != "https://api.example.com/1795521600/"+linkID+"/Strand%20%C3%BC.jpg" ||
				a.body["expires_at"] != "2026-11-24T14:03:20Z" {
				t.Error(a.text)
			}
			j, err := s.desk.Get(t.Context(), a.body["id"].(string))
			if err != nil || j.KeyID != s.keyID || a.header.Get("X-Request-Id") != j.ID {
				t.Errorf("the id is not the job's: %v", err)
			}
			if strings.Contains(c.data, "tag") && a.body["tag"] != "<T&1>" {
				t.Error(a.text)
			}
			for _, h := range []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"} {
				if a.header.Get(h) == "" {
					t.Errorf("no %s", h)
				}
			}
			if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") != "no-store" {
				t.Error(a.header)
			}
		})
	}
	if got := s.desk.waits; !slices.Equal(got, []time.Duration{55 * time.Second, 55 * time.Second, 55 * time.Second, 55 * time.Second}) {
		t.Errorf("held %v", got)
	}
}

func TestUploadHandsOnWhatWasAsked(t *testing.T) {
	s := start(t, nil)
	const data = `{"video":{"resize":{"width":9}},"image":{"compression":"ultra","format":"jpg"},"metadata":true,"report":"full","tag":"T"}`
	for _, parts := range [][]part{
		{{"file", "../x/beach.jpg", "JPEG"}, {"data", "", data}},
		{{"data", "", data}, {"file", "beach.jpg", "JPEG"}},
	} {
		body, header := form(t, parts...)
		if a := s.try(t, "POST", "/1.0/upload", header, body); a.status != 200 {
			t.Fatal(a.text)
		}
		sent := s.desk.last(t)
		o := sent.Order
		if sent.KeyID != s.keyID || !sent.Wait || o.Name != "beach.jpg" || o.Recipe.Image.Compression != "ultra" ||
			o.Recipe.Image.Format[0] != "jpeg" || !o.Recipe.Metadata || o.Detail != report.Full || o.Tag != "T" || o.Source != nil ||
			!slices.Equal(o.Named, []string{"image", "video"}) {
			t.Errorf("%+v", sent)
		}
		if got := s.desk.inputs[len(s.desk.inputs)-1]; string(got) != "JPEG" {
			t.Errorf("input %q", got)
		}
	}
	s.upload1(t, `{"image":null}`)
	if named := s.desk.last(t).Order.Named; named != nil {
		t.Errorf("null counts as named: %q", named)
	}
}

func TestFetchHandsOnWhatWasAsked(t *testing.T) {
	s := start(t, nil)
	a := s.fetch1(t, `{"url":"https://u:pw@example.com/a.png","headers":{"X-A":"1"},"image":{"quality":50}}`, "Content-Type", "application/json; charset=utf-8")
	if a.status != 200 || keysOf(a.body) != resultKeys {
		t.Fatal(a.text)
	}
	sent := s.desk.last(t)
	o := sent.Order
	if o.Source == nil || o.Source.URL != "https://u:pw@example.com/a.png" || o.Source.Headers["X-A"] != "1" ||
		!slices.Equal(o.Named, []string{"image"}) || *o.Recipe.Image.Quality != 50 || sent.Input != nil || !sent.Wait {
		t.Errorf("%+v", sent)
	}
}

// accepted checks an acknowledgement.
func accepted(t *testing.T, s *service, a answer, status, keys string) job.Job {
	t.Helper()
	if a.status != 202 || keysOf(a.body) != keys || a.body["status"] != status {
		t.Fatalf("%d %s", a.status, a.text)
	}
	id := a.body["id"].(string)
	if a.header.Get("Location") != "/1.0/jobs/"+id || a.header.Get("Retry-After") != "1" || a.header.Get("X-Request-Id") != id {
		t.Errorf("header %v", a.header)
	}
	j, err := s.desk.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestAsynchronous(t *testing.T) {
	s := start(t, func(c *Config, _ *account.Limits) { c.SyncBytes = 10 })
	for _, c := range []struct {
		name, file, data, prefer string
		async                    bool
	}{
		{"at the limit", "0123456789", `{}`, "", false},
		{"over it", "0123456789a", `{}`, "", true},
		{"asked for", "0", `{"async":true}`, "", true},
		{"preferred", "0", `{}`, "handling=lenient, Respond-Async", true},
		{"something else preferred", "0", `{}`, "wait=3", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, header := form(t, part{"file", "a.jpg", c.file}, part{"data", "", c.data})
			if c.prefer != "" {
				header.Set("Prefer", c.prefer)
			}
			a := s.try(t, "POST", "/1.0/upload", header, body)
			if s.desk.last(t).Wait == c.async {
				t.Errorf("submitted to be waited for: %v", !c.async)
			}
			if !c.async {
				if a.status != 200 {
					t.Error(a.text)
				}
				return
			}
			accepted(t, s, a, "enqueued", "id status")
		})
	}
	accepted(t, s, s.fetch1(t, `{"url":"http://example.com/","async":true,"tag":"T"}`), "enqueued", "id status tag")
	accepted(t, s, s.fetch1(t, `{"url":"http://example.com/"}`, "Prefer", "respond-async"), "enqueued", "id status")
	if len(s.desk.durable) > 0 {
		t.Error("made durable twice")
	}
}

func TestHoldEnds(t *testing.T) {
	s := start(t, nil)
	s.desk.wait = func(context.Context, *job.Job) error { return nil } // time is over, the job is not
	j := accepted(t, s, s.upload1(t, `{"tag":"T"}`), "processing", "id status tag")
	if !slices.Equal(s.desk.durable, []string{j.ID}) {
		t.Errorf("durable: %q", s.desk.durable)
	}
}

func TestLargeFetchIsNotWaitedFor(t *testing.T) {
	s := start(t, nil)
	s.desk.large = make(chan struct{})
	s.desk.wait = func(ctx context.Context, _ *job.Job) error {
		close(s.desk.large)
		<-ctx.Done()
		return ctx.Err()
	}
	j := accepted(t, s, s.fetch1(t, `{"url":"http://example.com/"}`), "processing", "id status")
	if !slices.Equal(s.desk.durable, []string{j.ID}) {
		t.Errorf("durable: %q", s.desk.durable)
	}
}

func TestShutdownLetsGoOfThoseWhoWait(t *testing.T) {
	s := start(t, nil)
	waiting := make(chan struct{}, 2)
	s.desk.wait = func(ctx context.Context, _ *job.Job) error {
		waiting <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	s.desk.put(job.Job{ID: linkID, KeyID: s.keyID, State: job.Enqueued, Request: json.RawMessage(`{}`), Created: noon})
	held, polled := make(chan answer, 1), make(chan answer, 1)
	go func() { held <- s.upload1(t, `{}`) }()
	go func() { polled <- s.try(t, "GET", "/1.0/jobs/"+linkID+"?wait=60", nil, nil) }()
	<-waiting
	<-waiting
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	accepted(t, s, <-held, "processing", "id status")
	if a := <-polled; a.status != 200 || a.body["status"] != "enqueued" {
		t.Error(a.text)
	}
}

func TestFailedJobAnswersItsProblem(t *testing.T) {
	s := start(t, nil)
	field := problem.Field{Path: "image.crop", Message: "Lies outside the picture."}
	for _, c := range []struct {
		p      *problem.Problem
		status int
		fields []string
	}{
		{problem.New(problem.FileCorrupt), 422, nil},
		{problem.Invalid(field), 422, []string{"image.crop: Lies outside the picture."}},
		{problem.New(problem.Canceled), 409, nil},
		{problem.New(problem.FormatUnsupported), 415, nil},
		{problem.New(problem.SourceTooSlow), 504, nil},
		{nil, 500, nil},
	} {
		s.desk.wait = func(_ context.Context, j *job.Job) error {
			j.State, j.Problem = job.Failed, c.p
			return nil
		}
		code := problem.Internal
		if c.p != nil {
			code = c.p.Code
		}
		a := s.upload1(t, `{}`)
		expectError(t, a, c.status, code, "", c.fields...)
		if _, err := s.desk.Get(t.Context(), a.body["id"].(string)); err != nil {
			t.Errorf("the id is not the job's: %s", a.text)
		}
	}
}

// TestEveryCode has the desk refuse with each code of the table, and finds its row in the
// reply.
func TestEveryCode(t *testing.T) {
	s := start(t, nil)
	for _, row := range problem.Table() {
		s.desk.submit = func(work.Submission) error { return problem.New(row.Code) }
		a := s.upload1(t, `{}`)
		expectError(t, a, row.HTTP, row.Code, problem.New(row.Code).Message)
		if (a.header.Get("WWW-Authenticate") != "") != (row.HTTP == 401) {
			t.Errorf("%s: %v", row.Code, a.header)
		}
		if (row.HTTP == 503 || row.Code == problem.KeyBusy) && a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", row.Code)
		}
	}
	s.desk.submit = func(work.Submission) error { return errors.New("disk at /secret/place is gone") }
	a := s.upload1(t, `{}`)
	expectError(t, a, http.StatusInternalServerError, problem.Internal, "Something went wrong on our side.")
	if log := s.log.String(); !strings.Contains(log, "/secret/place") || !strings.Contains(log, a.body["id"].(string)) {
		t.Error("the cause and the id are not in the log")
	}
}

// TestClientThatLeaves is no error of anybody: nothing but the line of the request is logged.
func TestClientThatLeaves(t *testing.T) {
	s := start(t, nil)
	ctx, leave := context.WithCancel(t.Context())
	s.desk.wait = func(ctx context.Context, _ *job.Job) error {
		leave()
		<-ctx.Done()
		return ctx.Err()
	}
	body, header := form(t, part{"file", "a.jpg", "JPEG"})
	r, err := http.NewRequestWithContext(ctx, "POST", s.url+"/1.0/upload", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	r.Header.Set("Authorization", "Bearer "+s.key)
	if _, err := (&http.Transport{}).RoundTrip(r); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.log.await(`"status":499`)
	if log := s.log.String(); strings.Contains(log, "ERROR") || len(s.desk.durable) > 0 {
		t.Error(log)
	}
}

// BenchmarkUpload is what the edge alone costs for a file of 100 kB: the connection kept,
// the key checked, the form staged and hashed, the reply written.
func BenchmarkUpload(b *testing.B) {
	s := start(b, nil)
	body, header := form(b, part{"file", "a.jpg", strings.Repeat("x", 100_000)}, part{"data", "", `{"report":"none"}`})
	text, err := io.ReadAll(body)
	if err != nil {
		b.Fatal(err)
	}
	header.Set("Authorization", "Bearer "+s.key)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), "POST", s.url+"/1.0/upload", bytes.NewReader(text))
		if err != nil {
			b.Fatal(err)
		}
		r.Header = header
		res, err := client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		if a := read(b, res); a.status != 200 {
			b.Fatal(a.text)
		}
	}
}
