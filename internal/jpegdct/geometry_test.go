package jpegdct

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"testing"
)

// Turned by coefficients and then decoded must equal decoded and then turned, but for the
// rounding of the decoder's inverse transform.
func TestUprightMatchesPixels(t *testing.T) {
	f := mustParse(t, goEncoded(t, 48, 32, 92, true))
	before := decodeGray(t, f)
	for orientation := 1; orientation <= 8; orientation++ {
		turned, ok := Upright(f, orientation)
		if !ok {
			t.Fatalf("orientation %d: not exact", orientation)
		}
		after := decodeGray(t, turned)
		w, h := before.Rect.Dx(), before.Rect.Dy()
		if orientation >= 5 {
			w, h = h, w
		}
		if after.Rect.Dx() != w || after.Rect.Dy() != h {
			t.Fatalf("orientation %d: %v", orientation, after.Rect)
		}
		for y := range h {
			for x := range w {
				sx, sy := uprightSource(orientation, x, y, w, h)
				d := int(after.GrayAt(x, y).Y) - int(before.GrayAt(sx, sy).Y)
				if d < -1 || d > 1 {
					t.Fatalf("orientation %d: pixel %d,%d differs by %d", orientation, x, y, d)
				}
			}
		}
	}
}

// uprightSource is where pixel x,y of the upright w×h picture is stored, by the
// definition of the EXIF orientations.
func uprightSource(orientation, x, y, w, h int) (sx, sy int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6: // stored lying on its left side: turned clockwise
		return y, w - 1 - x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return h - 1 - y, x
	}
	return x, y
}

func decodeGray(t *testing.T, f *File) *image.Gray {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(mustWrite(t, f, Options{})))
	if err != nil {
		t.Fatal(err)
	}
	return img.(*image.Gray)
}

func TestUprightIsUndone(t *testing.T) {
	inverse := [9]int{0, 1, 2, 3, 4, 5, 8, 7, 6}
	for name, factors := range samplings() {
		f := randomFile(6, 96, 96, factors) // whole MCUs for factors 1…4
		for orientation := 1; orientation <= 8; orientation++ {
			what := fmt.Sprintf("%s orientation %d", name, orientation)
			turned, ok := Upright(f, orientation)
			if !ok {
				t.Fatalf("%s: not exact", what)
			}
			data := mustWrite(t, turned, Options{Progressive: true})
			back, ok := Upright(mustParse(t, data), inverse[orientation])
			if !ok {
				t.Fatalf("%s: not exact on the way back", what)
			}
			sameCoefficients(t, what, back, f)
		}
	}
}

func TestUprightOnlyWhenExact(t *testing.T) {
	// 4:2:0 has MCUs of 16×16.
	for _, c := range []struct {
		w, h  int
		exact [9]bool
	}{
		{32, 48, [9]bool{false, true, true, true, true, true, true, true, true}},
		{40, 48, [9]bool{false, true, false, false, true, true, true, false, false}},
		{32, 50, [9]bool{false, true, true, false, false, true, false, false, true}},
		{33, 49, [9]bool{false, true, false, false, false, true, false, false, false}},
	} {
		f := randomFile(6, c.w, c.h, samplings()["4:2:0"])
		for orientation := 0; orientation <= 8; orientation++ {
			if _, ok := Upright(f, orientation); ok != c.exact[orientation] {
				t.Errorf("%d×%d orientation %d: exact %v", c.w, c.h, orientation, ok)
			}
		}
	}
}
