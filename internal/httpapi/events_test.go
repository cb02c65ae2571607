package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// stream asks for the events of the job in the bubble of a test, and returns what was
// answered once the stream has ended.
func (s *service) stream(ctx context.Context, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, "GET", "/1.0/jobs/"+jobID+"/events", nil)
	r.Header.Set("Authorization", "Bearer "+s.key)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// outline is a stream in short: each event as name, state and percentage, each comment as a
// colon.
func outline(t *testing.T, text string) string {
	t.Helper()
	rest, ok := strings.CutPrefix(text, "retry: 2000\n\n")
	if !ok || !strings.HasSuffix(text, "\n\n") {
		t.Fatalf("a stream of\n%s", text)
	}
	event := regexp.MustCompile(`^id: (enqueued-[0-9a-f]{16}|processing-[0-9a-f]{16}|completed|failed)\nevent: (state|progress|done)\ndata: ({.*"status":"([a-z]+)".*})$`)
	percent := regexp.MustCompile(`"percent":([0-9.]+)`)
	var out []string
	for block := range strings.SplitSeq(strings.TrimSuffix(rest, "\n\n"), "\n\n") {
		m := event.FindStringSubmatch(block)
		switch {
		case block == "":
		case block == ": still here":
			out = append(out, ":")
		case m == nil || !strings.HasPrefix(m[1], m[4]):
			t.Fatalf("an event of\n%s", block)
		default:
			word := m[2] + " " + m[4]
			if p := percent.FindStringSubmatch(m[3]); p != nil {
				word += " " + p[1]
			}
			out = append(out, word)
		}
	}
	return strings.Join(out, ", ")
}

// at is a change of the row.
func at(state job.State, percent float64) func(*job.Job) {
	return func(j *job.Job) { j.State, j.Progress.Percent = state, percent }
}

func TestEvents(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*job.Job)
		then   []func(*job.Job) // one a second
		want   string
	}{
		{"a whole life", at(job.Enqueued, 0),
			[]func(*job.Job){at(job.Processing, 0), at(job.Processing, 40), at(job.Processing, 40), at(job.Processing, 90), complete},
			"state enqueued 0, state processing 0, progress processing 40, progress processing 90, done completed"},
		{"held is enqueued", at(job.Held, 0), []func(*job.Job){at(job.Enqueued, 0), at(job.Processing, 0), complete},
			"state enqueued 0, state processing 0, done completed"},
		{"handed on", at(job.Processing, 40), []func(*job.Job){at(job.Enqueued, 40), at(job.Processing, 40), at(job.Processing, 41), complete},
			"state processing 40, state enqueued 40, state processing 40, progress processing 41, done completed"},
		{"ended before", complete, nil, "done completed"},
		{"failed", at(job.Processing, 1), []func(*job.Job){func(j *job.Job) { j.State, j.Problem = job.Failed, problem.New(problem.FileCorrupt) }},
			"state processing 1, done failed"},
		{"silence", at(job.Processing, 1), []func(*job.Job){20: at(job.Processing, 2), 40: complete},
			"state processing 1, :, progress processing 2, :, done completed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := assemble(t, nil)
				s.row(c.before)
				go func() {
					for _, change := range c.then {
						time.Sleep(time.Second)
						if change != nil {
							s.row(change)
						}
					}
				}()
				w := s.stream(t.Context())
				if got := outline(t, w.Body.String()); w.Code != 200 || got != c.want {
					t.Errorf("status %d\n got %s\nwant %s", w.Code, got, c.want)
				}
				for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no", "X-Request-Id": jobID} {
					if w.Header().Get(name) != want {
						t.Errorf("%s: %q", name, w.Header().Get(name))
					}
				}
				if w.Result().Header.Get("Retry-After") != "" || !w.Flushed {
					t.Errorf("%v", w.Header())
				}
			})
		})
	}
}

