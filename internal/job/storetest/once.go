package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// adder is one of the two ways to add a job.
type adder struct {
	way string
	add func(job.Job) (job.Job, error)
}

func (b *Bench) adders(t *testing.T) []adder {
	return []adder{
		{"claimed", func(j job.Job) (job.Job, error) { return b.Store.InsertClaimed(t.Context(), j, "node1/p1", lease) }},
		{"enqueued", func(j job.Job) (job.Job, error) { return b.Store.Enqueue(t.Context(), j) }},
	}
}

// testOnce: a second job of one Once is not made, for a day; a refused job leaves no trace.
func testOnce(t *testing.T, mk Make) {
	b := mk(t, Limits{QueuedPerKey: 4})
	for _, a := range b.adders(t) {
		way, add := a.way, a.add
		once := job.Once{Name: way, Digest: "d"}
		first := must(t)(add(job.Job{KeyID: way, Once: once}))
		for _, c := range []struct {
			digest string
			same   bool
		}{{"d", true}, {"e", false}, {"d", true}} {
			var r *job.Repeated
			_, err := add(job.Job{KeyID: way, Once: job.Once{Name: way, Digest: c.digest}})
			if !errors.As(err, &r) || r.ID != first.ID || r.Same != c.same {
				t.Errorf("%s, digest %s: %v", way, c.digest, err)
			}
		}
		must(t)(add(job.Job{KeyID: way})) // two without are two
		must(t)(add(job.Job{KeyID: way}))
		if n := b.count(t, way); n != 3 {
			t.Errorf("%s: %d jobs instead of 3", way, n)
		}
		b.Clock.Advance(job.OnceLife - time.Millisecond)
		var r *job.Repeated
		if _, err := add(job.Job{KeyID: way, Once: once}); !errors.As(err, &r) {
			t.Errorf("%s, just before a day is over: %v", way, err)
		}
		b.Clock.Advance(time.Millisecond)
		if second := must(t)(add(job.Job{KeyID: way, Once: once})); second.ID == first.ID {
			t.Errorf("%s: the same job after a day", way)
		}
	}
	full := job.Job{KeyID: "enqueued", Once: job.Once{Name: "full", Digest: "d"}}
	for range 2 { // had the first left a trace, the second would be a repetition
		if _, err := b.Store.Enqueue(t.Context(), full); !problem.Has(err, problem.KeyBusy) {
			t.Errorf("a fifth: %v", err)
		}
	}
	full.Once.Name = "enqueued"
	var r *job.Repeated
	if _, err := b.Store.Enqueue(t.Context(), full); !errors.As(err, &r) {
		t.Errorf("a repetition needs no room: %v", err)
	}
}

// count is how many jobs the key has.
func (b *Bench) count(t *testing.T, key string) (n int) {
	t.Helper()
	_, err := b.Store.List(t.Context(), job.Query{KeyID: key, Limit: 1000}, func(job.Job) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// testOnceRace: of many that come at once, one makes the job.
func testOnceRace(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	made, repeated := map[string]bool{}, map[string]bool{}
	for _, a := range b.adders(t) {
		for range 8 {
			wg.Go(func() {
				j, err := a.add(job.Job{KeyID: "k", Tag: a.way, Once: job.Once{Name: "n", Digest: "d"}})
				mu.Lock()
				defer mu.Unlock()
				var r *job.Repeated
				switch {
				case err == nil:
					made[j.ID] = true
				case errors.As(err, &r) && r.Same:
					repeated[r.ID] = true
				default:
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if len(made) != 1 || len(repeated) != 1 || b.count(t, "k") != 1 {
		t.Errorf("made %v, repeated %v", made, repeated)
	}
	for id := range made {
		if !repeated[id] {
			t.Errorf("made %v, repeated %v", made, repeated)
		}
	}
}

// testOnceForgotten: by the keeper after a day, or with the record of the job.
func testOnceForgotten(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	once := func(name string) job.Job { return job.Job{KeyID: "k", Once: job.Once{Name: name, Digest: "d"}} }
	old := must(t)(b.Store.InsertClaimed(t.Context(), once("record"), "node1/p1", lease))
	must(t)(b.Store.Fail(t.Context(), old.Ticket(), problem.New(problem.FileCorrupt)))
	must(t)(b.Store.Enqueue(t.Context(), once("stays")))
	b.Clock.Advance(time.Second)
	if n, err := b.Store.DeleteOld(t.Context(), b.Clock.Now()); n != 1 || err != nil {
		t.Errorf("%d records removed, %v", n, err)
	}
	again := must(t)(b.Store.Enqueue(t.Context(), once("record")))
	if again.ID == old.ID {
		t.Error("a job without a record")
	}
	b.Clock.Advance(job.OnceLife - time.Second)
	for _, want := range []int{1, 0} {
		if n, err := b.Store.ForgetOnce(t.Context()); n != want || err != nil {
			t.Errorf("%d forgotten instead of %d, %v", n, want, err)
		}
	}
	must(t)(b.Store.Get(t.Context(), again.ID))
}
