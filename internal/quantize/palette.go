package quantize

import (
	"cmp"
	"context"
	"slices"
)

// target is a palette, ready for finding the nearest entry: sorted by Y over dark.
type target struct {
	colours [][4]byte
	points  []point
	dims    int
}

func (q *Quantizer) target(palette [][4]byte) *target {
	t := &target{colours: slices.Clone(palette), dims: q.dims}
	slices.SortFunc(t.colours, func(a, b [4]byte) int {
		pa, pb := q.space.of(a), q.space.of(b)
		return cmp.Or(cmp.Compare(pa[luma], pb[luma]), slices.Compare(a[:], b[:]))
	})
	t.colours = slices.Compact(t.colours)
	for _, c := range t.colours {
		t.points = append(t.points, q.space.of(c))
	}
	return t
}

// nearest finds the entry nearest to p, looking outwards from where its Y stands until Y
// alone is too far away.
func (t *target) nearest(p *point) (index int, least int64) {
	up, _ := slices.BinarySearchFunc(t.points, p[luma], func(a point, y int32) int { return cmp.Compare(a[luma], y) })
	down := up - 1
	least = far
	for up < len(t.points) || down >= 0 {
		if up < len(t.points) {
			if d := int64(t.points[up][luma] - p[luma]); d*d >= least {
				up = len(t.points)
			} else {
				if d := distance(p, &t.points[up], t.dims); d < least {
					index, least = up, d
				}
				up++
			}
		}
		if down >= 0 {
			if d := int64(t.points[down][luma] - p[luma]); d*d >= least {
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

// rounds is how often entries are moved. More of them gain less than a percent.
const rounds = 3

// refined moves palette entries to the centres of the colours nearest to them.
func (q *Quantizer) refined(ctx context.Context, palette [][4]byte) (*target, error) {
	t := q.target(palette)
	for range rounds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		centres := make([]centre, len(t.colours))
		for i := range q.colours {
			at, _ := t.nearest(&q.colours[i].point)
			centres[at].add(&q.colours[i])
		}
		moved := make([][4]byte, 0, len(centres))
		for i := range centres {
			if centres[i].weight > 0 {
				moved = append(moved, centres[i].colour())
			}
		}
		next := q.target(moved)
		if slices.Equal(next.colours, t.colours) {
			break
		}
		t = next
	}
	return t, nil
}

// centre gathers colours to find the one that stands for them all.
type centre struct {
	sums   [4]int64 // R·A, G·A, B·A, A, each times weight
	weight int64
	most   *entry
}

func (s *centre) add(c *entry) {
	alpha := int64(c.value[3])
	for k := range 3 {
		s.sums[k] += int64(c.value[k]) * alpha * c.weight
	}
	s.sums[3] += alpha * c.weight
	s.weight += c.weight
	if s.most == nil || c.weight > s.most.weight {
		s.most = c
	}
}

// dominant is the share of a group, in percent, from which one colour stands for it as it
// is: a shift of an even background is seen before all else.
const dominant = 30

// colour is the mean, weighted by alpha, or the dominant colour.
func (s *centre) colour() (c [4]byte) {
	if 100*s.most.weight >= dominant*s.weight {
		return s.most.value
	}
	if s.sums[3] > 0 {
		for k := range 3 {
			c[k] = byte((s.sums[k] + s.sums[3]/2) / s.sums[3])
		}
	}
	if c[3] = byte((s.sums[3] + s.weight/2) / s.weight); c[3] == 0 {
		return [4]byte{}
	}
	return c
}
