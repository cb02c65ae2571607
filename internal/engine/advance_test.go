package engine_test

import (
	"context"
	"slices"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/recipe"
)

// TestLongSteps: what a candidate tells of itself while it encodes is heard, one candidate
// after the other, and never falls, whatever it says.
func TestLongSteps(t *testing.T) {
	long := func(label string) codec.Candidate {
		return codec.Candidate{Label: label, Format: fake, Encode: func(ctx context.Context, dst *blob.Writer) error {
			for _, share := range []float64{0, 0.5, 0.25, 1, 7, -1} {
				codec.Progress(ctx, share)
			}
			_, err := dst.Write(file(fake, 90, contents{Score: 95}))
			return err
		}}
	}
	e := newEngine(t, proposing(long("one"), long("two")))
	var seen []float64
	q := request(t, original(), at(recipe.CompressionHigh))
	q.Progress = func(p engine.Progress) {
		if p.Phase == "encode" {
			seen = append(seen, p.Percent)
		}
	}
	if _, err := e.Compress(t.Context(), q, blob.NewScratch(t.TempDir())); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(seen) {
		t.Errorf("progress fell: %v", seen)
	}
	// Half and all of the first step, which is half of its candidate's 40 percents, of which
	// encoding is four fifths.
	for _, want := range []float64{10, 18, 26, 50, 58, 66} {
		if !slices.Contains(seen, want) {
			t.Errorf("progress at %v, never at %g", seen, want)
		}
	}
	codec.Progress(t.Context(), 0.5) // nobody listens
}
