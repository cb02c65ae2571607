package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// noTime is that of files of which nobody knows when they were made.
var noTime time.Time

// TestKill kills the server at random moments while clients upload pictures, archives and
// films, whole, by tus and in batches, have fetched, wait, go away with a webhook, and cancel; it
// starts the server again on the same data each time, and
// then holds what the clients and the receiver saw against what is there.
func TestKill(t *testing.T) {
	t.Parallel()
	kills := given(t, "E2E_KILLS", 6)
	orders := given(t, "E2E_ORDERS", max(40, 5*kills))
	seed := uint64(time.Now().UnixNano())
	t.Logf("%d orders, %d kills, seed %d", orders, kills, seed)
	k := &killing{
		material: newMaterial(t), c: newClient(), random: rand.New(rand.NewPCG(seed, 2)),
		tickets: make(chan int, orders), history: &history{}, death: make(chan struct{}), hooked: map[string]bool{}, canceled: map[string]bool{},
		batches: map[string][]int{}, items: map[string]bool{}, ends: map[string]string{},
	}
	k.s = newServer(t, filepath.Join(t.TempDir(), "data"), "COMPRESSOR_EGRESS_FETCH_ALLOW=127.0.0.1",
		"COMPRESSOR_EGRESS_WEBHOOK_ALLOW=127.0.0.1", "COMPRESSOR_WEBHOOK_RETRIES=50ms,100ms,200ms,400ms,800ms,2s,5s")
	k.s.launch()
	k.s.waitReady()
	t.Cleanup(func() { k.s.stop(); k.s.checkNothingLeft() })
	k.run(orders, kills)
	k.settle()
	k.judge(orders, kills)
}

// given is a number that the environment may set.
func given(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s: %q is no number above 0", name, text)
	}
	return n
}

// killing is one run of TestKill.
type killing struct {
	*material
	s       *server
	c       *http.Client
	random  *rand.Rand // of the one goroutine that kills
	tickets chan int   // orders still to be placed, by number
	history *history
	unknown atomic.Int64 // uploads that may have been made without anybody being told

	mu       sync.Mutex
	death    chan struct{}     // closed when the server is killed next, or will not be any more
	others   []string          // faults that were seen on the way
	hooked   map[string]bool   // jobs that a webhook must tell of
	canceled map[string]bool   // jobs that their client canceled, perhaps too late
	batches  map[string][]int  // files of each accepted batch
	items    map[string]bool   // jobs that are part of one
	ends     map[string]string // state of each accepted job
}

func (k *killing) fault(format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.others = append(k.others, fmt.Sprintf(format, args...))
}

func (k *killing) nextDeath() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.death
}

// died lets those go on who wait for the next death of the server. After the last one they do
// not wait.
func (k *killing) died(last bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.death)
	if !last {
		k.death = make(chan struct{})
	}
}

// run places the orders, some in each life of the server, and kills.
func (k *killing) run(orders, kills int) {
	var clients sync.WaitGroup
	for range 6 {
		clients.Go(func() {
			c := newClient()
			for n := range k.tickets {
				k.place(c, k.order(n))
			}
		})
	}
	next := 0
	for life := range kills + 1 {
		for ; next < orders*(life+1)/(kills+1); next++ {
			k.tickets <- next
		}
		if life == kills {
			break
		}
		// From the very start of a process on, so that some die before they are ready.
		time.Sleep(time.Duration(k.random.Int64N(int64(2 * time.Second))))
		k.s.kill()
		k.died(life == kills-1)
		k.s.launch()
	}
	close(k.tickets)
	k.s.waitReady()
	clients.Wait()
}

// place sends an order, again as long as no reply came: then the client was promised nothing,
// unless the order has an idempotency key.
func (k *killing) place(c *http.Client, o order) {
	var err error
	if o.kind == tus {
		err = k.upload(o)
	} else {
		err = eventually(patience, func() error { return k.try(c, o) })
	}
	if err != nil {
		k.s.t.Errorf("order %d: %v", o.n, err)
	}
}

