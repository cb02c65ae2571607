package engine_test

import (
	"context"
	"errors"
	"fmt"
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

// straight rises a point of score with each level.
func straight(made *[]int, size func(int) int) curve {
	return curve{made: made, start: 10, score: func(l int) float64 { return float64(l) }, size: size}
}

func bytesPerLevel(least, each int) func(int) int {
	return func(level int) int { return least + each*level }
}

// TestSeed: what a knob knows of the contents comes before what it says of all files, and
// counts for nothing if it cannot tell.
func TestSeed(t *testing.T) {
	for name, test := range map[string]struct {
		seed  int
		err   error
		first int
	}{
		"told":         {76, nil, 76},
		"out of range": {400, nil, 100},
		"unknown":      {0, errors.New("damaged"), 10},
	} {
		var made []int
		c := straight(&made, bytesPerLevel(200, 2)).candidate(false)
		c.Knob.Seed = func(context.Context) (int, error) { return test.seed, test.err }
		out := compress(t, newEngine(t, proposing(c)), request(t, original(), at(recipe.CompressionHigh)))
		if made[0] != test.first || out.Report.Chosen != "level 75" {
			t.Errorf("%s: tried %v, chosen %q", name, made, out.Report.Chosen)
		}
	}
}

// TestSeedFails: a knob that panics when it looks at the contents begins where the median
// does; one that has run out of memory ends the job, as the machine must not choose.
func TestSeedFails(t *testing.T) {
	var made []int
	c := straight(&made, bytesPerLevel(200, 2)).candidate(false)
	c.Knob.Seed = func(context.Context) (int, error) { panic("odd") }
	out := compress(t, newEngine(t, proposing(c)), request(t, original(), at(recipe.CompressionHigh)))
	if made[0] != 10 || out.Report.Chosen != "level 75" {
		t.Errorf("tried %v, chosen %q", made, out.Report.Chosen)
	}
	c.Knob.Seed = func(context.Context) (int, error) { return 0, problem.New(problem.WorkerTimeout) }
	_, err := newEngine(t, proposing(c)).Compress(t.Context(), request(t, original(), at(recipe.CompressionHigh)), blob.NewScratch(t.TempDir()))
	if !problem.Has(err, problem.WorkerTimeout) {
		t.Errorf("out of memory: %v", err)
	}
}

// TestAlike: of levels whose files are much the same the lowest is made, or that and the
// highest, as long as they are on one side of the floor; and between them where they are not.
func TestAlike(t *testing.T) {
	group := func(level int) (first, last int) { return level / 10 * 10, level/10*10 + 9 }
	for name, test := range map[string]struct {
		score  func(level int) float64
		want   string
		within bool // something within a group has to be made
	}{
		"the same but for trifles": {func(l int) float64 { return float64(l/10*10) + float64(l%10)/100 }, "level 80", false},
		"not the same":             {func(l int) float64 { return float64(l) }, "level 75", true},
	} {
		for _, drafts := range []bool{false, true} {
			var made []int
			k := curve{made: &made, start: 10, score: test.score, size: bytesPerLevel(200, 2)}
			c := k.candidate(drafts)
			c.Knob.Alike = group
			out := compress(t, newEngine(t, proposing(c)), request(t, original(), at(recipe.CompressionHigh)))
			if out.Report.Chosen != test.want {
				t.Errorf("%s: chosen %q, want %q of %v", name, out.Report.Chosen, test.want, made)
			}
			within := slices.ContainsFunc(made, func(level int) bool { return level%10 != 0 && level%10 != 9 && level != 100 })
			if within != test.within {
				t.Errorf("%s: tried %v", name, made)
			}
		}
	}
}

// TestBetween: where the level that was settled on lies well above the floor, and only there,
// what lies between it and the next is tried.
func TestBetween(t *testing.T) {
	for floor, want := range map[recipe.Compression]string{recipe.CompressionHigh: "between 19", recipe.CompressionUltra: "level 15"} {
		k := curve{start: 20, score: func(l int) float64 { return 4*float64(l) + 2 }, size: bytesPerLevel(200, 10)} // 78 at 19, 62 at 15
		c := k.candidate(false)
		c.Knob.Slope = 4
		c.Knob.Between = func(level int) codec.Candidate {
			return lossy(fmt.Sprintf("between %d", level), k.size(level)-5, k.score(level)-2)
		}
		out := compress(t, newEngine(t, proposing(c)), request(t, original(), at(floor)))
		if out.Report.Chosen != want {
			t.Errorf("%s: chosen %q, want %q of %v", floor, out.Report.Chosen, want, out.Report.Attempts)
		}
	}
}

// TestFollow: a search that follows another begins where its knob says, and what the first
// one settled on is made in full only if drafts do not rule it out; neither is lost.
func TestFollow(t *testing.T) {
	for name, test := range map[string]struct {
		least int  // size of the second search's files, beside what a level takes
		hope  bool // for the second search
		full  string
	}{
		"the second is smaller": {100, true, "second 70"},
		"the first is smaller":  {400, true, "level 75"},
		"both are alike":        {198, true, "second 70, level 75"},
		"no hope":               {100, false, "level 75"},
	} {
		var first, second []int
		a := straight(&first, bytesPerLevel(200, 2)).candidate(true)
		k := curve{made: &second, start: 10, score: func(l int) float64 { return float64(l) + 5 }, size: bytesPerLevel(test.least, 2)}
		b := k.candidate(true)
		named := func(made func(int) codec.Candidate) func(int) codec.Candidate {
			return func(level int) codec.Candidate {
				c := made(level)
				c.Label = strings.Replace(c.Label, "level", "second", 1)
				return c
			}
		}
		b.Knob.At, b.Knob.Draft = named(b.Knob.At), named(b.Knob.Draft)
		b.Knob.Follow = func(level int) (int, bool) { return level - 6, test.hope }
		out := compress(t, newEngine(t, proposing(a, b)), request(t, original(), at(recipe.CompressionHigh)))
		if test.hope && second[0] != 69 || !test.hope && len(second) > 0 {
			t.Errorf("%s: the second search tried %v", name, second)
		}
		var full []string
		for _, attempt := range out.Report.Attempts {
			if attempt.Verdict == "chosen" || attempt.Verdict == "not-smallest" {
				full = append(full, attempt.Label)
			}
		}
		slices.Sort(full)
		slices.Reverse(full)
		if got := strings.Join(full, ", "); got != test.full {
			t.Errorf("%s: made in full: %s; want %s", name, got, test.full)
		}
		if test.least == 400 && len(second) != 1 {
			t.Errorf("%s: it was followed up by %v", name, second)
		}
	}
}

// TestFollowClosest: of two searches of a picture that must change, neither of which is good
// enough, the better one wins, however much larger it is.
func TestFollowClosest(t *testing.T) {
	search := func(name string, best float64, least int) codec.Candidate {
		k := curve{start: 10, score: func(l int) float64 { return best * float64(l) / 100 }, size: bytesPerLevel(least, 1)}
		c := k.candidate(true)
		for _, made := range []*func(int) codec.Candidate{&c.Knob.At, &c.Knob.Draft} {
			plain := *made
			*made = func(level int) codec.Candidate {
				c := plain(level)
				c.Label = name
				return c
			}
		}
		return c
	}
	first, second := search("worse", 40, 100), search("better", 60, 300)
	second.Knob.Follow = func(level int) (int, bool) { return level, true }
	changed := func(context.Context, codec.Subject, format.ID, recipe.Recipe) (codec.Plan, error) {
		return codec.Plan{Changed: true, Reference: writes(original()), ReferenceFormat: fake, Candidates: []codec.Candidate{first, second}}, nil
	}
	out := compress(t, newEngine(t, changed), request(t, original(), at(recipe.CompressionHigh)))
	if out.Report.Chosen != "better" || out.Report.Reason != report.BelowQuality {
		t.Errorf("chosen %q as %q", out.Report.Chosen, out.Report.Reason)
	}
}
