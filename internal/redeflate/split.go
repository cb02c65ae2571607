package redeflate

// Figures of the splitter.
const (
	places = 160 // where blocks may begin, at first
	finest = 64  // tokens between these places, at least
)

// split cuts tokens into blocks so that their estimated bits are fewest, and gives the index
// of the first token of each, and the number of tokens. Blocks begin at one of places first, by
// dynamic programming over all ways to do that; then each border is moved a little.
func split(tokens []token) []int {
	step := max(finest, (len(tokens)+places-1)/places)
	n := (len(tokens) + step - 1) / step
	least := make([]uint64, n+1)
	before := make([]int, n+1)
	for j := 1; j <= n; j++ {
		var c counts
		for i := j - 1; i >= 0; i-- {
			for _, t := range tokens[i*step : min(len(tokens), (i+1)*step)] {
				c.add(t)
			}
			if sum := least[i] + estimate(&c); i == j-1 || sum < least[j] {
				least[j], before[j] = sum, i
			}
		}
	}
	borders := []int{len(tokens)}
	for j := n; j > 0; j = before[j] {
		borders = append(borders, before[j]*step)
	}
	for i, j := 0, len(borders)-1; i < j; i, j = i+1, j-1 {
		borders[i], borders[j] = borders[j], borders[i]
	}
	for i := 1; i < len(borders)-1; i++ {
		borders[i] = moved(tokens, borders[i-1], borders[i], borders[i+1], step)
	}
	return borders
}

// moved gives the best place for the border between two blocks near where it is.
func moved(tokens []token, from, border, to, step int) int {
	left, right := *count(tokens[from:border]), *count(tokens[border:to])
	least := estimate(&left) + estimate(&right)
	for step /= 2; step >= 8; step /= 2 {
		for _, shift := range [2]int{-step, step} {
			at := border + shift
			if at <= from || at >= to {
				continue
			}
			l, r := left, right
			for _, t := range tokens[min(at, border):max(at, border)] {
				if shift < 0 {
					l.remove(t)
					r.add(t)
				} else {
					l.add(t)
					r.remove(t)
				}
			}
			if sum := estimate(&l) + estimate(&r); sum < least {
				least, border, left, right = sum, at, l, r
				break
			}
		}
	}
	return border
}

// estimate is about the bits × 2^fraction of a dynamic block with these counts, without those
// that matches carry: they are the same however blocks are cut.
func estimate(c *counts) uint64 {
	return uint64(17+3*14)<<fraction + information(c.literal[:]) + information(c.distance[:])
}

// information is the order-0 information of the symbols, and about what the code's lengths
// take in the header.
func information(weights []uint32) (sum uint64) {
	total, zeros, last := uint32(0), 0, uint32(0)
	for _, n := range weights {
		total += n
	}
	if total == 0 {
		return 0
	}
	whole := log2(total)
	for _, n := range weights {
		if n == 0 {
			zeros++
			continue
		}
		if zeros > 0 {
			sum += min(uint64(zeros)*3, 9) << fraction
			zeros = 0
		}
		price := whole - log2(n)
		sum += uint64(n) * uint64(price)
		length := (price + 1<<(fraction-1)) >> fraction
		if length == last {
			sum += 2 << fraction
		} else {
			sum += 4 << fraction
		}
		last = length
	}
	return sum
}
