package quantize

import (
	"cmp"
	"context"
	"slices"
)

// maxEntries is the size of the largest palette.
const maxEntries = 256

// tree is how the colours of a picture fall apart, one split after the other. Palettes of
// all sizes are read from it.
type tree struct {
	first [4]byte // the one colour that stands for all
	error int64   // squared, over all pixels, with that one colour
	steps []step
}

// size is the smallest number of colours whose squared error is at most so much.
func (t *tree) size(most int64) int {
	if t.error <= most {
		return 1
	}
	i, _ := slices.BinarySearchFunc(t.steps, most, func(s step, most int64) int { return cmp.Compare(most, s.left) })
	return min(i+2, len(t.steps)+1)
}

// step splits the group at a place of the list in two: one stays there, one is appended.
type step struct {
	at          int
	stays, goes [4]byte
	left        int64 // squared error after it, over all pixels
}

// palette gives the palette of so many colours, or as many as there are.
func (t *tree) palette(colours int) [][4]byte {
	list := [][4]byte{t.first}
	for _, s := range t.steps {
		if len(list) >= colours {
			break
		}
		list[s.at] = s.stays
		list = append(list, s.goes)
	}
	return list
}

// grow splits, again and again, the group of colours with the largest squared error, where
// that takes most of the error away (Wu, "Color quantization by dynamic programming and
// principal analysis", 1992, on the axis of the largest variance).
func (q *Quantizer) grow(ctx context.Context) error {
	all := make([]uint32, len(q.colours))
	for i := range all {
		all[i] = uint32(i)
	}
	groups := []group{q.group(all)}
	left := groups[0].spread
	q.tree = tree{first: q.centre(all), error: left}
	for len(groups) < maxEntries {
		if err := ctx.Err(); err != nil {
			return err
		}
		best := 0
		for i := range groups {
			if groups[i].spread > groups[best].spread {
				best = i
			}
		}
		if groups[best].spread <= 0 {
			return nil
		}
		stays, goes := q.cut(groups[best])
		left -= groups[best].spread
		groups[best] = q.group(stays)
		groups = append(groups, q.group(goes))
		left += groups[best].spread + groups[len(groups)-1].spread
		q.tree.steps = append(q.tree.steps, step{best, q.centre(stays), q.centre(goes), left})
	}
	return nil
}

// group is a set of colours.
type group struct {
	members []uint32
	axis    int   // of the largest variance
	spread  int64 // squared error, weighted; 0 for what cannot be split
}

func (q *Quantizer) group(members []uint32) group {
	g := group{members: members}
	if len(members) < 2 {
		return g
	}
	var weight int64
	var sum [dims]int64
	for _, m := range members {
		c := &q.colours[m]
		weight += c.weight
		for k := range q.dims {
			sum[k] += int64(c.point[k]) * c.weight
		}
	}
	var squares [dims]int64
	for _, m := range members {
		c := &q.colours[m]
		for k := range q.dims {
			d := int64(c.point[k]) - sum[k]/weight
			squares[k] += d * d * c.weight
		}
	}
	for k := range q.dims {
		g.spread += squares[k]
		if squares[k] > squares[g.axis] {
			g.axis = k
		}
	}
	return g
}

// cut divides a group along its axis where the means of both parts lie farthest apart,
// weighted: that leaves the least error.
func (q *Quantizer) cut(g group) (low, high []uint32) {
	value := func(m uint32) int64 { return int64(q.colours[m].point[g.axis]) }
	slices.SortFunc(g.members, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(value(a), value(b)), cmp.Compare(a, b))
	})
	var weight, sum int64
	for _, m := range g.members {
		weight += q.colours[m].weight
		sum += value(m) * q.colours[m].weight
	}
	at, most := 1, -1.0
	var partWeight, partSum int64
	for i, m := range g.members[:len(g.members)-1] {
		partWeight += q.colours[m].weight
		partSum += value(m) * q.colours[m].weight
		if value(m) == value(g.members[i+1]) {
			continue
		}
		apart := float64(partSum)/float64(partWeight) - float64(sum-partSum)/float64(weight-partWeight)
		if gain := apart * apart * float64(partWeight) * float64(weight-partWeight); gain > most {
			at, most = i+1, gain
		}
	}
	return g.members[:at], g.members[at:]
}

// centre is the colour that stands for a group.
func (q *Quantizer) centre(members []uint32) [4]byte {
	var s centre
	for _, m := range members {
		s.add(&q.colours[m])
	}
	return s.colour()
}
