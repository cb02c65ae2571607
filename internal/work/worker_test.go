package work

import "testing"

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