// TestEventsResume: who comes again gets what it has not seen, and nothing twice.
func TestEventsResume(t *testing.T) {
	id := func(change func(*job.Job)) string {
		j := job.Job{}
		change(&j)
		return eventID(j)
	}
	for _, c := range []struct {
		name, last string
		before     func(*job.Job)
		want       string
	}{
		{"nothing new", id(at(job.Processing, 40)), at(job.Processing, 40), "done completed"},
		{"more progress", id(at(job.Processing, 40)), at(job.Processing, 60), "progress processing 60, done completed"},
		{"another state", id(at(job.Enqueued, 0)), at(job.Processing, 0), "state processing 0, done completed"},
		{"the end", id(at(job.Processing, 40)), complete, "done completed"},
		{"another end", "failed", complete, "done completed"},
		{"nonsense", "x\x01-\t" + strings.Repeat("y", 1000), at(job.Processing, 40), "state processing 40, done completed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := assemble(t, nil)
				s.row(c.before)
				time.AfterFunc(time.Second, func() { s.row(complete) })
				if got := outline(t, s.stream(t.Context(), "Last-Event-ID", c.last).Body.String()); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
		})
	}
	s := assemble(t, nil)
	s.row(complete)
	if w := s.stream(t.Context(), "Last-Event-ID", "completed"); w.Code != 204 || w.Body.Len() > 0 {
		t.Errorf("who has seen the end: %d %s", w.Code, w.Body)
	}
}

// TestEventsEnd: what ends a stream beside the job's end.
func TestEventsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(*service, context.CancelFunc)
		after time.Duration
	}{
		"the client leaves": {func(_ *service, leave context.CancelFunc) { leave() }, time.Second},
		"the server leaves": {func(s *service, _ context.CancelFunc) { s.Shutdown(context.Background()) }, time.Second},
		"the record goes": {func(s *service, _ context.CancelFunc) {
			s.desk.mu.Lock()
			defer s.desk.mu.Unlock()
			delete(s.desk.jobs, jobID)
		}, beat},
		"the key is revoked": {func(s *service, _ context.CancelFunc) { s.keys.Revoke(context.Background(), s.keyID) }, beat},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := assemble(t, nil)
				s.row(at(job.Processing, 1))
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				time.AfterFunc(time.Second, func() { c.end(s, leave) })
				started := time.Now()
				w := s.stream(ctx)
				if took := time.Since(started); took != c.after || !strings.HasPrefix(outline(t, w.Body.String()), "state processing 1") {
					t.Errorf("after %v\n%s", took, w.Body)
				}
			})
		})
	}
}

// TestEventsSilentChange: what another process writes is seen at the next beat.
func TestEventsSilentChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := assemble(t, nil)
		s.row(at(job.Processing, 1))
		time.AfterFunc(time.Second, func() {
			s.desk.mu.Lock()
			defer s.desk.mu.Unlock()
			j := s.desk.jobs[jobID]
			complete(&j)
			s.desk.jobs[jobID] = j
		})
		if got := outline(t, s.stream(t.Context()).Body.String()); got != "state processing 1, :, done completed" {
			t.Error(got)
		}
	})
}

// TestEventsOverTheWire: events arrive when they happen, not when a buffer is full; a HEAD
// gets the head.
func TestEventsOverTheWire(t *testing.T) {
	s := start(t, nil)
	s.row(at(job.Enqueued, 0))
	if a := s.try(t, "HEAD", "/1.0/jobs/"+jobID+"/events", nil, nil); a.status != 200 || a.text != "" || a.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("HEAD: %d %v %s", a.status, a.header, a.text)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/1.0/jobs/"+jobID+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(s.key, "")
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	await := func(want string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == want {
				return
			}
		}
		t.Fatalf("no %q: %v", want, lines.Err())
	}
	await("event: state")
	for p := range 3 {
		s.row(at(job.Processing, float64(p)))
		await("event: " + map[bool]string{true: "state", false: "progress"}[p == 0])
	}
	s.row(complete)
	await("event: done")
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "event:") {
			t.Errorf("after the end: %s", lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
	for _, id := range []string{linkID, "x"} {
		expectError(t, s.try(t, "GET", fmt.Sprintf("/1.0/jobs/%s/events", id), nil, nil), 404, problem.NotFound, "")
	}
}
