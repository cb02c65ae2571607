package pngfile

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func optimize(t testing.TB, m *Image, keep Ancillary, e Effort) []byte {
	t.Helper()
	out, err := Optimize(t.Context(), m, keep, e)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func decode(t testing.TB, data []byte) *Image {
	t.Helper()
	m, err := Decode(data, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// checkLossless demands equal samples by this package and by image/png, and that a second
// pass gives the same bytes.
func checkLossless(t *testing.T, name string, data []byte, e Effort) []byte {
	t.Helper()
	m := decode(t, data)
	out := optimize(t, m, Ancillary{}, e)
	back := decode(t, out)
	if !Equal(m, back) {
		t.Errorf("%s: samples changed", name)
	}
	width, height, samples := byStandard(t, data)
	if w, h, got := byStandard(t, out); w != width || h != height || !slices.Equal(got, samples) {
		t.Errorf("%s: image/png reads other samples than before", name)
	}
	if again := optimize(t, back, Ancillary{}, e); !bytes.Equal(out, again) {
		t.Errorf("%s: a second pass gives %d bytes, other than the %d of the first", name, len(again), len(out))
	}
	return out
}

func TestOptimizeIsLosslessAndStable(t *testing.T) {
	for name, s := range everyKind() {
		if s.interlaced {
			continue // Decode's tests have them; the samples are the same
		}
		e := Normal
		if s.width == 13 {
			e = Quick
		}
		checkLossless(t, name, s.file(t), e)
	}
}

func TestOptimizeSamples(t *testing.T) {
	checkSize := func(name string, size, bar int) {
		if size > bar+bar/100 {
			t.Errorf("%s: %d bytes, optipng needs %d", name, size, bar)
		}
	}
	// The bars are sizes of optipng 0.7.7 -o5 -strip all on the same files.
	for name, bar := range map[string]int{"screenshot-document.png": 75278, "gray16-alpha.png": 9925} {
		checkSize(name, len(checkLossless(t, name, sample(t, name), Normal)), bar)
	}
	m := decode(t, sample(t, "palette-dinosaur.png")) // a megapixel: once is enough
	out := optimize(t, m, Ancillary{}, Normal)
	checkSize("palette-dinosaur.png", len(out), 37635)
	if !Equal(m, decode(t, out)) {
		t.Error("palette-dinosaur.png: samples changed")
	}
}

func TestOptimizeCorpusWhereItIsPresent(t *testing.T) {
	files, err := filepath.Glob("../../../shared/corpus/image/png/*.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files { // none on a machine without the corpus
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := decode(t, data)
		out := optimize(t, m, Ancillary{}, Quick)
		if len(out) > len(data) {
			t.Errorf("%s grew from %d to %d bytes", filepath.Base(file), len(data), len(out))
		}
		if !Equal(m, decode(t, out)) {
			t.Errorf("%s: samples changed", filepath.Base(file))
		}
	}
}

// picture makes an RGBA picture from a function.
func picture(w, h int, at func(x, y int) color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, at(x, y))
		}
	}
	return img
}

func TestReductions(t *testing.T) {
	busy := func(x, y int) uint8 { // no structure that wider samples could use
		h := uint32(x*7919+y*104729+1) * 2654435761
		h = (h ^ h>>15) * 2246822519
		return uint8(h >> 13)
	}
	cases := []struct {
		name  string
		at    func(x, y int) color.NRGBA
		color Color
		depth int
	}{
		{"opaque to rgb", func(x, y int) color.NRGBA { return color.NRGBA{busy(x, y), busy(y, x) ^ 5, uint8(x), 255} }, RGB, 8},
		{"one transparent colour to a key", func(x, y int) color.NRGBA {
			if (x/8+y/8)%5 == 0 {
				return color.NRGBA{255, 0, 255, 0}
			}
			return color.NRGBA{busy(x, y), busy(y, x) ^ 5, uint8(x) / 2, 255}
		}, RGB, 8},
		{"two transparent colours keep alpha", func(x, y int) color.NRGBA {
			if (x/8+y/8)%5 == 0 {
				return color.NRGBA{255, uint8(y), 255, 0}
			}
			return color.NRGBA{busy(x, y), busy(y, x) ^ 5, uint8(x) / 2, 255}
		}, RGBA, 8},
		{"the transparent colour also opaque keeps alpha", func(x, y int) color.NRGBA {
			c := color.NRGBA{busy(x, y), busy(y, x) ^ 5, uint8(x) / 2, 255}
			if (x/8+y/8)%5 == 0 {
				c = color.NRGBA{255, 0, 255, 0}
			}
			if x == 63 && y == 63 {
				c = color.NRGBA{255, 0, 255, 255}
			}
			return c
		}, RGBA, 8},
		{"gray", func(x, y int) color.NRGBA { return color.NRGBA{busy(x, y), busy(x, y), busy(x, y), 255} }, Gray, 8},
		{"black and white", func(x, y int) color.NRGBA {
			v := uint8(0)
			if busy(x, y) > 100 {
				v = 255
			}
			return color.NRGBA{v, v, v, 255}
		}, Gray, 1},
		{"four grays", func(x, y int) color.NRGBA {
			v := busy(x, y) / 64 * 85
			return color.NRGBA{v, v, v, 255}
		}, Gray, 2},
		{"three colours", func(x, y int) color.NRGBA { return color.NRGBA{busy(x, y) / 86 * 9, 200, 7, 255} }, Palette, 2},
	}
	for _, c := range cases {
		out := checkLossless(t, c.name, byImagePNG(t, picture(64, 64, c.at)), Normal)
		if m := decode(t, out); m.Color != c.color || m.Depth != c.depth {
			t.Errorf("%s: %s at %d bits, want %s at %d", c.name, colorNames(m.Color), m.Depth, colorNames(c.color), c.depth)
		}
	}
}

