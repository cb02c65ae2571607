package svgmin

import (
	"math"
	"strings"
)

// matrix is an affine map: x' = a x + c y + e, y' = b x + d y + f.
type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

// times applies n first, then m.
func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[2]*n[1], m[1]*n[0] + m[3]*n[1],
		m[0]*n[2] + m[2]*n[3], m[1]*n[2] + m[3]*n[3],
		m[0]*n[4] + m[2]*n[5] + m[4], m[1]*n[4] + m[3]*n[5] + m[5],
	}
}

func (m matrix) apply(x, y float64) (float64, float64) {
	return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5]
}

// similar says whether m keeps all proportions, and gives its scale.
func (m matrix) similar() (scale float64, ok bool) {
	scale = math.Hypot(m[0], m[1])
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*scale }
	turned := near(m[0], m[3]) && near(m[1], -m[2])
	flipped := near(m[0], -m[3]) && near(m[1], m[2])
	return scale, scale > 0 && (turned || flipped)
}

// largest is the most that m enlarges in any direction.
func (m matrix) largest() float64 {
	return math.Max(math.Hypot(m[0], m[1]), math.Hypot(m[2], m[3]))
}

func (m matrix) flips() bool { return m[0]*m[3]-m[1]*m[2] < 0 }

// operation is one function of a transform list.
type operation struct {
	name   string
	args   []float64
	digits int // most decimals of an argument
}

// parseTransform reads a transform attribute; false for what SVG 1.1 does not know.
func parseTransform(s string) ([]operation, bool) {
	var out []operation
	for {
		s = strings.TrimLeft(s, " \t\r\n,")
		if s == "" {
			return out, true
		}
		name, rest, found := strings.Cut(s, "(")
		inside, after, ended := strings.Cut(rest, ")")
		numbers, ok := list(inside)
		if !found || !ended || !ok {
			return nil, false
		}
		op := operation{name: strings.TrimSpace(name)}
		for _, n := range numbers {
			op.args = append(op.args, n.value)
			op.digits = max(op.digits, n.digits)
		}
		if !op.valid() {
			return nil, false
		}
		out = append(out, op)
		s = after
	}
}

func (o operation) valid() bool {
	n := len(o.args)
	switch o.name {
	case "matrix":
		return n == 6
	case "translate", "scale":
		return n == 1 || n == 2
	case "rotate":
		return n == 1 || n == 3
	case "skewX", "skewY":
		return n == 1
	}
	return false
}

func (o operation) matrix() matrix {
	a := o.args
	switch o.name {
	case "matrix":
		return matrix(a)
	case "translate":
		if len(a) == 1 {
			return matrix{1, 0, 0, 1, a[0], 0}
		}
		return matrix{1, 0, 0, 1, a[0], a[1]}
	case "scale":
		return matrix{a[0], 0, 0, a[len(a)-1], 0, 0}
	case "skewX":
		return matrix{1, 0, math.Tan(a[0] * math.Pi / 180), 1, 0, 0}
	case "skewY":
		return matrix{1, math.Tan(a[0] * math.Pi / 180), 0, 1, 0, 0}
	}
	sin, cos := sincos(a[0])
	turn := matrix{cos, sin, -sin, cos, 0, 0}
	if len(a) == 1 {
		return turn
	}
	x, y := turn.apply(-a[1], -a[2])
	turn[4], turn[5] = x+a[1], y+a[2]
	return turn
}

// sincos is exact for quarter turns.
func sincos(degrees float64) (sin, cos float64) {
	switch math.Mod(math.Mod(degrees, 360)+360, 360) {
	case 0:
		return 0, 1
	case 90:
		return 1, 0
	case 180:
		return 0, -1
	case 270:
		return -1, 0
	}
	return math.Sincos(degrees * math.Pi / 180)
}

func product(ops []operation) matrix {
	m := identity
	for _, o := range ops {
		m = m.times(o.matrix())
	}
	return m
}

