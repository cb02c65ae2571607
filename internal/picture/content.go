package picture

import "math"

// Content is what tells of a picture how far it can be compressed before that shows. It is
// read from at most about sampled pixels, in bands across the whole picture.
type Content struct {
	// Activity is how much luma changes from one pixel to the next: log2(1 + a), a being the
	// mean step across plus that down, in 8-bit samples.
	Activity float64

	// Coarseness is the same of the picture at a quarter of its width and height, minus
	// Activity. Noise and fine texture have less of it than large forms.
	Coarseness float64

	Lightness float64 // mean luma as it is stored, 0 to 1
	Colour    float64 // mean |R−G| + |B−G|, 0 to 2
}

// sampled is the number of pixels from which on only a part of the bands is looked at.
const sampled = 1 << 20

// band is the height of a band, or half of that and so on where it is a very wide picture.
// Coarseness needs a multiple of quarter.
const (
	band    = 32
	quarter = 4
)

// Content looks at the picture that results are written from.
func (w *Work) Content() (Content, error) {
	im, err := w.Source.Image()
	if err != nil {
		return Content{}, err
	}
	if im.Depth() != 8 {
		shallow, err := im.Depth8()
		if err != nil {
			return Content{}, err
		}
		defer shallow.Close()
		im = shallow
	}
	pix, err := im.View()
	if err != nil {
		return Content{}, err
	}
	return contentOf(pix, im.Width(), im.Height(), im.Bands()), nil
}

// contentOf looks at interleaved samples of 8 bits: gray or RGB, with or without alpha,
// which is not looked at.
func contentOf(pix []byte, width, height, bands int) Content {
	var fine, coarse steps
	var light, colour float64
	every, high := max(1, width*height/sampled), band
	for high > quarter && high*every > height {
		high /= 2
	}
	count := 0
	for y := 0; y < height; y += high * every {
		rows := min(high, height-y)
		luma := make([]float64, width*rows)
		for i := range luma {
			p := pix[(y*width+i)*bands:]
			r, g, b := float64(p[0]), float64(p[0]), float64(p[0])
			if bands >= 3 {
				g, b = float64(p[1]), float64(p[2])
			}
			luma[i] = 0.299*r + 0.587*g + 0.114*b
			light += luma[i]
			colour += math.Abs(r-g) + math.Abs(b-g)
		}
		count += len(luma)
		fine.add(luma, width)
		coarse.add(reduced(luma, width), width/quarter)
	}
	c := Content{
		Activity: math.Log2(1 + fine.mean()), Lightness: light / float64(count) / 255,
		Colour: colour / float64(count) / 255,
	}
	c.Coarseness = math.Log2(1+coarse.mean()) - c.Activity
	return c
}

// steps gathers how much neighbours differ.
type steps struct {
	sum   float64
	count int
}

// add takes rows of so many samples in.
func (s *steps) add(luma []float64, width int) {
	for i := width + 1; width > 1 && i < len(luma); i++ {
		if i%width != 0 {
			s.sum += math.Abs(luma[i]-luma[i-1]) + math.Abs(luma[i]-luma[i-width])
			s.count++
		}
	}
}

func (s *steps) mean() float64 { return s.sum / float64(max(s.count, 1)) }

// reduced gives the means of squares of quarter × quarter samples; what is left over at the
// right and at the bottom is not in it.
func reduced(luma []float64, width int) []float64 {
	columns, rows := width/quarter, len(luma)/width/quarter
	out := make([]float64, columns*rows)
	for y := range rows * quarter {
		for x := range columns * quarter {
			out[y/quarter*columns+x/quarter] += luma[y*width+x] / (quarter * quarter)
		}
	}
	return out
}
