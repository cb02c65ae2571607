package jpegquant

import "compressor/internal/jpegdct"

// samples is one colour plane, in units of 1/fraction around zero.
type samples struct {
	width, height int
	v             []int16
}

// Weights of R, G and B in Y, Cb and Cr (JFIF 1.02), in 1/65536. Those of Y sum to one
// and the others to zero.
func weights(component int) (r, g, b int) {
	switch component {
	case 0:
		return 19595, 38470, 7471
	case 1:
		return -11059, -21709, 32768
	}
	return 32768, -27439, -5329
}

// convert takes one component out of a picture.
func convert(p Pixels, component int) samples {
	s := samples{width: p.Width, height: p.Height, v: make([]int16, p.Width*p.Height)}
	if p.Channels == 1 {
		for i := range s.v {
			s.v[i] = int16((int(p.Pix[i]) - 128) * fraction)
		}
		return s
	}
	r, g, b := weights(component)
	offset := 0
	if component == 0 {
		offset = 128 * fraction
	}
	const shift = 12 // 65536 down to fraction
	for i := range s.v {
		px := p.Pix[3*i : 3*i+3 : 3*i+3]
		sum := r*int(px[0]) + g*int(px[1]) + b*int(px[2])
		s.v[i] = int16((sum+1<<(shift-1))>>shift - offset)
	}
	return s
}

// halved brings a plane to half its samples across, down, or both, so that what decoders
// make of them again comes closest to the plane in the mean square. missed is about the
// mean square, in units of samples, of what then still differs.
func (s samples) halved(across, down int) (half samples, missed float64) {
	area := float64(s.width) * float64(s.height) * fraction * fraction
	if across == 2 {
		out := samples{width: (s.width + 1) / 2, height: s.height}
		out.v = make([]int16, out.width*out.height)
		f := newFitter(out.width)
		for y := range s.height {
			f.load(s.v[y*s.width:][:s.width], 1, s.width)
			missed += f.solve() / area
			f.store(out.v[y*out.width:], 1)
		}
		s = out
	}
	if down == 2 {
		out := samples{width: s.width, height: (s.height + 1) / 2}
		out.v = make([]int16, out.width*out.height)
		f := newFitter(out.height)
		for x := range s.width {
			f.load(s.v[x:], s.width, s.height)
			missed += f.solve() / area * float64(across)
			f.store(out.v[x:], out.width)
		}
		s = out
	}
	return s, missed
}

// fitter finds the n samples that, doubled by the triangle filter that libjpeg and its kin
// decode with ("fancy upsampling": three quarters of the nearer sample, one of the
// farther), come closest to 2n given ones. The normal equations are tridiagonal.
type fitter struct {
	in    []float64 // 2n
	right []float64 // n
	asked []float64 // n: right, before it is solved
	diag  []float64 // of the elimination, which depends on n only
}

func newFitter(n int) *fitter {
	f := &fitter{in: make([]float64, 2*n), right: make([]float64, n), asked: make([]float64, n), diag: make([]float64, n)}
	for i := range f.diag {
		d := 20.0 / 16
		if i == 0 || i == n-1 {
			d = 26.0 / 16 // the first and the last stand in for the neighbour they lack
		}
		if n == 1 {
			d = 2
		}
		if i > 0 {
			d -= side * side / f.diag[i-1]
		}
		f.diag[i] = d
	}
	return f
}

const side = 6.0 / 16

func (f *fitter) load(v []int16, stride, count int) {
	for i := range f.in {
		f.in[i] = float64(v[min(i, count-1)*stride])
	}
}

// solve returns the sum of the squares that are missed.
func (f *fitter) solve() (missed float64) {
	n := len(f.right)
	for _, v := range f.in {
		missed += float64(v * v)
	}
	for i := range n {
		left, right := f.in[max(2*i-1, 0)], f.in[min(2*i+2, 2*n-1)]
		f.right[i] = float64(0.75*(f.in[2*i]+f.in[2*i+1])) + float64(0.25*(left+right))
		f.asked[i] = f.right[i]
		if i > 0 {
			f.right[i] -= float64(side / f.diag[i-1] * f.right[i-1])
		}
	}
	f.right[n-1] /= f.diag[n-1]
	for i := n - 2; i >= 0; i-- {
		f.right[i] = (f.right[i] - float64(side*f.right[i+1])) / f.diag[i]
	}
	for i, v := range f.right {
		missed -= float64(v * f.asked[i])
	}
	return max(missed, 0)
}

func (f *fitter) store(v []int16, stride int) {
	const limit = 160 * fraction // a fit overshoots at edges; far beyond ±128 makes no sense
	for i, x := range f.right {
		if x < 0 {
			x -= 0.5
		} else {
			x += 0.5
		}
		v[i*stride] = int16(min(max(x, -limit), limit))
	}
}

// transform gives the coefficients of a plane of so many blocks. Blocks that hang over
// repeat the last column and row.
func (s samples) transform(across, down int) plane {
	p := plane{width: across, height: down, blocks: make([]jpegdct.Block, across*down)}
	d := newDCT()
	for by := range down {
		for bx := range across {
			for y := range 8 {
				row := s.v[min(by*8+y, s.height-1)*s.width:][:s.width]
				if bx*8+8 <= s.width {
					for x, v := range row[bx*8 : bx*8+8] {
						d.block[y*8+x] = float32(v)
					}
					continue
				}
				for x := range 8 {
					d.block[y*8+x] = float32(row[min(bx*8+x, s.width-1)])
				}
			}
			d.forward(&p.blocks[by*across+bx])
		}
	}
	return p
}
