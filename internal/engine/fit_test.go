package engine_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// within asks for a size, and a score if it is not 0.
func within(size int64, score float64) recipe.Recipe {
	r := at(recipe.CompressionHigh)
	r.Image.MaxBytes = &size
	if score > 0 {
		r.Image.MinScore = &score
	}
	return r
}

// exponential grows like an encoder's sizes do: from 120 bytes at level 1, by rate a level.
func exponential(rate float64) curve {
	return curve{start: 50, score: func(l int) float64 { return 40 + 0.55*float64(l) },
		size: func(l int) int { return int(120 * math.Exp(rate*float64(l-1))) }}
}

// TestFit: whatever the curve and the size, the result is the highest level that is within
// it, in a bounded number of steps.
func TestFit(t *testing.T) {
	for _, rate := range []float64{0.005, 0.02, 0.03, 0.06} {
		for _, start := range []int{1, 50, 100} {
			for _, size := range []int64{125, 300, 500, 777, 999} {
				var made []int
				k := exponential(rate)
				k.start, k.made = start, &made
				out := compress(t, newEngine(t, proposing(k.candidate(false))), request(t, original(), within(size, 0)))
				best := 0
				for level := 1; level <= 100 && int64(k.size(level)) <= size; level++ {
					best = level
				}
				if out.Output.Size > size || out.Report.Reason != report.Fits {
					t.Fatalf("rate %g, start %d: %d bytes of %d because %s", rate, start, out.Output.Size, size, out.Report.Reason)
				}
				if used := float64(out.Output.Size) / float64(k.size(best)); used < 0.98 {
					t.Errorf("rate %g, start %d, at most %d: %s, but level %d fits", rate, start, size, out.Report.Chosen, best)
				}
				if len(made) > mostSteps {
					t.Errorf("rate %g, start %d, at most %d: %d steps", rate, start, size, len(made))
				}
			}
		}
	}
}

// TestFitFollows: a search of the same kind for a size is left out where its knob sees no hope
// after the one before.
func TestFitFollows(t *testing.T) {
	for _, hope := range []bool{false, true} {
		var made []int
		first, k := exponential(0.03), exponential(0.02)
		k.start, k.made = 20, &made
		a, b := first.candidate(false), k.candidate(false)
		a.Knob.Kind, b.Knob.Kind = "same", "same"
		told := 0
		b.Knob.Follow = func(level int) (int, bool) { told = level; return 30, hope }
		compress(t, newEngine(t, proposing(a, b)), request(t, original(), within(500, 0)))
		if int64(first.size(told)) > 500 || int64(first.size(told+1)) <= 500 {
			t.Errorf("it was told of level %d", told)
		}
		if hope && (len(made) == 0 || made[0] != 30) || !hope && len(made) > 0 {
			t.Errorf("hope %t: tried %v", hope, made)
		}
	}
}

// ruledOut claims that no candidate is smaller.
func ruledOut(candidates []codec.Candidate, size int64) []codec.Candidate {
	out := slices.Clone(candidates)
	for i := range out {
		out[i].AtLeast = func(context.Context) (int64, error) { return size, nil }
	}
	return out
}

