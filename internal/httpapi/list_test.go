package httpapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
)

func TestListQueries(t *testing.T) {
	s := start(t, nil)
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for query, want := range map[string]job.Query{
		"":                               {Limit: 50},
		"?":                              {Limit: 50},
		"?limit=100&offset=7":            {Limit: 100, Offset: 7},
		"?limit=1&offset=0":              {Limit: 1},
		"?status=enqueued":               {Limit: 50, State: job.Enqueued},
		"?status=failed&tag=a%20b%C3%A4": {Limit: 50, State: job.Failed, Tag: "a bä"},
		"?start=2026-11-24&end=2026-11-24T01:00:00%2B01:00":    {Limit: 50, Start: day, End: day},
		"?start=2026-11-24T00:00:00.5Z&tag=x&status=completed": {Limit: 50, State: job.Completed, Tag: "x", Start: day.Add(time.Second / 2)},
	} {
		s.desk.queries = nil
		a := s.try(t, "GET", "/1.0/jobs"+query, nil, nil)
		want.KeyID = s.keyID
		if a.status != 200 || len(s.desk.queries) != 1 {
			t.Errorf("%s: %s", query, a.text)
			continue
		}
		got := s.desk.queries[0]
		if !got.Start.Equal(want.Start) || !got.End.Equal(want.End) {
			t.Errorf("%s: from %v to %v", query, got.Start, got.End)
		}
		got.Start, got.End, want.Start, want.End = day, day, day, day
		if got != want {
			t.Errorf("%s: %+v, want %+v", query, got, want)
		}
	}
}

func TestListErrors(t *testing.T) {
	s := start(t, nil)
	const count, state = ": Must be a whole number from ", "status: Must be one of enqueued, processing, completed, failed; got '"
	const when = ": Must be a time such as 2026-11-24T18:00:00Z, or a date, which begins at midnight UTC; got '"
	long := strings.Repeat("ä", 256)
	for query, want := range map[string]string{
		"limit=0":           "limit" + count + "1 to 100; got '0'.",
		"limit=101":         "limit" + count + "1 to 100; got '101'.",
		"limit=":            "limit" + count + "1 to 100; got ''.",
		"limit=5&limit=6":   "limit: Must be given once; got it 2 times.",
		"offset=-1":         "offset" + count + "0 to 100000; got '-1'.",
		"offset=100001":     "offset" + count + "0 to 100000; got '100001'.",
		"offset=1e3":        "offset" + count + "0 to 100000; got '1e3'.",
		"batch=1":           "batch: Must be the id of a batch; got '1'.",
		"status=":           state + "'.",
		"status=held":       state + "held'.",
		"status=%1b[2Jdone": state + "\uFFFD[2Jdone'.",
		"tag=":              "tag: Must have 1 to 255 characters; got ''.",
		"tag=%ff":           "tag: Must have 1 to 255 characters; got '\uFFFD'.",
		"tag=" + long:       "tag: Must have 1 to 255 characters; got '" + long[:2*60] + "…'.",
		"start=yesterday":   "start" + when + "yesterday'.",
		"end=":              "end" + when + "'.",
		"end=1764028800":    "end" + when + "1764028800'.",
		"statuss=failed":    "statuss: Unknown parameter; did you mean 'status'?",
		"q=1":               "q: Unknown parameter; known are batch, end, limit, offset, start, status, tag.",
		long + "=1":         long[:2*60] + "…: Unknown parameter; known are batch, end, limit, offset, start, status, tag.",
		"tag=%zz":           "query: Must be written as name=value&name=value, percent-encoded.",
		"limit=x&end=x&a=b": "a: Unknown parameter; known are batch, end, limit, offset, start, status, tag.|end" + when + "x'.|limit" + count + "1 to 100; got 'x'.",
	} {
		expectError(t, s.try(t, "GET", "/1.0/jobs?"+query, nil, nil), 422, problem.OptionsInvalid, notValid, strings.Split(want, "|")...)
	}
	if len(s.desk.queries) > 0 {
		t.Errorf("%+v were listed", s.desk.queries)
	}
	expectError(t, s.try(t, "POST", "/1.0/jobs", nil, nil), 405, problem.MethodNotAllowed, "")
}