func TestSixteenBitsAreReducedOnlyWhenExact(t *testing.T) {
	exact := &sketch{width: 30, height: 30, color: RGB, depth: 16}
	for i := range 30 * 30 * 3 {
		exact.samples = append(exact.samples, uint16(i*i%256)*257)
	}
	if m := decode(t, checkLossless(t, "exact", exact.file(t), Normal)); m.Depth > 8 {
		t.Errorf("exact: %d bits", m.Depth)
	}
	exact.samples[77]++
	if m := decode(t, checkLossless(t, "one off", exact.file(t), Normal)); m.Depth != 16 {
		t.Errorf("one sample off: %d bits", m.Depth)
	}
}

func TestTheStoredFormDoesNotMatter(t *testing.T) {
	// One picture, stored in four ways.
	at := func(x, y int) color.NRGBA { v := uint8(x*y%4) * 85; return color.NRGBA{v, v, v, 255} }
	img := picture(40, 30, at)
	gray := image.NewGray(img.Rect)
	colours := color.Palette{color.NRGBA{170, 170, 170, 255}, color.NRGBA{0, 0, 0, 255},
		color.NRGBA{255, 255, 255, 255}, color.NRGBA{9, 9, 9, 9}, color.NRGBA{85, 85, 85, 255}}
	indexed := image.NewPaletted(img.Rect, colours)
	wide := &sketch{width: 40, height: 30, color: RGBA, depth: 16, interlaced: true}
	for y := range 30 {
		for x := range 40 {
			c := at(x, y)
			gray.SetGray(x, y, color.Gray{Y: c.R})
			indexed.Set(x, y, c)
			v := uint16(c.R) * 257
			wide.samples = append(wide.samples, v, v, v, 65535)
		}
	}
	want := optimize(t, decode(t, byImagePNG(t, img)), Ancillary{}, Normal)
	for name, data := range map[string][]byte{"gray": byImagePNG(t, gray), "palette": byImagePNG(t, indexed), "wide": wide.file(t)} {
		if got := optimize(t, decode(t, data), Ancillary{}, Normal); !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes than from RGBA", name)
		}
	}
}

func TestLargePicturesAreSampledAndStillExact(t *testing.T) {
	const width, height = 680, 540
	if _, whole := bandsOf(height, Normal.budget(width*height*3).sample/(3*width+1)); whole {
		t.Fatal("the picture of this test is too small to be sampled")
	}
	img := picture(width, height, func(x, y int) color.NRGBA {
		return color.NRGBA{uint8(x * y >> 6), uint8(x), uint8(y + x/3), 255}
	})
	m := decode(t, byImagePNG(t, img))
	out := optimize(t, m, Ancillary{}, Normal)
	if !Equal(m, decode(t, out)) {
		t.Error("samples changed")
	}
}

