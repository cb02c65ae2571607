// Package turns decides whose turn it is where there are more jobs than places for them.
package turns

import (
	"maps"
	"slices"
	"sync"
)

// Turn says whose job wants a slot, and whether somebody waits for it.
type Turn struct {
	Key        string // jobs of different keys take turns
	Background bool   // nobody waits: one slot is not for it, and it runs at a lower priority
}

// BackgroundNice is how much nicer background jobs are than the service (nice(2)): beside one
// of the others they get a tenth of a processor, and alone all of it.
const BackgroundNice = 10

// crowdNice is that of jobs that somebody waits for, of a key that has others of which that is
// true: each may use every core, so without it a key with one job would have to share the
// processors evenly with one that floods.
const crowdNice = 7

// AsideNice is what both become, for good, when a job starts that somebody waits for and that is
// the only one of its key, and what they begin with while one runs: then they get a thirtieth of
// a processor beside it.
const AsideNice = 15

// overtaken is how many jobs somebody waits for may start, one after another, while
// background jobs wait and none of them runs. The next slot is theirs, so that no stream of
// such requests stops them for good.
const overtaken = 8

// Slots are places for jobs, and one more: that of a guest. Where every slot is taken and a
// key has more than its one job, a job that somebody waits for, of a key that runs none, does
// not wait for the end of another's: it starts at once, and the next slot that becomes free is
// counted as its own. So at most slots+1 jobs run. Slots are safe for concurrent use.
//
// Jobs that somebody waits for go first. Within each of the two lines keys share by start-time
// fair queueing (Goyal, Vin, Cheng: Start-Time Fair Queuing, 1996), each job at the same cost:
// a key that has nothing in the line is next, however many jobs of another wait, and none is
// passed over again and again.
type Slots struct {
	mu       sync.Mutex
	slots    int
	busy     int             // slots in use
	behind   int             // of these, by background jobs
	running  map[string]int  // jobs that have a slot, by key
	nicer    map[*Place]bool // those of them that can still step aside
	single   map[string]bool // keys of those that others step aside for
	front    line
	back     line
	overtook int   // see overtaken
	seq      int64 // of the next waiter
}

// line is the jobs that wait, of one kind. Its clock is counted in jobs of one key.
type line struct {
	clock   int64            // tag of the job that started last
	next    map[string]int64 // tag of the key's next job; a key that is not here has clock
	waiting []*Place
}

// Place is what a job has that has joined: a place in a line, and then a slot.
type Place struct {
	turn  Turn
	tag   int64 // how many jobs each key had before it, if they take turns
	seq   int64 // order of arrival
	nice  int   // known once it has a slot
	ready chan struct{}
	aside chan struct{} // closed when it is to step aside
}

// New returns so many slots, all free.
func New(slots int) *Slots {
	line := func() line { return line{next: map[string]int64{}} }
	return &Slots{slots: slots, running: map[string]int{}, nicer: map[*Place]bool{}, single: map[string]bool{}, front: line(), back: line()}
}

// mostBehind is how many slots background jobs may have: all but one, if there are several.
func (t *Slots) mostBehind() int { return max(1, t.slots-1) }

// Join puts a job into its line. It must leave.
func (t *Slots) Join(turn Turn) *Place {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &Place{turn: turn, seq: t.seq, ready: make(chan struct{}), aside: make(chan struct{})}
	t.seq++
	t.line(turn).add(w)
	t.hand()
	return w
}

// Leave gives a job's slot back, or takes it out of its line.
func (t *Slots) Leave(w *Place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-w.ready:
	default:
		t.line(w.turn).remove(w)
		return
	}
	t.busy--
	if w.nice == 0 {
		delete(t.single, w.turn.Key)
	}
	delete(t.nicer, w)
	if w.turn.Background {
		t.behind--
	}
	if t.running[w.turn.Key]--; t.running[w.turn.Key] == 0 {
		delete(t.running, w.turn.Key)
	}
	t.hand()
}

func (t *Slots) line(turn Turn) *line {
	if turn.Background {
		return &t.back
	}
	return &t.front
}

