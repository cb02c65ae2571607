package png

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/picture"
	"compressor/internal/pngfile"
	"compressor/internal/quantize"
	"compressor/internal/recipe"
)

// Plan proposes a palette, as large and indices as exact as the floor needs; and, last,
// since it is the slowest, the same samples in their smallest form. Where the client fixed
// the quality, it is imagequant's, without dithering and with.
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
			var quick counter
			err := encode(ctx, &quick, pngfile.Quick)
			return int64(float64(quick) / draftSlack), err
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

// lossy are the candidates with a palette.
func (p planner) lossy() []codec.Candidate {
	if p.Img.Quality != nil {
		return []codec.Candidate{p.fixed(*p.Img.Quality, 0), p.fixed(*p.Img.Quality, 1)}
	}
	var list []codec.Candidate
	for _, spread := range spreads() {
		list = append(list, p.reduced(spread))
	}
	return list
}

func spreads() []int {
	if v := os.Getenv("SPREADS"); v != "" {
		var l []int
		for _, f := range strings.Split(v, ",") {
			n, _ := strconv.Atoi(f)
			l = append(l, n)
		}
		return l
	}
	return []int{0, 12}
}

func (p planner) reduced(spread int) codec.Candidate {
	made := func(level int, effort pngfile.Effort) codec.Candidate {
		return codec.Candidate{
			Label: fmt.Sprintf("palette level=%d spread=%d", level, spread), Format: ID, Lost: p.Upright.Lost,
			Encode: func(ctx context.Context, dst *blob.Writer) error {
				return p.encodeReduced(ctx, dst, level, spread, effort)
			},
		}
	}
	return codec.Candidate{
		Label: fmt.Sprintf("palette spread=%d", spread), Format: ID,
		Knob: &codec.Knob{
			Low: 1, High: quantize.Levels, Start: start(p.In.Floor), Slope: slope,
			At:    func(level int) codec.Candidate { return made(level, pngfile.Normal) },
			Draft: func(level int) codec.Candidate { return made(level, pngfile.Quick) }, Slack: draftSlack,
		},
	}
}

// fixed is imagequant at a quality that the client asked for.
func (p planner) fixed(quality int, dither float64) codec.Candidate {
	return codec.Candidate{
		Label: fmt.Sprintf("imagequant q=%d dither=%g", quality, dither), Format: ID, Lost: p.Upright.Lost, Fixed: true,
		Encode: func(ctx context.Context, dst *blob.Writer) error {
			return p.encodeQuantized(ctx, dst, quality, dither, pngfile.Normal)
		},
	}
}

// draftSlack is how much larger the quick optimiser's file may be than the normal one's.
const draftSlack = 1.33

// slope is how much the score of a graphic rises with a level, about.
const slope = 0.75

// start is the level at which the graphics of the corpus cross a floor, by the median:
// docs/images.md.
func start(floor float64) int {
	switch {
	case floor >= 80:
		return 58
	case floor >= 70:
		return 46
	}
	return 30
}
