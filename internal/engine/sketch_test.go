package engine_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"compressor/internal/codec"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// sketched is a curve with sketches whose scores lie off by so much, and whose files are a
// fifth larger.
func (k curve) sketched(off float64) codec.Candidate {
	c := k.candidate(false)
	c.Knob.Slack = 1.4
	c.Knob.Sketch = func(level int) codec.Candidate {
		return lossy(fmt.Sprintf("sketch %d", level), k.size(level)*6/5, k.score(level)+off)
	}
	return c
}

// TestSketch: sketches bring the search to where it ends, so that few files are made in
// full, and are never the result.
func TestSketch(t *testing.T) {
	for _, off := range []float64{-2, -0.5, 0, 0.5, 2} {
		for _, start := range []int{20, 60, 75, 95} {
			var made []int
			k := curve{made: &made, start: start, size: func(l int) int { return 200 + 3*l }}
			k.score = func(l int) float64 { return 100 * math.Sqrt(float64(l)/100) }
			out := compress(t, newEngine(t, proposing(k.sketched(off))), request(t, original(), at(recipe.CompressionHigh)))
			if got, want := out.Report.Chosen, fmt.Sprintf("level %d", k.best(75)); got != want {
				t.Errorf("off by %g from %d: chosen %q, want %q: %v", off, start, got, want, made)
			}
			if len(made) > 4 {
				t.Errorf("off by %g from %d: made %v in full", off, start, made)
			}
			for label, verdict := range verdicts(out.Report) {
				if strings.HasPrefix(label, "sketch") && verdict != "draft" && verdict != "below-quality" {
					t.Errorf("%s: %s", label, verdict)
				}
			}
		}
	}
}

// TestHopelessSketch: where a sketch that is not good enough is far too large already, or
// the floor is out of reach below those that are, nothing is made in full.
func TestHopelessSketch(t *testing.T) {
	for name, test := range map[string]struct {
		start int
		size  func(int) int
	}{
		"too large":       {50, func(l int) int { return 1000 + 4*l }},
		"not even scored": {90, func(l int) int { return 400 + 15*l }},
	} {
		var made []int
		k := curve{made: &made, start: test.start, score: func(l int) float64 { return float64(l) / 2 }, size: test.size}
		out := compress(t, newEngine(t, proposing(lossy("small", 990, 80), k.sketched(0))), request(t, original(), at(recipe.CompressionHigh)))
		tried := slices.ContainsFunc(out.Report.Attempts, func(a report.Attempt) bool { return strings.HasPrefix(a.Label, "sketch") })
		if out.Report.Chosen != "small" || len(made) > 0 || !tried {
			t.Errorf("%s: chosen %q, made %v in full", name, out.Report.Chosen, made)
		}
	}
}

// TestSketchTooHigh: where sketches lead a level too high, to a file larger than the input,
// the level below is tried, and no more.
func TestSketchTooHigh(t *testing.T) {
	for least, want := range map[int]string{76: "level 75", 75: report.Original} {
		var made []int
		k := curve{made: &made, start: 74, score: func(l int) float64 { return float64(l) }, size: func(l int) int { return 1000 + 5*(l-least) }}
		c := k.sketched(-1)
		c.Knob.Slope = 1
		out := compress(t, newEngine(t, proposing(c)), request(t, original(), at(recipe.CompressionHigh)))
		if out.Report.Chosen != want || !slices.Equal(made, []int{76, 75}) {
			t.Errorf("files of the input's size from level %d on: chosen %q, made %v in full", least, out.Report.Chosen, made)
		}
	}
}
