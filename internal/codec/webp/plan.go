package webp

import (
	"context"
	"fmt"
	"math"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/picture"
	"compressor/internal/recipe"
	"compressor/internal/vips"
	"compressor/internal/webpfile"
)

// Plan proposes the lossy bitstream; a palette in the lossless bitstream, which suits flat
// graphics; the very pixels in the lossless bitstream; and the input's own bitstream without
// what stands around it.
func (Codec) Plan(_ context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
	w, err := picture.Prepare(in, to, r, picture.Holds{Depth: 8, Alpha: true, Side: webpfile.MaxSide})
	if err != nil || w.Idle() {
		return codec.Plan{}, err
	}
	w.InColour()
	p := &planner{Work: w, kept: w.Img.Preserves("all")}
	plan := w.Plan()
	plan.Close = p.close
	deep := in.Facts.Depth > 8
	if deep && w.Lossless() {
		plan.Notes = append(plan.Notes, fmt.Sprintf(
			"WebP has 8 bits a sample: made visually lossless (score %d or more).", recipe.VisuallyLossless))
	}
	if !w.Spent() && (deep || !w.Lossless()) {
		plan.Candidates = append(plan.Candidates, p.lossy())
		if w.Img.Quality == nil {
			plan.Candidates = append(plan.Candidates, p.palette())
		}
	}
	if !(w.Same && in.Facts.Subsampled) {
		plan.Candidates = append(plan.Candidates, p.lossless(!deep)...)
	}
	if w.Same {
		plan.Candidates = append(plan.Candidates, p.repacked())
	}
	return plan, nil
}

// planner makes the candidates of one plan. It is used by one goroutine.
type planner struct {
	*picture.Work
	kept    bool        // everything that the format can hold stays
	shallow *vips.Image // the source at 8 bits, where it had more
	quick   int64       // bytes of the picture in VP8L at the least effort; 0 if not known yet
}

func (p *planner) close() {
	p.shallow.Close()
	p.Source.Close()
}

// lossy searches libwebp's quality, or takes the fixed one.
func (p *planner) lossy() codec.Candidate {
	o := vips.WebPOptions{Alpha: 100, Effort: lossyEffort, Sharp: p.In.Floor >= sharpFrom}
	at := func(quality int) codec.Candidate {
		label := fmt.Sprintf("libwebp q=%d", quality)
		if o.Sharp {
			label += " sharp"
		}
		return codec.Candidate{
			Label: label, Format: ID, Lost: p.Upright.Lost,
			Encode: func(_ context.Context, dst *blob.Writer) error { return p.encodeLossy(dst, o, quality) },
		}
	}
	if p.Img.Quality != nil {
		c := at(*p.Img.Quality)
		c.Fixed = true
		return c
	}
	first, slope := start(p.In.Floor)
	return codec.Candidate{
		Label: "libwebp", Format: ID,
		Knob: &codec.Knob{Low: 1, High: 100, Start: first, Slope: slope, At: at},
	}
}

// palette searches imagequant's quality; the palette's pixels then go into VP8L.
func (p *planner) palette() codec.Candidate {
	made := func(quality int, draft bool) codec.Candidate {
		return codec.Candidate{
			Label: fmt.Sprintf("imagequant q=%d", quality), Format: ID, Lost: p.Upright.Lost,
			Encode: func(_ context.Context, dst *blob.Writer) error { return p.encodePalette(dst, quality, draft) },
		}
	}
	return codec.Candidate{
		Label: "imagequant", Format: ID, AtLeast: p.paletteAtLeast,
		Knob: &codec.Knob{
			Low: 1, High: 100, Start: paletteStart(p.In.Floor),
			At:    func(quality int) codec.Candidate { return made(quality, false) },
			Draft: func(quality int) codec.Candidate { return made(quality, true) }, Slack: draftSlack,
		},
	}
}

// paletteAtLeast leaves photos out: where the lossless bitstream needs that many bits for a
// pixel, 256 colours do not come close to what the lossy one makes of it.
func (p *planner) paletteAtLeast(context.Context) (int64, error) {
	size, err := p.quickSize()
	if err == nil && 8*size > photoBits*int64(p.Width)*int64(p.Height) {
		return math.MaxInt64, nil
	}
	return size / paletteGain, err
}

// lossless lists the ways to keep every pixel, if the source has no more than 8 bits a sample.
// Where nothing else is allowed, two efforts are tried: now and then less gives less.
func (p *planner) lossless(exact bool) []codec.Candidate {
	var candidates []codec.Candidate
	for _, o := range losslessOptions(p.Width*p.Height, p.Lossless()) {
		candidates = append(candidates, codec.Candidate{
			Label:  fmt.Sprintf("libwebp lossless effort=%d", o.Effort),
			Format: ID, Lossless: exact, Lost: p.Upright.Lost,
			Encode: func(_ context.Context, dst *blob.Writer) error { return p.encodeLossless(dst, o) },
			AtLeast: func(context.Context) (int64, error) {
				size, err := p.quickSize()
				return size / losslessGain, err
			},
		})
	}
	return candidates
}

// repacked keeps the input's own bitstream.
func (p *planner) repacked() codec.Candidate {
	return codec.Candidate{
		Label: "repacked", Format: ID, Lossless: true, Lost: p.Stored.Lost,
		Encode: func(_ context.Context, dst *blob.Writer) error { return p.encodeRepacked(dst) },
		AtLeast: func(context.Context) (int64, error) {
			data, err := p.repack()
			return int64(len(data)), err
		},
	}
}
