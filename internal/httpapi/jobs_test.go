package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
)

const jobID = "5b1f2f0e-8f5c-4d3b-a1a7-00c0ffee0001"

// row puts a job of the service's key in.
func (s *service) row(change func(*job.Job)) {
	j := job.Job{ID: jobID, KeyID: s.keyID, State: job.Enqueued, Request: json.RawMessage(`{"detail":"brief","tag":"T"}`), Created: noon}
	change(&j)
	s.desk.put(j)
}

func TestPollShapes(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct {
		name   string
		change func(*job.Job)
		keys   string
		status string
		again  string
	}{
		{"held", func(j *job.Job) { j.State = job.Held }, "id progress status tag", "enqueued", "1"},
		{"enqueued", func(*job.Job) {}, "id progress status tag", "enqueued", "1"},
		{"processing", func(j *job.Job) {
			j.State, j.Progress, j.Created = job.Processing, job.Progress{Percent: 40, Phase: "encode", Done: 2, Total: 5}, noon.Add(-4*time.Second)
		}, "id progress status tag", "processing", "4"},
		{"old", func(j *job.Job) { j.Created = noon.Add(-time.Hour) }, "id progress status tag", "enqueued", "15"},
		{"completed", complete, resultKeys + " status tag", "completed", ""},
		{"failed", func(j *job.Job) { j.State, j.Problem = job.Failed, problem.New(problem.FileCorrupt) },
			"code http_status id message status success tag", "failed", ""},
		{"failed, fields", func(j *job.Job) {
			j.State, j.Problem = job.Failed, problem.Invalid(problem.Field{Path: "image.crop", Message: "x"})
		}, "code errors http_status id message status success tag", "failed", ""},
		{"not stored", func(j *job.Job) {
			complete(j)
			j.State, j.Problem = job.Failed, problem.New(problem.StoreFailed)
		}, "code expires_at http_status id message status success tag url", "failed", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.row(c.change)
			a := s.try(t, "GET", "/1.0/jobs/"+jobID, nil, nil)
			want := sorted(c.keys)
			if a.status != 200 || keysOf(a.body) != want || a.body["status"] != c.status || a.body["id"] != jobID || a.body["tag"] != "T" {
				t.Fatalf("names %q, want %q\n%s", keysOf(a.body), want, a.text)
			}
			if a.header.Get("Retry-After") != c.again || a.header.Get("X-Ratelimit-Limit") != "1000000" {
				t.Errorf("%v", a.header)
			}
			if p, ok := a.body["progress"]; ok && keysOf(p) != "done percent phase total" {
				t.Error(a.text)
			}
		})
	}
	a := s.try(t, "GET", "/1.0/jobs/"+jobID, nil, nil)
	if a.body["success"] != false || a.body["code"] != "store-failed" || a.body["http_status"] != 502.0 {
		t.Error(a.text)
	}
}

func TestForeignJobsDoNotExist(t *testing.T) {
	s := start(t, nil)
	s.row(func(j *job.Job) { j.KeyID = "somebody else" })
	for _, id := range []string{jobID, linkID, "x", "5B1F2F0E-8F5C-4D3B-A1A7-00C0FFEE0001", "{5b1f2f0e-8f5c-4d3b-a1a7-00c0ffee0001}", "..%2f", "%00"} {
		for _, method := range []string{"GET", "DELETE"} {
			expectError(t, s.try(t, method, "/1.0/jobs/"+id, nil, nil), 404, problem.NotFound, "There is nothing here by that name.")
		}
	}
	if j, _ := s.desk.Get(t.Context(), jobID); j.State != job.Enqueued {
		t.Error("a foreign job was canceled")
	}
}

func TestLongPoll(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct {
		query, prefer string
		wait          time.Duration // 0: not waited
		wrong         bool
	}{
		{"", "", 0, false},
		{"?wait=0", "", 0, false},
		{"?wait=7", "", 7 * time.Second, false},
		{"?wait=60", "wait=3", 60 * time.Second, false},
		{"?wait=0", "wait=3", 0, false},
		{"", `Wait="5"; x=y, respond-async`, 5 * time.Second, false},
		{"", "wait=100", 60 * time.Second, false},
		{"", "wait=-1", 0, false},
		{"", "wait", 0, false},
		{"?wait=61", "", 0, true},
		{"?wait=-1", "", 0, true},
		{"?wait=", "", 0, true},
		{"?wait=1s", "", 0, true},
		{"?wait=99999999999999999999", "", 0, true},
	} {
		s.row(func(*job.Job) {})
		s.desk.waits = nil
		header := http.Header{}
		if c.prefer != "" {
			header.Set("Prefer", c.prefer)
		}
		a := s.try(t, "GET", "/1.0/jobs/"+jobID+c.query, header, nil)
		if c.wrong {
			expectError(t, a, 422, problem.OptionsInvalid, notValid, "wait: Must be a whole number of seconds from 0 to 60; got '"+strings.TrimPrefix(c.query, "?wait=")+"'.")
			continue
		}
		want, status := []time.Duration{c.wait}, "completed"
		if c.wait == 0 {
			want, status = nil, "enqueued"
		}
		if a.status != 200 || a.body["status"] != status || !slices.Equal(s.desk.waits, want) {
			t.Errorf("%s %s: waited %v\n%s", c.query, c.prefer, s.desk.waits, a.text)
		}
	}
	s.row(complete)
	s.desk.waits = nil
	s.desk.wait = func(context.Context, *job.Job) error { t.Error("an ended job is waited for"); return nil }
	if a := s.try(t, "GET", "/1.0/jobs/"+jobID+"?wait=60", nil, nil); a.body["status"] != "completed" {
		t.Error(a.text)
	}
}

func TestCancel(t *testing.T) {
	s := start(t, nil)
	s.row(func(*job.Job) {})
	a := s.try(t, "DELETE", "/1.0/jobs/"+jobID, nil, nil)
	if a.status != 200 || keysOf(a.body) != "code http_status id message status success tag" || a.body["status"] != "failed" ||
		a.body["code"] != "canceled" || a.body["http_status"] != 409.0 {
		t.Error(a.text)
	}
	s.row(complete)
	if a := s.try(t, "DELETE", "/1.0/jobs/"+jobID, nil, nil); a.status != 200 || a.body["status"] != "completed" {
		t.Error(a.text)
	}
}
