package pngfile

// The cost strategy. DEFLATE codes what it finds no match for with one Huffman table per
// block, so a filter is good for a row if its bytes are those the rows around it use as well.
// Rows are taken in groups of about a block; each group starts from the choices of another
// strategy, counts its bytes, chooses again the filter whose bytes cost least under those
// counts, and repeats. On photos, where matches are rare, this comes near what the encoder
// does; on graphics the other strategies are better.

const (
	costGroup  = 48 << 10 // bytes per group, about a block of the encoder
	costRounds = 4
)

// chooseByCost improves the choices c of a band, in place.
func chooseByCost(r *raster, c choices, b band) {
	group := max(1, costGroup/(r.stride+1))
	zero := make([]byte, r.stride)
	filtered := make([]byte, filterCount*group*r.stride)
	for top := b.from; top < b.to; top += group {
		rows := min(group, b.to-top)
		for y := range rows {
			row, prior := r.row(top+y, zero)
			for kind := range filterCount {
				filterRow(filtered[(kind*group+y)*r.stride:][:r.stride], row, prior, r.step, byte(kind))
			}
		}
		for range costRounds {
			if !costRound(filtered, group, r.stride, c[top:top+rows]) {
				break
			}
		}
	}
}

// costRound chooses once for one group; false if nothing changed. filtered holds the group's
// rows under each filter in turn.
func costRound(filtered []byte, group, stride int, c choices) (changed bool) {
	var counts [256]uint32
	total := uint32(0)
	for y, kind := range c {
		for _, v := range filtered[(int(kind)*group+y)*stride:][:stride] {
			counts[v]++
		}
		total += uint32(stride)
	}
	var price [256]uint64 // bits × 2^16 of each byte value, with one occurrence added
	for v, n := range counts {
		price[v] = uint64(log2(total+256) - log2(n+1))
	}
	for y, kind := range c {
		best, least := kind, uint64(1<<63)
		for k := range byte(filterCount) {
			sum := uint64(0)
			for _, v := range filtered[(int(k)*group+y)*stride:][:stride] {
				sum += price[v]
			}
			if sum < least {
				best, least = k, sum
			}
		}
		if best != kind {
			c[y], changed = best, true
		}
	}
	return changed
}
