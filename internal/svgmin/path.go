package svgmin

import "strings"

// segment is one piece of a path with absolute coordinates. Kinds: M, L, C, Q, A, Z.
type segment struct {
	kind         byte
	x1, y1       float64 // first control point; radii of A
	x2, y2       float64 // second control point of C; x2 is the rotation of A, in degrees
	x, y         float64 // where it ends
	large, sweep bool    // of A
	digits       int     // decimals of the radii of A, as written
}

// parsed is a path's data, read.
type parsed struct {
	segments []segment
	digits   int // most decimals of any number
	whole    bool
}

// parsePath reads path data (SVG 1.1, 8.3) up to the first error, as renderers do; whole
// says that there was none.
func parsePath(d string) parsed {
	r := &pathReader{rest: d}
	for r.next() {
	}
	return parsed{r.out, min(r.digits, 99), r.rest == ""}
}

type pathReader struct {
	rest           string
	command        byte
	out            []segment
	digits         int
	x, y           float64 // current point
	startX, startY float64 // of the subpath
}

func (r *pathReader) skip() { r.rest = strings.TrimLeft(r.rest, " \t\r\n\f,") }

// next reads one segment; false at the end or at an error.
func (r *pathReader) next() bool {
	r.rest = strings.TrimLeft(r.rest, " \t\r\n\f")
	if r.rest == "" {
		return false
	}
	if c := r.rest[0]; c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
		if len(r.out) == 0 && c != 'M' && c != 'm' || strings.IndexByte("MmLlHhVvCcSsQqTtAaZz", c) < 0 {
			return false
		}
		r.command = c
		r.rest = r.rest[1:]
	} else {
		switch r.command {
		case 0, 'z', 'Z':
			return false
		case 'M':
			r.command = 'L'
		case 'm':
			r.command = 'l'
		}
	}
	before := r.rest
	s, ok := r.segment(r.command)
	if !ok {
		r.rest = before
		if r.rest == "" {
			r.rest = " " // a command without its numbers
		}
		return false
	}
	r.out = append(r.out, s)
	r.x, r.y = s.x, s.y
	if s.kind == 'M' {
		r.startX, r.startY = s.x, s.y
	}
	return true
}

// arguments is how many numbers each command takes.
func arguments(lower byte) int {
	switch lower {
	case 'm', 'l', 't':
		return 2
	case 'h', 'v':
		return 1
	case 's', 'q':
		return 4
	case 'c':
		return 6
	case 'a':
		return 7
	}
	return 0
}

func (r *pathReader) segment(command byte) (segment, bool) {
	lower := command | 0x20
	var v [7]float64
	radii := 0
	for i := range arguments(lower) {
		r.skip()
		if lower == 'a' && (i == 3 || i == 4) {
			if r.rest == "" || r.rest[0] != '0' && r.rest[0] != '1' {
				return segment{}, false
			}
			v[i] = float64(r.rest[0] - '0')
			r.rest = r.rest[1:]
			continue
		}
		n, length := scanNumber(r.rest)
		if length == 0 {
			return segment{}, false
		}
		v[i] = n.value
		if i < 2 {
			radii = max(radii, n.digits)
		}
		r.digits = max(r.digits, n.digits)
		r.rest = r.rest[length:]
	}
	ox, oy := 0.0, 0.0
	if command == lower {
		ox, oy = r.x, r.y
	}
	switch lower {
	case 'm':
		return segment{kind: 'M', x: v[0] + ox, y: v[1] + oy}, true
	case 'l':
		return segment{kind: 'L', x: v[0] + ox, y: v[1] + oy}, true
	case 'h':
		return segment{kind: 'L', x: v[0] + ox, y: r.y}, true
	case 'v':
		return segment{kind: 'L', x: r.x, y: v[0] + oy}, true
	case 'c':
		return segment{kind: 'C', x1: v[0] + ox, y1: v[1] + oy, x2: v[2] + ox, y2: v[3] + oy, x: v[4] + ox, y: v[5] + oy}, true
	case 's':
		x1, y1 := r.reflected('C')
		return segment{kind: 'C', x1: x1, y1: y1, x2: v[0] + ox, y2: v[1] + oy, x: v[2] + ox, y: v[3] + oy}, true
	case 'q':
		return segment{kind: 'Q', x1: v[0] + ox, y1: v[1] + oy, x: v[2] + ox, y: v[3] + oy}, true
	case 't':
		x1, y1 := r.reflected('Q')
		return segment{kind: 'Q', x1: x1, y1: y1, x: v[0] + ox, y: v[1] + oy}, true
	case 'a':
		s := segment{kind: 'A', x1: abs(v[0]), y1: abs(v[1]), x2: v[2], large: v[3] == 1, sweep: v[4] == 1, x: v[5] + ox, y: v[6] + oy, digits: radii}
		return s, true
	}
	return segment{kind: 'Z', x: r.startX, y: r.startY}, true
}

// reflected is the control point that a smooth curve begins with.
func (r *pathReader) reflected(kind byte) (x, y float64) {
	last := r.out[len(r.out)-1]
	if last.kind != kind {
		return r.x, r.y
	}
	if kind == 'C' {
		return 2*r.x - last.x2, 2*r.y - last.y2
	}
	return 2*r.x - last.x1, 2*r.y - last.y1
}

func abs(f float64) float64 {
	if f < 0 {
		return -f
	}
	return f
}
