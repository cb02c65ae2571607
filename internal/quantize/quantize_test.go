package quantize_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"compressor/internal/quantize"
)

// slope draws colours that change smoothly, with a hard edge and some grain.
func slope(width, height int, transparent bool) []byte {
	pix := make([]byte, 0, 4*width*height)
	noise := uint32(1)
	for y := range height {
		for x := range width {
			noise = noise*1664525 + 1013904223
			grain := byte(noise >> 29)
			c := [4]byte{byte(200*x/width) + grain, byte(220*y/height) + grain, byte(90 + 60*(x+y)/(width+height)), 255}
			if x > width*2/3 {
				c = [4]byte{240, 240, 240, 255}
			}
			if transparent && y > height/2 {
				c[3] = byte(255 * (height - y) / height)
			}
			pix = append(pix, c[:]...)
		}
	}
	return pix
}

func reduce(t *testing.T, pix []byte, width, height, level int, diffuse bool) (indices, palette, shown []byte) {
	t.Helper()
	q, err := quantize.New(t.Context(), pix, width, height)
	if err != nil {
		t.Fatal(err)
	}
	indices, palette, err = q.Reduce(t.Context(), level, diffuse)
	if err != nil {
		t.Fatal(err)
	}
	if len(indices) != width*height || len(palette)%4 != 0 || len(palette) > 4*256 {
		t.Fatalf("%d indices, palette of %d bytes", len(indices), len(palette))
	}
	for _, v := range indices {
		if int(v) >= len(palette)/4 {
			t.Fatalf("index %d of %d entries", v, len(palette)/4)
		}
		shown = append(shown, palette[4*int(v):4*int(v)+4]...)
	}
	return indices, palette, shown
}

// apart is the mean absolute difference of the samples.
func apart(a, b []byte) float64 {
	sum := 0.0
	for i := range a {
		sum += math.Abs(float64(a[i]) - float64(b[i]))
	}
	return sum / float64(len(a))
}

// TestLevels: a higher level is nearer to the picture, and has more colours.
func TestLevels(t *testing.T) {
	for _, transparent := range []bool{false, true} {
		pix := slope(160, 90, transparent)
		before, fewer := math.Inf(1), 0
		for _, level := range []int{1, 20, 40, 60, 80} {
			_, palette, shown := reduce(t, pix, 160, 90, level, false)
			off := apart(pix, shown)
			if off >= before || len(palette) < fewer {
				t.Errorf("transparent %t, level %d: off by %.2f with %d bytes of palette, before %.2f with %d",
					transparent, level, off, len(palette), before, fewer)
			}
			before, fewer = off, len(palette)
		}
		if before > 4 {
			t.Errorf("transparent %t: still off by %.2f", transparent, before)
		}
	}
}

// TestRepeats: where more may be lost, more pixels repeat what is beside or above them
// than plain nearest colours of the same palette would.
func TestRepeats(t *testing.T) {
	const width, height = 160, 90
	pix := slope(width, height, false)
	indices, palette, shown := reduce(t, pix, width, height, 50, false)
	plain := make([]byte, len(indices))
	for i := range plain {
		least := math.MaxInt
		for k := 0; k < len(palette); k += 4 {
			d := 0
			for c := range 3 {
				off := int(pix[4*i+c]) - int(palette[k+c])
				d += off * off
			}
			if d < least {
				least, plain[i] = d, byte(k/4)
			}
		}
	}
	if got, want := repeats(indices, width), repeats(plain, width); got <= want {
		t.Errorf("%d pixels repeat, %d of plain nearest colours", got, want)
	}
	if off := apart(pix, shown); off > 12 {
		t.Errorf("off by %.2f", off)
	}
}

func repeats(indices []byte, width int) (n int) {
	for i, v := range indices {
		if i%width > 0 && v == indices[i-1] || i >= width && v == indices[i-width] {
			n++
		}
	}
	return n
}

// TestDiffuse: averaged over squares, a slope is nearer to the picture with diffusion.
func TestDiffuse(t *testing.T) {
	const width, height, square = 160, 90, 10
	for _, transparent := range []bool{false, true} {
		pix := slope(width, height, transparent)
		off := map[bool]float64{}
		for _, diffuse := range []bool{false, true} {
			_, _, shown := reduce(t, pix, width, height, 36, diffuse)
			off[diffuse] = apart(means(pix, width, square), means(shown, width, square))
		}
		if off[true] >= off[false] {
			t.Errorf("transparent %t: squares are off by %.2f, and by %.2f without diffusion", transparent, off[true], off[false])
		}
	}
}

// means averages squares of pixels.
func means(pix []byte, width, square int) (out []byte) {
	height := len(pix) / 4 / width
	for y := 0; y < height; y += square {
		for x := 0; x < width; x += square {
			for k := range 4 {
				sum := 0
				for i := range square * square {
					sum += int(pix[4*((y+i/square)*width+x+i%square)+k])
				}
				out = append(out, byte(sum/square/square))
			}
		}
	}
	return out
}

