package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// testList makes jobs a to f of one key, one a second, in every state, and one of another.
func testList(t *testing.T, mk Make) {
	b := mk(t, Limits{Admitted: 2})
	start := b.Clock.Now()
	names := map[string]string{} // by id
	add := func(name, tag string) job.Job {
		j := must(t)(b.Store.Enqueue(t.Context(), job.Job{KeyID: "k", Tag: tag}))
		names[j.ID] = name
		b.Clock.Advance(time.Second)
		return j
	}
	done, lost := b.claim(t, add("a", "ä b")), b.claim(t, add("b", ""))
	must(t)(b.Store.Finish(t.Context(), done.Ticket(), job.Outcome{}))
	must(t)(b.Store.Fail(t.Context(), lost.Ticket(), problem.New(problem.FileCorrupt)))
	b.claim(t, add("c", "ä b"))
	add("d", "")
	if h := add("e", "ä b"); h.State != job.Held {
		t.Fatalf("the third of two is %s", h.State)
	}
	add("f", "other")
	must(t)(b.Store.Enqueue(t.Context(), job.Job{KeyID: "another"}))
	for _, c := range []struct {
		name string
		q    job.Query
		want string // names, and + for more
	}{
		{"all", job.Query{Limit: 50}, "fedcba"},
		{"page", job.Query{Limit: 2}, "fe+"},
		{"next page", job.Query{Limit: 2, Offset: 2}, "dc+"},
		{"last page", job.Query{Limit: 2, Offset: 4}, "ba"},
		{"behind it", job.Query{Limit: 2, Offset: 6}, ""},
		{"held is enqueued", job.Query{Limit: 9, State: job.Enqueued}, "fed"},
		{"processing", job.Query{Limit: 9, State: job.Processing}, "c"},
		{"completed", job.Query{Limit: 9, State: job.Completed}, "a"},
		{"failed", job.Query{Limit: 9, State: job.Failed}, "b"},
		{"tag", job.Query{Limit: 9, Tag: "ä b"}, "eca"},
		{"tag of none", job.Query{Limit: 9, Tag: "ä"}, ""},
		{"tag and state", job.Query{Limit: 9, Tag: "ä b", State: job.Completed}, "a"},
		{"from a moment on", job.Query{Limit: 9, Start: start.Add(2 * time.Second)}, "fedc"},
		{"before a moment", job.Query{Limit: 9, End: start.Add(2 * time.Second)}, "ba"},
		{"between", job.Query{Limit: 9, Start: start.Add(time.Second), End: start.Add(4 * time.Second)}, "dcb"},
		{"all at once", job.Query{Limit: 1, Offset: 1, State: job.Enqueued, Start: start, End: start.Add(time.Minute)}, "e+"},
	} {
		c.q.KeyID = "k"
		var got strings.Builder
		more, err := b.Store.List(t.Context(), c.q, func(j job.Job) error {
			got.WriteString(names[j.ID])
			return nil
		})
		if more {
			got.WriteByte('+')
		}
		if err != nil || got.String() != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, got.String(), err, c.want)
		}
	}
	testListWhole(t, b)
}

// testListWhole: rows come whole, those of one moment in an order that pages can rely on,
// and an error ends the list.
func testListWhole(t *testing.T, b *Bench) {
	var want []string
	for i := range 5 {
		j := must(t)(b.Store.Enqueue(t.Context(), job.Job{KeyID: "same", Tag: fmt.Sprint("t", i)}))
		want = append(want, j.ID)
	}
	slices.Sort(want)
	slices.Reverse(want)
	var got []string
	for at := range want {
		_, err := b.Store.List(t.Context(), job.Query{KeyID: "same", Offset: at, Limit: 1}, func(j job.Job) error {
			if full := b.get(t, j.ID); full.Tag == "" || full.Tag != j.Tag || full.State != j.State || !full.Created.Equal(j.Created) {
				t.Errorf("listed %+v of %+v", j, full)
			}
			got = append(got, j.ID)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages of one\n%v, want\n%v", got, want)
	}
	broken, calls := errors.New("broken"), 0
	_, err := b.Store.List(t.Context(), job.Query{KeyID: "same", Limit: 5}, func(job.Job) error { calls++; return broken })
	if !errors.Is(err, broken) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}
