package e2e

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// history is what clients saw, in order: the log that the checker judges.
type history struct {
	mu     sync.Mutex
	events []event
	tries  int
}

// event is an acceptance, with the number of the file, or a sight of an ended job.
type event struct {
	id       string
	accepted bool
	file     int
	want     string // states it may end in, with blanks between; "" for completed
	state    string
	link     string
	sum      string
}

func (h *history) add(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// acceptAs notes that a job was accepted, which may end in these states, "" for completed. One
// that was accepted already, in the same way, was asked for again under its idempotency key.
func (h *history) acceptAs(id string, file int, want string) {
	e := event{id: id, accepted: true, file: file, want: want}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.events, e) {
		h.events = append(h.events, e)
	}
}

func (h *history) saw(id, state, link, sum string) {
	h.add(event{id: id, state: state, link: link, sum: sum})
}

func (h *history) tried() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tries++
}

func (h *history) counts() (accepted, tries int) {
	n := len(h.ids())
	h.mu.Lock()
	defer h.mu.Unlock()
	return n, h.tries
}

// ids lists the accepted jobs.
func (h *history) ids() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, e := range h.events {
		if e.accepted {
			out = append(out, e.id)
		}
	}
	return out
}

// faults says what must not have happened: a job accepted twice or seen without having
// been accepted, one that was lost or failed, one that ended twice (each end makes a link
// of its own), and results of one file that differ.
func (h *history) faults() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	files, wants, ends, sums := map[string]int{}, map[string]string{}, map[string]event{}, map[int]string{}
	var out []string
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, e := range h.events {
		file, known := files[e.id]
		switch {
		case e.accepted && known:
			bad("job %s was accepted twice", e.id)
		case e.accepted:
			files[e.id], wants[e.id] = e.file, e.want
		case !known:
			bad("job %s was never accepted", e.id)
		case !slices.Contains(strings.Fields(cmp.Or(wants[e.id], "completed")), e.state):
			bad("job %s is %s", e.id, e.state)
		case ends[e.id].id != "" && ends[e.id] != e:
			bad("job %s ended twice: %+v, then %+v", e.id, ends[e.id], e)
		case e.state != "completed":
			ends[e.id] = e
		case sums[file] != "" && sums[file] != e.sum:
			bad("file %d gave two results", file)
			ends[e.id] = e
		default:
			ends[e.id], sums[file] = e, e.sum
		}
	}
	for id := range files {
		if ends[id].id == "" {
			bad("job %s was lost", id)
		}
	}
	slices.Sort(out)
	return out
}

// TestFaults: the checker sees each kind of fault, and none where there is none.
func TestFaults(t *testing.T) {
	accept := func(id string, file int) event { return event{id: id, accepted: true, file: file} }
	end := func(id, link, sum string) event { return event{id: id, state: "completed", link: link, sum: sum} }
	for _, c := range []struct {
		name   string
		events []event
		fault  string
	}{
		{"good", []event{accept("a", 0), end("a", "l", "s"), end("a", "l", "s"), accept("b", 0), end("b", "m", "s")}, ""},
		{"lost", []event{accept("a", 0)}, "was lost"},
		{"failed", []event{accept("a", 0), {id: "a", state: "failed"}, end("a", "l", "s")}, "is failed"},
		{"may fail", []event{{id: "a", accepted: true, want: "failed"}, {id: "a", state: "failed"}}, ""},
		{"must fail", []event{{id: "a", accepted: true, want: "failed"}, end("a", "l", "s"), {id: "a", state: "failed"}}, "is completed"},
		{"failed and completed", []event{{id: "a", accepted: true, want: "failed completed"}, {id: "a", state: "failed"}, end("a", "l", "s")}, "ended twice"},
		{"twice", []event{accept("a", 0), end("a", "l", "s"), end("a", "m", "s")}, "ended twice"},
		{"other bytes", []event{accept("a", 0), end("a", "l", "s"), end("a", "l", "u")}, "ended twice"},
		{"two results", []event{accept("a", 0), end("a", "l", "s"), accept("b", 0), end("b", "m", "u")}, "two results"},
		{"unknown", []event{end("a", "l", "s")}, "never accepted"},
		{"accepted twice", []event{accept("a", 0), accept("a", 0), end("a", "l", "s")}, "accepted twice"},
	} {
		h := history{events: c.events}
		faults := h.faults()
		if c.fault == "" && len(faults) > 0 || c.fault != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.fault)) {
			t.Errorf("%s: %q", c.name, faults)
		}
	}
}
