package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// key is the API key that every server of these tests is seeded with.
const key = "e2e-key-0123456789abcdef"

const (
	startLimit = 90 * time.Second // for a start on an overloaded machine
	stopLimit  = 90 * time.Second // likewise, for a stop
	patience   = 3 * time.Minute  // for a job to end
)

// server is a running compressor, and, after a kill, the next one on the same data.
type server struct {
	t    testing.TB
	data string
	env  []string
	wrap []string   // command that runs the server's command; nil for none
	log  *logBuffer // of every process there was

	mu   sync.Mutex
	cmd  *exec.Cmd
	url  string        // "" until it is ready
	over chan struct{} // closed when the process has ended
}

// settings that every server gets: what the machine has free, and how slow it is, must not
// decide a test.
func settings() []string {
	return []string{
		"COMPRESSOR_API_KEY=" + key, "COMPRESSOR_MIN_FREE=0",
		"COMPRESSOR_JOB_WALL=10m", "COMPRESSOR_JOB_CPU=10m",
	}
}

// start starts a server with fresh data and waits until it takes work. When the test ends
// it is stopped, and must leave nothing behind.
func start(t testing.TB, env ...string) *server {
	t.Helper()
	s := newServer(t, filepath.Join(t.TempDir(), "data"), env...)
	t.Cleanup(func() { s.stop(); s.checkNothingLeft() })
	s.launch()
	s.waitReady()
	return s
}

func newServer(t testing.TB, data string, env ...string) *server {
	return &server{t: t, data: data, env: env, log: &logBuffer{}}
}

// launch starts the process and returns at once.
func (s *server) launch() {
	s.t.Helper()
	command := append(slices.Clone(s.wrap), program, "serve", "--listen", "127.0.0.1:0", "--data", s.data)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=/nonexistent"}, settings()...)
	cmd.Env = append(cmd.Env, s.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C meant for the tests is not meant for it
	cmd.WaitDelay = 5 * time.Second
	over := make(chan struct{})
	out := &lineWatch{log: s.log, found: func(url string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.url = url
	}}
	cmd.Stderr = out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.cmd, s.url, s.over = cmd, "", over
	s.mu.Unlock()
	go func() {
		_ = cmd.Wait() // the exit code is asked for where it matters
		s.mu.Lock()
		s.url = ""
		s.mu.Unlock()
		close(over)
	}()
}

// waitReady waits until the server says that it takes work.
func (s *server) waitReady() {
	s.t.Helper()
	deadline := time.Now().Add(startLimit)
	for time.Now().Before(deadline) {
		if s.ready() {
			return
		}
		select {
		case <-s.ended():
			s.t.Fatalf("the server ended at its start:\n%s", s.log.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
	s.t.Fatalf("the server was not ready after %s:\n%s", startLimit, s.log.String())
}

func (s *server) ready() bool {
	base := s.base()
	if base == "" {
		return false
	}
	r, err := http.Get(base + "/readyz")
	if err != nil {
		return false
	}
	r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// base is the server's address, "" while there is none.
func (s *server) base() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

func (s *server) ended() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

func (s *server) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cmd.Process.Pid
}

// kill ends the server as a power failure would, its children excepted.
func (s *server) kill() {
	s.t.Helper()
	s.signal(syscall.SIGKILL)
	<-s.ended()
}

func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(s.pid(), sig); err != nil {
		s.t.Errorf("signal %v: %v", sig, err)
	}
}

// stop asks the server to end, and it must do so, without error. Once it has ended, stop
// does nothing.
func (s *server) stop() {
	s.t.Helper()
	select {
	case <-s.ended():
		return
	default:
	}
	s.signal(syscall.SIGTERM)
	s.waitEnd()
}

func (s *server) waitEnd() {
	s.t.Helper()
	select {
	case <-s.ended():
		if code := s.cmd.ProcessState.ExitCode(); code != 0 {
			s.t.Errorf("the server ended with %s:\n%s", s.cmd.ProcessState, s.log.String())
		}
	case <-time.After(stopLimit):
		s.t.Errorf("the server did not end within %s of SIGTERM:\n%s", stopLimit, s.log.String())
		s.kill()
	}
}

// checkNothingLeft looks for what a server that has ended must not leave behind: processes,
// half-received files, inputs, and folders of jobs.
func (s *server) checkNothingLeft() {
	s.t.Helper()
	s.checkNoProcess()
	for _, folder := range []string{"incoming", "uploads", "inputs", "jobs"} {
		if left := s.files(folder); len(left) > 0 {
			s.t.Errorf("left in %s: %q", folder, left)
		}
	}
}

func (s *server) checkNoProcess() {
	s.t.Helper()
	err := eventually(30*time.Second, func() error {
		if left := processesOf(s.data); len(left) > 0 {
			return fmt.Errorf("processes left: %v", left)
		}
		return nil
	})
	if err != nil {
		s.t.Error(err)
	}
}

// files lists everything below a folder of the data, folders too, by relative path.
func (s *server) files(folder string) []string {
	s.t.Helper()
	root := filepath.Join(s.data, folder)
	var found []string
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // gone meanwhile
		}
		if err == nil && path != root {
			name, _ := filepath.Rel(root, path) // cannot fail: path is below root
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
	return found
}

// eventually tries until the condition holds, for at most limit, and returns its last error.
func eventually(limit time.Duration, condition func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := condition()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// logBuffer keeps what was logged.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// lineWatch copies one process's log and finds its address in it.
type lineWatch struct {
	log   *logBuffer
	found func(url string)
	seen  bytes.Buffer
}

var readyLine = regexp.MustCompile(`msg=ready address=(\S+).*\n`)

func (w *lineWatch) Write(p []byte) (int, error) {
	if w.found != nil {
		w.seen.Write(p)
		if m := readyLine.FindSubmatch(w.seen.Bytes()); m != nil {
			w.found(string(m[1]))
			w.found, w.seen = nil, bytes.Buffer{}
		}
	}
	return w.log.Write(p)
}