// TestWithin: few colours fit any level, noise fits none that is exact.
func TestWithin(t *testing.T) {
	few, err := quantize.New(t.Context(), bytes.Repeat([]byte{1, 2, 3, 255, 9, 9, 9, 255}, 8), 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	many, err := quantize.New(t.Context(), slope(160, 90, false), 160, 90)
	if err != nil {
		t.Fatal(err)
	}
	if !few.Within(quantize.Levels) || !many.Within(1) || many.Within(quantize.Levels) {
		t.Errorf("two colours: %t; many: %t at level 1, %t at the last",
			few.Within(quantize.Levels), many.Within(1), many.Within(quantize.Levels))
	}
}

// TestAlike: levels with as many colours, where those are few, are named together, and each
// level belongs to the levels it names.
func TestAlike(t *testing.T) {
	q, err := quantize.New(t.Context(), slope(160, 90, false), 160, 90)
	if err != nil {
		t.Fatal(err)
	}
	colours := func(level int) int {
		_, palette, err := q.Reduce(t.Context(), level, false)
		if err != nil {
			t.Fatal(err)
		}
		return len(palette) / 4
	}
	groups := 0
	for level := 1; level <= quantize.Levels; {
		first, last := q.Alike(level)
		if first != level || last < level {
			t.Fatalf("level %d is one of %d to %d", level, first, last)
		}
		if last > first {
			groups++
			if a, b := colours(first), colours(last); a != b || a > 16 {
				t.Errorf("levels %d to %d: %d and %d colours", first, last, a, b)
			}
		}
		level = last + 1
	}
	if groups == 0 || groups == quantize.Levels {
		t.Errorf("%d groups", groups)
	}
	if first, last := q.Alike(quantize.Levels); first != last {
		t.Errorf("of many colours, levels %d to %d are alike", first, last)
	}
}

// TestContent: what is told of a picture are its colours, how far apart they lie, and at
// which level there are four.
func TestContent(t *testing.T) {
	near, err := quantize.New(t.Context(), bytes.Repeat([]byte{100, 100, 100, 255, 104, 104, 104, 255}, 50), 10, 10)
	if err != nil {
		t.Fatal(err)
	}
	apart, err := quantize.New(t.Context(), bytes.Repeat([]byte{0, 0, 0, 255, 255, 255, 255, 255}, 50), 10, 10)
	if err != nil {
		t.Fatal(err)
	}
	colours, little, four := near.Content()
	_, much, _ := apart.Content()
	if colours != 1 || four != quantize.Levels || little >= much || little <= 0 {
		t.Errorf("2^%g colours, 2^%g and 2^%g apart, four at level %d", colours, little, much, four)
	}
	many, err := quantize.New(t.Context(), slope(160, 90, false), 160, 90)
	if err != nil {
		t.Fatal(err)
	}
	_, _, four = many.Content()
	for level, want := range map[int]bool{four: true, four - 1: false} {
		if _, palette, err := many.Reduce(t.Context(), max(level, 1), false); err != nil || level >= 1 && len(palette)/4 >= 4 != want {
			t.Errorf("%d colours at level %d, and four from %d on: %v", len(palette)/4, level, four, err)
		}
	}
}

// TestExact: a picture of few colours comes out as it went in at the last level, and the
// colour of an even background at every level.
func TestExact(t *testing.T) {
	const width, height = 40, 40
	colours := [][4]byte{{255, 255, 255, 255}, {250, 249, 251, 255}, {3, 90, 180, 255}, {240, 170, 30, 128}, {}}
	var pix []byte
	for i := range width * height {
		c := colours[0]
		if i%7 == 3 {
			c = colours[i%len(colours)]
		}
		pix = append(pix, c[:]...)
	}
	if _, _, shown := reduce(t, pix, width, height, quantize.Levels, false); !bytes.Equal(shown, pix) {
		t.Error("the last level changed a picture of five colours")
	}
	for _, level := range []int{1, 30, 60} {
		if _, _, shown := reduce(t, pix, width, height, level, false); !bytes.Equal(shown[:4], pix[:4]) {
			t.Errorf("level %d: the background became %v", level, shown[:4])
		}
	}
}

// TestSame: the same picture and level give the same bytes, also from a second Quantizer.
func TestSame(t *testing.T) {
	pix := slope(70, 50, true)
	indices, palette, _ := reduce(t, pix, 70, 50, 45, true)
	again, palette2, _ := reduce(t, pix, 70, 50, 45, true)
	if !bytes.Equal(indices, again) || !bytes.Equal(palette, palette2) {
		t.Error("two runs differ")
	}
}

// TestManyColours: more colours than the histogram takes, of every alpha.
func TestManyColours(t *testing.T) {
	const width, height = 600, 500
	pix := make([]byte, 0, 4*width*height)
	n := uint32(7)
	for range width * height {
		n = n*1664525 + 1013904223
		pix = append(pix, byte(n>>24), byte(n>>16), byte(n>>8), byte(n>>20))
	}
	if _, palette, _ := reduce(t, pix, width, height, 12, false); len(palette) < 4*8 {
		t.Errorf("%d entries", len(palette)/4)
	}
}

func TestOdd(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 9}, {9, 1}} {
		pix := slope(size[0], size[1], true)
		if _, _, shown := reduce(t, pix, size[0], size[1], 200, true); len(shown) != len(pix) {
			t.Errorf("%v: %d bytes", size, len(shown))
		}
		reduce(t, pix, size[0], size[1], -3, true)
	}
	if _, palette, _ := reduce(t, make([]byte, 4*6), 3, 2, 10, true); !slices.Equal(palette, []byte{0, 0, 0, 0}) {
		t.Errorf("an empty picture has the palette %v", palette)
	}
	for _, size := range [][2]int{{0, 1}, {2, 0}, {3, 2}, {-1, -1}} {
		if _, err := quantize.New(t.Context(), make([]byte, 20), size[0], size[1]); err == nil {
			t.Errorf("%v: 20 bytes were taken", size)
		}
	}
}

func TestEnds(t *testing.T) {
	q, err := quantize.New(t.Context(), slope(20, 20, false), 20, 20)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := quantize.New(ctx, slope(20, 20, false), 20, 20); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, _, err := q.Reduce(ctx, 30, true); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
