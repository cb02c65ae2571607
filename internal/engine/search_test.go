package engine_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// mostSteps is what one search may cost: nine measured steps, and the level it settles on
// made in full.
const mostSteps = 9 + 1

// curve is how size and score of a synthetic encoder go with its level, 1 to 100.
type curve struct {
	score func(level int) float64
	size  func(level int) int
	start int
	made  *[]int // levels that were encoded, drafts included
}

func (k curve) at(level int, draft bool) codec.Candidate {
	size := k.size(level)
	if draft {
		size = size * 5 / 4
	}
	c := lossy(fmt.Sprintf("level %d", level), size, k.score(level))
	write := c.Encode
	c.Encode = func(ctx context.Context, dst *blob.Writer) error {
		if k.made != nil {
			*k.made = append(*k.made, level)
		}
		return write(ctx, dst)
	}
	return c
}

func (k curve) candidate(drafts bool) codec.Candidate {
	knob := &codec.Knob{Low: 1, High: 100, Start: max(k.start, 1), At: func(level int) codec.Candidate { return k.at(level, false) }}
	if drafts {
		knob.Draft = func(level int) codec.Candidate { return k.at(level, true) }
		knob.Slack = 1.25
	}
	return codec.Candidate{Label: "search", Format: fake, Knob: knob}
}

// best is the smallest level at or above the floor, and 0 if none is.
func (k curve) best(floor float64) int {
	for level := 1; level <= 100; level++ {
		if k.score(level) >= floor {
			return level
		}
	}
	return 0
}

func curves() map[string]curve {
	size := func(level int) int { return 200 + 7*level }
	return map[string]curve{
		"straight":     {score: func(l int) float64 { return 40 + 0.55*float64(l) }, size: size},
		"saturating":   {score: func(l int) float64 { return 96 * (1 - math.Exp(-float64(l)/25)) }, size: size},
		"late":         {score: func(l int) float64 { return 97 - 300/float64(l+1) }, size: size},
		"a step":       {score: func(l int) float64 { return map[bool]float64{true: 90, false: 10}[l >= 63] }, size: size},
		"always":       {score: func(int) float64 { return 99 }, size: size},
		"steep":        {score: func(l int) float64 { return 100 - math.Pow(float64(100-l)/10, 2) }, size: size},
		"stairs of 10": {score: func(l int) float64 { return float64(l/10) * 10 }, size: size},
	}
}

// TestSearch: on any curve that rises, from any start, with drafts or without, the search
// ends at or next to the lowest level that is good enough, within its steps.
func TestSearch(t *testing.T) {
	for name, k := range curves() {
		for _, start := range []int{1, 30, 74, 100} {
			for _, drafts := range []bool{false, true} {
				var made []int
				k.start, k.made = start, &made
				out := compress(t, newEngine(t, proposing(k.candidate(drafts))), request(t, original(), at(recipe.CompressionHigh)))
				want := k.best(75)
				var got int
				if _, err := fmt.Sscanf(out.Report.Chosen, "level %d", &got); err != nil {
					t.Errorf("%s from %d: chosen %q, want level %d", name, start, out.Report.Chosen, want)
					continue
				}
				if k.score(got) < 75 {
					t.Errorf("%s from %d: level %d scores %g, under the floor", name, start, got, k.score(got))
				}
				if got > want+1 {
					t.Errorf("%s from %d: level %d, the best is %d, tried %v", name, start, got, want, made)
				}
				if len(made) > mostSteps {
					t.Errorf("%s from %d: %d encodes: %v", name, start, len(made), made)
				}
				if len(made) != len(out.Report.Attempts) {
					t.Errorf("%s: %d encodes, %d in the report", name, len(made), len(out.Report.Attempts))
				}
			}
		}
	}
}

// TestSearchNoise: a score that is not monotone costs size, never quality or steps.
func TestSearchNoise(t *testing.T) {
	for seed := range 50 {
		var made []int
		k := curve{made: &made, start: 74, size: func(l int) int { return 200 + 7*l }}
		k.score = func(l int) float64 {
			h := uint32(l*2654435761) ^ uint32(seed*40503+1)*2246822519
			h = (h ^ h>>15) * 2654435761
			return 40 + 0.55*float64(l) + float64(h>>16)/65536*6 - 3
		}
		out := compress(t, newEngine(t, proposing(k.candidate(true))), request(t, original(), at(recipe.CompressionHigh)))
		if out.Report.Chosen == report.Original {
			t.Errorf("seed %d: nothing found, tried %v", seed, made)
			continue
		}
		if *out.Report.Score < 75 {
			t.Errorf("seed %d: score %g is under the floor", seed, *out.Report.Score)
		}
		if len(made) > mostSteps {
			t.Errorf("seed %d: %d encodes", seed, len(made))
		}
		// Without noise the floor is crossed at 64; three points of noise are six levels.
		if limit := int64(k.size(64 + 12)); out.Result.Size > limit {
			t.Errorf("seed %d: %d bytes, more than %d", seed, out.Result.Size, limit)
		}
	}
}

