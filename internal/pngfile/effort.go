package pngfile

import "compressor/internal/deflate"

// Effort says how much work Optimize may do. It is a matter of steps and bytes, never of
// time: the same effort gives the same file on a busy machine as on an idle one.
type Effort uint8

// The efforts.
const (
	Normal   Effort = iota // the search of a service: some 2.5 CPU seconds per megapixel of photo, on two threads
	Quick                  // one cheap guess, for pictures that are only looked at once
	Thorough               // more finalists, about three times the work of Normal
	Fair                   // up to twice the work of Quick: seldom twice the bytes of Normal, at most three times on what was measured
)

// budget is an effort, applied to a picture of a certain size.
type budget struct {
	sample     int      // bytes of raster that estimates look at, at most
	layouts    int      // layouts that all strategies are tried on
	strategies []string // strategies tried
	probe      int      // level of the estimates
	finals     int      // attempts that are deflated whole, at most
	margin     int      // how much larger than the best one's their estimates may be, in 1/1000
	levels     []int    // levels each of them is deflated at
	types      bool     // the best of each colour type is deflated once more
	again      int      // bytes of raster up to which the best of them is deflated once more, by redeflate
}

// Sizes of raster, in bytes, at which the work per byte falls.
const (
	smallRaster = 512 << 10
	largeRaster = 48 << 20
	hugeRaster  = 160 << 20
	againRaster = 16 << 20
)

// budget spends much on small pictures, where it costs milliseconds, and little per byte on
// very large ones.
func (e Effort) budget(size int) budget {
	if e == Quick {
		return budget{sample: 1 << 20, layouts: 1, strategies: []string{strategyNone, strategyEntropy},
			probe: 3, finals: 1, levels: []int{5}}
	}
	if e == Fair {
		return budget{sample: 1 << 20, layouts: 2, probe: 6, finals: 2, margin: 100, levels: []int{9},
			strategies: []string{strategyNone, strategySub, strategyUp, strategyPaeth, strategyEntropy}}
	}
	b := budget{sample: 1 << 20, layouts: 2, probe: 3, finals: 2, margin: 10, levels: []int{deflate.Best}, again: againRaster,
		strategies: []string{strategyNone, strategySub, strategyUp, strategyPaeth, strategySum, strategyEntropy,
			strategyBigrams, strategyBigent, strategyCost, strategyBrute}}
	switch {
	case size <= smallRaster:
		// A weak probe takes to palettes, which are not in what it deflates.
		b.layouts, b.finals, b.probe, b.margin, b.types = 4, 6, 9, 100, true
	case size > hugeRaster:
		b.layouts, b.finals, b.levels = 1, 1, []int{9}
	case size > largeRaster:
		b.layouts, b.finals, b.levels = 1, 1, []int{10}
	}
	if e == Thorough {
		b.layouts, b.finals, b.margin = 2*b.layouts, 3*b.finals, 30
	}
	return b
}
