package avif

import (
	"context"
	"fmt"
	"math"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/picture"
	"compressor/internal/recipe"
)

// Plan proposes libaom where loss is allowed; libaom without loss where a new picture must
// be exact; and the bitstream as it is in a container without waste.
func (Codec) Plan(_ context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
	w, err := picture.Prepare(in, to, r, picture.Holds{Depth: 10, Alpha: true, Side: maxSide})
	if err != nil || w.Idle() {
		return codec.Plan{}, err
	}
	w.InColour() // libvips writes three planes in any case
	p := planner{Work: w}
	plan := w.Plan()
	switch {
	case w.Same && (w.Lossless() || w.Spent()) || max(w.Width, w.Height) > maxSide:
	case w.Lossless() && in.Facts.Depth <= 8:
		plan.Candidates = append(plan.Candidates, p.exact())
	default:
		if w.Lossless() {
			plan.Notes = append(plan.Notes, fmt.Sprintf(
				"More than 8 bits a sample: made visually lossless (score %d or more).", recipe.VisuallyLossless))
		}
		plan.Candidates = append(plan.Candidates, p.searched())
		if !w.Same && (w.Target.Bytes > 0 || w.Target.Score > recipe.VisuallyLossless) && in.Facts.Depth <= 8 {
			plan.Candidates = append(plan.Candidates, p.exactWithin())
		}
	}
	if w.Same {
		plan.Candidates = append(plan.Candidates, p.repacked())
	}
	return plan, nil
}

// maxSide is what libvips hands to libheif; the format itself ends at 65536.
const maxSide = 16384

// planner makes the candidates of one plan.
type planner struct{ *picture.Work }

// repacked keeps the input's bitstreams.
func (p planner) repacked() codec.Candidate {
	return codec.Candidate{
		Label: "repacked", Format: ID, Lossless: true, Lost: p.Stored.Lost,
		Encode: func(_ context.Context, dst *blob.Writer) error { return p.encodeRepacked(dst) },
	}
}

// exact codes every sample of a new picture as it is, in RGB.
func (p planner) exact() codec.Candidate {
	return codec.Candidate{
		Label: "libaom lossless", Format: ID, Lossless: true, Lost: p.Upright.Lost,
		Encode: func(_ context.Context, dst *blob.Writer) error {
			return p.encode(dst, exactly, 100, effort(p.Width*p.Height))
		},
	}
}

// exactWithin is exact, for a size or a high score that was asked for: the best there is,
// where it fits or nothing else is good enough. That less than a bit a pixel will do is not
// expected.
func (p planner) exactWithin() codec.Candidate {
	c := p.exact()
	c.AtLeast = func(context.Context) (int64, error) { return int64(p.Width) * int64(p.Height) / 8, nil }
	return c
}

// mode is one way to drive libaom. Full colour costs little in AV1 and wins at all floors;
// so do 10 bits a sample, whatever the source has: docs/images.md.
type mode string

const (
	lossy   mode = "4:4:4"
	eight   mode = "8 bits" // a sample, and 4:4:4
	exactly mode = "lossless"
)

// searched is the search, or the single attempt of a fixed quality.
func (p planner) searched() codec.Candidate {
	if p.Img.Quality != nil {
		c := p.at(*p.Img.Quality)
		c.Fixed = true
		return c
	}
	start, slope := expected(p.In.Floor)
	knob := &codec.Knob{
		Low: lowest, High: highest, Start: start, Seed: p.seed,
		At:     func(level int) codec.Candidate { return p.at(quality(level)) },
		Sketch: p.sketches(), Slack: sketchSlack, Slope: slope,
	}
	if p.In.Floor < shallowBelow && p.In.Facts.Depth <= 8 {
		knob.Between = p.shallow
	}
	return codec.Candidate{Label: "libaom", Format: ID, Knob: knob}
}

func (p planner) at(quality int) codec.Candidate {
	return codec.Candidate{
		Label: fmt.Sprintf("libaom q=%d", quality), Format: ID, Lost: p.Upright.Lost,
		Encode: func(_ context.Context, dst *blob.Writer) error {
			return p.encode(dst, lossy, quality, effort(p.Width*p.Height))
		},
	}
}

