package redeflate

import "math/bits"

// Alphabets of RFC 1951, section 3.2.5.
const (
	literals  = 286 // literals, the end of the block, and lengths
	endOfData = 256
	distances = 30
	codeSyms  = 19 // the alphabet of code lengths, 3.2.7
)

// lengthCode gives the symbol of a match length of 3 to 258.
func lengthCode(n int) int {
	switch n -= minMatch; {
	case n == maxMatch-minMatch:
		return literals - 1
	case n < 8:
		return 257 + n
	default:
		extra := bits.Len(uint(n)) - 3
		return 257 + 4*extra + n>>extra
	}
}

// lengthEnd gives the greatest length that has the same symbol as a length.
var lengthEnd = func() (end [maxMatch + 1]uint16) {
	for n := maxMatch; n >= minMatch; n-- {
		end[n] = uint16(n)
		if n < maxMatch && lengthCode(n) == lengthCode(n+1) {
			end[n] = end[n+1]
		}
	}
	return end
}()

// lengthExtra gives how many bits follow the symbol of a length, and their value.
func lengthExtra(n int) (width int, value uint64) {
	switch n -= minMatch; {
	case n < 8 || n == maxMatch-minMatch:
		return 0, 0
	default:
		width = bits.Len(uint(n)) - 3
		return width, uint64(n) & (1<<width - 1)
	}
}

// distanceCode gives the symbol of a distance of 1 to 32768.
func distanceCode(d int) int {
	if d--; d < 4 {
		return d
	}
	extra := bits.Len(uint(d)) - 2
	return 2*extra + d>>extra
}

// distanceBits is how many bits follow a distance symbol.
func distanceBits(slot int) int { return max(0, slot/2-1) }

// counts says how often each symbol is used.
type counts struct {
	literal  [literals]uint32
	distance [distances]uint32
}

func (c *counts) add(t token) {
	if t.isMatch() {
		c.literal[lengthCode(t.length())]++
		c.distance[match(t).slot()]++
	} else {
		c.literal[t]++
	}
}

func (c *counts) remove(t token) {
	if t.isMatch() {
		c.literal[lengthCode(t.length())]--
		c.distance[match(t).slot()]--
	} else {
		c.literal[t]--
	}
}

// token is a literal byte, or a match. A match's length is at least 3, so it is never below
// 256.
type token match

func (t token) isMatch() bool { return t > 255 }

// length is the number of bytes that the token stands for.
func (t token) length() int {
	if t.isMatch() {
		return match(t).length()
	}
	return 1
}

// extraBits is what the matches of c carry behind their symbols.
func (c *counts) extraBits() int {
	sum := 0
	for s := 265; s < literals-1; s++ {
		sum += (s - 261) / 4 * int(c.literal[s])
	}
	for s, n := range c.distance {
		sum += distanceBits(s) * int(n)
	}
	return sum
}
