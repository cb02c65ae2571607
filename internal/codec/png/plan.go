package png

import (
	"context"
	"fmt"
	"math"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/picture"
	"compressor/internal/pngfile"
	"compressor/internal/quantize"
	"compressor/internal/recipe"
)

// Plan proposes palettes, as large and with indices as exact as the floor needs; and, last,
// since it is the slowest, the same samples in their smallest form.
func (Codec) Plan(_ context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
	w, err := picture.Prepare(in, to, r, picture.Holds{Depth: 16, Alpha: true, Comments: true})
	if err != nil || w.Idle() {
		return codec.Plan{}, err
	}
	p := planner{Work: w, colours: new(colours)}
	plan := w.Plan()
	switch {
	case w.Lossless() || w.Spent():
	case in.Facts.Depth > 8:
		plan.Notes = append(plan.Notes, "16 bits a sample: kept, so no palette was tried.")
	default:
		plan.Candidates = append(plan.Candidates, p.lossy()...)
	}
	plan.Candidates = append(plan.Candidates, p.lossless())
	return plan, nil
}

// planner makes the candidates of one plan.
type planner struct {
	*picture.Work
	colours *colours
}

// lossless keeps every sample of the input, or of the changed picture.
func (p planner) lossless() codec.Candidate {
	encode, lost := p.encodeStored, p.Stored.Lost
	if !p.Same {
		encode, lost = p.encodeSource, p.Upright.Lost
	}
	return codec.Candidate{
		Label: "optimised", Format: ID, Lossless: true, Lost: lost,
		Encode: func(ctx context.Context, dst *blob.Writer) error { return encode(ctx, dst, pngfile.Normal) },
		AtLeast: func(ctx context.Context) (int64, error) {
			var fair counter
			err := encode(ctx, &fair, pngfile.Fair)
			return int64(float64(fair) / max(losslessSlack, p.slack())), err
		},
	}
}

// counter counts what is written to it.
type counter int64

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// lossy are the candidates with a palette: our own, without and with diffusion; and then one
// with more colours than that. Where the client fixed the quality, it is imagequant's palette.
func (p planner) lossy() []codec.Candidate {
	if q := p.Img.Quality; q != nil {
		return []codec.Candidate{p.imagequant(*q, 0), p.imagequant(*q, 1)}
	}
	return []codec.Candidate{p.reduced(false), p.reduced(true), p.posterized()}
}

// reduced searches the level of package quantize.
func (p planner) reduced(diffuse bool) codec.Candidate {
	name := "palette"
	if diffuse {
		name = "diffused palette"
	}
	made := func(level int, effort pngfile.Effort) codec.Candidate {
		return codec.Candidate{
			Label: fmt.Sprintf("%s level=%d", name, level), Format: ID, Lost: p.Upright.Lost,
			Encode: func(ctx context.Context, dst *blob.Writer) error {
				return p.encodeReduced(ctx, dst, level, diffuse, effort)
			},
		}
	}
	c := codec.Candidate{
		Label: name, Format: ID,
		Knob: &codec.Knob{
			Kind: string(ID), Low: 1, High: quantize.Levels, Start: start(p.In.Floor), Slope: slope(p.In.Floor), Alike: p.alike,
			Seed:  func(ctx context.Context) (int, error) { return p.seed(ctx, diffuse) },
			At:    func(level int) codec.Candidate { return made(level, pngfile.Normal) },
			Draft: func(level int) codec.Candidate { return made(level, pngfile.Quick) }, Slack: p.slack(),
		},
	}
	if diffuse {
		c.Knob.Follow = p.diffusedAfter
	}
	c.AtLeast = func(ctx context.Context) (int64, error) {
		least := p.leastLossy()
		if diffuse || p.Same && least >= p.In.Blob.Size {
			return least, nil
		}
		bound, err := p.unlessWithin(ctx)
		return max(least, bound), err
	}
	return c
}

// leastLossy is the size in bytes of the smallest lossy result. Files that are no larger
// cannot win.
func (p planner) leastLossy() int64 { return leastWith(p.Mark()) }

// leastWith is the size of the smallest PNG with this mark: signature, IHDR, an IDAT with a
// deflate stream of two literals, IEND, and the mark's text chunk.
func leastWith(mark string) int64 {
	const bare = 8 + (12 + 13) + (12 + 2 + 4 + 4) + 12
	if mark == "" {
		return bare
	}
	return int64(bare + 12 + len(markKeyword) + 1 + len(mark))
}

