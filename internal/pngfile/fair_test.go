package pngfile

import (
	"image/color"
	"math"
	"testing"
)

// TestFair: the estimate is at most twice what all the work makes of a picture, of most
// patterns too, which deflate to almost nothing once the right filter is found, and at most
// four times in any case.
func TestFair(t *testing.T) {
	const n = 100
	gray := func(v int) color.NRGBA { return color.NRGBA{byte(v), byte(v), byte(v), 255} }
	for name, at := range map[string]func(x, y int) color.NRGBA{
		"across":   func(x, _ int) color.NRGBA { return gray(x * 255 / n) },
		"down":     func(_, y int) color.NRGBA { return gray(y * 255 / n) },
		"diagonal": func(x, y int) color.NRGBA { return gray((x + y) * 255 / 2 / n) },
		"three":    func(x, y int) color.NRGBA { return color.NRGBA{byte(x), byte(y), byte(x + y), 255} },
		"texture":  func(x, y int) color.NRGBA { return gray(x ^ y) },
		"alpha":    func(x, _ int) color.NRGBA { return color.NRGBA{200, 30, 60, byte(x * 255 / n)} },
		"tiles": func(x, y int) color.NRGBA {
			return color.NRGBA{byte(x % 13 * 19), byte(y % 7 * 31), byte(x * y % 11 * 20), 255}
		},
		"rings": func(x, y int) color.NRGBA { return gray(int(255 * math.Hypot(float64(x-n/2), float64(y-n/2)) / n)) },
		"linear": func(x, y int) color.NRGBA {
			return color.NRGBA{byte(3*x + 5*y), byte(7*x + 2*y), byte(x + 11*y), byte(13*x + y)}
		},
		"products": func(x, y int) color.NRGBA { return color.NRGBA{byte(x * y), byte(x * 3), byte(y * 5), byte(x + 7*y)} },
	} {
		m, err := New(n, n, RGBA, 8, picture(n, n, at).Pix, nil)
		if err != nil {
			t.Fatal(err)
		}
		fair, normal := optimize(t, m, Ancillary{}, Fair), optimize(t, m, Ancillary{}, Normal)
		most := 2
		if name == "linear" {
			most = 4
		}
		if len(fair) > most*len(normal) {
			t.Errorf("%s: %d bytes, and %d with more work", name, len(fair), len(normal))
		}
		if !Equal(m, decode(t, fair)) {
			t.Errorf("%s: samples changed", name)
		}
	}
}
