package turns

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// queue is jobs with slots of their own choice: no process, no clock.
type queue struct {
	turns   *Slots
	waiting []*Place
	running []*Place
	started []string // keys, in the order of starts; "~" behind those in the background
}

func (q *queue) Join(turn Turn, n int) {
	for range n {
		q.waiting = append(q.waiting, q.turns.Join(turn))
		q.look()
	}
}

// look notes who has started. At most one has, unless the test asked for more at once.
func (q *queue) look() {
	q.waiting = slices.DeleteFunc(q.waiting, func(w *Place) bool {
		select {
		case <-w.ready:
			q.running = append(q.running, w)
			name := w.turn.Key
			if w.turn.Background {
				name += "~"
			}
			q.started = append(q.started, name)
			return true
		default:
			return false
		}
	})
}

// end ends the job that has run longest.
func (q *queue) end() {
	w := q.running[0]
	q.running = q.running[1:]
	q.turns.Leave(w)
	q.look()
}

// behind is how many jobs run in the background.
func (q *queue) behind() (n int) {
	for _, w := range q.running {
		if w.turn.Background {
			n++
		}
	}
	return n
}

func waited(key string) Turn { return Turn{Key: key} }
func behind(key string) Turn { return Turn{Key: key, Background: true} }

// TestOneSlotIsKept: however many background jobs there are, a job that somebody waits for
// finds a slot at once, if there are several.
func TestOneSlotIsKept(t *testing.T) {
	for slots, most := range map[int]int{1: 1, 2: 1, 3: 2, 8: 7} {
		q := &queue{turns: New(slots)}
		q.Join(behind("a"), 100)
		if len(q.running) != most {
			t.Errorf("%d slots: %d background jobs instead of %d", slots, len(q.running), most)
		}
		q.Join(waited("a"), 1)
		if got := len(q.running) - q.behind(); slots > 1 && got != 1 {
			t.Errorf("%d slots: the job that is waited for did not start", slots)
		}
		for range 50 {
			q.end()
			if q.behind() > most {
				t.Fatalf("%d slots: %d background jobs at once", slots, q.behind())
			}
		}
	}
}

// TestWaitedFirst: with one slot, what somebody waits for goes before what was there first.
func TestWaitedFirst(t *testing.T) {
	q := &queue{turns: New(1)}
	q.Join(behind("a"), 3)
	q.Join(waited("b"), 2)
	for range 4 {
		q.end()
	}
	if got := strings.Join(q.started, " "); got != "a~ b b a~ a~" {
		t.Errorf("order %s", got)
	}
}

// TestBackgroundGoesOn: an endless stream of jobs that are waited for stops no background
// job for good. Besides those that may overtake, a guest may go before each.
func TestBackgroundGoesOn(t *testing.T) {
	for _, slots := range []int{1, 2, 4} {
		q := &queue{turns: New(slots)}
		q.Join(waited("a"), slots+1)
		q.Join(behind("b"), 10)
		for range 10 * (overtaken + 2) * slots {
			q.Join(waited("a"), 1)
			q.end()
		}
		if n := strings.Count(strings.Join(q.started, " "), "b~"); n != 10 {
			t.Errorf("%d slots: %d of 10 background jobs started among %d", slots, n, len(q.started))
		}
	}
}

// TestIdleKeyIsNext: 200 waiting jobs of one key, then one of another, which is next; in
// both lines.
func TestIdleKeyIsNext(t *testing.T) {
	for _, turn := range []func(string) Turn{waited, behind} {
		for _, slots := range []int{1, 2, 4} {
			q := &queue{turns: New(slots)}
			q.Join(turn("a"), 200)
			for range 17 {
				q.end()
			}
			before := len(q.started)
			q.Join(turn("b"), 1)
			q.end()
			if got := q.started[before:]; len(got) != 1 || strings.Trim(got[0], "~") != "b" {
				t.Errorf("%d slots: %v was next", slots, got)
			}
			// And again, though b is no stranger any more: never more than one of a between.
			for range 5 {
				for q.running[0].turn.Key != "b" {
					q.end()
				}
				q.Join(turn("b"), 1)
				before := len(q.started)
				q.end()
				q.end()
				if got := q.started[before:]; !strings.Contains(strings.Join(got, " "), "b") {
					t.Errorf("%d slots: b came again, and %v went before it", slots, got)
				}
			}
		}
	}
}

// TestKeysTakeTurns: keys with many jobs share evenly, also with keys that come with one job
// at a time, and nobody is passed over for good.
func TestKeysTakeTurns(t *testing.T) {
	q := &queue{turns: New(2)}
	q.Join(waited("a"), 500)
	q.Join(waited("b"), 500)
	single := strings.Split("c d e f g h", " ")
	for _, key := range single {
		q.Join(waited(key), 1)
	}
	for range 800 {
		ended := q.running[0].turn.Key
		q.end()
		if slices.Contains(single, ended) {
			q.Join(waited(ended), 1)
		}
	}
	count := map[string]int{}
	for _, key := range q.started {
		count[key]++
	}
	for key, n := range count {
		if n < 800/8*8/10 || n > 800/8*12/10 {
			t.Errorf("key %s started %d times of %d: %v", key, n, len(q.started), count)
			break
		}
	}
}

