package e2e

import (
	"image"
	"image/color"
	"testing"
)

// samePixels says whether two pictures show the same, be it turned: where the orientation
// was a note in the file, it is applied in the result (Exif 2.32, tag 0x0112).
func samePixels(a, b image.Image) bool {
	for orientation := range 8 {
		if sameTurned(a, b, orientation) {
			return true
		}
	}
	return false
}

// sameTurned compares a with b under one of the eight orientations: 1 mirrors, 2 flips,
// 4 swaps the sides.
func sameTurned(a, b image.Image, orientation int) bool {
	ar, br := a.Bounds(), b.Bounds()
	w, h := ar.Dx(), ar.Dy()
	swapped := orientation&4 != 0
	if !swapped && (br.Dx() != w || br.Dy() != h) || swapped && (br.Dx() != h || br.Dy() != w) {
		return false
	}
	for y := range h {
		for x := range w {
			u, v := x, y
			if orientation&1 != 0 {
				u = w - 1 - u
			}
			if orientation&2 != 0 {
				v = h - 1 - v
			}
			if swapped {
				u, v = v, u
			}
			if !sameColor(a.At(ar.Min.X+x, ar.Min.Y+y), b.At(br.Min.X+u, br.Min.Y+v)) {
				return false
			}
		}
	}
	return true
}

// sameColor compares without premultiplication, which would lose what stands under nearly
// transparent pixels; what stands under fully transparent ones nobody sees.
func sameColor(a, b color.Color) bool {
	p, q := color.NRGBA64Model.Convert(a).(color.NRGBA64), color.NRGBA64Model.Convert(b).(color.NRGBA64)
	return p == q || p.A == 0 && q.A == 0
}

func TestSamePixels(t *testing.T) {
	a := picture(5, 3, 1)
	turned := image.NewNRGBA(image.Rect(0, 0, 3, 5))
	for y := range 3 {
		for x := range 5 {
			turned.Set(2-y, x, a.At(x, y)) // a quarter to the right
		}
	}
	if !samePixels(a, turned) {
		t.Error("a turned picture is not the same")
	}
	turned.Set(1, 1, color.Black)
	if samePixels(a, turned) {
		t.Error("another picture is the same")
	}
	if samePixels(a, picture(3, 5, 1)) || samePixels(a, picture(5, 4, 1)) {
		t.Error("a picture of another size is the same")
	}
}