// shallow is the level below with 8 bits a sample: at low floors a quantizer is worth two
// points of score, and this lies between the two, in bytes and score.
func (p planner) shallow(level int) codec.Candidate {
	q := quality(level - 1)
	return codec.Candidate{
		Label: fmt.Sprintf("libaom q=%d 8-bit", q), Format: ID, Lost: p.Upright.Lost,
		Encode: func(_ context.Context, dst *blob.Writer) error {
			return p.encode(dst, eight, q, effort(p.Width*p.Height))
		},
	}
}

// shallowBelow is the floor up to which such a file is smaller than one of 10 bits a sample
// that is as good. At 85 it is neither half-way in score nor smaller.
const shallowBelow = 80

// sketches are files of the least effort whose scores are of use, where that saves much. One
// quantizer finer they come closest to the scores of the real ones, or two where those are
// made with the most effort.
func (p planner) sketches() func(level int) codec.Candidate {
	full, finer := effort(p.Width*p.Height), 1
	if full <= sketchy {
		return nil
	}
	if full > 4 {
		finer = 2
	}
	return func(level int) codec.Candidate {
		q := quality(level + finer)
		return codec.Candidate{
			Label: fmt.Sprintf("libaom q=%d, sketch", q), Format: ID,
			Encode: func(_ context.Context, dst *blob.Writer) error { return p.encode(dst, lossy, q, sketchy) },
		}
	}
}

// sketchy is the effort of sketches: see effort.
const sketchy = 2

// sketchSlack is how much larger a sketch may be than a file in full of its score: a third on
// an AVIF that is compressed already, less on photos.
const sketchSlack = 1.4

// The levels of the search are libaom's quantizers, upside down. The outermost are of no
// use: the lowest is a blur, and the highest without loss but for the colour transform.
const (
	lowest  = 3
	highest = 61
)

// quality is libheif's word for a level. It has names for 100 qualities where there are 64,
// and spreads them thus for the tune "iq"; these are the lowest of those that mean the same.
func quality(level int) int {
	switch {
	case level < 16:
		return 2*level + 2
	case level < 29:
		return (5*level + 22) / 3
	}
	return (4*level + 50) / 3
}

// expected is the level at which the median photo crosses a floor, and how much its score
// rises there with a level: docs/images.md.
func expected(floor float64) (level int, slope float64) {
	switch {
	case floor >= 88:
		return 48, 0.6
	case floor >= 80:
		return 42, 0.8
	case floor >= 70:
		return 30, 1.5
	}
	return 21, 1.7
}

// seed is the level at which this very picture is expected to cross the floor: a linear fit
// over 16 photos of the corpus at 0.6 megapixels. Over photos left out of it, it leaves 1.1
// levels of error at 60 and 1.3 at 75, by the mean, where the median leaves 2.3. At 85 nothing
// that was tried came much closer than the median.
func (p planner) seed(context.Context) (int, error) {
	if p.In.Floor >= 80 {
		level, _ := expected(p.In.Floor)
		return level, nil
	}
	c, err := p.Content()
	if err != nil {
		return 0, err
	}
	if p.In.Floor >= 70 {
		return int(math.Round(26.2 + 1.45*c.Activity - 2.9*c.Coarseness)), nil
	}
	return int(math.Round(15.3 + 1.95*c.Activity - 2.6*c.Coarseness)), nil
}

// effort is libaom's, by the size of the picture. A megapixel takes 15 s of processor time at
// 6, 6 s at 4, 1.4 s at 3 and 0.8 s at 2. Against 4, the first saves three to four percent,
// and the others cost two and four: docs/images.md.
func effort(pixels int) int {
	switch {
	case pixels <= 1<<19:
		return 6
	case pixels <= 3<<20:
		return 4
	case pixels <= 12<<20:
		return 3
	case pixels <= 40<<20:
		return 2
	}
	return 1
}
