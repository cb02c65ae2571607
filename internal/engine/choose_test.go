package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// choice is what is proposed for a file, and what must come of it.
type choice struct {
	level    recipe.Compression
	propose  []codec.Candidate
	chosen   string
	reason   report.Reason
	verdicts map[string]string
}

func TestChoice(t *testing.T) {
	tests := choices()
	for name, test := range hostileChoices() {
		tests[name] = test
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out := compress(t, newEngine(t, proposing(test.propose...)), request(t, original(), at(test.level)))
			if out.Report.Chosen != test.chosen || out.Report.Reason != test.reason {
				t.Errorf("chosen %q because %q, want %q, %q", out.Report.Chosen, out.Report.Reason, test.chosen, test.reason)
			}
			if got := verdicts(out.Report); !reflect.DeepEqual(got, test.verdicts) {
				t.Errorf("verdicts %v, want %v", got, test.verdicts)
			}
			if out.Result.Size > 1000 || out.Output.Size != out.Result.Size {
				t.Errorf("%d bytes, declared %d", out.Result.Size, out.Output.Size)
			}
		})
	}
}

// choices are between candidates that work.
func choices() map[string]choice {
	fixed := lossy("fixed", 300, 12)
	fixed.Fixed = true
	hopeless := lossless("hopeless", 150)
	hopeless.AtLeast = func(context.Context) (int64, error) { return 700, nil }
	modest := lossless("modest", 400)
	modest.AtLeast = func(context.Context) (int64, error) { return 399, nil }
	return map[string]choice{
		"smallest above the floor": {recipe.CompressionHigh, []codec.Candidate{lossy("a", 500, 80), lossy("b", 400, 75), lossy("c", 300, 74.99)},
			"b", report.Smallest, map[string]string{"a": "not-smallest", "b": "chosen", "c": "below-quality"}},
		"the floor of medium": {recipe.CompressionMedium, []codec.Candidate{lossy("a", 500, 85), lossy("b", 400, 84.9)},
			"a", report.Smallest, map[string]string{"a": "chosen", "b": "below-quality"}},
		"the floor of ultra": {recipe.CompressionUltra, []codec.Candidate{lossy("a", 500, 60), lossy("b", 400, 59.9)},
			"a", report.Smallest, map[string]string{"a": "chosen", "b": "below-quality"}},
		"nothing lossy where lossless is asked": {recipe.CompressionLossless, []codec.Candidate{lossy("a", 300, 99.99), lossless("b", 900)},
			"b", report.Smallest, map[string]string{"a": "below-quality", "b": "chosen"}},
		"never larger": {recipe.CompressionHigh, []codec.Candidate{lossy("a", 1001, 99), lossless("b", 1000)},
			"original", report.NothingWon, map[string]string{"a": "larger", "b": "larger"}},
		"none good enough": {recipe.CompressionHigh, []codec.Candidate{lossy("a", 900, 50)},
			"original", report.BelowQuality, map[string]string{"a": "below-quality"}},
		"equal size: the first": {recipe.CompressionHigh, []codec.Candidate{lossy("a", 400, 80), lossy("b", 400, 99)},
			"a", report.Smallest, map[string]string{"a": "chosen", "b": "not-smallest"}},
		"a fixed quality knows no floor": {recipe.CompressionHigh, []codec.Candidate{fixed},
			"fixed", report.Fixed, map[string]string{"fixed": "chosen"}},
		"what cannot win is not tried": {recipe.CompressionHigh, []codec.Candidate{lossy("a", 500, 80), hopeless},
			"a", report.Smallest, map[string]string{"a": "chosen", "hopeless": "not-tried: cannot be smaller"}},
		"what may win is tried": {recipe.CompressionHigh, []codec.Candidate{lossy("a", 500, 80), modest},
			"modest", report.Smallest, map[string]string{"a": "not-smallest", "modest": "chosen"}},
		"no proposals": {recipe.CompressionHigh, nil, "original", report.NothingWon, map[string]string{}},
		"none asked":   {recipe.CompressionNone, nil, "original", report.NotAsked, map[string]string{}},
	}
}

