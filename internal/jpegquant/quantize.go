package jpegquant

import (
	"math"
	"math/bits"

	"compressor/internal/jpegdct"
)

// Settings say how one component is quantized.
type Settings struct {
	Steps   jpegdct.QuantTable // in zigzag order
	Lambda  float64            // what a bit is worth, in squared errors of one step; 0 rounds to the nearest
	Masking Masking

	// Bands are the zigzag indices where the bands start that the rate is reckoned by, as
	// scans of a progressive file would cut them; the last is 64. At most maxBands bands.
	Bands []int
	// Ending weighs the bits that end a block in a band. They are shared by runs of
	// blocks, so that fewer than their average is saved by leaving a block empty.
	Ending float64
}

// Quantize makes a file of the source, by one Settings for each component. The source is
// not changed.
func (s *Source) Quantize(settings []Settings) *jpegdct.File {
	f := s.frame
	f.Components = append([]jpegdct.Component(nil), f.Components...)
	for i := range f.Components {
		c := &f.Components[i]
		c.Quant = settings[i].Steps
		c.Blocks = make([]jpegdct.Block, c.Stride*c.Rows)
		s.planes[i].quantize(c, settings[i])
	}
	f.Pad()
	return &f
}

// passes over the blocks: each reckons with the statistics of the one before.
const passes = 2

func (p *plane) quantize(c *jpegdct.Component, s Settings) {
	q := newQuantizer(s)
	if s.Lambda <= 0 {
		p.each(c, func(out, in *jpegdct.Block, _ int) { q.round(out, in, 0.5) })
		return
	}
	worth := p.worth(s.Masking)
	p.each(c, func(out, in *jpegdct.Block, _ int) {
		q.round(out, in, guess)
		q.rate.tally(out)
	})
	q.rate.price(len(p.blocks))
	for range passes {
		p.each(c, func(out, in *jpegdct.Block, n int) {
			q.weigh(out, in, worth[n])
			q.rate.tally(out)
		})
		q.rate.price(len(p.blocks))
	}
}

// each visits the blocks of a component beside those it is made from.
func (p *plane) each(c *jpegdct.Component, visit func(out, in *jpegdct.Block, n int)) {
	n := 0
	for y := range p.height {
		row := c.Blocks[y*c.Stride:][:p.width]
		for x := range row {
			visit(&row[x], &p.blocks[n], n)
			n++
		}
	}
}

// guess is what is added before the first pass cuts off: about what weighing leaves.
const guess = 0.35

// quantizer holds what the blocks of one component share.
type quantizer struct {
	inverse [64]float32 // 1/(step·fraction)
	least   [64]int16   // half a step: what is smaller becomes zero
	lambda  float32
	rate    rate
	trellis trellis
}

func newQuantizer(s Settings) *quantizer {
	q := &quantizer{lambda: float32(s.Lambda)}
	for k, step := range s.Steps {
		q.inverse[k] = 1 / float32(int(step)*fraction)
		q.least[k] = int16(min(int(step)*fraction/2, math.MaxInt16))
	}
	if s.Lambda > 0 {
		q.rate.cut(s.Bands, s.Ending)
	}
	return q
}

// round takes DC to the nearest step, and AC up from 1−add.
func (q *quantizer) round(out, in *jpegdct.Block, add float32) {
	for k, v := range in {
		x := float32(float32(v) * q.inverse[k])
		a := add
		if k == 0 {
			a = 0.5
		}
		if x < 0 {
			a = -a
		}
		out[k] = int16(min(max(x+a, -maxLevel), maxLevel))
	}
}

// maxLevel bounds quantized coefficients (T.81 table F.1 and F.2 for 8 bits).
const maxLevel = 1023

// rate reckons what symbols will cost, band by band, as scans without successive
// approximation code them (T.81 G.1.2.2).
type rate struct {
	bands  []int
	ending float64
	band   [64]uint8 // of each index; none for DC
	start  [64]uint8 // where that band starts
	stats  [maxBands]stats
}

const (
	maxBands = 4
	none     = maxBands
	maxRun   = 1<<15 - 1 // of finished blocks (T.81 table G.1)
	zeros16  = 0xF0      // the symbol of sixteen zeros
)

// stats are those of one band.
type stats struct {
	count  [256]uint32
	cost   [256]float32 // bits of each symbol of a value, those behind the code included
	open   float32      // bits more that a block takes by having anything in this band
	run    int          // blocks since the last value
	filled int          // blocks that have a value
}

func (r *rate) cut(bands []int, ending float64) {
	r.bands, r.ending = bands, ending
	r.band[0] = none
	for b := range len(bands) - 1 {
		for k := bands[b]; k < bands[b+1]; k++ {
			r.band[k], r.start[k] = uint8(b), uint8(bands[b])
		}
	}
}

// tally counts the symbols of a block.
func (r *rate) tally(b *jpegdct.Block) {
	for i := range len(r.bands) - 1 {
		s := &r.stats[i]
		first, end := r.bands[i], r.bands[i+1]
		last := first - 1
		for k := first; k < end; k++ {
			v := int(b[k&63])
			if v == 0 {
				continue
			}
			s.endRun()
			run := k - last - 1
			last = k
			for ; run > 15; run -= 16 {
				s.count[zeros16]++
			}
			s.count[run<<4|bits.Len(uint(max(v, -v)))]++
		}
		if last >= first {
			s.filled++
		}
		if last < end-1 {
			s.run++
			if s.run == maxRun {
				s.endRun()
			}
		}
	}
}

func (s *stats) endRun() {
	if s.run > 0 {
		s.count[(bits.Len(uint(s.run))-1)<<4]++
		s.run = 0
	}
}

// price turns the counts of so many blocks into costs, and starts to count anew.
func (r *rate) price(blocks int) {
	const unseen = 0.1 // counts for symbols that did not occur
	for i := range len(r.bands) - 1 {
		s := &r.stats[i]
		s.endRun()
		total := 0.0
		for _, n := range s.count {
			total += float64(n) + unseen
		}
		var ends, endBits float64
		for symbol, n := range s.count {
			bits := math.Log2(total / (float64(n) + unseen))
			s.cost[symbol] = float32(bits) + float32(symbol&15)
			if symbol&15 == 0 && symbol < zeros16 {
				ends += float64(n)
				endBits += float64(n) * (bits + float64(symbol>>4))
			}
		}
		s.open = 0
		if ends > 0 {
			s.open = float32(endBits / ends * r.ending)
		}
		if r.bands[i+1]-r.bands[i] == 1 {
			// A value here parts a run of finished blocks in two, or joins another value:
			// with a share p of blocks filled, there are about p(1−p) runs.
			s.open *= 1 - 2*float32(s.filled)/float32(blocks)
		}
		s.count, s.run, s.filled = [256]uint32{}, 0, 0
	}
}
