package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKill kills the server at random moments while clients upload, starts it again on the
// same data each time, and then holds what the clients saw against what is there.
func TestKill(t *testing.T) {
	t.Parallel()
	uploads, kills := 16, 4
	if os.Getenv("KILL_FULL") != "" {
		uploads, kills = 40, 10
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("%d uploads, %d kills, seed %d", uploads, kills, seed)
	k := &killing{
		s: newServer(t, filepath.Join(t.TempDir(), "data")), c: newClient(),
		random: rand.New(rand.NewPCG(seed, 2)), tickets: make(chan int, uploads), history: &history{},
	}
	for i := range 4 {
		k.files = append(k.files, photo(400+200*i, 300+150*i, uint64(40+i)))
	}
	k.s.launch()
	k.s.waitReady()
	t.Cleanup(func() { k.s.stop(); k.s.checkNothingLeft() })
	k.run(uploads, kills)
	k.settle()
	faults := k.history.faults()
	for id, n := range k.resultFiles() {
		if n != 1 {
			faults = append(faults, fmt.Sprintf("job %s has %d result files", id, n))
		}
	}
	for _, fault := range faults {
		t.Error(fault)
	}
	accepted, tries := k.history.counts()
	t.Logf("%d accepted of %d tries, %d kills: %d faults", accepted, tries, kills, len(faults))
	if accepted != uploads {
		t.Errorf("%d uploads were accepted instead of %d", accepted, uploads)
	}
}

// killing is one run of TestKill.
type killing struct {
	s       *server
	c       *http.Client
	random  *rand.Rand // of the one goroutine that kills
	files   [][]byte
	tickets chan int // uploads still to be made, by number
	history *history
}

// run makes the uploads, some for each life of the server, and the kills.
func (k *killing) run(uploads, kills int) {
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			c := newClient()
			for n := range k.tickets {
				k.uploadUntilAccepted(c, n)
			}
		})
	}
	next := 0
	for life := range kills + 1 {
		for ; next < uploads*(life+1)/(kills+1); next++ {
			k.tickets <- next
		}
		if life == kills {
			break
		}
		// From the very start of a process on, so that some die before they are ready.
		time.Sleep(time.Duration(k.random.Int64N(int64(2500 * time.Millisecond))))
		k.s.kill()
		k.s.launch()
	}
	close(k.tickets)
	k.s.waitReady()
	clients.Wait()
}

// uploadUntilAccepted uploads file number n, again as long as no reply came: then the
// client was promised nothing, whatever became of the job. Every second one is waited for.
func (k *killing) uploadUntilAccepted(c *http.Client, n int) {
	name := fmt.Sprintf("photo-%d.jpg", n%len(k.files))
	options := `{"async":true}`
	if n%2 == 0 {
		options = ""
	}
	err := eventually(patience, func() error {
		base := k.s.base()
		if base == "" {
			return fmt.Errorf("no server")
		}
		k.history.tried()
		r, err := upload(c, base, name, k.files[n%len(k.files)], options)
		if err != nil {
			return err
		}
		f, err := r.fields()
		if err != nil {
			return err
		}
		if r.status != http.StatusOK && r.status != http.StatusAccepted {
			return fmt.Errorf("status %d: %s", r.status, r.body)
		}
		k.history.accept(f.ID, n%len(k.files))
		if r.status == http.StatusOK {
			k.history.saw(f.ID, "completed", f.path(), f.Output.SHA256)
		}
		return nil
	})
	if err != nil {
		k.s.t.Errorf("upload %d: %v", n, err)
	}
}

// settle polls every accepted job to its end, and then once more: an end does not change.
func (k *killing) settle() {
	for range 2 {
		for _, id := range k.history.ids() {
			f := k.s.await(k.s.t, k.c, id)
			k.history.saw(id, fmt.Sprint(f.Status), f.path(), f.Output.SHA256)
			if f.Status != "completed" {
				continue
			}
			if _, err := download(k.c, k.s.base(), f); err != nil {
				k.s.t.Errorf("job %s: %v", id, err)
			}
		}
	}
	k.waitIdle()
}

// waitIdle waits for jobs that no client knows of: their replies were lost.
func (k *killing) waitIdle() {
	err := eventually(patience, func() error {
		if left := k.s.files("inputs"); len(left) > 0 {
			return fmt.Errorf("inputs of ended jobs: %q", left)
		}
		return nil
	})
	if err != nil {
		k.s.t.Error(err)
	}
}

// resultFiles counts the files that each job has, and each accepted one must have some.
func (k *killing) resultFiles() map[string]int {
	count := map[string]int{}
	for _, id := range k.history.ids() {
		count[id] = 0
	}
	for _, name := range k.s.files("results") {
		id := name
		if epoch := strings.LastIndexByte(name, '-'); epoch > 0 {
			id = name[:epoch]
		}
		count[id]++
	}
	return count
}
