package redeflate

import "math/bits"

// fraction is the number of fractional bits that costs are counted in. It is small, so that
// the cost of a segment fits 32 bits.
const fraction = 6

// costs are the prices of what a block may hold, in bits × 2^fraction.
type costs struct {
	literal  [256]uint32
	length   [maxMatch + 1]uint32
	distance [distances]uint32
}

// log2 is the binary logarithm of n > 0 with fraction bits behind the point, by integer
// arithmetic: floating point could round differently on another machine.
func log2(n uint32) uint32 {
	whole := uint32(bits.Len32(n) - 1)
	mantissa := uint64(n) << (31 - whole) // 1.0 is 2^31
	out := whole
	for range fraction {
		mantissa = mantissa * mantissa >> 31
		out <<= 1
		if mantissa >= 1<<32 {
			mantissa >>= 1
			out |= 1
		}
	}
	return out
}

// costsOf prices each symbol by its information under these counts. A symbol that was not
// used is as dear as one that was used once.
func costsOf(c *counts) *costs {
	var out costs
	price := func(weights []uint32) func(int) uint32 {
		total := uint32(0)
		for _, n := range weights {
			total += n
		}
		whole := log2(max(1, total))
		return func(s int) uint32 { return whole - log2(max(1, weights[s])) }
	}
	out.fill(price(c.literal[:]), price(c.distance[:]))
	return &out
}

// costsBy prices each symbol by the length of its code; those without one are dear.
func costsBy(d *coding) *costs {
	var out costs
	price := func(lengths []uint8) func(int) uint32 {
		return func(s int) uint32 {
			if lengths[s] == 0 {
				return 14 << fraction
			}
			return uint32(lengths[s]) << fraction
		}
	}
	out.fill(price(d.literal[:]), price(d.distance[:]))
	return &out
}

func (c *costs) fill(literal, distance func(symbol int) uint32) {
	for s := range c.literal {
		c.literal[s] = literal(s)
	}
	for n := minMatch; n <= maxMatch; n++ {
		width, _ := lengthExtra(n)
		c.length[n] = literal(lengthCode(n)) + uint32(width)<<fraction
	}
	for s := range c.distance {
		c.distance[s] = distance(s) + uint32(distanceBits(s))<<fraction
	}
}

// parse finds the cheapest way to write the bytes from a to b, and appends it to dst.
func (s *segment) parse(dst []token, a, b int, c *costs) []token {
	cost, choice, lows := s.cost, s.choice, &s.lows
	at, end := a-s.from, b-s.from
	cost[end] = 0
	lows.reset(end)
	alike, last := 0, match(0) // how many positions in a row repeat what is at one distance, at full length
	for p := end - 1; p >= at; p-- {
		literal := s.src[s.from+p]
		best, pick := c.literal[literal]+cost[p+1], token(literal)
		length := minMatch
		found := s.matches[s.first[p]:s.first[p+1]]
		switch n := len(found); {
		case n == 0 || found[n-1].length() < maxMatch:
			alike = 0
		case found[n-1] != last:
			alike, last = 1, found[n-1]
		default:
			alike++
		}
		if alike > maxMatch && end-p > maxMatch { // deep inside: nothing beats the longest
			cost[p], choice[p] = c.length[maxMatch]+c.distance[last.slot()]+cost[p+maxMatch], token(last)
			lows.add(p, cost[p])
			continue
		}
		for _, m := range found {
			most := min(m.length(), end-p)
			slot := c.distance[m.slot()]
			for length <= most {
				last := min(int(lengthEnd[length]), most)
				low := lows.least(p+length, p+last)
				if sum := uint32(low>>32) + c.length[length] + slot; sum < best {
					best, pick = sum, token(m.withLength(int(uint32(low))-p))
				}
				length = last + 1
			}
		}
		cost[p], choice[p] = best, pick
		lows.add(p, best)
	}
	for p := at; p < end; p += choice[p].length() {
		dst = append(dst, choice[p])
	}
	return dst
}

// count counts tokens, and the end of the block.
func count(tokens []token) *counts {
	var c counts
	for _, t := range tokens {
		c.add(t)
	}
	c.literal[endOfData]++
	return &c
}
