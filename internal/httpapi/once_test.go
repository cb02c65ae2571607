package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/work"
)

// onceUpload sends a file under a name, with an idempotency key, and returns what the desk
// got to tell the request by.
func (s *service) onceUpload(t *testing.T, key, name, content, data string) job.Once {
	t.Helper()
	parts := []part{{"file", name, content}, {"data", "", data}}
	if strings.HasSuffix(data, " ") { // the other way round
		parts[0], parts[1] = parts[1], parts[0]
	}
	body, header := form(t, parts...)
	header.Set(onceHeader, key)
	if a := s.try(t, "POST", "/1.0/upload", header, body); a.status != 200 && a.status != 202 {
		t.Fatal(a.text)
	}
	return s.desk.last(t).Once
}

// TestOnceSame: which requests are the same.
func TestOnceSame(t *testing.T) {
	s := start(t, nil)
	first := s.onceUpload(t, "k", "a.jpg", "JPEG", `{"tag":"t"}`)
	if len(first.Name) != 64 || len(first.Digest) != 64 {
		t.Fatalf("%+v", first)
	}
	for _, c := range []struct {
		what, key, name, content, data string
		name1, digest                  bool // as of the first
	}{
		{"the same", "k", "a.jpg", "JPEG", `{"tag":"t"}`, true, true},
		{"laid out otherwise", "k", "a.jpg", "JPEG", ` { "image":{"compression":"high"},"report":"brief", "tag":"t"} `, true, true},
		{"another option", "k", "a.jpg", "JPEG", `{"tag":"t","image":{"compression":"ultra"}}`, true, false},
		{"another tag", "k", "a.jpg", "JPEG", `{"tag":"u"}`, true, false},
		{"async", "k", "a.jpg", "JPEG", `{"tag":"t","async":true}`, true, false},
		{"another file", "k", "a.jpg", "JPEF", `{"tag":"t"}`, true, false},
		{"another name", "k", "b.jpg", "JPEG", `{"tag":"t"}`, true, false},
		{"another key", "l", "a.jpg", "JPEG", `{"tag":"t"}`, false, false},
		{"a long key", strings.Repeat("~", 255), "a.jpg", "JPEG", `{"tag":"t"}`, false, false},
	} {
		got := s.onceUpload(t, c.key, c.name, c.content, c.data)
		if (got.Name == first.Name) != c.name1 || (got.Digest == first.Digest) != c.digest {
			t.Errorf("%s: %+v, the first %+v", c.what, got, first)
		}
	}
	if s.upload1(t, "{}"); s.desk.last(t).Once != (job.Once{}) {
		t.Error("a request without a key is remembered")
	}
	other, key, err := s.keys.Create(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	s.key, s.keyID = other, key.ID
	if got := s.onceUpload(t, "k", "a.jpg", "JPEG", `{"tag":"t"}`); got.Name == first.Name {
		t.Error("two API keys share an idempotency key")
	}
}

func TestOnceFetch(t *testing.T) {
	s := start(t, nil)
	of := func(text string) job.Once {
		t.Helper()
		if a := s.fetch1(t, text, onceHeader, "k"); a.status != 200 {
			t.Fatal(a.text)
		}
		return s.desk.last(t).Once
	}
	first := of(`{"url":"https://u:secret@example.com/a","headers":{"A":"1","B":"2"}}`)
	if got := of(`{"headers": {"B":"2","A":"1"}, "url":"https://u:secret@example.com/a", "async":false}`); got != first {
		t.Error("the same request differs")
	}
	for _, other := range []string{`{"url":"https://u:secret@example.com/b","headers":{"A":"1","B":"2"}}`, `{"url":"https://u:secret@example.com/a","headers":{"A":"1"}}`} {
		if got := of(other); got.Digest == first.Digest || got.Name != first.Name {
			t.Errorf("%s is the same", other)
		}
	}
}

// TestOnceReplies: what a repetition is answered.
func TestOnceReplies(t *testing.T) {
	s := start(t, nil)
	s.row(complete)
	s.desk.repeat = jobID
	a := s.upload1(t, "{}", onceHeader, "k")
	if a.status != 200 || a.body["id"] != jobID || a.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %v %s", a.status, a.header, a.text)
	}
	a = s.upload1(t, `{"async":true}`, onceHeader, "k")
	if a.status != 202 || a.body["id"] != jobID || a.header.Get("Location") != "/1.0/jobs/"+jobID {
		t.Errorf("%d %v %s", a.status, a.header, a.text)
	}
	s.row(at(job.Processing, 5)) // is waited for
	if a = s.upload1(t, "{}", onceHeader, "k"); a.status != 200 || a.body["id"] != jobID || len(s.desk.waits) == 0 {
		t.Errorf("%d %s", a.status, a.text)
	}
	s.desk.wait = func(context.Context, *job.Job) error { return nil }
	s.row(func(j *job.Job) { j.State, j.Problem = job.Failed, problem.New(problem.FileCorrupt) })
	expectError(t, s.upload1(t, "{}", onceHeader, "k"), 422, problem.FileCorrupt, "")
	s.desk.repeat, s.desk.wait = "", nil
	if a = s.upload1(t, "{}", onceHeader, "k"); a.header.Get("Idempotent-Replayed") != "" {
		t.Error("a first request is no repetition")
	}
	s.desk.submit = func(work.Submission) error { return problem.New(problem.IdempotencyConflict) }
	expectError(t, s.upload1(t, "{}", onceHeader, "k"), 409, problem.IdempotencyConflict, "This idempotency key was used with another request.")
}

func TestOnceErrors(t *testing.T) {
	s := start(t, nil)
	const must = "Idempotency-Key: Must be given once, as 1 to 255 visible ASCII characters; got "
	for _, c := range []struct {
		given []string
		got   string
	}{
		{[]string{""}, "''."}, {[]string{strings.Repeat("k", 256)}, "'" + strings.Repeat("k", 60) + "…'."}, {[]string{"a", "a"}, "it 2 times."},
		{[]string{"schlüssel"}, "'schlüssel'."}, {[]string{"a\tb"}, "'a\uFFFDb'."},
	} {
		given, want := c.given, must+c.got
		body, header := form(t, part{"file", "a.jpg", "JPEG"})
		header[onceHeader] = given
		expectError(t, s.try(t, "POST", "/1.0/upload", header, body), 422, problem.OptionsInvalid, notValid, want)
		header = http.Header{onceHeader: given, "Content-Type": {"application/json"}}
		expectError(t, s.try(t, "POST", "/1.0/fetch", header, strings.NewReader(`{"url":"http://example.com"}`)), 422, problem.OptionsInvalid, notValid, want)
	}
	if len(s.desk.sent) > 0 {
		t.Errorf("%d were submitted", len(s.desk.sent))
	}
}
