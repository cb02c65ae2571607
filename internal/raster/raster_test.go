package raster_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/raster"
	"compressor/internal/recipe"
	"compressor/internal/vips"
)

func TestMain(m *testing.M) {
	if err := vips.Start(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func stored(t *testing.T, data []byte) blob.Blob {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := blob.Of(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encoded(t *testing.T, im image.Image) blob.Blob {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return stored(t, b.Bytes())
}

// filled is a picture of one colour, of the kind that the colour model says.
func filled(model color.Model, width, height int, c color.Color) image.Image {
	box := image.Rect(0, 0, width, height)
	var im interface {
		image.Image
		Set(x, y int, c color.Color)
	}
	switch model {
	case color.GrayModel:
		im = image.NewGray(box)
	case color.Gray16Model:
		im = image.NewGray16(box)
	case color.NRGBA64Model:
		im = image.NewNRGBA64(box)
	default:
		im = image.NewNRGBA(box)
	}
	for y := range height {
		for x := range width {
			im.Set(x, y, c)
		}
	}
	return im
}

// TestSource: what is written from is cut, scaled, placed and flattened, at every depth;
// the background is the colour that was asked for, and not a shade of it.
func TestSource(t *testing.T) {
	red := color.NRGBA{R: 255, A: 255}
	pad := func(background string) recipe.Image {
		return recipe.Image{Background: "#336699", Resize: &recipe.Resize{Mode: "pad", Width: n(20), Height: n(10), Gravity: "center", Background: background}}
	}
	for name, test := range map[string]struct {
		in            image.Image
		img           recipe.Image
		alpha         bool // the output can hold it
		width, height int
		corner, inner color.NRGBA // at 0,0 and at 9,4
	}{
		"untouched":         {filled(color.NRGBAModel, 12, 9, red), recipe.Image{}, true, 12, 9, red, red},
		"pad, alpha":        {filled(color.NRGBAModel, 10, 10, red), pad(""), true, 20, 10, color.NRGBA{}, red},
		"pad, no alpha":     {filled(color.NRGBAModel, 10, 10, red), pad(""), false, 20, 10, color.NRGBA{255, 255, 255, 255}, red},
		"pad, a colour":     {filled(color.NRGBAModel, 10, 10, red), pad("#0000ff"), true, 20, 10, color.NRGBA{0, 0, 255, 255}, red},
		"pad, gray":         {filled(color.GrayModel, 10, 10, color.Gray{Y: 100}), pad("#ffffff"), true, 20, 10, color.NRGBA{255, 255, 255, 255}, color.NRGBA{100, 100, 100, 255}},
		"pad, 16 bits":      {filled(color.Gray16Model, 10, 10, color.Gray16{Y: 100 * 257}), pad("#ffffff"), true, 20, 10, color.NRGBA{255, 255, 255, 255}, color.NRGBA{100, 100, 100, 255}},
		"pad, 16 and alpha": {filled(color.NRGBA64Model, 10, 10, color.NRGBA64{R: 0xffff, A: 0xfffe}), pad("#0000ff"), true, 20, 10, color.NRGBA{0, 0, 255, 255}, red},
		"pad, transparent where none can be": {filled(color.NRGBAModel, 10, 10, red), pad("transparent"), false, 20, 10,
			color.NRGBA{0x33, 0x66, 0x99, 255}, red},
		"clear, flattened":          {filled(color.NRGBAModel, 12, 9, color.NRGBA{R: 9}), recipe.Image{Background: "#336699"}, false, 12, 9, color.NRGBA{0x33, 0x66, 0x99, 255}, color.NRGBA{0x33, 0x66, 0x99, 255}},
		"clear, 16 bits, flattened": {filled(color.NRGBA64Model, 12, 9, color.NRGBA64{R: 9}), recipe.Image{Background: "#ffffff"}, false, 12, 9, color.NRGBA{255, 255, 255, 255}, color.NRGBA{255, 255, 255, 255}},
		"crop": {filled(color.NRGBAModel, 30, 30, red), recipe.Image{Crop: &recipe.Crop{Mode: "rect", Width: n(12), Height: n(9), Gravity: "smart"}},
			true, 12, 9, red, red},
		"fit": {filled(color.NRGBAModel, 30, 40, red), recipe.Image{Resize: &recipe.Resize{Mode: "fit", Width: n(15), Height: n(15), Gravity: "smart"}},
			true, 15, 15, red, red},
		"a column, enlarged": {filled(color.NRGBAModel, 1, 10, red), recipe.Image{Resize: &recipe.Resize{Mode: "exact", Width: n(10), Height: n(5)}},
			true, 10, 5, red, red},
		"a pixel": {filled(color.NRGBAModel, 300, 300, red), recipe.Image{Resize: &recipe.Resize{Mode: "exact", Width: n(1), Height: n(1)}}, true, 1, 1, red, color.NRGBA{}},
	} {
		box := test.in.Bounds()
		steps, err := raster.Plan(box.Dx(), box.Dy(), test.img)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		source := raster.NewSource(encoded(t, test.in), steps, test.img, test.alpha)
		var b bytes.Buffer
		if err := source.WriteReference(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		source.Close()
		out, err := png.Decode(&b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if size := out.Bounds().Size(); size.X != test.width || size.Y != test.height {
			t.Errorf("%s: %v, want %d×%d", name, size, test.width, test.height)
		}
		at := func(x, y int) color.NRGBA { return color.NRGBAModel.Convert(out.At(x, y)).(color.NRGBA) }
		if at(0, 0) != test.corner {
			t.Errorf("%s: the corner is %v, want %v", name, at(0, 0), test.corner)
		}
		if test.width > 9 && at(9, 4) != test.inner {
			t.Errorf("%s: inside is %v, want %v", name, at(9, 4), test.inner)
		}
	}
}

// TestScalingKeepsHiddenColoursOut: the green under full transparency must not bleed into
// what is seen.
func TestScalingKeepsHiddenColoursOut(t *testing.T) {
	im := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for y := range 40 {
		for x := range 40 {
			im.SetNRGBA(x, y, color.NRGBA{G: 255})
			if x < 20 {
				im.SetNRGBA(x, y, color.NRGBA{R: 255, A: 255})
			}
		}
	}
	img := recipe.Image{Resize: &recipe.Resize{Mode: "exact", Width: n(13), Height: n(13)}}
	steps, err := raster.Plan(40, 40, img)
	if err != nil {
		t.Fatal(err)
	}
	source := raster.NewSource(encoded(t, im), steps, img, true)
	defer source.Close()
	var b bytes.Buffer
	if err := source.WriteReference(&b); err != nil {
		t.Fatal(err)
	}
	out, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for x := range 13 {
		if c := color.NRGBAModel.Convert(out.At(x, 6)).(color.NRGBA); c.A > 0 {
			seen++
			if c.G > 2 || c.R < 250 {
				t.Errorf("column %d is %v", x, c)
			}
		}
	}
	if seen < 6 || seen > 9 {
		t.Errorf("%d of 13 columns are seen", seen)
	}
}

func TestOpenRefuses(t *testing.T) {
	good, err := encoded(t, filled(color.NRGBAModel, 50, 50, color.White)).Bytes(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"text": []byte("hello"), "half a picture": good[:len(good)/2], "nothing": nil} {
		if _, err := raster.Open(stored(t, data)); !problem.Has(err, problem.FileCorrupt) {
			t.Errorf("%s: %v, want file-corrupt", name, err)
		}
	}
}

// TestTinted: a colour behind a gray picture is that colour, at either depth.
func TestTinted(t *testing.T) {
	clear, err := vips.FromPixels(4, 4, 2, make([]byte, 2*16))
	if err != nil {
		t.Fatal(err)
	}
	defer clear.Close()
	shallow, err := clear.PNG()
	if err != nil {
		t.Fatal(err)
	}
	deep, err := os.ReadFile("../../testdata/image/png/gray16-alpha.png") // almost clear in its corner
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"8 bits": shallow, "16 bits": deep} {
		t.Run(name, func(t *testing.T) {
			s := raster.NewSource(stored(t, data), raster.Steps{}, recipe.Image{Background: "#ff0000"}, false)
			defer s.Close()
			s.Tinted()
			got, err := s.Image()
			if err != nil {
				t.Fatal(err)
			}
			shown, err := got.SRGB()
			if err != nil {
				t.Fatal(err)
			}
			defer shown.Close()
			pix, err := shown.Pixels()
			if err != nil || shown.Bands() != 3 || pix[0] < 248 || pix[1] > 1 || pix[2] > 1 {
				t.Errorf("%d bands, %v, %v", shown.Bands(), pix[:3], err)
			}
		})
	}
}

// TestDeepAlpha: a profile does not touch alpha, which comes down from 16 to 8 bits all the same.
func TestDeepAlpha(t *testing.T) {
	data, err := os.ReadFile("../../testdata/image/png/gray16-alpha.png")
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	im, err := raster.Open(stored(t, data))
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	if len(im.Profile()) == 0 {
		t.Fatal("the sample has no profile")
	}
	shown, err := im.SRGB()
	if err != nil {
		t.Fatal(err)
	}
	defer shown.Close()
	pix, err := shown.Pixels()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pix)/4; i++ {
		_, _, _, alpha := want.At(i%im.Width(), i/im.Width()).RGBA()
		if got := uint32(pix[4*i+3]); got != alpha>>8 {
			t.Fatalf("pixel %d: alpha %d, want %d", i, got, alpha>>8)
		}
	}
}

func TestColoured(t *testing.T) {
	for background, want := range map[string]bool{
		"": false, "transparent": false, "#ffffff": false, "#7f7f7f": false, "#ff0000": true, "#000001": true,
	} {
		if raster.Coloured(background) != want {
			t.Errorf("%q is taken for coloured: %v", background, !want)
		}
	}
}
