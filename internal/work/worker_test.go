package work

import (
	"slices"
	"testing"

	"compressor/internal/job"
)

// TestPlaces: a key that floods leaves places to others, and one that has none finds one.
func TestPlaces(t *testing.T) {
	p := places{free: 256, byKey: map[string]int{}}
	fill := func(key string) (n int) {
		for p.take(key) {
			n++
		}
		return n
	}
	for i, want := range []int{128, 64, 32, 16} {
		if got := fill(string(rune('a' + i))); got != want {
			t.Errorf("key %d got %d places instead of %d", i+1, got, want)
		}
	}
	for range 128 {
		p.give("a")
	}
	if got := fill("b"); got != 40 {
		t.Errorf("key 2 got %d more", got)
	}
	for key, n := range p.byKey {
		for range n {
			p.give(key)
		}
	}
	if p.free != 256 || len(p.byKey) != 0 {
		t.Errorf("left: %d free, %v", p.free, p.byKey)
	}
}

// TestStoring: while the result is stored there are bytes to count, less than all of the job,
// and what is sent once more takes nothing away.
func TestStoring(t *testing.T) {
	var tk task
	tk.progress = job.Progress{Percent: made, Phase: "done"}
	var got []job.Progress
	for _, sent := range []int64{0, 400, 0, 300, 1000, 2000} {
		tk.storing(sent, 1000)
		got = append(got, tk.progress)
	}
	want := []job.Progress{
		{Percent: 90, Phase: "store", Total: 1000}, {Percent: 93.6, Phase: "store", Done: 400, Total: 1000},
		{Percent: 93.6, Phase: "store", Done: 400, Total: 1000}, {Percent: 93.6, Phase: "store", Done: 400, Total: 1000},
		{Percent: 99, Phase: "store", Done: 1000, Total: 1000}, {Percent: 99, Phase: "store", Done: 1000, Total: 1000},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
