package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// oneAtATime makes every job process one that works, so that the tests know whom to kill.
var oneAtATime = []string{"COMPRESSOR_SLOTS=1", "COMPRESSOR_SPARES=0"}

// TestJobProcessKilledOnce: the job is tried once more, and succeeds.
func TestJobProcessKilledOnce(t *testing.T) {
	t.Parallel()
	s := start(t, oneAtATime...)
	c := newClient()
	data := photo(1600, 1200, 11)
	want := s.mustUpload(c, "photo.jpg", data, "", http.StatusOK)
	f := s.mustUpload(c, "photo.jpg", data, `{"async":true}`, http.StatusAccepted)
	if !s.killJob(func() bool { return false }) {
		t.Fatal("nobody was killed")
	}
	got := s.await(t, c, f.ID)
	if got.Status != "completed" || got.Output.SHA256 != want.Output.SHA256 {
		t.Errorf("after one death: %+v instead of %+v", got, want)
	}
	if n := strings.Count(s.log.String(), "trying again"); n != 1 {
		t.Errorf("tried again %d times:\n%s", n, s.log.String())
	}
}

// TestJobProcessKilledAlways: the job fails, and the server neither ends nor grows.
func TestJobProcessKilledAlways(t *testing.T) {
	t.Parallel()
	s := start(t, oneAtATime...)
	c := newClient()
	data := photo(1600, 1200, 12)
	pid := s.pid()
	s.killTwice(c, data)
	before := footprintOf(t, pid)
	for range 9 {
		s.killTwice(c, data)
	}
	after := footprintOf(t, pid)
	t.Logf("20 deaths: %d KiB and %d descriptors, then %d KiB and %d descriptors", before.rss, before.fds, after.rss, after.fds)
	if s.pid() != pid || !s.ready() {
		t.Error("the server is not what it was")
	}
	if after.rss > before.rss+64<<10 {
		t.Errorf("the server grew from %d to %d KiB", before.rss, after.rss)
	}
	if after.fds > before.fds+3 { // a connection of the client's, at most
		t.Errorf("the server had %d descriptors open, and has %d", before.fds, after.fds)
	}
	if left := s.files("inputs"); len(left) > 0 {
		t.Errorf("inputs of failed jobs: %q", left)
	}
	s.mustUpload(c, "photo.jpg", data, "", http.StatusOK)
}

// killTwice submits a job and kills each of its processes.
func (s *server) killTwice(c *http.Client, data []byte) {
	s.t.Helper()
	f := s.mustUpload(c, "photo.jpg", data, `{"async":true}`, http.StatusAccepted)
	var last fields
	deaths := 0
	for s.killJob(func() bool {
		r, err := get(c, s.base(), "/1.0/jobs/"+f.ID)
		if err == nil {
			last, err = r.fields()
		}
		return err != nil || last.ended()
	}) {
		deaths++
	}
	if deaths != 2 || last.Status != "failed" || last.Code != "worker-died" {
		s.t.Fatalf("after %d deaths: %+v\n%s", deaths, last, s.log.String())
	}
}

// TestSynchronousJobKilled: the client that waits is told, by the status of the table.
func TestSynchronousJobKilled(t *testing.T) {
	t.Parallel()
	s := start(t, oneAtATime...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err := upload(newClient(), s.base(), "photo.jpg", photo(1600, 1200, 13), "")
		if err != nil {
			t.Error(err)
			return
		}
		f, err := r.fields()
		if err != nil || r.status != http.StatusUnprocessableEntity || f.Code != "worker-died" {
			t.Errorf("status %d: %s, %v", r.status, r.body, err)
		}
	}()
	over := func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
	deaths := 0
	for s.killJob(over) {
		deaths++
	}
	within(t, s, 10*time.Second, done)
	if deaths != 2 {
		t.Errorf("%d deaths instead of 2", deaths)
	}
}
