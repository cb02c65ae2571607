package jpegquant_test

import (
	"bytes"
	"image"
	stdjpeg "image/jpeg"
	"math"
	"testing"

	"compressor/internal/jpegdct"
	"compressor/internal/jpegquant"
)

// drawing is a picture of slopes, an edge and some noise, in RGB or gray.
func drawing(width, height, channels int) jpegquant.Pixels {
	p := jpegquant.Pixels{Width: width, Height: height, Channels: channels}
	noise := uint32(1)
	for y := range height {
		for x := range width {
			noise = noise*1664525 + 1013904223
			for c := range channels {
				v := 60 + 2*x*(c+1) - y + int(noise>>28)
				if x > width/2 {
					v = 200 - 3*y + int(noise>>27)
				}
				p.Pix = append(p.Pix, byte(min(max(v, 0), 255)))
			}
		}
	}
	return p
}

func transformed(t testing.TB, p jpegquant.Pixels, s jpegquant.Sampling) *jpegquant.Source {
	t.Helper()
	src, err := jpegquant.FromPixels(p, s)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func written(t testing.TB, f *jpegdct.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpegdct.Write(&b, f, jpegdct.Options{Progressive: true}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decoded is by the standard library, which shares nothing with this package.
func decoded(t testing.TB, data []byte) image.Image {
	t.Helper()
	im, err := stdjpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// plain rounds to the nearest multiple of one step.
func plain(step uint16, components int) []jpegquant.Settings {
	out := make([]jpegquant.Settings, components)
	for i := range out {
		for k := range out[i].Steps {
			out[i].Steps[k] = step
		}
	}
	return out
}

// farthest is the largest difference of a sample.
func farthest(p jpegquant.Pixels, im image.Image) (far int) {
	for i := range p.Width * p.Height {
		r, g, b, _ := im.At(i%p.Width, i/p.Width).RGBA()
		got := [3]uint32{r >> 8, g >> 8, b >> 8}
		for c := range p.Channels {
			far = max(far, int(got[c])-int(p.Pix[i*p.Channels+c]), int(p.Pix[i*p.Channels+c])-int(got[c]))
		}
	}
	return far
}

// TestNearlyLossless: at steps of one, pixels come back but for what YCbCr rounds.
func TestNearlyLossless(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {8, 8}, {17, 11}, {9, 40}, {64, 48}} {
		for _, channels := range []int{1, 3} {
			p := drawing(size[0], size[1], channels)
			src := transformed(t, p, jpegquant.Full)
			if src.Components() != channels {
				t.Fatalf("%d components of %d channels", src.Components(), channels)
			}
			im := decoded(t, written(t, src.Quantize(plain(1, channels))))
			if got := im.Bounds().Size(); got.X != size[0] || got.Y != size[1] {
				t.Errorf("%v became %v", size, got)
			}
			if far := farthest(p, im); far > 3 {
				t.Errorf("%v, %d channels: a sample is off by %d", size, channels, far)
			}
		}
	}
}

// TestSampled: smooth colours survive every sampling, whatever the size.
func TestSampled(t *testing.T) {
	for _, s := range []jpegquant.Sampling{jpegquant.Half, jpegquant.Quarter} {
		for _, size := range [][2]int{{1, 1}, {2, 1}, {3, 5}, {33, 17}, {64, 64}} {
			p := jpegquant.Pixels{Width: size[0], Height: size[1], Channels: 3}
			for y := range size[1] {
				for x := range size[0] {
					p.Pix = append(p.Pix, byte(80+x), byte(120-y), byte(90+y))
				}
			}
			src := transformed(t, p, s)
			if far := farthest(p, decoded(t, written(t, src.Quantize(plain(1, 3))))); far > 4 {
				t.Errorf("%v of %v: a sample is off by %d", s, size, far)
			}
			if blue, red := src.Missed(); blue > 0.1 || red > 0.1 {
				t.Errorf("%v of %v: %g and %g were missed of a smooth picture", s, size, blue, red)
			}
		}
	}
}

// TestMissed: what sampling leaves out of fine detail is seen.
func TestMissed(t *testing.T) {
	p := jpegquant.Pixels{Width: 32, Height: 32, Channels: 3}
	for i := range 32 * 32 {
		p.Pix = append(p.Pix, byte(i%2*255), 0, 0) // columns of red and black
	}
	// Cr alternates between 0 and 127.5: half that from its mean, squared.
	_, red := transformed(t, p, jpegquant.Half).Missed()
	if want := 127.5 / 2 * 127.5 / 2; math.Abs(red-want) > want/10 {
		t.Errorf("%g was missed, want about %g", red, want)
	}
	if blue, red := transformed(t, p, jpegquant.Full).Missed(); blue != 0 || red != 0 {
		t.Error("full chroma misses something")
	}
}

func TestMalformed(t *testing.T) {
	for name, p := range map[string]jpegquant.Pixels{
		"none":         {},
		"too short":    {Width: 2, Height: 2, Channels: 3, Pix: make([]byte, 11)},
		"two channels": {Width: 2, Height: 2, Channels: 2, Pix: make([]byte, 8)},
	} {
		if _, err := jpegquant.FromPixels(p, jpegquant.Full); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestOwnCoefficients: at a file's own steps, its own coefficients come out.
func TestOwnCoefficients(t *testing.T) {
	var b bytes.Buffer
	p := drawing(45, 35, 3)
	im := image.NewRGBA(image.Rect(0, 0, 45, 35))
	for i := range 45 * 35 {
		copy(im.Pix[4*i:], p.Pix[3*i:3*i+3])
		im.Pix[4*i+3] = 255
	}
	if err := stdjpeg.Encode(&b, im, &stdjpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	f, err := jpegdct.Parse(b.Bytes(), jpegdct.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	settings := make([]jpegquant.Settings, 3)
	for i := range settings {
		settings[i].Steps = f.Components[i].Quant
	}
	got := jpegquant.FromFile(f).Quantize(settings)
	if !bytes.Equal(written(t, got), written(t, f)) {
		t.Error("coefficients changed on the way")
	}
}

// TestAim: tables are legal, and finer on a larger scale.
func TestAim(t *testing.T) {
	for _, s := range []jpegquant.Sampling{jpegquant.Quarter, jpegquant.Full} {
		for _, score := range []float64{0, 60, 68, 85, 100} {
			var before []jpegquant.Settings
			for _, scale := range []float64{0.02, 0.3, 1, 3, 20} {
				now := jpegquant.Aim{Score: score, Sampling: s, Scale: scale}.Settings(3)
				for i := range now {
					for k, step := range now[i].Steps {
						if step < 1 || step > 255 || before != nil && step > before[i].Steps[k] {
							t.Fatalf("%v, score %g, scale %g: component %d has step %d at %d", s, score, scale, i, step, k)
						}
					}
				}
				before = now
			}
			if before[0].Steps[0] != 1 {
				t.Errorf("%v, score %g: the finest step is %d", s, score, before[0].Steps[0])
			}
		}
	}
}

// TestQuantize: sizes fall with the scale, the trellis saves bytes over rounding, and the
// same comes out twice.
func TestQuantize(t *testing.T) {
	src := transformed(t, drawing(160, 120, 3), jpegquant.Quarter)
	last := math.MaxInt
	for _, scale := range []float64{4, 1.5, 0.6, 0.2} {
		settings := jpegquant.Aim{Score: 75, Sampling: jpegquant.Quarter, Scale: scale}.Settings(3)
		data := written(t, src.Quantize(settings))
		if !bytes.Equal(data, written(t, src.Quantize(settings))) {
			t.Errorf("scale %g: two results", scale)
		}
		if im := decoded(t, data); im.Bounds().Dx() != 160 || im.Bounds().Dy() != 120 {
			t.Errorf("scale %g: %v", scale, im.Bounds())
		}
		for i := range settings {
			settings[i].Lambda = 0
		}
		if rounded := len(written(t, src.Quantize(settings))); len(data) >= rounded*97/100 || len(data) >= last {
			t.Errorf("scale %g: %d bytes, %d with rounding, %d on the scale before", scale, len(data), rounded, last)
		}
		last = len(data)
	}
}

// FuzzRequantize: whatever parses can be quantized again and read back.
func FuzzRequantize(f *testing.F) {
	src := transformed(f, drawing(20, 12, 3), jpegquant.Quarter)
	f.Add(written(f, src.Quantize(plain(1, 3))), 1.0)
	f.Add(written(f, transformed(f, drawing(9, 9, 1), jpegquant.Full).Quantize(plain(255, 1))), 0.01)
	f.Fuzz(func(t *testing.T, data []byte, scale float64) {
		file, err := jpegdct.Parse(data, jpegdct.Limits{Pixels: 1 << 16})
		if err != nil || len(file.Components) == 4 || !(scale > 0) || math.IsInf(scale, 0) {
			return
		}
		src := jpegquant.FromFile(file)
		out := src.Quantize(jpegquant.Aim{Score: 75, Scale: scale}.Settings(src.Components()))
		var b bytes.Buffer
		if err := jpegdct.Write(&b, out, jpegdct.Options{}); err != nil {
			t.Fatal(err)
		}
		if _, err := jpegdct.Parse(b.Bytes(), jpegdct.Limits{}); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkQuantize(b *testing.B) {
	src := transformed(b, drawing(512, 512, 3), jpegquant.Quarter)
	settings := jpegquant.Aim{Score: 75, Sampling: jpegquant.Quarter, Scale: 1.4}.Settings(3)
	for b.Loop() {
		src.Quantize(settings)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/0.262144, "ms/MP")
}