func TestProfileDecidesBetweenGrayAndColour(t *testing.T) {
	gray := byImagePNG(t, picture(50, 50, func(x, y int) color.NRGBA {
		v := uint8(x*5) ^ uint8(y*3)
		return color.NRGBA{v, v, v, 255}
	}))
	profile := func(space string) Ancillary {
		p := make([]byte, 128)
		copy(p[16:], space)
		return Ancillary{ICCName: "test", ICC: p}
	}
	for space, wanted := range map[string][]Color{"RGB ": {RGB, RGBA, Palette}, "GRAY": {Gray, GrayAlpha}} {
		m := decode(t, optimize(t, decode(t, gray), profile(space), Normal))
		if !slices.Contains(wanted, m.Color) {
			t.Errorf("profile %q: written as %s", space, colorNames(m.Color))
		}
	}
}

func TestPaletteWithTransparencyKeepsTransShort(t *testing.T) {
	img := picture(64, 64, func(x, y int) color.NRGBA {
		h := uint32(x*7919+y*104729+1) * 2654435761
		h = (h ^ h>>15) * 2246822519 >> 13
		c := color.NRGBA{uint8(h&7) * 36, uint8(h>>3&7) * 36, 99, 255}
		if h&63 == 9 {
			c.A = 128
		}
		return c
	})
	m := decode(t, optimize(t, decode(t, byImagePNG(t, img)), Ancillary{}, Normal))
	if m.Color != Palette || len(m.Trans) != 1 || m.Trans[0] != 128 {
		t.Errorf("%s with tRNS %v", colorNames(m.Color), m.Trans)
	}
}

func TestNewPictureIsWritten(t *testing.T) {
	m, err := New(3, 1, Palette, 8, []byte{2, 0, 1}, []byte{1, 1, 1, 255, 2, 2, 9, 0, 3, 3, 3, 77})
	if err != nil {
		t.Fatal(err)
	}
	_, _, got := byStandard(t, optimize(t, m, Ancillary{}, Quick))
	var want []uint16
	for _, v := range []uint16{3, 3, 3, 77, 1, 1, 1, 255, 2, 2, 9, 0} {
		want = append(want, v*257)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestOptimizeStopsWhenCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out, err := Optimize(ctx, decode(t, sample(t, "gray16-alpha.png")), Ancillary{}, Normal)
	if !errors.Is(err, context.Canceled) || out != nil {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

func TestManyAtOnceGiveTheSameBytes(t *testing.T) {
	m := decode(t, (&sketch{width: 61, height: 47, color: RGBA, depth: 8}).noise(3).file(t))
	want := optimize(t, m, Ancillary{}, Normal)
	results := make([][]byte, 12)
	err := parallel(t.Context(), len(results), func(i int) (err error) {
		results[i], err = Optimize(t.Context(), m, Ancillary{}, Normal)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range results {
		if !bytes.Equal(got, want) {
			t.Errorf("run %d differs", i)
		}
	}
}

func TestBandsCoverWhatTheySay(t *testing.T) {
	if list, whole := bandsOf(10, 10); !whole || len(list) != 2 || list[0].to != list[1].from || list[1].to != 10 {
		t.Errorf("whole: %v", list)
	}
	list, whole := bandsOf(1000, 60)
	rows, end := 0, 0
	for _, b := range list {
		if b.from < end || b.to > 1000 || b.from >= b.to {
			t.Errorf("band %v after %d", b, end)
		}
		rows, end = rows+b.to-b.from, b.to
	}
	if whole || rows != 60 {
		t.Errorf("%d rows, whole %v", rows, whole)
	}
}

func TestLogarithmIsExactAtPowersAndRises(t *testing.T) {
	for i := range 32 {
		if got := log2(1 << i); got != uint32(i)<<16 {
			t.Errorf("log2(2^%d) = %d/65536", i, got)
		}
	}
	if got := log2(3); got != 103872 { // 1.58496250…×65536 = 103872.1
		t.Errorf("log2(3) = %d/65536", got)
	}
	for n := uint32(2); n < 5000; n++ {
		if log2(n) <= log2(n-1) {
			t.Fatalf("log2 does not rise at %d", n)
		}
	}
}

func TestEntriesOfEveryOrderAreEachColourOnce(t *testing.T) {
	f, m := analyse(decode(t, sample(t, "palette-dinosaur.png")))
	for _, by := range []string{byPopularity, byLuminance, byNeighbour} {
		order := paletteOrder(&f, m.Width, by)
		seen := slices.Clone(order)
		slices.Sort(seen)
		if len(slices.Compact(seen)) != len(f.colours) {
			t.Errorf("%s: %d of %d colours", by, len(seen), len(f.colours))
		}
		text := ""
		for _, i := range order {
			text += string(rune('0' + solid(&f, i)))
		}
		if strings.Contains(text, "10") {
			t.Errorf("%s: an opaque colour stands before one that is not", by)
		}
	}
}
