package jpegquant

import (
	"math"

	"compressor/internal/jpegdct"
)

// dct is the forward transform of T.81 A.3.3, in float32 with every product rounded.
type dct struct {
	block  [64]float32 // row by row
	cosine [8][4]float32
	zigzag [64]uint8 // place in block of each zigzag index
}

func newDCT() *dct {
	d := &dct{}
	for u := range 8 {
		scale := 0.5
		if u == 0 {
			scale = math.Sqrt(0.125)
		}
		for x := range 4 {
			d.cosine[u][x] = float32(scale * math.Cos(float64((2*x+1)*u)*math.Pi/16))
		}
	}
	h, v := jpegdct.Frequencies()
	for k := range d.zigzag {
		d.zigzag[k] = v[k]*8 + h[k]
	}
	return d
}

// line transforms eight values in place, stride apart: even frequencies from sums of
// mirrored values, odd ones from differences.
func (d *dct) line(at, stride int) {
	b := &d.block
	var sum, diff [4]float32
	for x := range 4 {
		l, r := b[(at+x*stride)&63], b[(at+(7-x)*stride)&63]
		sum[x], diff[x] = l+r, l-r
	}
	for u := 0; u < 8; u += 2 {
		c := &d.cosine[u]
		b[(at+u*stride)&63] = (float32(c[0]*sum[0]) + float32(c[1]*sum[1])) + (float32(c[2]*sum[2]) + float32(c[3]*sum[3]))
		c = &d.cosine[u+1]
		b[(at+(u+1)*stride)&63] = (float32(c[0]*diff[0]) + float32(c[1]*diff[1])) + (float32(c[2]*diff[2]) + float32(c[3]*diff[3]))
	}
}

// forward transforms the block and writes it in zigzag order, rounded.
func (d *dct) forward(out *jpegdct.Block) {
	for i := range 8 {
		d.line(i*8, 1)
	}
	for i := range 8 {
		d.line(i, 8)
	}
	for k, at := range d.zigzag {
		v := d.block[at]
		if v < 0 {
			v -= 0.5
		} else {
			v += 0.5
		}
		out[k] = int16(min(max(v, -maxCoefficient), maxCoefficient))
	}
}