// TestQueries: a parameter that is not known is told wherever a key is asked for, also where
// there is none to know, and before a body is read.
func TestQueries(t *testing.T) {
	s := start(t, nil)
	const none = "wiat: Unknown parameter; none is known here."
	s.row(complete)
	upload := s.create(t, 5)
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/1.0/account", none}, {"HEAD", "/1.0/account", ""}, {"POST", "/1.0/upload", none}, {"POST", "/1.0/fetch", none}, {"POST", "/1.0/batch", none},
		{"GET", "/1.0/jobs/" + jobID, "wiat: Unknown parameter; did you mean 'wait'?"}, {"DELETE", "/1.0/jobs/" + jobID, none},
		{"GET", "/1.0/jobs/" + jobID + "/events", none},
		{"POST", "/1.0/uploads", none}, {"POST", "/1.0/uploads/", none}, {"GET", upload, none}, {"HEAD", upload, ""}, {"PATCH", upload, none},
		{"DELETE", upload, none}, {"OPTIONS", upload, none},
		{"GET", "/1.0/webhooks", "wiat: Unknown parameter; known are limit, offset, status."}, {"GET", "/1.0/webhooks/" + jobID, none},
		{"POST", "/1.0/webhooks/" + jobID + "/replay", none}, {"GET", "/1.0/webhooks/secrets", none}, {"POST", "/1.0/webhooks/secrets", none},
		{"DELETE", "/1.0/webhooks/secrets", "wiat: Unknown parameter; known are id."},
	} {
		a := s.try(t, c.method, c.path+"?wiat=61", tusHeader(), nil)
		if a.status != 422 {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.text)
		}
		if c.want != "" {
			expectError(t, a, 422, problem.OptionsInvalid, notValid, c.want)
		}
	}
	if len(s.desk.sent)+len(s.desk.batches) > 0 || s.uploadsLeft(t) != 1 {
		t.Error("something was done all the same")
	}
	for _, path := range []string{"/healthz", "/readyz", "/1.0/openapi.json", fmt.Sprintf("/%d/%s/Strand%%20%%C3%%BC.jpg", job.Slot(noon), linkID)} {
		if a := s.try(t, "GET", path+"?wiat=61", nil, nil); a.status != 200 {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	const number = ": Must be a whole number from "
	expectError(t, s.try(t, "GET", "/1.0/webhooks?status=sent&limit=0&offset=x", nil, nil), 422, problem.OptionsInvalid, notValid,
		"limit"+number+"1 to 100; got '0'.", "offset"+number+"0 to 2147483647; got 'x'.",
		"status: Must be one of created, scheduled, dispatched, delivered, failed; got 'sent'.")
	expectError(t, s.try(t, "DELETE", "/1.0/webhooks/secrets", nil, nil), 422, problem.OptionsInvalid, notValid,
		"id: Must be the id of a secret, as GET /1.0/webhooks/secrets lists them.")
}

func TestListShapes(t *testing.T) {
	s := start(t, nil)
	if a := s.try(t, "GET", "/1.0/jobs", nil, nil); a.text != `{"jobs":[],"offset":0,"limit":50,"more":false}`+"\n" {
		t.Error(a.text)
	}
	s.desk.more = true
	for keys, change := range map[string]func(*job.Job){
		"id status progress tag created_at":                    func(j *job.Job) { j.State = job.Held },
		"id status url input output expires_at tag created_at": complete,
		"success id status message code http_status tag created_at": func(j *job.Job) {
			j.State, j.Problem = job.Failed, problem.New(problem.FileCorrupt)
		},
	} {
		s.row(change)
		a := s.try(t, "GET", "/1.0/jobs?limit=1", nil, nil)
		list, _ := a.body["jobs"].([]any)
		if a.status != 200 || keysOf(a.body) != "jobs limit more offset" || a.body["more"] != true || len(list) != 1 {
			t.Fatal(a.text)
		}
		entry := list[0].(map[string]any)
		if keysOf(entry) != sorted(keys) || entry["created_at"] != "2026-11-24T12:03:20Z" || entry["id"] != jobID {
			t.Errorf("%v", entry)
		}
		if a.header.Get("X-Ratelimit-Limit") != "1000000" || a.header.Get("Retry-After") != "" {
			t.Errorf("%v", a.header)
		}
	}
}