// unlessWithin rules a palette without diffusion out where even the largest one loses more
// than pictures can that reach the floor.
func (p planner) unlessWithin(ctx context.Context) (int64, error) {
	if err := p.count(ctx); err != nil {
		return 0, err
	}
	if !p.colours.quantizer.Within(start(p.In.Floor)) {
		return math.MaxInt64, nil
	}
	return 0, nil
}

// imagequant is the file of a fixed quality.
func (p planner) imagequant(quality int, dither float64) codec.Candidate {
	return codec.Candidate{
		Label: fmt.Sprintf("imagequant q=%d dither=%g", quality, dither), Format: ID, Lost: p.Upright.Lost, Fixed: true,
		Encode: func(ctx context.Context, dst *blob.Writer) error {
			return p.encodeQuantized(ctx, dst, quality, dither, pngfile.Normal)
		},
	}
}

// How many times as large a file of less effort may be as the normal one. With a palette the
// quick one's was at most 1.33 times on the graphics of the corpus, and on patterns that
// repeat, which deflate to almost nothing once the right filter is found, 2.9 times. The fair
// one's was at most 1.8 times on 40 such patterns and 90 icons, and 3 times on one more.
const (
	draftSlack    = 1.5
	smallSlack    = 4
	losslessSlack = 2
)

func (p planner) small() bool { return p.Width*p.Height <= small }

// small is the number of pixels up to which such patterns are reckoned with.
const small = 1 << 17

// slack is that of drafts.
func (p planner) slack() float64 {
	if p.small() {
		return smallSlack
	}
	return draftSlack
}

// slope is how much the score of a graphic rises with a level, about.
func slope(floor float64) float64 {
	switch {
	case floor >= 80:
		return 0.8
	case floor >= 70:
		return 1.2
	}
	return 1.6
}

// start is the level at which the graphics of the corpus cross a floor, about by the median.
func start(floor float64) int {
	switch {
	case floor >= 80:
		return 64
	case floor >= 70:
		return 52
	}
	return 36
}

// seed is the level at which a picture of such colours is expected to cross the floor: a
// linear fit over the 25 graphics of the corpus, which leaves 6 to 9 levels of error, by the
// mean of all but the one looked at, where the median leaves 13 to 15. docs/images.md.
func (p planner) seed(ctx context.Context, diffuse bool) (int, error) {
	if err := p.count(ctx); err != nil {
		return 0, err
	}
	colours, spread, four := p.colours.quantizer.Content()
	fit := fitOf(p.In.Floor, diffuse)
	return int(fit[0] + fit[1]*colours + fit[2]*spread + fit[3]*float64(four)), nil
}

// fitOf gives the constant of the fit, and how much the level rises with each feature.
func fitOf(floor float64, diffuse bool) [4]float64 {
	switch {
	case floor >= 80 && diffuse:
		return [4]float64{172, 1.3, -6.2, -0.65}
	case floor >= 80:
		return [4]float64{155, 2.3, -5.8, -0.55}
	case floor >= 70 && diffuse:
		return [4]float64{139, 1.3, -5.4, -0.44}
	case floor >= 70:
		return [4]float64{143, 1.8, -5.7, -0.48}
	case diffuse:
		return [4]float64{131, 1.4, -6.0, -0.29}
	}
	return [4]float64{140, 1.7, -6.1, -0.43}
}

// diffusedAfter is where diffusion reaches the score that indices without it reached at a
// level, by the median of the corpus.
//
// Where there are few colours, it is the same level, and there is hope only if the floor is
// low: with diffusion none of 15 such results of the corpus was smaller at 75, one of 12 at
// 85, by 4 bytes, and seven of 15 at 60, by 1 to 18 %.
func (p planner) diffusedAfter(level int) (begin int, hope bool) {
	if p.colours.quantizer != nil && p.colours.quantizer.Few(level) {
		return level, p.In.Floor < 70 || p.Target.Bytes > 0
	}
	switch {
	case p.In.Floor >= 80:
		return level - 4, true
	case p.In.Floor >= 70:
		return level - 6, true
	}
	return level - 9, true
}

// alike gives the levels with as many colours, once they are counted.
func (p planner) alike(level int) (first, last int) {
	if p.colours.quantizer == nil {
		return level, level
	}
	return p.colours.quantizer.Alike(level)
}
