package svgmin

// exactProduct bounds coordinates whose products int64 holds.
const exactProduct = 1 << 30

// smooth restores, after rounding, that a curve begins as the mirror of the one before:
// rounding each point by itself would lose the shorter form.
func smooth(segments []segment, out []placed) {
	for i := 1; i < len(segments); i++ {
		s, last := segments[i], segments[i-1]
		switch {
		case s.kind != last.kind:
		case s.kind == 'C' && mirrored(last.x2, last.x, s.x1) && mirrored(last.y2, last.y, s.y1):
			out[i].x1, out[i].y1 = 2*out[i-1].x-out[i-1].x2, 2*out[i-1].y-out[i-1].y2
		case s.kind == 'Q' && mirrored(last.x1, last.x, s.x1) && mirrored(last.y1, last.y, s.y1):
			out[i].x1, out[i].y1 = 2*out[i-1].x-out[i-1].x1, 2*out[i-1].y-out[i-1].y1
		}
	}
}

// mirrored says whether b is a's mirror at the centre m, up to the noise of sums.
func mirrored(a, m, b float64) bool {
	return abs(2*m-a-b) <= 1e-9*(1+abs(a)+abs(m))
}

// simplify drops what draws nothing and makes curves that are straight lines. Nothing
// moves: all comparisons are exact. Not for paths with markers, which show every vertex.
func simplify(in []placed) []placed {
	out := make([]placed, 0, len(in))
	var x, y, startX, startY int64
	for i, s := range in {
		next := byte(0)
		if i+1 < len(in) {
			next = in[i+1].kind
		}
		if straight(s, x, y) {
			s = placed{kind: 'L', x: s.x, y: s.y}
		}
		last := len(out) - 1
		switch {
		case s.kind == 'M':
			startX, startY = s.x, s.y
			if last >= 0 && out[last].kind == 'M' {
				out = out[:last] // a move that nothing follows
			}
		case s.kind == 'L' && s.x == x && s.y == y && drawsElsewhere(out, next):
			continue
		case s.kind == 'L' && next == 'Z' && s.x == startX && s.y == startY && out[last].kind != 'M':
			x, y = s.x, s.y
			continue // closing draws it
		case s.kind == 'L' && last > 0 && out[last].kind == 'L' && ahead(out[last-1], out[last], s):
			out = out[:last]
		}
		out = append(out, s)
		x, y = s.x, s.y
		if s.kind == 'Z' {
			x, y = startX, startY
		}
	}
	for len(out) > 0 && out[len(out)-1].kind == 'M' {
		out = out[:len(out)-1]
	}
	return out
}

// drawsElsewhere says whether the subpath has another piece, so that one without length
// is not needed for its round or square cap.
func drawsElsewhere(before []placed, next byte) bool {
	last := before[len(before)-1].kind
	return last != 'M' && last != 'Z' || next != 0 && next != 'M' && next != 'Z'
}

// straight says whether a curve from x, y runs along the line to its end.
func straight(s placed, x, y int64) bool {
	switch s.kind {
	case 'C':
		return between(x, y, s.x1, s.y1, s.x, s.y) && between(x, y, s.x2, s.y2, s.x, s.y)
	case 'Q':
		return between(x, y, s.x1, s.y1, s.x, s.y)
	}
	return false
}

// between says whether the point px, py lies on the line from ax, ay to bx, by.
func between(ax, ay, px, py, bx, by int64) bool {
	for _, v := range [...]int64{ax, ay, px, py, bx, by} {
		if v > exactProduct || v < -exactProduct {
			return false
		}
	}
	cross := (bx-ax)*(py-ay) - (by-ay)*(px-ax)
	return cross == 0 && min(ax, bx) <= px && px <= max(ax, bx) && min(ay, by) <= py && py <= max(ay, by)
}

// ahead says whether line b goes on exactly as line a does, which began where from ends.
func ahead(from, a, b placed) bool {
	return from.kind != 'Z' && between(from.x, from.y, a.x, a.y, b.x, b.y)
}

// pathText writes a path on a grid in the shortest way; false if it does not fit there, or
// nothing is left of it. Where numbers are rounded, arcs that the grid is too coarse for
// get a finer one.
func pathText(segments []segment, digits int, rounded, markers bool) (string, bool) {
	most := digits
	if rounded {
		most = min(digits+3, maxDigits)
	}
	for ; digits <= most; digits++ {
		r := raster{grid: newGrid(digits)}
		if rounded {
			r.slack = 1 / r.unit // the ends alone may be off by 0.7 of that
		}
		out, ok := r.onGrid(segments)
		if !ok {
			continue
		}
		smooth(segments, out)
		if !markers {
			out = simplify(out)
		}
		if len(out) == 0 {
			return "", false
		}
		return encodePath(out, r.grid), true
	}
	return "", false
}
