package metric_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/metric"
	"compressor/internal/vips"
)

func TestMain(m *testing.M) {
	if err := vips.Start(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func stored(t *testing.T, data []byte) codec.Subject {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := blob.Of(path)
	if err != nil {
		t.Fatal(err)
	}
	return codec.Subject{Blob: b}
}

func pngOf(t *testing.T, im image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t *testing.T, im image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, im, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// drawn makes a picture of one kind from a function of the place.
func drawn[I interface {
	image.Image
	Set(x, y int, c color.Color)
}](im I, at func(x, y int) color.Color) I {
	box := im.Bounds()
	for y := range box.Dy() {
		for x := range box.Dx() {
			im.Set(x, y, at(x, y))
		}
	}
	return im
}

var box = image.Rect(0, 0, 24, 20)

func slope(x, y int) color.Color { return color.Gray{Y: uint8(x*9 + y)} }

// withChunk puts a chunk behind IHDR.
func withChunk(data []byte, kind string, body []byte) []byte {
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), kind...)
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return bytes.Join([][]byte{data[:33], chunk, data[33:]}, nil)
}

func profile(t *testing.T, name string) []byte {
	t.Helper()
	icc, err := os.ReadFile("../../testdata/photometa/" + name + ".icc")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("p\x00\x00")
	w := zlib.NewWriter(&b)
	w.Write(icc) // into memory: it cannot fail
	w.Close()
	return b.Bytes()
}

// TestEqual: what is stored in another way is equal; what decodes to anything else is not.
func TestEqual(t *testing.T) {
	rgb := drawn(image.NewNRGBA(box), slope)
	plain := pngOf(t, rgb)
	one := drawn(image.NewNRGBA(box), slope)
	one.SetNRGBA(23, 19, color.NRGBA{R: 1, G: 226, B: 226, A: 255})
	clear := drawn(image.NewNRGBA(box), func(x, y int) color.Color { return color.NRGBA{R: uint8(x), A: uint8(y / 10 * 255)} })
	hidden := drawn(image.NewNRGBA(box), func(x, y int) color.Color { return color.NRGBA{R: uint8(x + (1 - y/10)), A: uint8(y / 10 * 255)} })
	gray16 := drawn(image.NewGray16(box), slope)
	fine := drawn(image.NewGray16(box), slope)
	fine.SetGray16(3, 3, color.Gray16{Y: gray16.Gray16At(3, 3).Y + 1})
	for name, test := range map[string]struct {
		a, b  []byte
		equal bool
	}{
		"itself":                      {plain, plain, true},
		"gray as colour":              {plain, pngOf(t, drawn(image.NewGray(box), slope)), true},
		"8 bits as 16":                {plain, pngOf(t, gray16), true},
		"16 bits that 8 cannot hold":  {plain, pngOf(t, fine), false},
		"opaque alpha as none":        {plain, pngOf(t, drawn(image.NewNRGBA(box), func(x, y int) color.Color { return slope(x, y) })), true},
		"one sample by one":           {plain, pngOf(t, one), false},
		"alpha":                       {plain, pngOf(t, clear), false},
		"what alpha hides counts too": {pngOf(t, clear), pngOf(t, hidden), false},
		"another size":                {plain, pngOf(t, drawn(image.NewNRGBA(image.Rect(0, 0, 20, 24)), slope)), false},
		"sRGB said or unsaid":         {plain, withChunk(plain, "iCCP", profile(t, "sRGB-v4")), true},
		"another profile":             {plain, withChunk(plain, "iCCP", profile(t, "DisplayP3-v4")), false},
		"the same profile": {withChunk(plain, "iCCP", profile(t, "DisplayP3-v4")),
			withChunk(plain, "iCCP", profile(t, "DisplayP3-v4")), true},
		"a lossy copy": {plain, jpegOf(t, rgb, 50), false},
	} {
		for _, pair := range [][2][]byte{{test.a, test.b}, {test.b, test.a}} {
			ref, err := metric.Pixels{}.Reference(t.Context(), stored(t, pair[0]))
			if err != nil {
				t.Fatal(err)
			}
			equal, err := ref.Equal(t.Context(), stored(t, pair[1]))
			if err != nil || equal != test.equal {
				t.Errorf("%s: %t, %v", name, equal, err)
			}
			ref.Close()
		}
	}
}

// TestScore: equal is 100, worse is less, and the worst region is never above the mean.
func TestScore(t *testing.T) {
	im := drawn(image.NewNRGBA(image.Rect(0, 0, 120, 90)), func(x, y int) color.Color {
		return color.NRGBA{R: uint8(x * 2), G: uint8(y*2 + x*y%13), B: uint8(x*x/60 + y), A: 255}
	})
	ref, err := metric.Pixels{}.Reference(t.Context(), stored(t, pngOf(t, im)))
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	before := 100.1
	for _, data := range [][]byte{pngOf(t, im), jpegOf(t, im, 95), jpegOf(t, im, 60), jpegOf(t, im, 10)} {
		got, err := ref.Score(t.Context(), stored(t, data))
		if err != nil {
			t.Fatal(err)
		}
		again, err := ref.Score(t.Context(), stored(t, data))
		if err != nil || again != got {
			t.Errorf("%+v, then %+v, %v", got, again, err)
		}
		if got.Mean >= before || got.Mean > 100 || got.Worst > got.Mean {
			t.Errorf("%+v after %g", got, before)
		}
		if before > 100 && got.Mean != 100 {
			t.Errorf("equal pictures score %g", got.Mean)
		}
		before = got.Mean
	}
	if before > 60 {
		t.Errorf("a JPEG of quality 10 scores %g", before)
	}
	if _, err := ref.Score(t.Context(), stored(t, pngOf(t, drawn(image.NewNRGBA(image.Rect(0, 0, 90, 120)), slope)))); err == nil {
		t.Error("another size has a score")
	}
	if _, err := ref.Score(t.Context(), stored(t, []byte("text"))); err == nil {
		t.Error("text has a score")
	}
	if _, err := (metric.Pixels{}).Reference(t.Context(), stored(t, []byte("text"))); err == nil {
		t.Error("text is a reference")
	}
}

// TestScoreKinds: alpha, depth, gray and profile are compared as they are shown.
func TestScoreKinds(t *testing.T) {
	faded := func(alpha uint8) func(x, y int) color.Color {
		return func(x, y int) color.Color { return color.NRGBA{R: uint8(x * 9), G: uint8(y * 9), B: 90, A: alpha} }
	}
	plain := pngOf(t, drawn(image.NewNRGBA(box), slope))
	p3 := withChunk(pngOf(t, drawn(image.NewNRGBA(box), faded(255))), "iCCP", profile(t, "DisplayP3-v4"))
	for name, test := range map[string]struct {
		a, b []byte
		same bool
	}{
		"gray as colour":     {plain, pngOf(t, drawn(image.NewGray(box), slope)), true},
		"8 bits as 16":       {plain, pngOf(t, drawn(image.NewGray16(box), slope)), true},
		"alpha kept":         {pngOf(t, drawn(image.NewNRGBA(box), faded(128))), pngOf(t, drawn(image.NewNRGBA(box), faded(128))), true},
		"alpha lost":         {pngOf(t, drawn(image.NewNRGBA(box), faded(128))), pngOf(t, drawn(image.NewNRGBA(box), faded(255))), false},
		"the profile's loss": {p3, pngOf(t, drawn(image.NewNRGBA(box), faded(255))), false},
		"a tiny picture": {pngOf(t, drawn(image.NewNRGBA(image.Rect(0, 0, 1, 2)), slope)),
			pngOf(t, drawn(image.NewGray(image.Rect(0, 0, 1, 2)), slope)), true},
	} {
		ref, err := metric.Pixels{}.Reference(t.Context(), stored(t, test.a))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ref.Score(t.Context(), stored(t, test.b))
		if err != nil || test.same != (got.Mean > 99.9) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		ref.Close()
	}
}

// TestScoreDeepProfile: 16 bits behind a profile show what 8 bits do, but for rounding, with
// alpha and without.
func TestScoreDeepProfile(t *testing.T) {
	box := image.Rect(0, 0, 24, 20)
	for _, alpha := range []uint8{255, 128} {
		ramp := func(x, y int) color.Color { return color.NRGBA{R: uint8(x * 9), G: uint8(y * 9), B: 90, A: alpha} }
		shallow := withChunk(pngOf(t, drawn(image.NewNRGBA(box), ramp)), "iCCP", profile(t, "DisplayP3-v4"))
		deep := withChunk(pngOf(t, drawn(image.NewNRGBA64(box), ramp)), "iCCP", profile(t, "DisplayP3-v4"))
		ref, err := metric.Pixels{}.Reference(t.Context(), stored(t, deep))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ref.Score(t.Context(), stored(t, shallow))
		ref.Close()
		if err != nil || got.Mean < 95 {
			t.Errorf("alpha %d: %+v, %v", alpha, got, err)
		}
	}
}

// TestScoreSmall: a picture too small for the metric's windows is judged as strictly as others.
func TestScoreSmall(t *testing.T) {
	for _, box := range []image.Rectangle{image.Rect(0, 0, 200, 3), image.Rect(0, 0, 3, 200), image.Rect(0, 0, 15, 10)} {
		im := drawn(image.NewNRGBA(box), func(x, y int) color.Color {
			return color.NRGBA{R: uint8(x * 37), G: uint8(y * 71), B: uint8(x*y*13 + 40), A: 255}
		})
		ref, err := metric.Pixels{}.Reference(t.Context(), stored(t, pngOf(t, im)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ref.Score(t.Context(), stored(t, jpegOf(t, im, 3)))
		ref.Close()
		if err != nil || got.Mean > 40 {
			t.Errorf("%v: %+v, %v", box, got, err)
		}
	}
}