// exact says whether sums of the arguments are exact in their decimals, and how many
// these are: moves, and mirrors and quarter turns of them.
func exact(ops []operation, m matrix) (digits int, ok bool) {
	for _, o := range ops {
		digits += o.digits
		if o.name == "skewX" || o.name == "skewY" {
			return 0, false
		}
	}
	for _, v := range m[:4] {
		if v != 0 && v != 1 && v != -1 {
			return 0, false
		}
	}
	return digits, digits <= maxDigits
}

// text writes m in the shortest of the ways that are as exact as asked: linear decimals
// for the first four figures, move for the last two. "" for the identity.
func (m matrix) text(linear, move int) string {
	l, t := newGrid(linear), newGrid(move)
	for i, v := range m {
		if g := [...]grid{l, l, l, l, t, t}[i]; !g.fits(v) {
			return ""
		}
	}
	a, b, c, d := l.text(l.place(m[0])), l.text(l.place(m[1])), l.text(l.place(m[2])), l.text(l.place(m[3]))
	e, f := t.text(t.place(m[4])), t.text(t.place(m[5]))
	best := "matrix(" + join([]string{a, b, c, d, e, f}) + ")"
	use := func(s string) {
		if len(s) < len(best) {
			best = s
		}
	}
	still := e == "0" && f == "0"
	switch {
	case a == "1" && b == "0" && c == "0" && d == "1":
		switch {
		case still:
			return ""
		case f == "0":
			use("translate(" + e + ")")
		default:
			use("translate(" + join([]string{e, f}) + ")")
		}
	case b == "0" && c == "0" && still && a == d:
		use("scale(" + a + ")")
	case b == "0" && c == "0" && still:
		use("scale(" + join([]string{a, d}) + ")")
	default:
		if s, ok := m.rotation(linear, move); ok {
			use(s)
		}
	}
	return best
}

// rotation writes m as a rotation around a point, if it is one by a whole multiple of a
// thousandth of a degree.
func (m matrix) rotation(linear, move int) (string, bool) {
	angle := math.Atan2(m[1], m[0]) * 180 / math.Pi
	rounded := math.Round(angle*1000) / 1000
	sin, cos := sincos(rounded)
	small := math.Pow10(-linear) / 2
	if math.Abs(m[0]-cos) > small || math.Abs(m[3]-cos) > small || math.Abs(m[1]-sin) > small || math.Abs(m[2]+sin) > small {
		return "", false
	}
	degrees := short(rounded, 3)
	if short(m[4], move) == "0" && short(m[5], move) == "0" {
		return "rotate(" + degrees + ")", true
	}
	det := 2 - 2*cos
	if det < 1e-3 {
		return "", false
	}
	// The point that stays: (1 - turn) centre = move.
	x := ((1-cos)*m[4] - sin*m[5]) / det
	y := (sin*m[4] + (1-cos)*m[5]) / det
	return "rotate(" + join([]string{degrees, short(x, move), short(y, move)}) + ")", true
}

// moved applies m to a path; false if it has arcs that m would skew.
func moved(segments []segment, m matrix) ([]segment, bool) {
	out := make([]segment, len(segments))
	scale, similar := m.similar()
	for i, s := range segments {
		s.x, s.y = m.apply(s.x, s.y)
		switch s.kind {
		case 'A':
			if !similar {
				return nil, false
			}
			s.x1, s.y1 = s.x1*scale, s.y1*scale
			s.digits = maxDigits
			turn := math.Atan2(m[1], m[0]) * 180 / math.Pi
			if m.flips() {
				s.sweep = !s.sweep
				s.x2 = -s.x2
			}
			s.x2 += turn
		default:
			s.x1, s.y1 = m.apply(s.x1, s.y1)
			s.x2, s.y2 = m.apply(s.x2, s.y2)
		}
		out[i] = s
	}
	return out, true
}
