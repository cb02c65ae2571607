package quantize

import "slices"

// Split builds a palette of so many colours by splitting, again and again, the group of
// colours with the largest total variance at its mean along its widest axis.
func (q *Quantizer) Split(colours int) [][4]byte {
	all := make([]int32, len(q.colours))
	for i := range all {
		all[i] = int32(i)
	}
	groups := []group{q.group(all)}
	for len(groups) < colours {
		best := 0
		for i := range groups {
			if groups[i].spread > groups[best].spread {
				best = i
			}
		}
		if groups[best].spread == 0 {
			break
		}
		left, right := q.halve(groups[best])
		groups[best] = left
		groups = append(groups, right)
	}
	var palette [][4]byte
	for _, g := range groups {
		palette = append(palette, q.mean(g.members))
	}
	return palette
}

// group is a set of colours.
type group struct {
	members []int32
	axis    int
	middle  int64 // the mean on that axis
	spread  int64 // total squared error
}

func (q *Quantizer) group(members []int32) group {
	g := group{members: members}
	var weight int64
	var sum, squares [dims]float64
	for _, m := range members {
		c := &q.colours[m]
		weight += c.weight
		for k := range q.dims {
			v := float64(c.point[k])
			sum[k] += v * float64(c.weight)
			squares[k] += v * v * float64(c.weight)
		}
	}
	widest, total := -1.0, 0.0
	for k := range q.dims {
		v := squares[k] - sum[k]*sum[k]/float64(weight)
		total += v
		if v > widest {
			widest, g.axis, g.middle = v, k, int64(sum[k]/float64(weight))
		}
	}
	if len(members) > 1 {
		g.spread = int64(total)
	}
	return g
}

func (q *Quantizer) halve(g group) (left, right group) {
	var a, b []int32
	for _, m := range g.members {
		if int64(q.colours[m].point[g.axis]) <= g.middle {
			a = append(a, m)
		} else {
			b = append(b, m)
		}
	}
	if len(a) == 0 || len(b) == 0 {
		all := slices.Concat(a, b)
		a, b = all[:len(all)/2], all[len(all)/2:]
	}
	return q.group(a), q.group(b)
}

func (q *Quantizer) mean(members []int32) [4]byte {
	var s [5]int64
	for _, m := range members {
		c := &q.colours[m]
		a := int64(c.value[3])
		for k := range 3 {
			s[k] += int64(c.value[k]) * a * c.weight
		}
		s[3] += a * c.weight
		s[4] += c.weight
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
	return c
}
