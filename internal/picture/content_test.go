package picture

import (
	"math"
	"testing"
)

// TestContent: what is told of a picture follows from what it shows.
func TestContent(t *testing.T) {
	const width, height = 64, 96
	drawn := func(bands int, at func(x, y int) [3]byte) Content {
		pix := make([]byte, 0, width*height*bands)
		for y := range height {
			for x := range width {
				c := at(x, y)
				switch bands {
				case 1:
					pix = append(pix, c[0])
				case 2:
					pix = append(pix, c[0], 255)
				case 3:
					pix = append(pix, c[:]...)
				case 4:
					pix = append(pix, c[0], c[1], c[2], 255)
				}
			}
		}
		return contentOf(pix, width, height, bands)
	}
	gray := func(v int) [3]byte { return [3]byte{byte(v), byte(v), byte(v)} }
	flat := func(int, int) [3]byte { return gray(102) }
	ramp := func(x, _ int) [3]byte { return gray(3 * x) }
	grain := func(x, y int) [3]byte { return gray((x ^ y) & 1 * 64) }
	red := func(int, int) [3]byte { return [3]byte{255, 0, 0} }
	for name, test := range map[string]struct {
		at   func(x, y int) [3]byte
		want Content
	}{
		"flat":  {flat, Content{Lightness: 0.4}},
		"ramp":  {ramp, Content{Activity: 2, Coarseness: math.Log2(13) - 2, Lightness: 94.5 / 255}},
		"grain": {grain, Content{Activity: math.Log2(129), Coarseness: -math.Log2(129), Lightness: 32. / 255}},
		"red":   {red, Content{Lightness: 0.299, Colour: 1}},
	} {
		for bands := 1; bands <= 4; bands++ {
			if name == "red" && bands < 3 {
				continue
			}
			got := drawn(bands, test.at)
			for _, pair := range [][2]float64{
				{got.Activity, test.want.Activity}, {got.Coarseness, test.want.Coarseness},
				{got.Lightness, test.want.Lightness}, {got.Colour, test.want.Colour},
			} {
				if math.Abs(pair[0]-pair[1]) > 1e-9 {
					t.Errorf("%s, %d bands: %+v, want %+v", name, bands, got, test.want)
					break
				}
			}
		}
	}
	for _, size := range [][2]int{{1, 1}, {1, 50}, {50, 1}, {3, 3}, {5, 33}} {
		c := contentOf(make([]byte, size[0]*size[1]*3), size[0], size[1], 3)
		if c.Activity != 0 || c.Coarseness != 0 {
			t.Errorf("%d×%d: %+v", size[0], size[1], c)
		}
	}
}
