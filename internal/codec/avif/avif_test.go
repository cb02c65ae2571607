package avif_test

import (
	"testing"

	"compressor/internal/codec"
	"compressor/internal/codec/avif"
	"compressor/internal/codec/codectest"
	"compressor/internal/problem"
	"compressor/internal/recipe"
)

func suite(t testing.TB) codectest.Suite {
	return codectest.Suite{Format: avif.ID, Samples: samples(t), Decode: avifdec, Rounds: true}
}

func TestCodec(t *testing.T) { codectest.Run(t, suite(t)) }

func FuzzInspect(f *testing.F) { codectest.FuzzInspect(f, suite(f)) }

// TestSides: a picture wider than an AVIF can be made is refused by name.
func TestSides(t *testing.T) {
	wide := 17000
	yes := true
	for name, test := range map[string]struct {
		in    codec.Subject
		img   recipe.Image
		field string
	}{
		"too wide":  {codec.Subject{Format: "png", Facts: codec.Facts{Width: wide, Height: 1}}, recipe.Image{}, "image.format"},
		"wide, cut": {codec.Subject{Format: "png", Facts: codec.Facts{Width: wide, Height: 1}}, recipe.Image{Crop: &recipe.Crop{Mode: "ratio", Ratio: "1:1"}}, ""},
		"grown": {codec.Subject{Format: avif.ID, Facts: codec.Facts{Width: 16000, Height: 1}},
			recipe.Image{Resize: &recipe.Resize{Mode: "auto", Width: &wide, Upscale: &yes}}, "image.resize"},
	} {
		plan, err := avif.Codec{}.Plan(t.Context(), test.in, avif.ID, recipe.Recipe{Image: test.img})
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
