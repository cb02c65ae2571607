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
	w, err := picture.Prepare(in, to, r, picture.Holds{Alpha: true, Comments: true})
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
			if p.small() {
				return 0, nil
			}
			var quick counter
			err := encode(ctx, &quick, pngfile.Quick)
			return int64(quick) / losslessSlack, err
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

// small is the number of pixels up to which imagequant's palettes are tried beside our own:
// they win on some icons, where a search takes milliseconds.
const small = 1 << 17

// lossy are the candidates with a palette: our own, without and with diffusion, and that of
// imagequant. Where the client fixed the quality, it is imagequant's.
func (p planner) lossy() []codec.Candidate {
	if q := p.Img.Quality; q != nil {
		list := []codec.Candidate{p.imagequant(*q, 0, pngfile.Normal), p.imagequant(*q, 1, pngfile.Normal)}
		for i := range list {
			list[i].Fixed = true
		}
		return list
	}
	list := []codec.Candidate{p.reduced(false), p.reduced(true)}
	if p.Width*p.Height <= small {
		list = append(list, codec.Candidate{
			Label: "imagequant", Format: ID,
			Knob: &codec.Knob{
				Low: 1, High: 100, Start: imagequantStart(p.In.Floor),
				At:    func(quality int) codec.Candidate { return p.imagequant(quality, 0, pngfile.Normal) },
				Draft: func(quality int) codec.Candidate { return p.imagequant(quality, 0, pngfile.Quick) }, Slack: p.slack(),
			},
			AtLeast: func(context.Context) (int64, error) { return p.leastLossy(), nil },
		})
	}
	return list
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
			Low: 1, High: quantize.Levels, Start: start(p.In.Floor), Slope: slope,
			At:    func(level int) codec.Candidate { return made(level, pngfile.Normal) },
			Draft: func(level int) codec.Candidate { return made(level, pngfile.Quick) }, Slack: p.slack(),
		},
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

// imagequant is one file by imagequant's quality.
func (p planner) imagequant(quality int, dither float64, effort pngfile.Effort) codec.Candidate {
	return codec.Candidate{
		Label: fmt.Sprintf("imagequant q=%d dither=%g", quality, dither), Format: ID, Lost: p.Upright.Lost,
		Encode: func(ctx context.Context, dst *blob.Writer) error {
			return p.encodeQuantized(ctx, dst, quality, dither, effort)
		},
	}
}

// How many times as large the quick optimiser's file may be as the normal one's. With a
// palette it was at most 1.33 times on the graphics of the corpus. Patterns that repeat
// exactly deflate to almost nothing once the right filter is found: there is no bound then,
// and small pictures, where they are usual and work is cheap, do not rely on one.
const (
	draftSlack    = 1.5
	smallSlack    = 4
	losslessSlack = 2
)

func (p planner) small() bool { return p.Width*p.Height <= small }

// slack is that of drafts.
func (p planner) slack() float64 {
	if p.small() {
		return smallSlack
	}
	return draftSlack
}

// slope is how much the score of a graphic rises with a level, about.
const slope = 0.75

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

// imagequantStart is the same for imagequant's quality.
func imagequantStart(floor float64) int {
	switch {
	case floor >= 80:
		return 83
	case floor >= 70:
		return 60
	}
	return 20
}
