package png

import (
	"context"
	"fmt"
	"io"
	"math"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/pngfile"
	"compressor/internal/quantize"
)

// Where even 256 colours lose too much, samples are posterized: rounded to multiples of a
// step. All differences that the filters Sub, Up and Paeth make are then multiples of it, too,
// so that few byte values are left to code. Of what was tried (docs/images.md) it is the
// simplest, and nothing else was smaller on most pictures.

// steps gives the steps by level, from coarse to fine. Of each, the last multiple is at most
// half a step short of the end of the range.
func steps() []int { return []int{31, 28, 25, 23, 21, 19, 17, 15, 14, 12, 11, 9, 7, 6, 5, 3, 2} }

// stepSlope is how much the score rises with a level, about.
const stepSlope = 2.5

// stepStart is the level at which eight photos and drawings cross the floor, by the median.
func (p planner) stepStart() int {
	switch {
	case p.In.Floor >= 90:
		return 14
	case p.In.Floor >= 80:
		return 11
	case p.In.Floor >= 70:
		return 8
	}
	return 5
}

// posterized searches the step. There is hope only where no palette has come up to what was
// asked for: of all pictures measured, a palette was smaller wherever there was a good one.
func (p planner) posterized() codec.Candidate {
	made := func(level int, effort pngfile.Effort) codec.Candidate {
		return codec.Candidate{
			Label: fmt.Sprintf("posterized step=%d", steps()[level-1]), Format: ID, Lost: p.Upright.Lost,
			Encode: func(ctx context.Context, dst *blob.Writer) error {
				return p.encodePosterized(ctx, dst, level, effort)
			},
		}
	}
	return codec.Candidate{
		Label: "posterized", Format: ID,
		Knob: &codec.Knob{
			Kind: string(ID), Low: 1, High: len(steps()), Start: p.stepStart(), Slope: stepSlope,
			Follow: func(level int) (begin int, hope bool) { return p.stepStart(), p.saturated(level) },
			At:     func(level int) codec.Candidate { return made(level, pngfile.Normal) },
			Draft:  func(level int) codec.Candidate { return made(level, pngfile.Quick) }, Slack: p.slack(),
		},
		AtLeast: func(ctx context.Context) (int64, error) {
			if p.Target.Bytes == 0 {
				return p.leastLossy(), nil
			}
			var coarsest counter
			err := p.encodePosterized(ctx, &coarsest, 1, pngfile.Quick)
			return int64(float64(coarsest) / p.slack()), err
		},
	}
}

// saturated says whether the palettes of a level hold as many colours as they can, and another
// level would do little more.
func (p planner) saturated(level int) bool {
	const near = 4
	return level > quantize.Levels-near && p.colours.quantizer != nil && !p.colours.quantizer.Within(level)
}

// encodePosterized rounds the samples to the step of a level.
func (p planner) encodePosterized(ctx context.Context, dst io.Writer, level int, effort pngfile.Effort) error {
	source, err := p.Source.Image()
	if err != nil {
		return err
	}
	im, err := samplesOf(source)
	if err != nil {
		return err
	}
	posterize(im, steps()[level-1])
	keep, err := p.ancillary(p.Upright, p.Mark())
	if err != nil {
		return err
	}
	return write(ctx, dst, im, keep, effort)
}

// posterize rounds 8-bit samples to multiples of a step, counted from black, or from white
// where the picture has more of that: what is most of a page shall stay exact. Alpha stays;
// what it hides becomes black.
func posterize(im *pngfile.Image, step int) {
	channels := im.Color.Channels()
	colours := channels
	if im.Color == pngfile.GrayAlpha || im.Color == pngfile.RGBA {
		colours--
	}
	black, white := 0, 0
	for at := 0; at < len(im.Pix); at += channels {
		if colours < channels && im.Pix[at+colours] == 0 {
			clear(im.Pix[at:][:colours])
			continue
		}
		for _, v := range im.Pix[at:][:colours] {
			switch v {
			case 0:
				black++
			case math.MaxUint8:
				white++
			}
		}
	}
	rounded := multiples(step, white > black)
	for at := 0; at < len(im.Pix); at += channels {
		if colours < channels && im.Pix[at+colours] == 0 {
			continue
		}
		for k := range colours {
			im.Pix[at+k] = rounded[im.Pix[at+k]]
		}
	}
}

// multiples gives the multiple of a step next to each sample, counted from 0 or from 255. Of
// two that are equally near it is the even multiple, so that the mean stays.
func multiples(step int, fromWhite bool) (table [256]byte) {
	for v := range table {
		k := v / step
		if rest := 2 * (v % step); rest > step || rest == step && k%2 == 1 {
			k++
		}
		rounded := byte(min(k, math.MaxUint8/step) * step)
		if fromWhite {
			table[math.MaxUint8-v] = math.MaxUint8 - rounded
		} else {
			table[v] = rounded
		}
	}
	return table
}