// TestLeaving: a job that leaves its line costs its key nothing, and nothing is left of keys
// that are gone.
func TestLeaving(t *testing.T) {
	q := &queue{turns: New(1)}
	q.Join(waited("a"), 101)
	for _, w := range q.waiting {
		q.turns.Leave(w)
	}
	q.waiting = nil
	q.Join(waited("a"), 2)
	q.Join(waited("b"), 3)
	for range 5 {
		q.end()
	}
	if got := strings.Join(q.started, " "); got != "a b a b a b" && got != "a a b a b b" {
		t.Errorf("order %s", got)
	}
	q.end()
	if len(q.turns.front.next) != 0 || len(q.turns.running) != 0 || q.turns.busy != 0 {
		t.Errorf("left: %+v", q.turns)
	}
}

// TestGuest: where one key has taken every slot and wants more, a job of another that somebody
// waits for starts at once, one at a time; jobs in the background and those of keys that run
// already do not, and keys with one job each leave one another their slots.
func TestGuest(t *testing.T) {
	for _, slots := range []int{1, 2, 4} {
		q := &queue{turns: New(slots)}
		q.Join(waited("a"), slots+5)
		q.Join(behind("b"), 1)
		if len(q.running) != slots {
			t.Fatalf("%d slots: %d run: %v", slots, len(q.running), q.started)
		}
		q.Join(waited("c"), 1)
		if len(q.running) != slots+1 || q.started[slots] != "c" || q.running[slots].nice != 0 {
			t.Errorf("%d slots: the guest did not start: %v", slots, q.started)
		}
		q.Join(waited("d"), 1)
		if len(q.running) != slots+1 {
			t.Errorf("%d slots: two guests: %v", slots, q.started)
		}
		q.end() // one of a: the guest's place becomes a slot, and free for the next guest
		if slots == 1 {
			continue // c has the only slot, and wants no other
		}
		if len(q.running) != slots+1 || q.started[slots+1] != "d" {
			t.Errorf("%d slots: the next guest did not start: %v", slots, q.started)
		}

	}
	q := &queue{turns: New(2)}
	for _, key := range []string{"a", "b", "c", "d"} {
		q.Join(waited(key), 1)
	}
	if len(q.running) != 2 {
		t.Errorf("of equals with two slots %d run", len(q.running))
	}
}

// TestTurnsAtRandom: whatever comes and goes, slots are neither lost nor made but for one
// guest's, and none is idle while a job may have it.
func TestTurnsAtRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	q := &queue{turns: New(3)}
	for range 20_000 {
		switch n := random.IntN(10); {
		case n < 4:
			q.Join(Turn{Key: string(rune('a' + random.IntN(5))), Background: random.IntN(2) == 0}, 1)
		case n < 7 && len(q.running) > 0:
			q.end()
		case n < 8 && len(q.waiting) > 0:
			i := random.IntN(len(q.waiting))
			q.turns.Leave(q.waiting[i])
			q.waiting = slices.Delete(q.waiting, i, i+1)
		}
		waits := func(back bool) bool {
			return slices.ContainsFunc(q.waiting, func(w *Place) bool { return w.turn.Background == back })
		}
		free := q.turns.slots - len(q.running)
		if free < -1 || q.turns.busy != len(q.running) || q.turns.behind != q.behind() || q.behind() > 2 {
			t.Fatalf("%d run, %d of them behind: %+v", len(q.running), q.behind(), q.turns)
		}
		if free > 0 && (waits(false) || waits(true) && q.behind() < 2) {
			t.Fatalf("%d slots are idle", free)
		}
	}
}

// TestNice: a job is nicer when nobody waits for it, and a little when its key has others; more
// while another key's only job runs.
func TestNice(t *testing.T) {
	turns := New(9)
	var single []*Place
	for i, c := range []struct {
		turn Turn
		nice int
	}{
		{behind("b"), BackgroundNice}, {waited("a"), 0}, {waited("a"), crowdNice}, {behind("a"), BackgroundNice},
		{waited("c"), 0}, {waited("a"), AsideNice}, {behind("b"), AsideNice},
	} {
		w := turns.Join(c.turn)
		<-w.ready
		if w.nice != c.nice {
			t.Errorf("job %d: nice %d instead of %d", i, w.nice, c.nice)
		}
		if w.nice == 0 {
			single = append(single, w)
		}
	}
	for _, w := range single {
		turns.Leave(w)
	}
	if w := turns.Join(waited("a")); w.nice != crowdNice {
		t.Errorf("with no such job any more: nice %d", w.nice)
	}
}

// TestAside: what is nicer steps aside once, when a job starts that is the only one of its key.
func TestAside(t *testing.T) {
	turns := New(8)
	var nicer []*Place
	for _, turn := range []Turn{waited("a"), waited("a"), behind("a")} {
		nicer = append(nicer, turns.Join(turn))
	}
	aside := func() (n int) {
		for _, w := range nicer {
			select {
			case <-w.Aside():
				n++
			default:
			}
		}
		return n
	}
	turns.Join(waited("a"))
	if n := aside(); n != 0 {
		t.Errorf("%d stepped aside for one of their own", n)
	}
	turns.Leave(nicer[1])
	turns.Join(waited("c"))
	if n := aside(); n != 1 { // not the first of a, which is not nicer, nor the one that has left
		t.Errorf("%d stepped aside", n)
	}
	turns.Join(waited("d")) // which must not close anything twice
}
