package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"compressor/internal/account"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// TestWebhookIsAsync: a webhook makes the job asynchronous, of whatever size, and its notice
// goes with the job, unreadable.
func TestWebhookIsAsync(t *testing.T) {
	s := start(t, nil)
	const hook = `"webhook":{"url":"https://u:passw0rd@h.example/x","delay":604800,"headers":{"X-A":"b"}}`
	accepted(t, s, s.upload1(t, `{`+hook+`}`), "enqueued", "id status")
	sent := s.desk.last(t)
	if sent.Wait || len(sent.Notice) == 0 || bytes.Contains(sent.Notice, []byte("passw0rd")) || len(sent.Order.Named) != 0 {
		t.Errorf("submitted %+v with the notice %s", sent.Order, sent.Notice)
	}
	order, err := json.Marshal(sent.Order)
	if err != nil || strings.Contains(string(order), "h.example") {
		t.Errorf("the order holds %s, %v", order, err)
	}
	accepted(t, s, s.fetch1(t, `{"url":"http://example.com/",`+hook+`}`), "enqueued", "id status")
	if sent := s.desk.last(t); sent.Wait || len(sent.Notice) == 0 {
		t.Errorf("submitted %+v", sent)
	}
	s.upload1(t, `{}`)
	if sent := s.desk.last(t); !sent.Wait || sent.Notice != nil {
		t.Errorf("submitted %+v", sent)
	}
}

// TestWebhookFaults: everything wrong is named at once, beside what else is wrong, and no
// secret is repeated.
func TestWebhookFaults(t *testing.T) {
	s := start(t, nil)
	const message = "Validation failed for one or more parameters"
	for _, c := range []struct {
		hook   string
		fields []string
	}{
		{`{}`, []string{"webhook.url: Is required."}},
		{`{"url":7}`, []string{"webhook.url: Must be text; got a number."}},
		{`{"url":"http://h/","headers":["s3cret"]}`, []string{"webhook.headers: Must be a hash; got a list."}},
		{`{"url":"s3cret"}`, []string{"webhook.url: The URL must begin with http:// or https://."}},
		{`{"url":"http://127.0.0.1/s3cret"}`, []string{"webhook.url: Webhooks may not be sent to that address."}},
		{`{"url":"http://2130706433/s3cret"}`, []string{"webhook.url: Webhooks may not be sent to that address."}},
		{`{"url":"http://①②⑦.⓪.⓪.①/s3cret"}`, []string{"webhook.url: Webhooks may not be sent to that address."}},
		{`{"url":"http://localhost:6379/s3cret"}`, []string{"webhook.url: Webhooks may not be sent to that address."}},
		{`{"url":"http://h/","events":[]}`, []string{"webhook.events: Must name at least one."}},
		{`{"url":"http://h/","delay":-1,"headers":{"User-Agent":"s3cret","Content-Length":"1"}}`, []string{
			"webhook.delay: Must be between 0 and 604800; got -1.",
			"webhook.headers.Content-Length: Content headers may not be set.",
			"webhook.headers.User-Agent: This header is the service's own."}},
	} {
		a := s.upload1(t, `{"webhook":`+c.hook+`}`)
		expectError(t, a, 422, problem.OptionsInvalid, message, c.fields...)
		if strings.Contains(a.text, "s3cret") {
			t.Errorf("repeated: %s", a.text)
		}
		expectError(t, s.fetch1(t, `{"url":"ftp://h/","webhook":`+c.hook+`}`), 422, problem.OptionsInvalid, message,
			withURL(c.fields)...)
	}
	if len(s.desk.sent) != 0 || strings.Contains(s.log.String(), "s3cret") {
		t.Errorf("%d jobs, log %s", len(s.desk.sent), s.log)
	}
}

// withURL adds the fault of the source, which is named before those of the webhook that the
// schema does not find, and is not found where the address is only judged last.
func withURL(fields []string) []string {
	const url = "url: The URL must begin with http:// or https://."
	if strings.Contains(fields[0], "may not be sent") {
		return []string{url}
	}
	for i, f := range fields {
		if strings.HasPrefix(f, "webhook.headers.") || strings.Contains(f, "must begin") {
			return append(append(append([]string(nil), fields[:i]...), url), fields[i:]...)
		}
	}
	return append(append([]string(nil), fields...), url)
}

// TestRender: a webhook tells what the poll does, byte for byte.
func TestRender(t *testing.T) {
	s := start(t, nil)
	for name, change := range map[string]func(*job.Job){
		"completed": complete,
		"failed":    func(j *job.Job) { j.State, j.Problem = job.Failed, problem.New(problem.FileCorrupt) },
	} {
		s.row(change)
		j, err := s.desk.Get(t.Context(), jobID)
		if err != nil {
			t.Fatal(err)
		}
		text, err := s.Render(t.Context(), j)
		a := s.try(t, "GET", "/1.0/jobs/"+jobID, nil, nil)
		if err != nil || string(text) != a.text || a.status != 200 {
			t.Errorf("%s: %s, %v; the poll says %s", name, text, err, a.text)
		}
	}
}

// TestWebhookScopes: who may do what, and that nothing of another key's is there.
func TestWebhookScopes(t *testing.T) {
	s := start(t, nil)
	text, made, err := s.hooks.MakeSecret(t.Context(), s.keyID)
	if err != nil || text == "" {
		t.Fatal(err)
	}
	reader, _, err := s.keys.Create(t.Context(), "reader", account.Read)
	if err != nil {
		t.Fatal(err)
	}
	writer, _, err := s.keys.Create(t.Context(), "writer", account.Compress)
	if err != nil {
		t.Fatal(err)
	}
	const id = "6f7f0e4a-0000-4000-8000-000000000001"
	for _, c := range []struct {
		method, path        string
		own, reader, writer int
	}{
		{"GET", "/1.0/webhooks", 200, 200, 403},
		{"GET", "/1.0/webhooks/" + id, 404, 404, 403},
		{"GET", "/1.0/webhooks/nonsense", 404, 404, 403},
		{"POST", "/1.0/webhooks/" + id + "/replay", 404, 403, 404},
		{"GET", "/1.0/webhooks/secrets", 200, 200, 403},
		{"POST", "/1.0/webhooks/secrets", 201, 403, 201},
		{"DELETE", "/1.0/webhooks/secrets?id=" + id, 404, 403, 404},
		{"PUT", "/1.0/webhooks", 405, 405, 405},
	} {
		for key, want := range map[string]int{s.key: c.own, reader: c.reader, writer: c.writer} {
			a := s.try(t, c.method, c.path, http.Header{"Authorization": {"Bearer " + key}}, io.Reader(nil))
			if a.status != want {
				t.Errorf("%s %s: status %d, want %d: %s", c.method, c.path, a.status, want, a.text)
			}
		}
	}
	foreign := http.Header{"Authorization": {"Bearer " + writer}}
	expectError(t, s.try(t, "DELETE", "/1.0/webhooks/secrets?id="+made.ID, foreign, nil), 404, problem.NotFound, "")
	if a := s.try(t, "GET", "/1.0/webhooks/secrets", nil, nil); strings.Contains(a.text, text) || !strings.Contains(a.text, made.ID) {
		t.Errorf("the list is %s", a.text)
	}
}
