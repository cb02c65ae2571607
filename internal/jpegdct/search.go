package jpegdct

import "slices"

// Bytes of markers around a scan's data: SOS with one component, and what a DHT segment
// adds to its tables (T.81 B.2.3, B.2.4.2).
const (
	scanHeaderBytes = 10
	dhtHeaderBytes  = 4
)

// searchLevels is how many bits successive approximation may hold back in the search.
const searchLevels = 3

// hopeless ends the search for more bits to hold back once the whole is worse than the
// best by one part in so many.
const hopeless = 200

// SearchScript finds the progressive scan script that codes f in the fewest bits, among:
// DC interleaved in one scan, luma apart, or each component apart; and, for the AC of each
// component, every way of cutting it into bands at a fixed list of frequencies, each band
// with 0…3 bits held back and then refined, in bands of their own. Sizes are exact counts
// of bits with the best Huffman codes; byte stuffing and shared tables are left out, and
// each AC scan must also earn a small toll for the time it takes to decode. The work is
// bounded by the coefficients, and the result depends on nothing else.
func SearchScript(f *File) []Scan { return searchScript(f, sparseLists(f)) }

func searchScript(f *File, lists []*sparse) []Scan {
	s := &searcher{f: f, stats: new(bandStats)}
	s.dc()
	for i, coded := range lists {
		s.ac(i, coded)
	}
	slices.SortStableFunc(s.script, scanOrder)
	return s.script
}

// scanOrder puts DC first, then low frequencies before high ones, then refinements from
// the highest bit down, so that a picture that is still loading looks its best.
func scanOrder(a, b Scan) int {
	for _, d := range [...]int{b.Ah - a.Ah, a.First - b.First, a.Components[0] - b.Components[0]} {
		switch {
		case (a.Ah == 0) != (b.Ah == 0):
			return a.Ah - b.Ah
		case d != 0:
			return d
		}
	}
	return 0
}

type searcher struct {
	f      *File
	stats  *bandStats
	tree   huffTree
	toll   uint64 // bits an AC scan must save beside its own
	script []Scan
}

// blocksPerBit sets the toll: a scan makes every decoder walk over all blocks once more,
// which must be worth one bit for so many blocks.
const blocksPerBit = 64

// dc adds the best DC scans. Holding back bits of DC is not tried: it paid for no
// component of the 47 pictures it was tried on.
func (s *searcher) dc() {
	var best []Scan
	least := uint64(0)
	for _, groups := range dcGroups(s.f) {
		var scans []Scan
		var size uint64
		for _, g := range groups {
			scan := Scan{Components: g}
			scans = append(scans, scan)
			size += s.scanBits(scan)
		}
		if best == nil || size < least {
			best, least = scans, size
		}
	}
	s.script = append(s.script, best...)
}

// dcGroups lists the ways tried of putting components into DC scans. A scan of several
// components may have at most ten blocks in its MCU (T.81 B.2.3).
func dcGroups(f *File) [][][]int {
	n := len(f.Components)
	all := make([]int, n)
	var each [][]int
	for i := range n {
		all[i] = i
		each = append(each, []int{i})
	}
	out := [][][]int{each}
	if n > 1 && f.fits(all) {
		out = append(out, [][]int{all})
	}
	if n > 2 && f.fits(all[1:]) {
		out = append(out, [][]int{all[:1], all[1:]})
	}
	if n == 4 && f.fits(all[1:3]) {
		out = append(out, [][]int{all[:1], all[1:3], all[3:]})
	}
	return out
}

// maxMCUBlocks bounds the blocks of an interleaved MCU (T.81 B.2.3).
const maxMCUBlocks = 10

// fits says whether components may share a scan.
func (f *File) fits(components []int) bool {
	blocks := 0
	for _, i := range components {
		blocks += f.Components[i].H * f.Components[i].V
	}
	return len(components) == 1 || blocks <= maxMCUBlocks
}

