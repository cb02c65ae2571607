package jpeg

import (
	"context"
	"fmt"
	"math"
	"slices"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/jpegquant"
	"compressor/internal/picture"
	"compressor/internal/recipe"
)

// Plan proposes our own quantizer with chroma subsampled; the same with full chroma, where
// the source may have it; mozjpeg, for text on white; and, last, since it seldom wins where
// loss is allowed, the same coefficients coded better.
func (Codec) Plan(_ context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
	w, err := picture.Prepare(in, to, r, picture.Holds{Depth: 8, IPTC: true, Comments: true, Side: maxSide})
	if err != nil || w.Idle() {
		return codec.Plan{}, err
	}
	p := &planner{Work: w, drafts: map[draft][]byte{}}
	plan := w.Plan()
	if !w.Same && w.Lossless() {
		plan.Notes = append(plan.Notes, fmt.Sprintf(
			"JPEG cannot hold a new picture without loss: made visually lossless (score %d or more).", recipe.VisuallyLossless))
	}
	if !w.Spent() && !(w.Same && w.Lossless()) {
		plan.Candidates = append(plan.Candidates, p.lossy()...)
	}
	if w.Same {
		plan.Candidates = append(plan.Candidates, codec.Candidate{
			Label: "recoded coefficients", Format: ID, Lossless: true,
			Encode: p.encodeRecoded, Lost: w.Stored.Lost, AtLeast: p.recodedAtLeast,
		})
	}
	return plan, nil
}

// maxSide is what libjpeg writes; the format itself ends at 65535 (T.81 B.2.2).
const maxSide = 65500

// recodedAtLeast: coding the same coefficients anew saves at most two fifths of what is
// not metadata (4 to 25 % on the corpus).
func (p *planner) recodedAtLeast(context.Context) (int64, error) {
	size := p.In.Blob.Size
	for _, t := range p.In.Facts.Tags {
		size -= int64(len(t.Value))
	}
	return size * 3 / 5, nil
}

// planner makes the candidates of one plan.
type planner struct {
	*picture.Work
	source *source          // what is quantized, for one mode at a time
	drafts map[draft][]byte // files so far: the search ends by finishing one of them

	// Of 4:2:0, for the decision on full chroma: the size of its finished file, and what it
	// left out.
	quarter int64
	missed  float64
}

// draft names one file.
type draft struct {
	mode  mode
	level int
}

// quarter is the mode that is tried first.
func quarter() mode { return mode{name: "4:2:0", sampling: jpegquant.Quarter} }

// mode is one way to sample colour, and who quantizes.
type mode struct {
	name     string
	sampling jpegquant.Sampling
	mozjpeg  bool // its levels are qualities of the IJG scale
}

// lossy lists the searches, or the single attempts of a fixed quality.
func (p *planner) lossy() []codec.Candidate {
	modes := []mode{quarter(), {name: "4:4:4", sampling: jpegquant.Full}}
	switch {
	case p.In.Facts.Gray:
		modes = []mode{{name: "gray", sampling: jpegquant.Quarter}}
	case p.In.Facts.Subsampled && p.Img.Resize == nil:
		modes = modes[:1] // what is not there needs no room; scaling down brings it back
	}
	if p.Img.Quality == nil {
		modes = append(modes, mode{name: modes[0].name, sampling: modes[0].sampling, mozjpeg: true})
	}
	var candidates []codec.Candidate
	for _, m := range modes {
		candidates = append(candidates, p.candidate(m))
	}
	return candidates
}

func (p *planner) candidate(m mode) codec.Candidate {
	if p.Img.Quality != nil {
		c := p.at(m, levelOf(float64(*p.Img.Quality)))
		c.Label = fmt.Sprintf("trellis q=%d %s", *p.Img.Quality, m.name)
		c.Fixed = true
		return c
	}
	knob := codec.Knob{
		Low: 1, High: levels, Start: start(p.In.Floor), Slope: rise(p.In.Floor), Seed: p.seed,
		At:    func(level int) codec.Candidate { return p.at(m, level) },
		Draft: func(level int) codec.Candidate { return p.draft(m, level) }, Slack: draftSlack,
	}
	name := "trellis "
	if m.mozjpeg {
		name = "mozjpeg "
		knob.Low, knob.High, knob.Start, knob.Slope, knob.Seed = 20, 98, int(qualityOf(knob.Start)), 0, nil
	}
	return codec.Candidate{Label: name + m.name, Format: ID, AtLeast: p.atLeast(m), Knob: &knob}
}

// richChroma is what 4:2:0 must have left out of chroma, as a mean square in units of
// samples, for 4:4:4 to be worth a search: fine detail between strong colours, which photos
// seldom have. On 19 crops of photos at three scores 4:4:4 was smaller where this was 13, by
// up to 4 %, and larger, mostly by 2 to 9 %, where it was below 5.
const richChroma = 6

// atLeast: full chroma makes larger files of what 4:2:0 holds well enough. Only a measured
// file of 4:2:0 says so: if it misses the floor, full chroma is tried.
func (p *planner) atLeast(m mode) func(context.Context) (int64, error) {
	if m.mozjpeg {
		return p.mozjpegAtLeast
	}
	if m.sampling != jpegquant.Full || p.Target.Bytes > 0 {
		return nil
	}
	return func(context.Context) (int64, error) {
		if p.missed >= richChroma {
			return 0, nil
		}
		return p.quarter, nil
	}
}

// whiteShare is how much of a picture is white, at least, for mozjpeg to be worth a search:
// it lets the ringing of black on white rise above white, where decoders cut it off, which
// our quantizer does not. A page of text, 88 % white, came out 31 % smaller at a score of 60
// and 1 % at 75. Screenshots of at most 78 % gained nothing.
const whiteShare = 0.8

// mozjpegAtLeast leaves out pictures that are not mostly white.
func (p *planner) mozjpegAtLeast(context.Context) (int64, error) {
	im, done, err := p.shallow()
	if err != nil {
		return 0, err
	}
	defer done()
	pix, err := im.View()
	if err != nil {
		return 0, err
	}
	white, bands := 0, im.Bands()
	for i := 0; i < len(pix); i += bands {
		if slices.Min(pix[i:i+bands]) >= 250 {
			white++
		}
	}
	if float64(white) < whiteShare*float64(len(pix)/bands) {
		return math.MaxInt64, nil
	}
	return 0, nil
}

func label(m mode, level int) string {
	if m.mozjpeg {
		return fmt.Sprintf("mozjpeg q=%d %s", level, m.name)
	}
	return fmt.Sprintf("trellis q=%.4g %s", qualityOf(level), m.name)
}

func (p *planner) at(m mode, level int) codec.Candidate {
	return codec.Candidate{
		Label: label(m, level), Format: ID, Lost: p.Upright.Lost,
		Encode: func(_ context.Context, dst *blob.Writer) error { return p.encodeLossy(dst, m, level) },
	}
}

// draft is a sequential file, so up to draftSlack times as large as the finished one, and
// without metadata but the profile, which decides its colours.
func (p *planner) draft(m mode, level int) codec.Candidate {
	return codec.Candidate{
		Label: label(m, level), Format: ID,
		Encode: func(_ context.Context, dst *blob.Writer) error {
			data, err := p.quantized(m, level)
			if err != nil {
				return err
			}
			_, err = dst.Write(withProfile(data, p.Upright.ICC))
			return err
		},
	}
}

// draftSlack: progressive coding saves at most a quarter (1 to 15 % on photos of the
// corpus; more on flat graphics).
const draftSlack = 1.33
