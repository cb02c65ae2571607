package redeflate

import (
	"math/bits"
	"slices"
)

// leaf is a symbol in use.
type leaf struct {
	weight uint64
	symbol int // -1 for a package of two
}

// codeLengths gives the lengths of an optimal prefix code in which none is longer than limit (at most 15),
// by the package-merge algorithm (Larmore and Hirschberg, 1990). At least two symbols get a
// code: some readers refuse a code of one.
func codeLengths(lengths []uint8, weights []uint32, limit int) {
	clear(lengths)
	var room [literals]leaf
	leaves := room[:0]
	for s, w := range weights {
		if w > 0 {
			leaves = append(leaves, leaf{uint64(w), s})
		}
	}
	for s := 0; len(leaves) < 2; s++ {
		if weights[s] == 0 {
			leaves = append(leaves, leaf{1, s})
		}
	}
	slices.SortFunc(leaves, func(a, b leaf) int {
		if a.weight != b.weight {
			return int(int64(a.weight) - int64(b.weight))
		}
		return a.symbol - b.symbol
	})
	var levels [15][]leaf
	levels[0] = leaves
	all := make([]leaf, 0, 2*limit*len(leaves))
	for i := 1; i < limit; i++ {
		from := len(all)
		all = merge(all, leaves, levels[i-1])
		levels[i] = all[from:]
	}
	take := 2*len(leaves) - 2
	for i := limit - 1; i >= 0 && take > 0; i-- {
		packages := 0
		for _, l := range levels[i][:take] {
			if l.symbol < 0 {
				packages++
			} else {
				lengths[l.symbol]++
			}
		}
		take = 2 * packages
	}
}

// merge appends the leaves and the pairs of the level below, lightest first, to out.
func merge(out, leaves, below []leaf) []leaf {
	i := 0
	for j := 0; j+1 < len(below); j += 2 {
		weight := below[j].weight + below[j+1].weight
		for i < len(leaves) && leaves[i].weight <= weight {
			out = append(out, leaves[i])
			i++
		}
		out = append(out, leaf{weight, -1})
	}
	return append(out, leaves[i:]...)
}

// codesOf gives the canonical codes of these lengths, first bit lowest (RFC 1951, 3.2.2).
func codesOf(codes []uint16, lengths []uint8) {
	var count, next [16]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	for n := 1; n < len(next); n++ {
		next[n] = (next[n-1] + count[n-1]) << 1
	}
	for s, n := range lengths {
		if n > 0 {
			codes[s] = bits.Reverse16(uint16(next[n])) >> (16 - n)
			next[n]++
		}
	}
}

// smoothed evens out neighbouring weights that differ by at most slack, so that their codes
// get one length and the header, which repeats lengths, becomes shorter.
func smoothed(dst, weights []uint32, slack uint32) {
	copy(dst, weights)
	for from := 0; from < len(dst); {
		low, high, sum := dst[from], dst[from], uint64(dst[from])
		to := from + 1
		for ; to < len(dst); to++ {
			w := weights[to]
			if max(high, w)-min(low, w) > slack || (w == 0) != (low == 0) {
				break
			}
			low, high, sum = min(low, w), max(high, w), sum+uint64(w)
		}
		if n := uint64(to - from); n >= 4 && low > 0 {
			for i := from; i < to; i++ {
				dst[i] = uint32((sum + n/2) / n)
			}
		}
		from = to
	}
}