// hostileChoices have candidates that fail, lie or panic.
func hostileChoices() map[string]choice {
	panics := codec.Candidate{Label: "panics", Format: fake, Encode: func(context.Context, *blob.Writer) error { panic("boom") }}
	fails := codec.Candidate{Label: "fails", Format: fake, Encode: func(context.Context, *blob.Writer) error { return errBroken }}
	refuses := codec.Candidate{Label: "refuses", Format: fake, Encode: func(context.Context, *blob.Writer) error {
		return problem.New(problem.LimitExceeded)
	}}
	empty := codec.Candidate{Label: "empty", Format: fake, Encode: writes(nil)}
	lies := lossy("lies", 300, 95)
	lies.Encode = writes(file(other, 300, contents{Score: 95}))
	broken := lossy("unreadable", 300, 95)
	broken.Encode = writes([]byte("fake\n{"))
	differs := lossless("differs", 300)
	differs.Encode = writes(file(fake, 300, contents{Shows: "something else", Score: 99.9}))
	unsure := lossless("unsure", 400)
	unsure.AtLeast = func(context.Context) (int64, error) { panic("boom") }
	return map[string]choice{
		"failures are attempts": {recipe.CompressionHigh, []codec.Candidate{panics, fails, refuses, empty, lossy("a", 500, 80)},
			"a", report.Smallest, map[string]string{"panics": "failed: internal", "fails": "failed: internal",
				"refuses": "failed: limit-exceeded", "empty": "failed: internal", "a": "chosen"}},
		"all fail": {recipe.CompressionHigh, []codec.Candidate{panics, fails},
			"original", report.NothingWon, map[string]string{"panics": "failed: internal", "fails": "failed: internal"}},
		"another format than it claims": {recipe.CompressionHigh, []codec.Candidate{lies, lossy("a", 500, 80)},
			"a", report.Smallest, map[string]string{"lies": "failed: internal", "a": "chosen"}},
		"a result that does not read back": {recipe.CompressionHigh, []codec.Candidate{broken, lossy("a", 500, 80)},
			"a", report.Smallest, map[string]string{"unreadable": "failed: file-corrupt", "a": "chosen"}},
		"lossless that is not": {recipe.CompressionHigh, []codec.Candidate{differs, lossless("a", 900)},
			"a", report.Smallest, map[string]string{"differs": "not-lossless", "a": "chosen"}},
		"an estimate that panics is none": {recipe.CompressionHigh, []codec.Candidate{unsure},
			"unsure", report.Smallest, map[string]string{"unsure": "chosen"}},
	}
}

func TestReportFigures(t *testing.T) {
	c := lossy("a", 333, 81.23456)
	c.Lost = []string{"exif"}
	plan := func(context.Context, codec.Subject, format.ID, recipe.Recipe) (codec.Plan, error) {
		return codec.Plan{Candidates: []codec.Candidate{c}, Lost: []string{"frames"}, Ignored: []string{"image.progressive"}, Notes: []string{"n"}}, nil
	}
	q := request(t, original(), at(recipe.CompressionHigh))
	q.Named = []string{"image", "video"}
	r := compress(t, newEngine(t, plan), q).Report
	if *r.Score != 81.235 || *r.Worst != 80.235 || r.Metric != "believed" {
		t.Errorf("score %v worst %v by %q", *r.Score, *r.Worst, r.Metric)
	}
	if r.SavedBytes != 667 || r.SavedPercent != 66.7 {
		t.Errorf("saved %d, %g %%", r.SavedBytes, r.SavedPercent)
	}
	if !slices.Equal(r.Lost, []string{"frames", "exif"}) || !slices.Equal(r.Notes, []string{"n"}) {
		t.Errorf("lost %v, notes %v", r.Lost, r.Notes)
	}
	if !slices.Equal(r.Ignored, []string{"video", "image.progressive"}) {
		t.Errorf("ignored %v", r.Ignored)
	}
}

