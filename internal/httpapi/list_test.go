package httpapi

import (
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
	const count, state = ": Must be a whole number from ", "status: Must be one of enqueued, processing, completed, failed."
	const when = ": Must be a time such as 2026-11-24T18:00:00Z, or a date, which begins at midnight UTC."
	for query, want := range map[string]string{
		"limit=0":           "limit" + count + "1 to 100.",
		"limit=101":         "limit" + count + "1 to 100.",
		"limit=":            "limit" + count + "1 to 100.",
		"limit=5&limit=6":   "limit: Must be given once.",
		"offset=-1":         "offset" + count + "0 to 100000.",
		"offset=100001":     "offset" + count + "0 to 100000.",
		"offset=1e3":        "offset" + count + "0 to 100000.",
		"batch=1":           "batch: Must be the id of a batch.",
		"status=":           state,
		"status=held":       state,
		"status=done":       state,
		"tag=":              "tag: Must have 1 to 255 characters.",
		"tag=%ff":           "tag: Must have 1 to 255 characters.",
		"start=yesterday":   "start" + when,
		"end=":              "end" + when,
		"end=1764028800":    "end" + when,
		"statuss=failed":    "statuss: Unknown parameter; did you mean 'status'?",
		"q=1":               "q: Unknown parameter; known are batch, end, limit, offset, start, status, tag.",
		"tag=%zz":           "query: Must be written as name=value&name=value, percent-encoded.",
		"limit=x&end=x&a=b": "a: Unknown parameter; known are batch, end, limit, offset, start, status, tag.|end" + when + "|limit" + count + "1 to 100.",
	} {
		expectError(t, s.try(t, "GET", "/1.0/jobs?"+query, nil, nil), 422, problem.OptionsInvalid, notValid, strings.Split(want, "|")...)
	}
	if len(s.desk.queries) > 0 {
		t.Errorf("%+v were listed", s.desk.queries)
	}
	expectError(t, s.try(t, "POST", "/1.0/jobs", nil, nil), 405, problem.MethodNotAllowed, "")
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