// TestFitChooses: the best score within the size wins, a file within it needs no loss, and
// what cannot be met is said with what could.
func TestFitChooses(t *testing.T) {
	many := []codec.Candidate{lossy("small", 300, 60), lossy("better", 480, 70), lossy("best", 520, 90), lossless("packed", 900)}
	for name, test := range map[string]struct {
		recipe     recipe.Recipe
		candidates []codec.Candidate
		chosen     string
		reason     report.Reason
		fails      string
	}{
		"the best that fits":            {within(500, 0), many, "better", report.Fits, ""},
		"lossless if it fits":           {within(900, 0), many, "packed", report.Fits, ""},
		"within already":                {within(1000, 0), many, "packed", report.Smallest, ""},
		"within already, nothing gains": {within(5000, 0), many[:3], "original", report.NothingWon, ""},
		"too small":                     {within(299, 0), many, "", "", "Cannot be met: the smallest possible is 300 bytes."},
		"with a score":                  {within(500, 65), many, "better", report.Fits, ""},
		"not with that score":           {within(500, 71), many, "", "", "Cannot be met together with the asked score: the best within it is 70.0."},
		"nearly nothing is left":        {within(400, 0), []codec.Candidate{lossy("spoilt", 390, -20)}, "spoilt", report.Fits, ""},
		"ruled out by an estimate":      {within(500, 0), ruledOut(many, 501), "better", report.Fits, ""},
		"all ruled out, and too small":  {within(299, 0), ruledOut(many, 501), "", "", "Cannot be met: the smallest possible is 300 bytes."},
	} {
		out, err := newEngine(t, proposing(test.candidates...)).Compress(t.Context(), request(t, original(), test.recipe), blob.NewScratch(t.TempDir()))
		if test.fails != "" {
			if !problem.Has(err, problem.TargetUnreachable) || problem.From(err).Fields[0] != (problem.Field{Path: "image.max_bytes", Message: test.fails}) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || out.Report.Chosen != test.chosen || out.Report.Reason != test.reason {
			t.Errorf("%s: %s because %s, %v", name, out.Report.Chosen, out.Report.Reason, err)
		}
	}
	data := file(fake, 1000, contents{NotHandled: "smell"})
	_, err := newEngine(t, proposing(many...)).Compress(t.Context(), request(t, data, within(500, 0)), blob.NewScratch(t.TempDir()))
	if !problem.Has(err, problem.TargetUnreachable) || !strings.Contains(problem.From(err).Fields[0].Message, "smell") {
		t.Errorf("what is not handled: %v", err)
	}
}

// TestShrink: a smaller outline comes only where it is allowed and called for.
func TestShrink(t *testing.T) {
	plan := func(_ context.Context, in codec.Subject, _ format.ID, _ recipe.Recipe) (codec.Plan, error) {
		area := 1.0
		if in.Scale > 0 {
			area = in.Scale * in.Scale
		}
		label := fmt.Sprintf("%.2f", area)
		return codec.Plan{Changed: in.Scale > 0, Candidates: []codec.Candidate{
			lossy(label+" rough", int(600*area)+100, 40), lossy(label+" fine", int(800*area)+100, 80)}}, nil
	}
	for name, test := range map[string]struct {
		size   int64
		allow  bool
		chosen string
		fails  bool
	}{
		"not needed":             {950, true, "1.00 fine", false},
		"not allowed, but rough": {750, false, "1.00 rough", false},
		"better than rough":      {750, true, "0.50 fine", false},
		"not allowed":            {350, false, "", true},
		"allowed":                {350, true, "0.25 fine", false},
		"beyond all scales":      {99, true, "", true},
	} {
		r := within(test.size, 0)
		r.Image.Downscale = test.allow
		out, err := newEngine(t, plan).Compress(t.Context(), request(t, original(), r), blob.NewScratch(t.TempDir()))
		if test.fails {
			if !problem.Has(err, problem.TargetUnreachable) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || out.Report.Chosen != test.chosen || out.Output.Size > test.size {
			t.Errorf("%s: %s of %v, %v", name, out.Report.Chosen, verdicts(out.Report), err)
		}
		if told := len(out.Report.Notes) > 0; told != !strings.HasPrefix(test.chosen, "1.00") {
			t.Errorf("%s: notes %v", name, out.Report.Notes)
		}
	}
}

// TestMinScore: it takes the place of the level's floor, and what an earlier pass was
// granted counts.
func TestMinScore(t *testing.T) {
	candidates := []codec.Candidate{lossy("a", 300, 55), lossy("b", 500, 81), lossy("c", 700, 97)}
	for score, want := range map[float64]string{50: "a", 81: "b", 81.5: "c", 98: "original"} {
		r := at(recipe.CompressionUltra)
		r.Image.MinScore = &score
		if out := compress(t, newEngine(t, proposing(candidates...)), request(t, original(), r)); out.Report.Chosen != want {
			t.Errorf("%g: %s, want %s", score, out.Report.Chosen, want)
		}
		again := file(fake, 1000, contents{Shows: "original", Prior: codec.Prior{Floor: score}})
		if out := compress(t, newEngine(t, proposing(candidates...)), request(t, again, r)); out.Report.Chosen != "original" {
			t.Errorf("%g again: %s", score, out.Report.Chosen)
		}
	}
}

// TestMinScoreOfAnother: a score that was named holds for a new picture too, where a level's
// would be lowered to what the eye can tell.
func TestMinScoreOfAnother(t *testing.T) {
	score := 97.0
	for _, test := range []struct {
		scores map[format.ID]float64
		want   report.Reason
	}{{map[format.ID]float64{other: 98}, report.Fixed}, {map[format.ID]float64{other: 92}, report.BelowQuality}} {
		r := at(recipe.CompressionHigh, other)
		r.Image.MinScore = &score
		out := compress(t, newEngine(t, changing(map[format.ID]int{other: 500}, test.scores)), request(t, original(), r))
		if out.Report.Reason != test.want {
			t.Errorf("%v: %s, want %s", test.scores, out.Report.Reason, test.want)
		}
	}
}

// TestBest: the formats that suit the web and hold what the file has.
func TestBest(t *testing.T) {
	sizes := map[format.ID]int{fake: 600, other: 500}
	scores := map[format.ID]float64{fake: 80, other: 80}
	out := compress(t, newEngine(t, changing(sizes, scores)), request(t, original(), at(recipe.CompressionHigh, recipe.Best)))
	if out.Output.Format != other {
		t.Errorf("%s, want the smaller", out.Output.Format)
	}
}

// TestFitInContainer: what holds such a picture, however deep, says that a size decided and not
// a floor.
func TestFitInContainer(t *testing.T) {
	input := pack(member{name: "inner.box", data: pack(member{name: "a.fake", data: original()})}, member{name: "text", data: []byte("hello")})
	q := request(t, input, within(300, 0))
	q.Named = []string{"image"}
	out := compress(t, newEngine(t, proposing(exponential(0.02).candidate(false))), q)
	for _, r := range []report.Report{out.Report, out.Report.Parts[0], out.Report.Parts[0].Parts[0]} {
		if r.Reason != report.Fits {
			t.Errorf("%q: %s", r.Path, r.Reason)
		}
	}
}