func (k *killing) try(c *http.Client, o order) error {
	base := k.s.base()
	if base == "" {
		return fmt.Errorf("no server")
	}
	request, err := k.request(base, o)
	if err != nil {
		return err
	}
	k.history.tried()
	r, err := do(c, request)
	if err != nil {
		return err
	}
	f, err := r.fields()
	if err != nil {
		return err
	}
	if r.status == http.StatusUnprocessableEntity && o.broken && f.Code == "file-corrupt" {
		k.history.acceptAs(f.ID, o.file, "failed")
		k.history.saw(f.ID, "failed", "/", "")
		return nil
	}
	if r.status != http.StatusOK && r.status != http.StatusAccepted {
		return fmt.Errorf("status %d: %s", r.status, r.body)
	}
	k.accept(f.ID, o)
	if r.status == http.StatusOK {
		k.history.saw(f.ID, "completed", f.path(), f.Output.SHA256)
	}
	if o.cancel {
		return k.cancel(c, f.ID)
	}
	return nil
}

// accept notes that an order became a job.
func (k *killing) accept(id string, o order) {
	file, want := o.file, ""
	switch {
	case o.items != nil:
		file = -1 // the one result of a batch is its archive
	case o.cancel:
		want = "failed completed"
	case o.broken:
		want = "failed"
	}
	k.history.acceptAs(id, file, want)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooked[id], k.canceled[id] = o.hook != "", o.cancel
	if o.items != nil {
		k.batches[id] = o.items
	}
}

// cancel cancels a job until there is a reply. It may have ended before.
func (k *killing) cancel(c *http.Client, id string) error {
	return eventually(patience, func() error {
		r, err := http.NewRequest(http.MethodDelete, k.s.base()+"/1.0/jobs/"+id, nil)
		if err != nil {
			return err
		}
		r.SetBasicAuth(key, "")
		got, err := do(c, r)
		if err == nil && got.status != http.StatusOK {
			err = fmt.Errorf("status %d: %s", got.status, got.body)
		}
		return err
	})
}

// settle polls every accepted job to its end, and then once more: an end does not change.
func (k *killing) settle() {
	for range 2 {
		for _, id := range k.history.ids() {
			f := k.s.await(k.s.t, k.c, id)
			if files, is := k.batches[id]; !is {
				k.sawEnd(f)
			} else if err := k.see(id, files); err != nil {
				k.fault("%v", err)
			}
		}
	}
	k.giveUp()
	// Jobs whose replies were lost, and that no client knows of, end too.
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

// sawEnd notes how a job ended. Its result must be there.
func (k *killing) sawEnd(f fields) {
	k.history.saw(f.ID, fmt.Sprint(f.Status), f.path(), f.Output.SHA256)
	k.ends[f.ID] = fmt.Sprint(f.Status)
	if f.Status != "completed" || k.canceled[f.ID] {
		return
	}
	if _, err := download(k.c, k.s.base(), f); err != nil {
		k.fault("job %s: %v", f.ID, err)
	}
}

// judge is the checker.
func (k *killing) judge(orders, kills int) {
	faults := append(k.others, k.history.faults()...)
	for id, n := range k.resultFiles() {
		if n != 1 {
			faults = append(faults, fmt.Sprintf("job %s, %s, has %d result files", id, k.ends[id], n))
		}
	}
	var hooked []string
	for id, yes := range k.hooked {
		if yes {
			hooked = append(hooked, id)
		}
	}
	err := eventually(patience, func() error {
		if missing := k.told(hooked, k.ends, k.items); len(missing) > 0 {
			return fmt.Errorf("%s", strings.Join(missing, "\n"))
		}
		return nil
	})
	if err != nil {
		faults = append(faults, strings.Split(err.Error(), "\n")...)
	}
	for _, fault := range faults {
		k.s.t.Error(fault)
	}
	accepted, tries := k.history.counts()
	count := map[string]int{}
	for _, state := range k.ends {
		count[state]++
	}
	k.s.t.Logf("%d orders, %d accepted in %d tries, %d of them batches with %d items, %d kills: %v, %d with a webhook, %d notices; %d faults",
		orders, accepted-len(k.items), tries, len(k.batches), len(k.items), kills, count, len(hooked), k.receiver.total(), len(faults))
	if accepted-len(k.items) != orders {
		k.s.t.Errorf("%d orders were accepted instead of %d", accepted-len(k.items), orders)
	}
}

// resultFiles counts the files that each job has, where that must be one: jobs that completed,
// and those that no client knows of and have any.
func (k *killing) resultFiles() map[string]int {
	count := map[string]int{}
	for id, state := range k.ends {
		if _, batch := k.batches[id]; state == "completed" && !k.canceled[id] && !batch {
			count[id] = 0
		}
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
