package svgmin

import "math"

// along gives points of an elliptical arc from x0, y0, a quarter of the way apart: SVG 1.1,
// F.6.5 and F.6.6. False if the arc is a line.
func along(x0, y0 float64, s segment) (points [3][2]float64, ok bool) {
	rx, ry := s.x1, s.y1
	if rx == 0 || ry == 0 || x0 == s.x && y0 == s.y {
		return points, false
	}
	sin, cos := sincos(s.x2)
	dx, dy := (x0-s.x)/2, (y0-s.y)/2
	px, py := cos*dx+sin*dy, -sin*dx+cos*dy
	lambda := px*px/(rx*rx) + py*py/(ry*ry)
	if lambda > 1 {
		grow := math.Sqrt(lambda)
		rx, ry, lambda = rx*grow, ry*grow, 1
	}
	factor := math.Sqrt(max(0, 1/lambda-1))
	if s.large == s.sweep {
		factor = -factor
	}
	cx, cy := factor*rx*py/ry, -factor*ry*px/rx
	from := math.Atan2((py-cy)/ry, (px-cx)/rx)
	angle := math.Atan2((-py-cy)/ry, (-px-cx)/rx) - from
	if s.sweep && angle < 0 {
		angle += 2 * math.Pi
	} else if !s.sweep && angle > 0 {
		angle -= 2 * math.Pi
	}
	for i := range points {
		b, a := math.Sincos(from + angle*float64(i+1)/4)
		x, y := rx*a+cx, ry*b+cy
		points[i] = [2]float64{cos*x - sin*y + (x0+s.x)/2, sin*x + cos*y + (y0+s.y)/2}
	}
	return points, true
}

// radii writes the radii and the rotation of an arc in the shortest way that keeps it
// within slack of what it was. A radius too small for its chord is grown by the renderer,
// so that half a circle may say anything small. False if none does, because the ends were
// moved too far for such an arc.
func radii(x0, y0 float64, was segment, x1, y1 float64, now segment, digits int, slack float64) (texts [3]string, ok bool) {
	want, curved := along(x0, y0, was)
	if !curved {
		return texts, false
	}
	round := was.x1 == was.y1
	best := -1
	for q := 0; q <= min(digits+3, maxDigits); q++ {
		g := newGrid(q)
		for step := int64(-1); step <= 1; step++ {
			n := [2]int64{g.place(was.x1) + step, g.place(was.y1) + step}
			if n[0] <= 0 || n[1] <= 0 {
				continue
			}
			try := now
			try.x1, try.y1 = float64(n[0])/g.unit, float64(n[1])/g.unit
			t := [3]string{g.text(n[0]), g.text(n[1]), "0"}
			if !round {
				try.x2 = math.Round(was.x2*100) / 100
				t[2] = short(was.x2, 2)
			}
			if size := len(join(t[:])); (best < 0 || size < best) && near(x1, y1, try, want, slack) {
				texts, best = t, size
			}
		}
		if best >= 0 {
			return texts, true
		}
	}
	return texts, false
}

// near says whether an arc passes where it should.
func near(x0, y0 float64, s segment, want [3][2]float64, slack float64) bool {
	got, ok := along(x0, y0, s)
	if !ok {
		return false
	}
	for i := range got {
		if math.Hypot(got[i][0]-want[i][0], got[i][1]-want[i][1]) > slack {
			return false
		}
	}
	return true
}
