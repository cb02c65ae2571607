// Package jpegquant chooses the quantized coefficients of a JPEG: it transforms a picture
// once, without rounding that matters, and then quantizes it again and again, each time
// with other tables, weighing the bits that a coefficient costs against what it is worth
// to the eye.
//
// All arithmetic is in integers, or in float32 and float64 whose products are rounded
// before they are added, so that every machine gives the same coefficients.
package jpegquant

import (
	"fmt"

	"compressor/internal/jpegdct"
)

// fraction is what unquantized coefficients and samples are multiplied by: they are kept
// as integers in units of 1/16. Samples reach ±128, coefficients ±1024 (T.81 A.3.3), so
// both fit into 16 bits.
const fraction = 16

// Sampling is how chroma is sampled: luma's samples for each of chroma's, across and down.
type Sampling struct{ Across, Down int }

// The samplings of ITU-R notation.
var (
	Full    = Sampling{1, 1} // 4:4:4
	Half    = Sampling{2, 1} // 4:2:2
	Quarter = Sampling{2, 2} // 4:2:0
)

// Source is a picture as unquantized DCT coefficients.
type Source struct {
	frame  jpegdct.File // geometry, without blocks
	planes []plane
	missed []float64 // by chroma component
}

// plane is one colour component: blocks in units of 1/fraction, row by row, only those
// that carry picture.
type plane struct {
	width, height int // in blocks
	blocks        []jpegdct.Block
	energy        []float32 // of each block: see masking
}

// Pixels is a picture of 8-bit samples, interleaved: one channel is gray, three are RGB.
// Pix holds Height rows of Width·Channels bytes.
type Pixels struct {
	Width, Height, Channels int
	Pix                     []byte
}

// FromPixels transforms a picture to YCbCr (JFIF 1.02) and DCT coefficients.
func FromPixels(p Pixels, s Sampling) (*Source, error) {
	if p.Channels != 1 && p.Channels != 3 || p.Width < 1 || p.Height < 1 || len(p.Pix) < p.Width*p.Height*p.Channels {
		return nil, fmt.Errorf("jpegquant: %d bytes are no picture of %d×%d×%d", len(p.Pix), p.Width, p.Height, p.Channels)
	}
	src := &Source{frame: jpegdct.File{Width: p.Width, Height: p.Height}}
	if p.Channels == 1 {
		src.frame.Components = []jpegdct.Component{{ID: 1, H: 1, V: 1}}
	} else {
		src.frame.Components = []jpegdct.Component{
			{ID: 1, H: s.Across, V: s.Down}, {ID: 2, H: 1, V: 1}, {ID: 3, H: 1, V: 1},
		}
	}
	src.frame.Layout()
	for i := range src.frame.Components {
		samples := convert(p, i)
		if i > 0 {
			half, missed := samples.halved(s.Across, s.Down)
			src.missed = append(src.missed, missed)
			samples = half
		}
		c := &src.frame.Components[i]
		src.planes = append(src.planes, samples.transform(c.Width, c.Height))
	}
	src.measure()
	return src, nil
}

// FromFile takes the coefficients of a JPEG as they are: multiplied by their steps, but
// not rounded to samples. The components must be those of JFIF: gray, or Y, Cb and Cr.
func FromFile(f *jpegdct.File) *Source {
	src := &Source{frame: jpegdct.File{Width: f.Width, Height: f.Height}}
	for i := range f.Components {
		c := &f.Components[i]
		src.frame.Components = append(src.frame.Components, jpegdct.Component{ID: byte(i + 1), H: c.H, V: c.V})
		src.planes = append(src.planes, dequantized(c))
	}
	src.frame.Layout()
	src.measure()
	return src
}

func dequantized(c *jpegdct.Component) plane {
	p := plane{width: c.Width, height: c.Height, blocks: make([]jpegdct.Block, c.Width*c.Height)}
	p.each(c, func(from, to *jpegdct.Block, _ int) {
		for k, v := range from {
			to[k] = int16(min(max(int(v)*int(c.Quant[k])*fraction, -maxCoefficient), maxCoefficient))
		}
	})
	return p
}

// maxCoefficient bounds unquantized coefficients: those of 8-bit samples stay within ±1024,
// but files hold what they like.
const maxCoefficient = 2047 * fraction

// Components is how many there are: one of gray, three of colour.
func (s *Source) Components() int { return len(s.planes) }

// Missed is what sampling left out of Cb and Cr: about the mean square, in units of
// samples, of how far the picture comes out of it again. Zero for gray and full chroma.
func (s *Source) Missed() (blue, red float64) {
	if len(s.missed) < 2 {
		return 0, 0
	}
	return s.missed[0], s.missed[1]
}
