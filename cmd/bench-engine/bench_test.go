package main

import (
	"image"
	"image/color"
	"math"
	"testing"
)

func filled(width, height int, c color.RGBA) *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := 0; i < len(im.Pix); i += 4 {
		copy(im.Pix[i:], []byte{c.R, c.G, c.B, c.A})
	}
	return im
}

// TestDifference: one pixel that differs counts in its own cell only.
func TestDifference(t *testing.T) {
	const cell = 4
	page := color.RGBA{0x8f, 0xa3, 0xb5, 0xff}
	a, b := filled(across*cell, 2*cell, page), filled(across*cell, 2*cell, page)
	which := across + 3 // in the second row
	at := cellAt(which, cell)
	b.SetRGBA(at.Min.X+1, at.Min.Y+2, color.RGBA{0x8f, 0xa3, 0xb5 - 12, 0xff})
	want := math.Sqrt(12 * 12 / float64(3*cell*cell))
	for i := range 2 * across {
		far := difference(a, b, cellAt(i, cell))
		if i == which && math.Abs(far-want) > 1e-9 || i != which && far != 0 {
			t.Errorf("cell %d: %g", i, far)
		}
		if got := blank(b, cellAt(i, cell)); got != (i != which) {
			t.Errorf("cell %d: blank %v", i, got)
		}
	}
}

// TestDifferences: the map shows how far samples are apart, amplified, and is opaque.
func TestDifferences(t *testing.T) {
	a, b := filled(1, 1, color.RGBA{100, 100, 100, 255}), filled(1, 1, color.RGBA{103, 90, 0, 255})
	if got, want := differences(a, b).RGBAAt(0, 0), (color.RGBA{24, 80, 255, 255}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestBetween: only what stands between the marks changes, and twice is like once.
func TestBetween(t *testing.T) {
	const page = "a\n\n<!-- x: by y -->\n\nold\n\n<!-- end of x -->\n\nb\n"
	const want = "a\n\n<!-- x: by y -->\n\nnew\n\n<!-- end of x -->\n\nb\n"
	got := []byte(page)
	for range 2 {
		var err error
		if got, err = between(got, "x", "new\n\n"); err != nil || string(got) != want {
			t.Fatalf("%q, %v", got, err)
		}
	}
	for _, broken := range []string{"", "<!-- x: by y -->\nold", "old <!-- end of x -->"} {
		if _, err := between([]byte(broken), "x", "new"); err == nil {
			t.Errorf("%q has no place for it", broken)
		}
	}
}
