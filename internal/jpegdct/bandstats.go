package jpegdct

import "math/bits"

// sparse lists the AC coefficients of a component's picture blocks that are not zero, in
// coding order. All that the size of a progressive scan depends on is where they stand
// and how many bits they have.
type sparse struct {
	entries []uint16 // zigzag index<<4 | bits of the magnitude
	count   []uint8  // entries of each block
}

// newSparse lists the coefficients of c.
func newSparse(c *Component) *sparse {
	n := 0
	c.pictureBlocks(func(b *Block) {
		for k := 1; k < 64; k++ {
			if b[k] != 0 {
				n++
			}
		}
	})
	s := &sparse{entries: make([]uint16, 0, n), count: make([]uint8, 0, c.Width*c.Height)}
	c.pictureBlocks(func(b *Block) {
		before := len(s.entries)
		for k := 1; k < 64; k++ {
			if v := int(b[k]); v != 0 {
				s.entries = append(s.entries, uint16(k<<4|sizeOf(max(v, -v))))
			}
		}
		s.count = append(s.count, uint8(len(s.entries)-before))
	})
	return s
}

// sparseLists makes the lists of all components.
func sparseLists(f *File) (lists []*sparse) {
	for i := range f.Components {
		lists = append(lists, newSparse(&f.Components[i]))
	}
	return lists
}

// pictureBlocks calls see for the blocks that carry picture, row by row.
func (c *Component) pictureBlocks(see func(*Block)) {
	for y := range c.Height {
		row := c.Blocks[y*c.Stride:][:c.Width]
		for x := range row {
			see(&row[x])
		}
	}
}

// maxCells bounds how many cells the AC coefficients are cut into for the search.
const maxCells = 12

// cuts says where bands may start and end: cell i is zigzag indices at[i] … at[i+1]−1. A
// band is a run of cells.
type cuts struct {
	at   []int // from 1 to 64
	cell [64]uint8
}

func newCuts(at ...int) *cuts {
	c := &cuts{at: at}
	for i := range len(at) - 1 {
		for k := at[i]; k < at[i+1]; k++ {
			c.cell[k] = uint8(i)
		}
	}
	return c
}

func (c *cuts) cells() int { return len(c.at) - 1 }

// bandStats holds, for one level of one component, the symbols of every band, gathered in
// one walk over the coefficients. It rests on this: a value's symbol is the same in every
// band that holds it, but for the first value in the band, whose zero run starts at the
// band instead of the value before. So base has the symbols by cell, and fix, by first
// cell of the band and cell, what differs. Runs of finished blocks are counted by band.
type bandStats struct {
	base [maxCells]histogram
	fix  [maxCells][maxCells]histogram // differences, modulo 2³²
	raw  [maxCells]uint64              // bits beside the codes
	// since is, by last and first cell of the band, the block that the current run of
	// finished blocks starts with; ends counts the runs by the bits of their length.
	since [maxCells][maxCells]uint32
	ends  [maxCells][maxCells][15]uint32
}

// end counts a run of n finished blocks.
func (st *bandStats) end(last, first int, n uint32) {
	count := &st.ends[last][first]
	for ; n > maxRun; n -= maxRun {
		count[14]++
	}
	if n > 0 {
		count[bits.Len32(n)-1]++
	}
}

// first gathers what a first scan to level al writes.
func (st *bandStats) first(s *sparse, c *cuts, al int) {
	*st = bandStats{}
	entries := s.entries
	for n, count := range s.count {
		var occupied, closed uint32
		last, lastCell := 0, 0
		for _, entry := range entries[:count] {
			k, size := int(entry>>4), int(entry&15)-al
			if size <= 0 {
				continue
			}
			cell := int(c.cell[k])
			run := k - last - 1
			st.base[cell].add(run, size)
			st.raw[cell] += uint64(size)
			for i := lastCell + 1; i <= cell; i++ {
				if from := k - c.at[i]; from != run {
					st.fix[i][cell].sub(run, size)
					st.fix[i][cell].add(from, size)
				}
			}
			last, lastCell = k, cell
			occupied |= 1 << cell
			if k == c.at[cell+1]-1 {
				closed |= 1 << cell
			}
		}
		entries = entries[count:]
		if occupied != 0 {
			st.block(uint32(n), occupied, closed, c.cells())
		}
	}
	st.finish(uint32(len(s.count)), c.cells())
}

// refine gathers what a refinement scan to level al writes: symbols for the coefficients
// that become nonzero there, whose runs count only zeros, and correction bits for those
// that were so before.
func (st *bandStats) refine(s *sparse, c *cuts, al int) {
	*st = bandStats{}
	entries := s.entries
	for n, count := range s.count {
		var occupied, closed uint32
		var known [maxCells]int // nonzero coefficients in front of each cell
		passed, knownNow := 0, 0
		lastZeros, lastCell := 0, 0
		for _, entry := range entries[:count] {
			k, size := int(entry>>4), int(entry&15)-al
			if size <= 0 {
				continue
			}
			cell := int(c.cell[k])
			for passed < cell {
				passed++
				known[passed] = knownNow
			}
			st.raw[cell]++
			if size > 1 {
				knownNow++
				continue
			}
			zeros := k - knownNow - 1 // in front of k, of those not known
			run := zeros - lastZeros
			st.base[cell].add(run, 1)
			for i := lastCell + 1; i <= cell; i++ {
				if from := zeros - (c.at[i] - 1 - known[i]); from != run {
					st.fix[i][cell].sub(run, 1)
					st.fix[i][cell].add(from, 1)
				}
			}
			lastZeros, lastCell = zeros+1, cell
			occupied |= 1 << cell
			if k == c.at[cell+1]-1 {
				closed |= 1 << cell
			}
		}
		entries = entries[count:]
		if occupied != 0 {
			st.block(uint32(n), occupied, closed, c.cells())
		}
	}
	st.finish(uint32(len(s.count)), c.cells())
}

// block notes, for every band that block n has symbols in, that the run of finished
// blocks ends in front of it, and where the next one starts: with this block unless its
// last coefficient of the band is coded.
func (st *bandStats) block(n, occupied, closed uint32, cells int) {
	for last := bits.TrailingZeros32(occupied); last < cells; last++ {
		top := bits.Len32(occupied & (2<<last - 1)) // the last occupied cell, plus one
		next := n + closed>>last&1
		since := &st.since[last]
		for first := range top {
			if run := n - since[first]; run == 1 {
				st.ends[last][first][0]++
			} else if run > 0 {
				st.end(last, first, run)
			}
			since[first] = next
		}
	}
}

func (st *bandStats) finish(n uint32, cells int) {
	for first := range cells {
		for last := first; last < cells; last++ {
			st.end(last, first, n-st.since[last][first])
		}
	}
}

// band sums up the band of cells first … last.
func (st *bandStats) band(first, last int, h *histogram) (raw uint64) {
	*h = histogram{}
	for cell := first; cell <= last; cell++ {
		h.plus(&st.base[cell])
		if first > 0 {
			h.plus(&st.fix[first][cell])
		}
		raw += st.raw[cell]
	}
	for size, n := range st.ends[last][first] {
		h[size<<4] += n
		raw += uint64(size) * uint64(n)
	}
	return raw
}
