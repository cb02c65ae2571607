package engine_test

import (
	"context"
	"slices"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/format"
	"compressor/internal/recipe"
)

// TestLongSteps: what a candidate tells of itself while it encodes, and a metric while it
// compares, is heard, one candidate after the other, and never falls, whatever they say.
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
	var seen, compared []float64
	q := request(t, original(), at(recipe.CompressionHigh))
	q.Progress = func(p engine.Progress) {
		if p.Phase == "encode" {
			seen = append(seen, p.Percent)
		}
		if p.Phase == "compare" {
			compared = append(compared, p.Percent)
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
	// Comparing is the last fifth of a step.
	if !slices.Equal(compared, []float64{28, 68}) {
		t.Errorf("comparing at %v", compared)
	}
	codec.Progress(t.Context(), 0.5) // nobody listens
}

// TestLongReference: what results are compared with may take long, too.
func TestLongReference(t *testing.T) {
	plan := func(context.Context, codec.Subject, format.ID, recipe.Recipe) (codec.Plan, error) {
		reference := func(ctx context.Context, dst *blob.Writer) error {
			codec.Progress(ctx, 0.5)
			return writes(original())(ctx, dst)
		}
		return codec.Plan{Changed: true, Reference: reference, ReferenceFormat: fake, Candidates: []codec.Candidate{lossy("one", 90, 95)}}, nil
	}
	var seen []engine.Progress
	q := request(t, original(), at(recipe.CompressionHigh))
	q.Progress = func(p engine.Progress) { seen = append(seen, p) }
	compress(t, newEngine(t, plan), q)
	if len(seen) < 3 || seen[1] != (engine.Progress{Phase: "prepare", Percent: 7.5}) || seen[2].Percent != 10 {
		t.Errorf("%+v", seen)
	}
}