// hand gives free slots to those whose turn it is, and the guest's place to who may have it.
func (t *Slots) hand() {
	for t.busy < t.slots {
		front, back := len(t.front.waiting) > 0, len(t.back.waiting) > 0
		mayBack := back && t.behind < t.mostBehind()
		from := &t.front
		switch {
		case mayBack && (!front || t.behind == 0 && t.overtook >= overtaken):
			from, t.overtook = &t.back, 0
			t.behind++
		case !front:
			return
		case back && t.behind == 0:
			t.overtook++
		default:
			t.overtook = 0
		}
		t.start(from.take(t.running))
	}
	if t.busy == t.slots && t.crowded() {
		if w := t.front.takeIdle(t.running); w != nil {
			t.start(w)
		}
	}
}

// start gives w a slot, and a priority.
func (t *Slots) start(w *Place) {
	switch {
	case w.turn.Background:
		w.nice = BackgroundNice
	case t.running[w.turn.Key] > 0 || t.front.has(w.turn.Key):
		w.nice = crowdNice
	default:
		for other := range t.nicer {
			close(other.aside)
		}
		clear(t.nicer)
		t.single[w.turn.Key] = true
	}
	switch {
	case w.nice > 0 && t.othersSingle(w.turn.Key):
		w.nice = AsideNice
	case w.nice > 0:
		t.nicer[w] = true
	}
	t.busy++
	t.running[w.turn.Key]++
	close(w.ready)
}

// othersSingle says whether a job runs that those of the key step aside for.
func (t *Slots) othersSingle(key string) bool {
	own := 0
	if t.single[key] {
		own = 1
	}
	return len(t.single) > own
}

// crowded says whether a key that has a slot wants more than one, so that others wait for it.
func (t *Slots) crowded() bool {
	for key, n := range t.running {
		if n > 1 || t.front.has(key) || t.back.has(key) {
			return true
		}
	}
	return false
}

func (l *line) add(w *Place) {
	w.tag = max(l.clock, l.next[w.turn.Key])
	l.next[w.turn.Key] = w.tag + 1
	l.waiting = append(l.waiting, w)
}

// has says whether a job of the key waits.
func (l *line) has(key string) bool {
	return slices.ContainsFunc(l.waiting, func(w *Place) bool { return w.turn.Key == key })
}

// remove takes w out. Those of its key behind it move up.
func (l *line) remove(w *Place) {
	kept := l.waiting[:0]
	for _, o := range l.waiting {
		if o == w {
			continue
		}
		if o.turn.Key == w.turn.Key && o.seq > w.seq {
			o.tag = max(l.clock, o.tag-1)
		}
		kept = append(kept, o)
	}
	clear(l.waiting[len(kept):])
	l.waiting = kept
	l.next[w.turn.Key]--
	l.forget()
}

// take takes out the one whose turn it is: the lowest tag, and of these one whose key has the
// fewest running, and came first.
func (l *line) take(running map[string]int) *Place {
	best := 0
	for i, w := range l.waiting {
		if w.before(l.waiting[best], running) {
			best = i
		}
	}
	return l.takeAt(best)
}

func (l *line) takeAt(i int) *Place {
	w := l.waiting[i]
	l.waiting = append(l.waiting[:i], l.waiting[i+1:]...)
	l.clock = max(l.clock, w.tag)
	l.forget()
	return w
}

// takeIdle is take for keys that run nothing; nil if none of these waits.
func (l *line) takeIdle(running map[string]int) *Place {
	best := -1
	for i, w := range l.waiting {
		if running[w.turn.Key] == 0 && (best < 0 || w.before(l.waiting[best], running)) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return l.takeAt(best)
}

// forget drops keys that are no further than the clock. When nobody waits, all are quits.
func (l *line) forget() {
	if len(l.waiting) == 0 {
		clear(l.next)
	}
	maps.DeleteFunc(l.next, func(_ string, next int64) bool { return next <= l.clock })
}

func (w *Place) before(o *Place, running map[string]int) bool {
	if w.tag != o.tag {
		return w.tag < o.tag
	}
	if a, b := running[w.turn.Key], running[o.turn.Key]; a != b {
		return a < b
	}
	return w.seq < o.seq
}

// Ready is closed once the job has a slot.
func (w *Place) Ready() <-chan struct{} { return w.ready }

// Aside is closed when the job, which runs at some Nice, is to be nicer yet: AsideNice.
func (w *Place) Aside() <-chan struct{} { return w.aside }

// Nice is how much nicer than the service the job is to run (nice(2)), once it has a slot.
func (w *Place) Nice() int { return w.nice }
