package png

import (
	"context"
	"fmt"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/picture"
	"compressor/internal/pngfile"
	"compressor/internal/recipe"
)

// Plan proposes a palette without dithering, which suits flat graphics; one with; and,
// last, since it is the slowest, the same samples in their smallest form.
func (Codec) Plan(_ context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
	w, err := picture.Prepare(in, to, r, picture.Holds{Alpha: true, Comments: true})
	if err != nil || w.Idle() {
		return codec.Plan{}, err
	}
	p := planner{Work: w}
	plan := w.Plan()
	switch {
	case w.Lossless() || w.Spent():
	case in.Facts.Depth > 8:
		plan.Notes = append(plan.Notes, "16 bits a sample: kept, so no palette was tried.")
	default:
		plan.Candidates = append(plan.Candidates, p.quantized(0), p.quantized(1))
	}
	plan.Candidates = append(plan.Candidates, p.lossless())
	return plan, nil
}

// planner makes the candidates of one plan.
type planner struct{ *picture.Work }

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

// quantized searches imagequant's quality, or takes the fixed one.
func (p planner) quantized(dither float64) codec.Candidate {
	made := func(quality int, effort pngfile.Effort) codec.Candidate {
		return codec.Candidate{
			Label: fmt.Sprintf("imagequant q=%d dither=%g", quality, dither), Format: ID, Lost: p.Upright.Lost,
			Encode: func(ctx context.Context, dst *blob.Writer) error {
				return p.encodeQuantized(ctx, dst, quality, dither, effort)
			},
		}
	}
	at := func(quality int) codec.Candidate { return made(quality, pngfile.Normal) }
	if p.Img.Quality != nil {
		c := at(*p.Img.Quality)
		c.Fixed = true
		return c
	}
	return codec.Candidate{
		Label: fmt.Sprintf("imagequant dither=%g", dither), Format: ID,
		Knob: &codec.Knob{
			Low: 1, High: 100, Start: start(p.In.Floor), At: at,
			Draft: func(quality int) codec.Candidate { return made(quality, pngfile.Quick) }, Slack: draftSlack,
		},
	}
}

// draftSlack is how much larger the quick optimiser's file may be than the normal one's.
const draftSlack = 1.33

// start is the quality at which the graphics of the corpus cross a floor, by the median:
// docs/images.md.
func start(floor float64) int {
	switch {
	case floor >= 80:
		return 83
	case floor >= 70:
		return 60
	}
	return 20
}