// TestSource: what is wrong with, or special about, the input itself.
func TestSource(t *testing.T) {
	e := newEngine(t, proposing(lossy("a", 150, 99)))
	for name, test := range map[string]struct {
		data []byte
		code problem.Code
	}{
		"empty":     {nil, problem.FileEmpty},
		"unknown":   {[]byte("what is this"), problem.FormatUnsupported},
		"corrupt":   {[]byte("fake\n{"), problem.FileCorrupt},
		"encrypted": {file(fake, 200, contents{Encrypted: true}), problem.FileEncrypted},
	} {
		_, err := e.Compress(t.Context(), request(t, test.data, at(recipe.CompressionHigh)), blob.NewScratch(t.TempDir()))
		if !problem.Has(err, test.code) {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	for name, test := range map[string]struct {
		contents
		reason report.Reason
		why    string
	}{
		"signed":      {contents{Signed: true}, report.Signed, ""},
		"not handled": {contents{NotHandled: "animation"}, report.NotHandled, "animation"},
	} {
		q := request(t, file(fake, 1000, test.contents), at(recipe.CompressionHigh))
		out := compress(t, e, q)
		if out.Result.Path() != q.Source.Path() || out.Report.Reason != test.reason || out.Report.Why != test.why {
			t.Errorf("%s: %+v", name, out.Report)
		}
	}
	_, err := e.Compress(t.Context(), request(t, original(), at(recipe.CompressionHigh, "nonsense")), blob.NewScratch(t.TempDir()))
	if !problem.Has(err, problem.FormatUnsupported) {
		t.Errorf("an unknown output format: %v", err)
	}
}

// changing plans one candidate per format: the other format is what was asked for.
func changing(sizes map[format.ID]int, scores map[format.ID]float64) planFunc {
	return func(_ context.Context, in codec.Subject, to format.ID, _ recipe.Recipe) (codec.Plan, error) {
		data := file(to, sizes[to], contents{Shows: "original", Score: scores[to]})
		p := codec.Plan{Candidates: []codec.Candidate{{Label: "as " + string(to), Format: to, Encode: writes(data)}}}
		if to != in.Format {
			p.Changed, p.ReferenceFormat = true, fake
			p.Reference = writes(file(fake, 500, contents{Shows: "original"}))
		}
		return p, nil
	}
}

func TestFormats(t *testing.T) {
	for name, test := range map[string]struct {
		formats []format.ID
		sizes   map[format.ID]int
		scores  map[format.ID]float64
		output  format.ID
		reason  report.Reason
		fails   problem.Code
	}{
		"another, although larger": {[]format.ID{other}, map[format.ID]int{other: 4000}, map[format.ID]float64{other: 80}, other, report.Fixed, ""},
		"another, not good enough": {[]format.ID{other}, map[format.ID]int{other: 300}, map[format.ID]float64{other: 20}, other, report.BelowQuality, ""},
		"the smaller of a list": {[]format.ID{recipe.Keep, other}, map[format.ID]int{fake: 600, other: 500},
			map[format.ID]float64{fake: 80, other: 80}, other, report.Smallest, ""},
		"the own one of a list": {[]format.ID{other, fake}, map[format.ID]int{fake: 400, other: 500},
			map[format.ID]float64{fake: 80, other: 80}, fake, report.Smallest, ""},
		"a list that holds the own one: never larger": {[]format.ID{recipe.Keep, other}, map[format.ID]int{fake: 1200, other: 1300},
			map[format.ID]float64{fake: 80, other: 80}, fake, report.NothingWon, ""},
	} {
		t.Run(name, func(t *testing.T) {
			out := compress(t, newEngine(t, changing(test.sizes, test.scores)),
				request(t, original(), at(recipe.CompressionHigh, test.formats...)))
			if out.Output.Format != test.output || out.Report.Reason != test.reason {
				t.Errorf("%s because %s, want %s, %s", out.Output.Format, out.Report.Reason, test.output, test.reason)
			}
			if want := "photo." + string(test.output); out.Output.Name != want {
				t.Errorf("named %q, want %q", out.Output.Name, want)
			}
		})
	}
}

// TestClaims: a result must be of the format that its candidate claims, even where the
// client would take the other one too.
func TestClaims(t *testing.T) {
	lies := codec.Candidate{Label: "lies", Format: other, Encode: writes(file(fake, 200, contents{Score: 95}))}
	plan := func(_ context.Context, in codec.Subject, to format.ID, _ recipe.Recipe) (codec.Plan, error) {
		if to == other {
			return codec.Plan{Changed: true, Candidates: []codec.Candidate{lies}}, nil
		}
		return codec.Plan{Candidates: []codec.Candidate{lossy("a", 500, 80)}}, nil
	}
	out := compress(t, newEngine(t, plan), request(t, original(), at(recipe.CompressionHigh, fake, other)))
	if out.Report.Chosen != "a" || verdicts(out.Report)["lies"] != "failed: internal" {
		t.Errorf("chosen %q, %v", out.Report.Chosen, verdicts(out.Report))
	}
}

// TestExact: where no loss is allowed and something without loss is possible, nothing
// lossy wins, however small and close it is.
func TestExact(t *testing.T) {
	near := codec.Candidate{Label: "near", Format: other, Encode: writes(file(other, 200, contents{Shows: "near", Score: 99}))}
	k := curve{score: func(int) float64 { return 99 }, size: func(level int) int { return 200 + level }}
	for name, test := range map[string]struct {
		own    []codec.Candidate
		moved  bool // another size was asked for, too
		chosen string
	}{
		"the input is possible": {nil, false, "original"},
		"and a smaller one":     {[]codec.Candidate{lossless("packed", 900)}, false, "packed"},
		"a changed one":         {[]codec.Candidate{lossless("packed", 1500)}, true, "packed"},
		"only with loss":        {nil, true, "near"},
	} {
		plan := func(_ context.Context, in codec.Subject, to format.ID, _ recipe.Recipe) (codec.Plan, error) {
			if to == other {
				return codec.Plan{Changed: true, Candidates: []codec.Candidate{near, k.candidate(false)}}, nil
			}
			return codec.Plan{Changed: test.moved, Candidates: test.own}, nil
		}
		out := compress(t, newEngine(t, plan), request(t, original(), at(recipe.CompressionLossless, fake, other)))
		if out.Report.Chosen != test.chosen {
			t.Errorf("%s: chosen %q, want %q of %v", name, out.Report.Chosen, test.chosen, verdicts(out.Report))
		}
	}
}

// TestClosest: what was asked for comes, as close as it gets; without any attempt that
// can be judged it is a failure, told as such.
func TestClosest(t *testing.T) {
	plan := func(candidates ...codec.Candidate) planFunc {
		return func(context.Context, codec.Subject, format.ID, recipe.Recipe) (codec.Plan, error) {
			return codec.Plan{Changed: true, Reference: writes(original()), ReferenceFormat: fake, Candidates: candidates}, nil
		}
	}
	out := compress(t, newEngine(t, plan(lossy("a", 150, 30), lossy("b", 700, 50), lossy("c", 400, 40))), request(t, original(), at(recipe.CompressionHigh)))
	if out.Report.Chosen != "b" || out.Report.Reason != report.BelowQuality {
		t.Errorf("chosen %q because %q, want the closest", out.Report.Chosen, out.Report.Reason)
	}
	// A search of drafts ends with the closest made in full.
	k := curve{score: func(level int) float64 { return float64(level) / 2 }, size: func(level int) int { return 300 + level }}
	out = compress(t, newEngine(t, plan(k.candidate(true))), request(t, original(), at(recipe.CompressionHigh)))
	if out.Report.Chosen != "level 100" || out.Report.Reason != report.BelowQuality {
		t.Errorf("chosen %q because %q, want level 100", out.Report.Chosen, out.Report.Reason)
	}
	fails := codec.Candidate{Label: "x", Format: fake, Encode: func(context.Context, *blob.Writer) error { return problem.New(problem.LimitExceeded) }}
	_, err := newEngine(t, plan(fails)).Compress(t.Context(), request(t, original(), at(recipe.CompressionHigh)), blob.NewScratch(t.TempDir()))
	if !problem.Has(err, problem.LimitExceeded) {
		t.Errorf("all attempts failed: %v, want what they failed with", err)
	}
	// Where no loss is allowed a changed picture has to be visually lossless.
	out = compress(t, newEngine(t, plan(lossy("a", 150, 89.9), lossy("b", 700, 90))), request(t, original(), at(recipe.CompressionLossless)))
	if out.Report.Chosen != "b" || out.Report.Reason != report.Fixed {
		t.Errorf("lossless: chosen %q because %q, want b", out.Report.Chosen, out.Report.Reason)
	}
}

// TestPrior: what an earlier pass was allowed to lose is not lost again.
func TestPrior(t *testing.T) {
	for name, test := range map[string]struct {
		prior  codec.Prior
		level  recipe.Compression
		score  float64
		chosen string
	}{
		"same level":                  {codec.Prior{Floor: 75}, recipe.CompressionHigh, 99.9, "original"},
		"gentler after harder":        {codec.Prior{Floor: 60}, recipe.CompressionMedium, 99.9, "original"},
		"harder, within what is left": {codec.Prior{Floor: 85}, recipe.CompressionHigh, 90, "a"},
		"harder, beyond":              {codec.Prior{Floor: 85}, recipe.CompressionHigh, 89.9, "original"},
		"unmarked":                    {codec.Prior{}, recipe.CompressionHigh, 75, "a"},
	} {
		data := file(fake, 1000, contents{Shows: "original", Prior: test.prior})
		out := compress(t, newEngine(t, proposing(lossy("a", 500, test.score))), request(t, data, at(test.level)))
		if out.Report.Chosen != test.chosen {
			t.Errorf("%s: chosen %q, want %q", name, out.Report.Chosen, test.chosen)
		}
	}
}

// TestReproducible: equal input, equal bytes and an equal report, but for the time.
func TestReproducible(t *testing.T) {
	k := curve{score: func(level int) float64 { return 40 + float64(level)/2 }, size: func(level int) int { return 200 + 5*level }}
	e := newEngine(t, proposing(lossless("l", 800), k.candidate(true), lossy("a", 600, 90)))
	var first string
	for range 3 {
		out := compress(t, e, request(t, original(), at(recipe.CompressionHigh)))
		for i := range out.Report.Attempts {
			out.Report.Attempts[i].Milliseconds = 0
		}
		text, err := json.Marshal([]any{out.Report, out.Input, out.Output})
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(text)
		}
		if string(text) != first {
			t.Errorf("%s\n%s", text, first)
		}
	}
	if !strings.Contains(first, `"level 70"`) {
		t.Errorf("the search is missing in %s", first)
	}
}

// TestEnd: plans and references are closed, whatever happens, and the end of the context
// ends the run between two attempts.
func TestEnd(t *testing.T) {
	var closed, open atomic.Int64
	for name, end := range map[string]bool{"runs through": false, "ends": true} {
		closed.Store(0)
		ctx, cancel := context.WithCancel(t.Context())
		made := 0
		candidate := func(label string) codec.Candidate {
			c := lossy(label, 500, 80)
			write := c.Encode
			c.Encode = func(ctx context.Context, dst *blob.Writer) error {
				if made++; end && made == 2 {
					cancel()
				}
				return write(ctx, dst)
			}
			return c
		}
		plan := func(context.Context, codec.Subject, format.ID, recipe.Recipe) (codec.Plan, error) {
			return codec.Plan{Close: func() { closed.Add(1) },
				Candidates: []codec.Candidate{candidate("a"), candidate("b"), candidate("c")}}, nil
		}
		e := engineOf(t, plan, fakeMetric{open: &open})
		_, err := e.Compress(ctx, request(t, original(), at(recipe.CompressionHigh)), blob.NewScratch(t.TempDir()))
		cancel()
		if end && (!errors.Is(err, context.Canceled) || made != 2) {
			t.Errorf("%s: %v after %d attempts, want the context's end after 2", name, err, made)
		}
		if !end && (err != nil || made != 3) {
			t.Errorf("%s: %v after %d attempts", name, err, made)
		}
		if closed.Load() != 1 || open.Load() != 0 {
			t.Errorf("%s: plan closed %d times, %d references open", name, closed.Load(), open.Load())
		}
	}
}
