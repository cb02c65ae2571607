package decoders

import (
	"image/color"
	"math"
)

// Same says whether two pictures show the same in every pixel. What stands under fully
// transparent ones nobody sees.
func Same(a, b *Picture) bool {
	w, h := a.Size()
	if v, u := b.Size(); v != w || u != h {
		return false
	}
	for y := range h {
		for x := range w {
			if p, q := a.At(x, y), b.At(x, y); p != q && (p.A != 0 || q.A != 0) {
				return false
			}
		}
	}
	return true
}

// Distance is the largest difference of the mean colour, or opacity, of any cell of a grid
// of 16 × 16, or fewer so that each has eight pixels a side, in units of 8-bit samples; infinite if the sizes differ. It is crude on
// purpose: it finds what is turned, shifted, inverted, opaque or of another colour, whatever
// a metric of human vision thinks.
func Distance(a, b *Picture) float64 {
	w, h := a.Size()
	if v, u := b.Size(); v != w || u != h {
		return math.Inf(1)
	}
	most := 0.0
	across, down := max(1, min(16, w/8)), max(1, min(16, h/8))
	for j := range down {
		for i := range across {
			left, top, right, bottom := i*w/across, j*h/down, (i+1)*w/across, (j+1)*h/down
			p, q := a.mean(left, top, right, bottom), b.mean(left, top, right, bottom)
			for k := range p {
				most = max(most, math.Abs(p[k]-q[k]))
			}
		}
	}
	return most
}

// mean is the average colour of a rectangle on white paper, and its opacity. Large ones are
// looked at by every few pixels.
func (p *Picture) mean(left, top, right, bottom int) (sum [4]float64) {
	const most = 48
	stepX, stepY := max(1, (right-left)/most), max(1, (bottom-top)/most)
	n := 0.0
	for y := top; y < bottom; y += stepY {
		for x := left; x < right; x += stepX {
			for k, v := range onWhite(p.At(x, y)) {
				sum[k] += v
			}
			n++
		}
	}
	for k := range sum {
		sum[k] /= max(n, 1)
	}
	return sum
}

func onWhite(c color.NRGBA64) [4]float64 {
	alpha := float64(c.A) / 0xffff
	over := func(v uint16) float64 { return (float64(v)*alpha + 0xffff*(1-alpha)) / 257 }
	return [4]float64{over(c.R), over(c.G), over(c.B), 255 * alpha}
}
