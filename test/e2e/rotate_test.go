package e2e

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestRotateKilled: a thousand connectors; the change of the master key is killed when some of
// them are sealed under the new key and some under the old, all open, it is called again, the
// old key is taken away, and all open still.
func TestRotateKilled(t *testing.T) {
	t.Parallel()
	const connectors = 1000
	r := &rotation{t: t, c: newClient(), ids: make([]string, connectors), keys: make([]string, connectors)}
	store := httptest.NewServer(http.HandlerFunc(r.refuse))
	t.Cleanup(store.Close)
	r.s = storing(t)
	r.each(func(i int) {
		r.ids[i] = r.s.connect(r.c, map[string]any{"name": fmt.Sprint("number ", i), "provider": "s3", "endpoint": store.URL, "bucket": fmt.Sprintf("rotation-%d", i),
			"credentials": map[string]string{"access_key_id": fmt.Sprintf("KEY%d", i), "secret_access_key": fmt.Sprintf("secret-%d", i)}})
	})
	old := r.kill()
	r.openAll()
	if said := r.command("rotate"); !strings.Contains(said, "sealed anew") {
		t.Errorf("the second call: %s", said)
	}
	for _, k := range r.status() {
		if k.Key <= old && k.Rows != 0 || k.Key > old && k.Rows != connectors+1 {
			t.Errorf("after the second call: %+v", k)
		}
	}
	r.drop(old)
	r.s.stop()
	r.s.launch()
	r.s.waitReady()
	r.openAll()
}

// rotation is a service with connectors, and the store that they are for.
type rotation struct {
	t   *testing.T
	s   *server
	c   *http.Client
	ids []string

	mu   sync.Mutex
	keys []string // access key that came for the bucket of that number
}

// refuse notes with which key a bucket was asked, and refuses.
func (r *rotation) refuse(w http.ResponseWriter, q *http.Request) {
	var i int
	_, key, _ := strings.Cut(q.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	if _, err := fmt.Sscanf(q.URL.Path, "/rotation-%d", &i); err == nil && i < len(r.keys) {
		r.mu.Lock()
		r.keys[i] = key
		r.mu.Unlock()
	}
	w.WriteHeader(http.StatusForbidden)
}

// each calls do for every connector, four at a time.
func (r *rotation) each(do func(i int)) {
	var wait sync.WaitGroup
	for part := range 4 {
		wait.Go(func() {
			for i := part; i < len(r.ids); i += 4 {
				do(i)
			}
		})
	}
	wait.Wait()
}

// openAll has the service use each connector, and looks whether it did so with its credentials.
func (r *rotation) openAll() {
	r.t.Helper()
	clear(r.keys)
	r.each(func(i int) {
		var trial json.RawMessage
		r.s.post(r.c, "/1.0/connectors/"+r.ids[i]+"/test", "", http.StatusOK, &trial)
	})
	for i, key := range r.keys {
		if key != fmt.Sprintf("KEY%d", i) {
			r.t.Fatalf("connector %d was used with the key %q", i, key)
		}
	}
}

// kill adds a key, begins the change to it and kills it half-way. It returns the number of the
// key before. A change that had not begun, or was over, is killed later or earlier the next
// time, with another key.
func (r *rotation) kill() (old int) {
	r.t.Helper()
	for writes := 4; writes > 0; {
		keys := r.status()
		old := keys[len(keys)-1].Key
		r.command("add")
		r.killAfter(writes)
		left := 0
		for _, k := range r.status() {
			if k.Key <= old {
				left += k.Rows
			}
		}
		switch {
		case left == 0:
			writes--
		case left >= len(r.ids):
			writes += 3
		default:
			r.t.Logf("killed with %d connectors left", left)
			return old
		}
	}
	r.t.Fatal("no change of the key could be killed half-way")
	return 0
}

// killAfter kills a change of the key when it was seen to write so often.
func (r *rotation) killAfter(writes int) {
	r.t.Helper()
	c := r.process("rotate")
	before := r.written()
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		_ = c.Wait() // how it ended is seen by what it has done
		close(over)
	}()
	for {
		select {
		case <-over:
			return
		default:
		}
		if now := r.written(); now != before {
			before = now
			writes--
		}
		if writes == 0 {
			_ = c.Process.Signal(syscall.SIGKILL) // it may have ended
			<-over
			return
		}
	}
}

// written changes when the database is written to.
func (r *rotation) written() string {
	out := ""
	logs, _ := filepath.Glob(filepath.Join(r.s.data, "*-wal")) // the pattern is good
	for _, name := range logs {
		if info, err := os.Stat(name); err == nil {
			out += fmt.Sprint(info.Size(), info.ModTime().UnixNano())
		}
	}
	return out
}

// sealing is what is sealed under one key.
type sealing struct{ Key, Rows int }

func (r *rotation) status() (list []sealing) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.command("status", "--json")), &list); err != nil || len(list) == 0 {
		r.t.Fatalf("%v, %v", list, err)
	}
	return list
}

func (r *rotation) process(args ...string) *exec.Cmd {
	c := exec.Command(program, append(append([]string{"masterkeys"}, args...), "--data", r.s.data)...)
	c.Env = []string{"PATH=/usr/bin:/bin"}
	return c
}

func (r *rotation) command(args ...string) string {
	r.t.Helper()
	said, err := r.process(args...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("masterkeys %v: %v\n%s", args, err, said)
	}
	return string(said)
}

// drop takes the keys up to that number out of the file beside the data folder.
func (r *rotation) drop(last int) {
	r.t.Helper()
	file := r.s.data + ".masterkeys"
	text, err := os.ReadFile(file)
	if err != nil {
		r.t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(text)) {
		var id int
		if _, err := fmt.Sscanf(line, "%d:", &id); err != nil || id > last {
			kept = append(kept, line)
		}
	}
	if err := os.WriteFile(file, []byte(strings.Join(kept, "")), fs.FileMode(0o600)); err != nil || len(kept) == strings.Count(string(text), "\n") {
		r.t.Fatalf("nothing was taken out of %d lines: %v", len(kept), err)
	}
}
