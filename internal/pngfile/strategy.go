package pngfile

import "math/bits"

// The strategies that choose a filter for each row, by name. The first four use one for all;
// "average" for all was never the best of any file measured.
const (
	strategyNone    = "none"
	strategySub     = "sub"
	strategyUp      = "up"
	strategyPaeth   = "paeth"
	strategySum     = "sum"     // least sum of absolute differences, the hint of PNG 12.7
	strategyEntropy = "entropy" // least order-0 entropy of the row
	strategyBigrams = "bigrams" // fewest distinct pairs of neighbouring bytes
	strategyBigent  = "bigent"  // least entropy of those pairs
	strategyCost    = "cost"    // least cost under the statistics of the rows around it
	strategyBrute   = "brute"   // smallest when deflated after the rows before
)

// choices is the filter type of each row.
type choices []byte

// raster is a packed picture that can be filtered.
type raster struct {
	pix                  []byte
	stride, step, height int
}

// row is row y, and the one above it; the row above the first is all zero.
func (r *raster) row(y int, zero []byte) (row, prior []byte) {
	row = r.pix[y*r.stride:][:r.stride]
	if y == 0 {
		return row, zero
	}
	return row, r.pix[(y-1)*r.stride:][:r.stride]
}

// filtered appends the rows of a band, each behind its filter byte, to dst.
func (r *raster) filtered(dst []byte, c choices, b band) []byte {
	zero := make([]byte, r.stride)
	for y := b.from; y < b.to; y++ {
		row, prior := r.row(y, zero)
		dst = append(dst, c[y])
		at := len(dst)
		dst = append(dst, row...)
		if c[y] != filterNone {
			filterRow(dst[at:], row, prior, r.step, c[y])
		}
	}
	return dst
}

// chooser scores filtered rows. It is one goroutine's.
type chooser struct {
	gain   []uint32 // gain[n] is (n+1)·log₂(n+1) − n·log₂(n), 8 fractional bits
	pairs  []uint32 // counts of byte pairs, all zero between calls
	seen   []uint64 // a bit for each byte pair
	filter [filterCount][]byte
	zero   []byte
}

const gainTable = 4096

func newChooser(stride int) *chooser {
	c := &chooser{gain: make([]uint32, gainTable), pairs: make([]uint32, 1<<16),
		seen: make([]uint64, 1<<10), zero: make([]byte, stride)}
	last := uint64(0)
	for n := range c.gain {
		next := uint64(n+1) * uint64(log2(uint32(n+1)))
		c.gain[n] = uint32((next - last) >> 8)
		last = next
	}
	for i := range c.filter {
		c.filter[i] = make([]byte, stride)
	}
	return c
}

// log2 is the binary logarithm of n > 0 with 16 fractional bits, by integer arithmetic only:
// floating point could round differently on another processor, and choose another filter.
func log2(n uint32) uint32 {
	whole := uint32(bits.Len32(n) - 1)
	mantissa := uint64(n) << (31 - whole) // 1.0 is 2^31
	fraction := uint32(0)
	for range 16 {
		mantissa = mantissa * mantissa >> 31
		fraction <<= 1
		if mantissa >= 1<<32 {
			mantissa >>= 1
			fraction |= 1
		}
	}
	return whole<<16 | fraction
}

// scored are the strategies that score each row by itself, in the order of chooser.scores.
var scored = [...]string{strategySum, strategyEntropy, strategyBigrams, strategyBigent}

// choose fills in the choices of those scored strategies that out has a place for, for the
// rows of a band.
func (c *chooser) choose(r *raster, out *[len(scored)]choices, b band) {
	for y := b.from; y < b.to; y++ {
		row, prior := r.row(y, c.zero)
		var best [len(scored)]uint64
		for kind := range byte(filterCount) {
			filterRow(c.filter[kind], row, prior, r.step, kind)
			for i, score := range c.scores(c.filter[kind], out) {
				if out[i] != nil && (kind == 0 || score < best[i]) {
					best[i], out[i][y] = score, kind
				}
			}
		}
	}
}

// gathered is Σ n·log₂n over the counts n of the row's bytes: the entropy, up to sign and a
// constant of the row's length. It is summed by what each further occurrence adds.
func (c *chooser) gathered(row []byte) uint64 {
	var counts [256]uint32
	sum := uint64(0)
	for _, v := range row {
		sum += c.gainOf(counts[v])
		counts[v]++
	}
	return sum
}

// scores rates one filtered row by the scored strategies that out has a place for; less is
// better.
func (c *chooser) scores(row []byte, out *[len(scored)]choices) (s [len(scored)]uint64) {
	const most = 1 << 62
	if out[0] != nil {
		for _, v := range row {
			s[0] += uint64(distance(int32(int8(v))))
		}
	}
	if out[1] != nil {
		s[1] = most - c.gathered(row)
	}
	if out[2] != nil {
		s[2] = c.distinct(row)
	}
	if out[3] != nil {
		s[3] = most - c.gatheredPairs(row)
	}
	return s
}

// distinct is the number of different pairs of neighbouring bytes.
func (c *chooser) distinct(row []byte) (n uint64) {
	clear(c.seen)
	pair := uint16(0)
	for _, v := range row {
		pair = pair<<8 | uint16(v)
		c.seen[pair>>6] |= 1 << (pair & 63)
	}
	for _, word := range c.seen {
		n += uint64(bits.OnesCount64(word))
	}
	return n
}

// gatheredPairs is gathered, of pairs of neighbouring bytes.
func (c *chooser) gatheredPairs(row []byte) uint64 {
	pair, sum := uint16(0), uint64(0)
	for _, v := range row {
		pair = pair<<8 | uint16(v)
		n := c.pairs[pair]
		sum += c.gainOf(n)
		c.pairs[pair] = n + 1
	}
	pair = 0
	for _, v := range row {
		pair = pair<<8 | uint16(v)
		c.pairs[pair] = 0
	}
	return sum
}

// gainOf is the gain of the occurrence after n; beyond the table it hardly grows.
func (c *chooser) gainOf(n uint32) uint64 { return uint64(c.gain[min(n, gainTable-1)]) }