// TestDrafts: a draft is measured and never the result, however small it is.
func TestDrafts(t *testing.T) {
	k := curve{score: func(l int) float64 { return float64(l) }, size: func(l int) int { return 200 + 5*l }}
	c := k.candidate(false)
	c.Knob.Draft = func(level int) codec.Candidate {
		d := lossy(fmt.Sprintf("draft %d", level), 150, float64(level))
		return d
	}
	c.Knob.Slack = 1.33
	out := compress(t, newEngine(t, proposing(c)), request(t, original(), at(recipe.CompressionHigh)))
	if out.Report.Chosen != "level 75" {
		t.Errorf("chosen %q, want level 75", out.Report.Chosen)
	}
	for label, verdict := range verdicts(out.Report) {
		if label[:5] == "draft" && verdict != "draft" && verdict != "below-quality" {
			t.Errorf("%s: %s", label, verdict)
		}
	}
}

// TestSlope: where a knob says how steep it is, the second step goes by that.
func TestSlope(t *testing.T) {
	for slope, want := range map[float64]int{0: 90, 1: 79, 2.5: 74} {
		var made []int
		k := curve{made: &made, start: 70, score: func(l int) float64 { return float64(l)/2 + 31 }, size: func(l int) int { return 200 + 2*l }}
		c := k.candidate(false)
		c.Knob.Slope = slope
		compress(t, newEngine(t, proposing(c)), request(t, original(), at(recipe.CompressionHigh)))
		if len(made) < 2 || made[1] != want {
			t.Errorf("slope %g: tried %v, want %d second", slope, made, want)
		}
	}
}

// TestHopelessSearch: a search whose files are known to be too large is not begun.
func TestHopelessSearch(t *testing.T) {
	for least, want := range map[int64]string{700: "small", 400: "level 75"} {
		k := curve{score: func(l int) float64 { return float64(l) }, size: func(l int) int { return 200 + 2*l }}
		c := k.candidate(false)
		c.AtLeast = func(context.Context) (int64, error) { return least, nil }
		out := compress(t, newEngine(t, proposing(lossy("small", 500, 80), c)), request(t, original(), at(recipe.CompressionHigh)))
		if out.Report.Chosen != want {
			t.Errorf("at least %d: chosen %q, want %q", least, out.Report.Chosen, want)
		}
	}
}

// TestHopeless: a search stops where what is good enough is already too large to win.
func TestHopeless(t *testing.T) {
	var made []int
	k := curve{made: &made, start: 50, score: func(l int) float64 { return float64(l) / 2 }, size: func(l int) int { return 900 + 4*l }}
	out := compress(t, newEngine(t, proposing(lossy("small", 200, 80), k.candidate(true))), request(t, original(), at(recipe.CompressionHigh)))
	if out.Report.Chosen != "small" || !slices.Equal(made, []int{50}) {
		t.Errorf("chosen %q, tried %v, want one step", out.Report.Chosen, made)
	}
}

// TestTooLargeToMeasure: levels larger than the input are not scored, and lower ones are
// still found.
func TestTooLargeToMeasure(t *testing.T) {
	var made []int
	k := curve{made: &made, start: 95, score: func(l int) float64 { return 60 + float64(l)/3 }, size: func(l int) int { return 400 + 20*l }}
	for _, drafts := range []bool{false, true} {
		made = nil
		out := compress(t, newEngine(t, proposing(k.candidate(drafts))), request(t, original(), at(recipe.CompressionUltra)))
		if out.Report.Chosen != "level 1" {
			t.Errorf("drafts %t: chosen %q, want level 1, tried %v", drafts, out.Report.Chosen, made)
		}
	}
}

// TestHint: the second search of a file begins where the first one settled, if it is one of
// the same kind.
func TestHint(t *testing.T) {
	var first, second []int
	a := curve{made: &first, start: 10, score: func(l int) float64 { return float64(l) }, size: func(l int) int { return 300 + 5*l }}
	b := curve{made: &second, start: 10, score: func(l int) float64 { return float64(l) + 0.5 }, size: func(l int) int { return 301 + 5*l }}
	other := b.candidate(false)
	other.Label = "another search"
	at75 := other.Knob.At
	other.Knob.At = func(level int) codec.Candidate {
		c := at75(level)
		c.Label = "another " + c.Label
		return c
	}
	compress(t, newEngine(t, proposing(a.candidate(false), other)), request(t, original(), at(recipe.CompressionHigh)))
	if first[0] != 10 || second[0] != 75 {
		t.Errorf("first search %v, second %v, want it to begin at 75", first, second)
	}
	second, other.Knob.Start = nil, 20
	compress(t, newEngine(t, proposing(a.candidate(false), other)), request(t, original(), at(recipe.CompressionHigh)))
	if second[0] != 20 {
		t.Errorf("a search expected to settle at 20 begins at %d", second[0])
	}
}
