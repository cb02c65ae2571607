package svgmin

import "strings"

// encoder keeps the current point while forms are made.
type encoder struct {
	grid
	x, y, startX, startY int64
}

func (e *encoder) advance(s placed) {
	e.x, e.y = s.x, s.y
	if s.kind == 'M' {
		e.startX, e.startY = s.x, s.y
	}
	if s.kind == 'Z' {
		e.x, e.y = e.startX, e.startY
	}
}

// forms lists the ways to write segment i.
func (e *encoder) forms(segments []placed, i int) []form {
	s := segments[i]
	switch s.kind {
	case 'Z':
		return []form{e.form('z')}
	case 'M':
		if i == 0 {
			// The first is absolute either way; the letter decides what follows bare.
			return []form{e.form('M', s.x, s.y), e.form('m', s.x, s.y)}
		}
		return e.pair(nil, 'M', s.x, s.y)
	case 'L':
		return e.lines(s)
	case 'A':
		return e.arcs(s)
	case 'Q':
		forms := e.pair(nil, 'Q', s.x1, s.y1, s.x, s.y)
		if x, y := e.reflected(segments, i, 'Q'); x == s.x1 && y == s.y1 {
			forms = e.pair(forms, 'T', s.x, s.y)
		}
		return forms
	}
	forms := e.pair(nil, 'C', s.x1, s.y1, s.x2, s.y2, s.x, s.y)
	if x, y := e.reflected(segments, i, 'C'); x == s.x1 && y == s.y1 {
		forms = e.pair(forms, 'S', s.x2, s.y2, s.x, s.y)
	}
	return forms
}

func (e *encoder) lines(s placed) []form {
	forms := e.pair(nil, 'L', s.x, s.y)
	if s.y == e.y {
		forms = append(forms, e.form('h', s.x-e.x), e.form('H', s.x))
	}
	if s.x == e.x {
		forms = append(forms, e.form('v', s.y-e.y), e.form('V', s.y))
	}
	return forms
}

// pair adds the relative and the absolute form of pairs of coordinates. Where both are as
// long the first wins: small figures repeat more often, which deflate likes.
func (e *encoder) pair(forms []form, command byte, v ...int64) []form {
	relative := make([]int64, len(v))
	for i := range v {
		if i%2 == 0 {
			relative[i] = v[i] - e.x
		} else {
			relative[i] = v[i] - e.y
		}
	}
	return append(forms, e.form(command|0x20, relative...), e.form(command, v...))
}

func (e *encoder) form(command byte, v ...int64) form {
	f := form{command: command}
	for i, n := range v {
		t := e.text(n)
		if f.size += len(t); i > 0 && needsSpace(f.dot, t) {
			f.size++
		}
		f.dot = strings.IndexByte(t, '.') >= 0
		f.numbers = append(f.numbers, t)
	}
	return f
}

func (e *encoder) arcs(s placed) []form {
	flag := func(on bool) string {
		if on {
			return "1"
		}
		return "0"
	}
	shape := []string{s.arc[0], s.arc[1], s.arc[2], flag(s.large), flag(s.sweep)}
	var forms []form
	for _, end := range [][2]int64{{s.x - e.x, s.y - e.y}, {s.x, s.y}} {
		f := form{command: 'a', numbers: append(shape[:5:5], e.text(end[0]), e.text(end[1]))}
		if len(forms) == 1 {
			f.command = 'A'
		}
		f.size = len(f.text())
		f.dot = strings.IndexByte(f.numbers[6], '.') >= 0
		forms = append(forms, f)
	}
	return forms
}

// reflected is the control point that a smooth form of segment i would begin with.
func (e *encoder) reflected(segments []placed, i int, kind byte) (x, y int64) {
	last := segments[i-1]
	switch {
	case last.kind != kind:
		return e.x, e.y
	case kind == 'C':
		return 2*e.x - last.x2, 2*e.y - last.y2
	}
	return 2*e.x - last.x1, 2*e.y - last.y1
}
