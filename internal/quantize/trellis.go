package quantize

import "math/bits"

// Bits, times 16, that DEFLATE is taken to pay.
const (
	goesOn   = 4   // one more pixel of a match
	begins   = 192 // a match
	leastOwn = 16  // a literal, at least
)

// the states of the trellis: what the pixel's index repeats.
const (
	own = iota
	left
	above
	states
)

// Map gives the index of each pixel, and the palette in the order of the indices.
// pressure is how much distortion a bit is worth, in hundredths of the mean distortion of
// plain nearest colours; 0 gives just those.
func (q *Quantizer) Map(palette [][4]byte, pressure int) (indices []byte, ordered [][4]byte) {
	t := q.target(palette)
	near, dist := make([]byte, len(q.colours)), make([]int64, len(q.colours))
	counts := make([]int64, len(t.colours))
	total := int64(0)
	for i := range q.colours {
		at, d := t.nearest(&q.colours[i].point)
		near[i], dist[i] = byte(at), d
		counts[at] += q.colours[i].weight
		total += d * q.colours[i].weight
	}
	pixels := int64(len(q.ids))
	indices = make([]byte, pixels)
	lambda := total / pixels * int64(pressure) / 100 // for a bit
	if lambda == 0 {
		for i, id := range q.ids {
			indices[i] = near[id]
		}
		return indices, t.colours
	}
	price := make([]int64, len(counts))
	for i, n := range counts {
		price[i] = lambda * max(leastOwn, log2x16(pixels)-log2x16(max(n, 1))) / 16
	}
	m := mapper{q: q, t: t, near: near, dist: dist, price: price,
		on: lambda * goesOn / 16, begin: lambda * begins / 16, back: make([][states]byte, q.width)}
	for y := range q.height {
		row := indices[y*q.width:][:q.width]
		var prior []byte
		if y > 0 {
			prior = indices[(y-1)*q.width:][:q.width]
		}
		m.row(q.ids[y*q.width:][:q.width], prior, row)
	}
	return indices, t.colours
}

// log2x16 is 16·log₂ n, roughly.
func log2x16(n int64) int64 {
	whole := bits.Len64(uint64(n)) - 1
	fraction := int64(0)
	if whole >= 4 {
		fraction = n >> (whole - 4) & 15
	} else {
		fraction = n << (4 - whole) & 15
	}
	return int64(whole)*16 + fraction
}

// mapper searches one row at a time.
type mapper struct {
	q         *Quantizer
	t         *target
	near      []byte
	dist      []int64
	price     []int64
	on, begin int64
	back      [][states]byte
}

const far = int64(1) << 61

// row is a Viterbi search: each state's survivor remembers its last index.
func (m *mapper) row(ids []uint32, prior, out []byte) {
	cost := [states]int64{own: 0, left: far, above: far}
	last := [states]int{own: -1, left: -1, above: -1}
	for x, id := range ids {
		p := &m.q.colours[id].point
		next := [states]int64{far, far, far}
		nextLast := [states]int{-1, -1, -1}
		from := &m.back[x]
		for s := range states { // from s
			if cost[s] >= far {
				continue
			}
			if c := cost[s] + m.dist[id] + m.price[m.near[id]]; c < next[own] {
				next[own], nextLast[own], from[own] = c, int(m.near[id]), byte(s)
			}
			if last[s] >= 0 {
				c := cost[s] + m.off(id, p, last[s]) + m.step(s, left)
				if c < next[left] {
					next[left], nextLast[left], from[left] = c, last[s], byte(s)
				}
			}
			if prior != nil {
				c := cost[s] + m.off(id, p, int(prior[x])) + m.step(s, above)
				if c < next[above] {
					next[above], nextLast[above], from[above] = c, int(prior[x]), byte(s)
				}
			}
		}
		cost, last = next, nextLast
	}
	s := 0
	for k := range states {
		if cost[k] < cost[s] {
			s = k
		}
	}
	// The way back: a left state's index is that of the pixel before.
	kinds := make([]byte, len(ids))
	for x := len(ids) - 1; x >= 0; x-- {
		kinds[x] = byte(s)
		s = int(m.back[x][s])
	}
	for x, kind := range kinds {
		switch kind {
		case own:
			out[x] = m.near[ids[x]]
		case left:
			out[x] = out[x-1]
		case above:
			out[x] = prior[x]
		}
	}
}

// off is the distortion of a colour under an index.
func (m *mapper) off(id uint32, p *point, index int) int64 {
	if int(m.near[id]) == index {
		return m.dist[id]
	}
	return distance(p, &m.t.points[index], m.t.dims)
}

func (m *mapper) step(from, to int) int64 {
	if from == to {
		return m.on
	}
	return m.begin
}
