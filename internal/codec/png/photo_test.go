package png_test

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	stdpng "image/png"
	"os"
	"strings"
	"testing"

	"compressor/internal/codec/codectest"
	"compressor/internal/codec/png"
	"compressor/internal/recipe"
)

// TestPhoto: a photo that 256 colours cannot show well enough is posterized, to much less than
// it takes without loss. A size between the two is used, too.
func TestPhoto(t *testing.T) {
	f, err := os.Open("../../../testdata/image/jpeg/tomato-product.jpg")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	photo, err := jpeg.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	cut := image.NewNRGBA(image.Rect(0, 0, 200, 200))
	draw.Draw(cut, cut.Bounds(), photo, photo.Bounds().Min, draw.Src)
	if err := stdpng.Encode(&data, cut); err != nil {
		t.Fatal(err)
	}
	compress := func(change func(*recipe.Image)) (size int64, chosen string, score float64) {
		r := recipe.Recipe{Image: recipe.Image{Compression: recipe.CompressionLossless, Format: recipe.Formats{recipe.Keep}}}
		change(&r.Image)
		out, err := codectest.Compress(t, png.ID, data.Bytes(), r)
		if err != nil {
			t.Fatal(err)
		}
		return out.Output.Size, out.Report.Chosen, *out.Report.Score
	}
	whole, _, _ := compress(func(*recipe.Image) {})
	floor := 93.0
	size, chosen, score := compress(func(img *recipe.Image) { img.Compression, img.MinScore = recipe.CompressionHigh, &floor })
	if !strings.HasPrefix(chosen, "posterized") || score < floor || float64(size) > 0.8*float64(whole) {
		t.Errorf("%s: %d bytes of %d, score %.1f", chosen, size, whole, score)
	}
	most := whole * 3 / 4
	within, chosen, score := compress(func(img *recipe.Image) { img.Compression, img.MaxBytes = recipe.CompressionHigh, &most })
	if !strings.HasPrefix(chosen, "posterized") || within > most || float64(within) < 0.8*float64(most) || score < 90 {
		t.Errorf("%s: %d bytes of %d, score %.1f", chosen, within, most, score)
	}
}
