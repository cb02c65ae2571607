package jpeg_test

import (
	"testing"

	stdjpeg "image/jpeg"

	"compressor/internal/codec"
	"compressor/internal/codec/codectest"
	"compressor/internal/codec/jpeg"
	"compressor/internal/problem"
	"compressor/internal/recipe"
)

func TestCodec(t *testing.T) {
	codectest.Run(t, codectest.Suite{Format: jpeg.ID, Samples: samples(t), Decode: stdjpeg.Decode, Rounds: true})
}

func FuzzInspect(f *testing.F) {
	codectest.FuzzInspect(f, codectest.Suite{Format: jpeg.ID, Samples: samples(f), Decode: stdjpeg.Decode, Rounds: true})
}

// TestSides: a picture wider than a JPEG can be is refused by name, not by a failure.
func TestSides(t *testing.T) {
	in := codec.Subject{Format: "png", Facts: codec.Facts{Width: 70000, Height: 1}}
	for name, test := range map[string]struct {
		in    codec.Subject
		img   recipe.Image
		field string
	}{
		"too wide":        {in, recipe.Image{}, "image.format"},
		"wide, cut":       {in, recipe.Image{Crop: &recipe.Crop{Mode: "ratio", Ratio: "1:1"}}, ""},
		"grown too large": {codec.Subject{Format: jpeg.ID, Facts: codec.Facts{Width: 65000, Height: 1}}, grown(66000), "image.resize"},
	} {
		plan, err := jpeg.Codec{}.Plan(t.Context(), test.in, jpeg.ID, recipe.Recipe{Image: test.img})
		if plan.Close != nil {
			plan.Close()
		}
		field := ""
		if p := problem.From(err); err != nil && p.Code == problem.OptionsInvalid {
			field = p.Fields[0].Path
		}
		if field != test.field || err != nil && field == "" {
			t.Errorf("%s: %v, want %q refused", name, err, test.field)
		}
	}
}

// grown asks for a width, even if that enlarges.
func grown(width int) recipe.Image {
	yes := true
	return recipe.Image{Resize: &recipe.Resize{Mode: "auto", Width: &width, Upscale: &yes}}
}