// scanBits is the size of a DC scan with a table for each component.
func (s *searcher) scanBits(scan Scan) uint64 {
	e := newScanWriter(s.f, scan)
	e.pass(nil)
	size := e.raw + 8*uint64(scanHeaderBytes-2+2*len(scan.Components)+dhtHeaderBytes)
	for i := range e.dc {
		symbols, table := s.tree.cost(&e.dc[i])
		size += symbols + 8*uint64(table)
	}
	return size
}

// costs holds the size in bits of every band, by first and last cell, and of its best cut
// into bands: next is the last cell of the first of them.
type costs struct {
	best [maxCells][maxCells]uint64
	next [maxCells][maxCells]int
}

// split finds the best cut of every band, given sizes in c.best.
func (c *costs) split(cells int) {
	whole := c.best
	for first := cells - 1; first >= 0; first-- {
		for last := first; last < cells; last++ {
			c.next[first][last] = last
			for cut := first; cut < last; cut++ {
				if d := whole[first][cut] + c.best[cut+1][last]; d < c.best[first][last] {
					c.best[first][last], c.next[first][last] = d, cut
				}
			}
		}
	}
}

// scans appends the best cut of a band to the script.
func (s *searcher) scans(c *costs, at *cuts, component, first, last, ah, al int) {
	for first <= last {
		cut := c.next[first][last]
		s.script = append(s.script, Scan{Components: []int{component},
			First: at.at[first], Last: at.at[cut+1] - 1, Ah: ah, Al: al})
		first = cut + 1
	}
}

// ac adds the best AC scans of a component.
func (s *searcher) ac(component int, coded *sparse) {
	at := cutsFor(len(coded.count))
	s.toll = uint64(len(coded.count)) / blocksPerBit
	cells := at.cells()
	var first [searchLevels + 1]costs // by bits held back
	var refine [searchLevels]costs    // by level reached
	levels := 0                       // how many bits are worth holding back
	var least, below uint64
	for al := range first {
		s.stats.first(coded, at, al)
		s.bandCosts(&first[al], at)
		if al > 0 {
			s.stats.refine(coded, at, al-1)
			s.bandCosts(&refine[al-1], at)
			below += refine[al-1].best[0][cells-1]
		}
		whole := first[al].best[0][cells-1] + below
		if al == 0 || whole < least {
			least = whole
		}
		levels = al
		if whole > least+least/hopeless {
			break // more bits make it worse still
		}
	}
	// Every band with its best number of bits held back, then the best cut into such.
	var total costs
	var held [maxCells][maxCells]int
	for a := range cells {
		for b := a; b < cells; b++ {
			var below uint64
			for al := range levels + 1 {
				if d := first[al].best[a][b] + below; al == 0 || d < total.best[a][b] {
					total.best[a][b], held[a][b] = d, al
				}
				if al < levels {
					below += refine[al].best[a][b]
				}
			}
		}
	}
	total.split(cells)
	for a := 0; a < cells; {
		b := total.next[a][cells-1]
		al := held[a][b]
		s.scans(&first[al], at, component, a, b, 0, al)
		for level := al - 1; level >= 0; level-- {
			s.scans(&refine[level], at, component, a, b, level+1, level)
		}
		a = b + 1
	}
}

// bandCosts sizes every band of the statistics just gathered, and its best cut.
func (s *searcher) bandCosts(c *costs, at *cuts) {
	var h histogram
	cells := at.cells()
	for a := range cells {
		for b := a; b < cells; b++ {
			raw := s.stats.band(a, b, &h)
			symbols, table := s.tree.cost(&h)
			c.best[a][b] = raw + symbols + s.toll + 8*uint64(table+scanHeaderBytes+dhtHeaderBytes)
		}
	}
	c.split(cells)
}

// cutsFor chooses where the bands of a component of so many blocks may start: small
// pictures cannot pay for many scans, nor for the time to size them all.
func cutsFor(blocks int) *cuts {
	switch {
	case blocks < 256:
		return newCuts(1, 3, 6, 10, 21, 64)
	case blocks < 4096:
		return newCuts(1, 2, 3, 6, 10, 15, 28, 64)
	default:
		return newCuts(1, 2, 3, 4, 5, 6, 9, 13, 19, 28, 40, 64)
	}
}
