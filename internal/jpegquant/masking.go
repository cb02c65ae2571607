package jpegquant

import "math"

// measure works out the energy of every block: the sum of the squares of its AC
// coefficients in units of samples, which is 64 times the variance of its samples.
func (s *Source) measure() {
	for i := range s.planes {
		p := &s.planes[i]
		p.energy = make([]float32, len(p.blocks))
		for n := range p.blocks {
			var sum int64
			for _, v := range p.blocks[n][1:] {
				sum += int64(v) * int64(v)
			}
			p.energy[n] = float32(sum / (fraction * fraction))
		}
	}
}

// worth is how much the squared errors of each block count: less where the block itself
// hides them. Its geometric mean is one, so that masking moves bits between blocks and
// Lambda alone says how many there are.
func (p *plane) worth(m Masking) []float32 {
	out := make([]float32, len(p.blocks))
	var sum float64
	for n, e := range p.energy {
		l := m.Power * math.Log2(m.Floor/(m.Floor+float64(e)))
		out[n] = float32(l)
		sum += l
	}
	mean := sum / float64(len(out))
	for n, l := range out {
		out[n] = float32(math.Exp2(float64(l) - mean))
	}
	return out
}

// Masking is how strongly activity hides errors: they count as (Floor/(Floor+energy))^Power,
// where energy is the sum of the squares of a block's AC coefficients.
type Masking struct{ Floor, Power float64 }
