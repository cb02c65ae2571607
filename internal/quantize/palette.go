package quantize

import (
	"cmp"
	"slices"
)

// target is a palette, made ready for finding the nearest entry: sorted by Y over dark.
type target struct {
	colours [][4]byte
	points  []point
	dims    int
}

func (q *Quantizer) target(palette [][4]byte) *target {
	t := &target{colours: slices.Clone(palette), dims: q.dims}
	slices.SortFunc(t.colours, func(a, b [4]byte) int {
		pa, pb := q.space.of(a), q.space.of(b)
		return cmp.Or(cmp.Compare(pa[1], pb[1]), slices.Compare(a[:], b[:]))
	})
	t.colours = slices.Compact(t.colours)
	for _, c := range t.colours {
		t.points = append(t.points, q.space.of(c))
	}
	return t
}

// nearest finds the entry nearest to p, looking outwards from where its Y stands.
func (t *target) nearest(p *point) (index int, least int64) {
	at, _ := slices.BinarySearchFunc(t.points, p[1], func(a point, y int32) int { return cmp.Compare(a[1], y) })
	least = 1 << 62
	up, down := at, at-1
	for up < len(t.points) || down >= 0 {
		if up < len(t.points) {
			if d := int64(t.points[up][1] - p[1]); d*d >= least {
				up = len(t.points)
			} else {
				if d := distance(p, &t.points[up], t.dims); d < least {
					index, least = up, d
				}
				up++
			}
		}
		if down >= 0 {
			if d := int64(t.points[down][1] - p[1]); d*d >= least {
				down = -1
			} else {
				if d := distance(p, &t.points[down], t.dims); d < least {
					index, least = down, d
				}
				down--
			}
		}
	}
	return index, least
}

// Refine moves palette entries to the mean of the colours nearest to them, so many times.
// Means are taken of premultiplied linear light... of encoded samples weighted by alpha.
func (q *Quantizer) Refine(palette [][4]byte, rounds int) [][4]byte {
	for range rounds {
		t := q.target(palette)
		sums := make([][6]int64, len(t.colours)) // R·A, G·A, B·A, A, weight, A·weight
		for i := range q.colours {
			c := &q.colours[i]
			at, _ := t.nearest(&c.point)
			s, a := &sums[at], int64(c.value[3])
			for k := range 3 {
				s[k] += int64(c.value[k]) * a * c.weight
			}
			s[3] += a * c.weight
			s[4] += c.weight
		}
		next := make([][4]byte, 0, len(t.colours))
		for _, s := range sums {
			if s[4] == 0 {
				continue
			}
			var c [4]byte
			if s[3] > 0 {
				for k := range 3 {
					c[k] = byte((s[k] + s[3]/2) / s[3])
				}
			}
			c[3] = byte((s[3] + s[4]/2) / s[4])
			if c[3] == 0 {
				c = [4]byte{}
			}
			next = append(next, c)
		}
		if slices.Equal(next, palette) {
			break
		}
		palette = next
	}
	return palette
}
