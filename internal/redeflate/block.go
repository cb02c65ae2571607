package redeflate

// blockKind is a block type (RFC 1951, 3.2.3).
type blockKind int

const (
	stored blockKind = iota
	fixed
	dynamic
)

// coding is how one block is written: its kind, its codes, and the bits that takes.
type coding struct {
	kind     blockKind
	literal  [literals + 2]uint8 // lengths; a fixed code has two symbols that are never used
	distance [distances + 2]uint8
	header   header
	bits     int
}

// slacks are the differences between weights that are evened out, as trials.
var slacks = [...]uint32{0, 1, 3, 8}

// codingOf finds the shortest coding of a block of so many bytes with these counts, which
// hold one end of the block.
func codingOf(c *counts, size int) *coding {
	extra := c.extraBits()
	best := &coding{kind: stored, bits: storedBits(size)}
	if f := fixedCoding(); f.payload(c)+3+extra < best.bits {
		f.bits = f.payload(c) + 3 + extra
		best = f
	}
	var last, even counts
	for i, slack := range slacks {
		smoothed(even.literal[:], c.literal[:], slack)
		smoothed(even.distance[:], c.distance[:], slack)
		if i > 0 && even == last {
			continue
		}
		last = even
		d := &coding{kind: dynamic}
		codeLengths(d.literal[:literals], even.literal[:], 15)
		codeLengths(d.distance[:distances], even.distance[:], 15)
		d.header = headerOf(d.literal[:literals], d.distance[:distances])
		d.bits = d.payload(c) + extra + d.header.bits + 3
		if d.bits < best.bits {
			best = d
		}
	}
	return best
}

// storedBits is the most that size bytes take in stored blocks.
func storedBits(size int) int { return 8*size + (size/65535+1)*(3+7+32) }

func fixedCoding() *coding {
	c := &coding{kind: fixed}
	for s := range c.literal {
		switch {
		case s < 144:
			c.literal[s] = 8
		case s < 256:
			c.literal[s] = 9
		case s < 280:
			c.literal[s] = 7
		default:
			c.literal[s] = 8
		}
	}
	for s := range c.distance {
		c.distance[s] = 5
	}
	return c
}

// payload is the bits of all symbols.
func (d *coding) payload(c *counts) int {
	sum := 0
	for s, n := range c.literal {
		sum += int(n) * int(d.literal[s])
	}
	for s, n := range c.distance {
		sum += int(n) * int(d.distance[s])
	}
	return sum
}

// header is the part of a dynamic block that holds its codes (RFC 1951, 3.2.7).
type header struct {
	literals, distances int             // lengths given
	runs                []run           // the lengths, run by run
	lengths             [codeSyms]uint8 // of the code that the runs are written with
	given               int             // of these lengths, in the order below
	bits                int
}

// run is a symbol of the alphabet of code lengths, and what follows it.
type run struct{ symbol, extra uint8 }

var (
	runOrder = [codeSyms]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	runExtra = [codeSyms]uint8{16: 2, 17: 3, 18: 7}
)

// headerOf finds the shortest header, trying which of the three repeating symbols to use.
func headerOf(literal, distance []uint8) header {
	h := header{literals: used(literal, 257), distances: used(distance, 1)}
	all := append(append(make([]uint8, 0, literals+distances), literal[:h.literals]...), distance[:h.distances]...)
	for allowed := range 8 {
		t := h
		t.runs = runsOf(all, allowed)
		t.measure()
		if h.runs == nil || t.bits < h.bits {
			h = t
		}
	}
	return h
}

// used is how many lengths must be given, at least least.
func used(lengths []uint8, least int) int {
	n := len(lengths)
	for n > least && lengths[n-1] == 0 {
		n--
	}
	return n
}

// runsOf writes lengths as runs. The bits of allowed stand for the symbols 16, 17 and 18.
func runsOf(lengths []uint8, allowed int) []run {
	out := make([]run, 0, len(lengths))
	for i := 0; i < len(lengths); {
		v, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == v {
			n++
		}
		i += n
		for v == 0 && n >= 11 && allowed&4 != 0 {
			k := min(n, 138)
			out = append(out, run{18, uint8(k - 11)})
			n -= k
		}
		for v == 0 && n >= 3 && allowed&2 != 0 {
			k := min(n, 10)
			out = append(out, run{17, uint8(k - 3)})
			n -= k
		}
		if n >= 4 && allowed&1 != 0 {
			out = append(out, run{v, 0})
			for n--; n >= 3; {
				k := min(n, 6)
				if n == 7 || n == 8 { // 4 and 3 or 4 rather than 6 and a rest too short to repeat
					k = 4
				}
				out = append(out, run{16, uint8(k - 3)})
				n -= k
			}
		}
		for ; n > 0; n-- {
			out = append(out, run{v, 0})
		}
	}
	return out
}

// measure fills in the code of the runs and the header's bits.
func (h *header) measure() {
	var weights [codeSyms]uint32
	for _, r := range h.runs {
		weights[r.symbol]++
	}
	codeLengths(h.lengths[:], weights[:], 7)
	h.given = codeSyms
	for h.given > 4 && h.lengths[runOrder[h.given-1]] == 0 {
		h.given--
	}
	h.bits = 5 + 5 + 4 + 3*h.given
	for s, n := range weights {
		h.bits += int(n) * int(h.lengths[s]+runExtra[s])
	}
}
