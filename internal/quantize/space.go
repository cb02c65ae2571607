package quantize

import "math"

// dims is the length of a point: X, Y and B over a dark background, and the same over a
// bright one. They are equal for an opaque colour.
const dims = 6

// point is a colour in the space of comparison, in steps of 1/scale of XYB's own units.
type point [dims]int32

const scale = 4096

// luma is the place of Y in a point.
const luma = 1

// weightX is how much X counts beside Y and B−Y. SSIMULACRA2 itself compares 14·X (Sneyers,
// 2023). Measured on seven graphics at scores of 75 and 85, before errors were weighted: twice as much or half as much
// made files 2 to 6 % larger, and so did half as much of B−Y.
const weightX = 14 * 0.6

// space turns colours into points.
type space struct {
	linear [256]float64 // encoded sRGB to linear light
}

func newSpace() *space {
	s := &space{}
	for i := range s.linear {
		v := float64(i) / 255
		if v <= 0.04045 {
			s.linear[i] = v / 12.92
		} else {
			s.linear[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return s
}

// The backgrounds that transparent pictures are compared on, as encoded sRGB.
const (
	dark   = 0.1 * 255
	bright = 0.9 * 255
)

// of gives the point of an RGBA colour.
func (s *space) of(c [4]byte) (p point) {
	if c[3] == 255 {
		x, y, b := xyb(s.linear[c[0]], s.linear[c[1]], s.linear[c[2]])
		return point{x, y, b, x, y, b}
	}
	alpha := float64(c[3]) / 255
	for i, background := range [2]float64{dark, bright} {
		var rgb [3]float64
		for k := range rgb {
			rgb[k] = s.linear[int(float64(c[k])*alpha+background*(1-alpha)+0.5)]
		}
		p[3*i], p[3*i+1], p[3*i+2] = xyb(rgb[0], rgb[1], rgb[2])
	}
	return p
}

// xyb is the colour transform of JPEG XL for linear sRGB (ISO/IEC 18181-1, annex L),
// weighted, with Y taken off B.
func xyb(r, g, b float64) (x, y, blue int32) {
	const bias, root = 0.0037930732552754493, 0.15595420054924863 // root³ = bias
	long := math.Cbrt(0.30*r+0.622*g+0.078*b+bias) - root
	medium := math.Cbrt(0.23*r+0.692*g+0.078*b+bias) - root
	short := math.Cbrt(0.24342268924547819*r+0.20476744424496821*g+0.55180986650955360*b+bias) - root
	bright := (long + medium) / 2
	round := func(v float64) int32 { return int32(math.Round(v * scale)) }
	return round((long - medium) / 2 * weightX), round(bright), round(short - bright)
}

// distance is the square of the distance of two points, by their first n figures.
func distance(a, b *point, n int) int64 {
	sum := int64(0)
	for i := range n {
		d := int64(a[i] - b[i])
		sum += d * d
	}
	return sum
}
