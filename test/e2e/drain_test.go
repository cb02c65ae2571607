package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestDrain: at SIGTERM the running job ends, the client that waits for it gets its result,
// new requests are refused, and what is queued goes on with the next start.
func TestDrain(t *testing.T) {
	t.Parallel()
	s := start(t, append([]string{"COMPRESSOR_DRAIN=80s"}, oneAtATime...)...)
	c := newClient()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err := upload(newClient(), s.base(), "photo.jpg", photo(2400, 1800, 21), "")
		if err != nil || r.status != http.StatusOK {
			t.Errorf("the client that waited: status %d: %s, %v", r.status, r.body, err)
		}
	}()
	s.waitWorking()
	queued := s.enqueue(c, 5)
	s.signal(syscall.SIGTERM)
	s.waitEnd()
	within(t, s, 10*time.Second, done)
	s.checkNoProcess()
	if left := s.files("jobs"); len(left) > 0 {
		t.Errorf("left in jobs: %q", left)
	}
	if left := s.files("inputs"); len(left) < 2 {
		t.Errorf("a server that was told to stop did all that was queued first; inputs left: %q", left)
	}
	s.launch()
	s.waitReady()
	s.checkAllComplete(c, queued)
}

// TestDrainCutShort: what does not end in time is interrupted, and goes on with the next
// start. The client that waited for it is told where to ask.
func TestDrainCutShort(t *testing.T) {
	t.Parallel()
	s := start(t, append([]string{"COMPRESSOR_DRAIN=0s"}, oneAtATime...)...)
	c := newClient()
	id := make(chan string, 1)
	go func() {
		defer close(id)
		r, err := upload(newClient(), s.base(), "photo.jpg", photo(3000, 2000, 22), "")
		if err != nil || r.status != http.StatusAccepted {
			t.Errorf("the client that waited: status %d: %s, %v", r.status, r.body, err)
			return
		}
		if f, err := r.fields(); err == nil {
			id <- f.ID
		}
	}()
	s.waitWorking()
	queued := s.enqueue(c, 2)
	s.signal(syscall.SIGTERM)
	s.waitEnd()
	if waited, ok := <-id; ok {
		queued = append(queued, waited)
	}
	s.checkNoProcess()
	s.launch()
	s.waitReady()
	s.checkAllComplete(c, queued)
}

// waitWorking waits until a job process has its file.
func (s *server) waitWorking() {
	s.t.Helper()
	err := eventually(patience, func() error {
		if in, _ := filepath.Glob(filepath.Join(s.data, "jobs", "pool-*", "job-*", "in")); len(in) == 0 { // the pattern is good
			return fmt.Errorf("no job runs")
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) enqueue(c *http.Client, n int) []string {
	s.t.Helper()
	var ids []string
	for i := range n {
		f := s.mustUpload(c, "photo.jpg", photo(1000, 800, uint64(30+i)), `{"async":true}`, http.StatusAccepted)
		ids = append(ids, f.ID)
	}
	return ids
}

func (s *server) checkAllComplete(c *http.Client, ids []string) {
	s.t.Helper()
	for _, id := range ids {
		f := s.await(s.t, c, id)
		if f.Status != "completed" {
			s.t.Errorf("job %s: %v, %s: %s\n%s", id, f.Status, f.Code, f.Message, s.log.String())
			continue
		}
		if _, err := download(c, s.base(), f); err != nil {
			s.t.Error(err)
		}
	}
}

// TestOneServerPerFolder: a second server on the same data does not start.
func TestOneServerPerFolder(t *testing.T) {
	t.Parallel()
	s := start(t)
	second := newServer(t, s.data)
	second.launch()
	select {
	case <-second.ended():
		if code := second.cmd.ProcessState.ExitCode(); code != 2 {
			t.Errorf("exit code %d instead of 2:\n%s", code, second.log.String())
		}
	case <-time.After(startLimit):
		second.kill()
		t.Error("a second server serves the same data")
	}
	if !s.ready() {
		t.Error("the first server does not serve any more")
	}
}
