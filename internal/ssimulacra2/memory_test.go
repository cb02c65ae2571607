package ssimulacra2

import (
	"testing"
	"unsafe"
)

// TestMemoryPerPixel holds the promise of 25 bytes a pixel, with room for work memory.
func TestMemoryPerPixel(t *testing.T) {
	for _, size := range [][2]int{{4000, 3000}, {3000, 4000}, {1000, 650}, {256, 256}} {
		held, working, err := Memory(size[0], size[1])
		if err != nil {
			t.Fatal(err)
		}
		pixels := float64(size[0] * size[1])
		t.Logf("%v: holds %.1f B/pixel, works in %.2f MB", size, float64(held)/pixels, float64(working)/1e6)
		if float64(held) > 25*pixels {
			t.Errorf("%v: %.1f bytes a pixel", size, float64(held)/pixels)
		}
	}
}

// TestOldContentsDoNotMatter scores in memory full of NaNs.
func TestOldContentsDoNotMatter(t *testing.T) {
	for _, size := range sizes() {
		a := texture(size[0], size[1], 4, 11)
		b := noisyAll(a, 5)
		want := score(t, a, b, WithAllPlanes())
		pool := NewPool(1 << 30)
		held, working, err := Memory(size[0], size[1], WithAllPlanes())
		if err != nil {
			t.Fatal(err)
		}
		var dirty []block
		for _, n := range []int64{held, held, working} {
			b, err := pool.take(n)
			if err != nil {
				t.Fatal(err)
			}
			for i := range unsafe.Slice((*byte)(b.at), b.size) {
				*(*byte)(unsafe.Add(b.at, i)) = 0xff
			}
			dirty = append(dirty, b)
		}
		pool.giveAll(dirty)
		r, err := pool.NewReference(a, WithAllPlanes())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Score(b); err != nil || got != want {
			t.Errorf("%v: %v, %v; in fresh memory %v", size, got, err, want)
		}
		r.Close()
		pool.Close()
	}
}

func TestPoolKeepsNoMoreThanItsLimit(t *testing.T) {
	pool := NewPool(1000)
	defer pool.Close()
	var blocks []block
	for _, size := range []int64{400, 300, 400, 2000} {
		b, err := pool.take(size)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	pool.giveAll(blocks)
	if pool.kept != 700 || len(pool.idle) != 2 {
		t.Errorf("keeps %d bytes in %d blocks", pool.kept, len(pool.idle))
	}
	if b, _ := pool.take(350); b.size != 400 {
		t.Errorf("took %d bytes", b.size)
	} else {
		pool.give(b)
	}
	if b, _ := pool.take(100); b.size != 100 {
		t.Errorf("a block of %d for 100 bytes", b.size)
	} else {
		b.free()
	}
}
