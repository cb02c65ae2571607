package png

import (
	"bytes"
	"math"
	"testing"

	"compressor/internal/pngfile"
)

// TestMultiples: no sample moves by more than half a step, both ends of the range stay where
// they are counted from, and the mean hardly moves.
func TestMultiples(t *testing.T) {
	for _, step := range steps() {
		for _, fromWhite := range []bool{false, true} {
			table, sum := multiples(step, fromWhite), 0
			end := 0
			if fromWhite {
				end = math.MaxUint8
			}
			for v, rounded := range table {
				off := int(rounded) - v
				sum += off
				if 2*off > step || -2*off > step || (int(rounded)-end)%step != 0 {
					t.Errorf("step %d from %d: %d becomes %d", step, end, v, rounded)
				}
			}
			if int(table[end]) != end {
				t.Errorf("step %d: %d becomes %d", step, end, table[end])
			}
			if mean := float64(sum) / 256; math.Abs(mean) > 0.6 {
				t.Errorf("step %d from %d: the mean moves by %.2f", step, end, mean)
			}
		}
	}
}

// TestPosterize: alpha stays, what it hides is one colour, and the end that the picture has
// more of stays exact.
func TestPosterize(t *testing.T) {
	for name, test := range map[string]struct {
		color     pngfile.Color
		pix, want []byte
	}{
		"more black": {pngfile.RGB, []byte{0, 0, 4, 255, 101, 0}, []byte{0, 0, 7, 252, 98, 0}},
		"more white": {pngfile.RGB, []byte{255, 255, 4, 0, 101, 255}, []byte{255, 255, 3, 3, 101, 255}},
		"alpha":      {pngfile.RGBA, []byte{0, 50, 101, 9, 7, 8, 9, 0}, []byte{0, 49, 98, 9, 0, 0, 0, 0}},
		"gray":       {pngfile.Gray, []byte{0, 50, 101, 255}, []byte{0, 49, 98, 252}},
		"gray alpha": {pngfile.GrayAlpha, []byte{50, 50, 101, 0}, []byte{49, 50, 0, 0}},
	} {
		im, err := pngfile.New(len(test.pix)/test.color.Channels(), 1, test.color, 8, bytes.Clone(test.pix), nil)
		if err != nil {
			t.Fatal(err)
		}
		if posterize(im, 7); !bytes.Equal(im.Pix, test.want) {
			t.Errorf("%s: %v, want %v", name, im.Pix, test.want)
		}
	}
}
