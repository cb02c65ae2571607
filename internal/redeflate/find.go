package redeflate

import (
	"encoding/binary"
	"math/bits"
)

// Bounds of a match (RFC 1951, section 2).
const (
	window   = 1 << 15
	minMatch = 3
	maxMatch = 258
)

// Figures of the search for matches.
const (
	hashBits = 16
	// deepest is how many earlier strings a position is compared with, at most.
	deepest = 300
	// none is the position of no string: further back than any window reaches.
	none = -2 * window
)

// match is a length, the distance code and a distance less one: 9, 5 and 15 bits.
type match uint32

func newMatch(length, distance int) match {
	return match(length<<20 | distanceCode(distance)<<15 | (distance - 1))
}

func (m match) length() int   { return int(m >> 20) }
func (m match) slot() int     { return int(m >> 15 & 31) }
func (m match) distance() int { return int(m&(window-1)) + 1 }

// withLength is m, cut to a shorter length.
func (m match) withLength(n int) match { return m&(1<<20-1) | match(n<<20) }

// finder holds, for all strings of the window that begin with the same four bytes, a binary
// search tree, the most recent string at its root; and the latest string of each three bytes.
// A walk down the tree meets for each length the nearest earlier string that shares it, and
// makes the string at hand the new root on the way.
type finder struct {
	src   []byte
	three []int32 // by hash
	four  []int32
	child []int32 // of position p: the smaller strings at 2(p mod window), the larger one behind
}

func newFinder(src []byte) *finder {
	f := &finder{src: src, three: make([]int32, 1<<hashBits), four: make([]int32, 1<<hashBits),
		child: make([]int32, 2*window)}
	for i := range f.three {
		f.three[i], f.four[i] = none, none
	}
	return f
}

func hashOf(v uint32) uint32 { return v * 0x9E3779B1 >> (32 - hashBits) }

// visit adds position p to the tree, and the matches found there to found, shorter first.
func (f *finder) visit(p int, found []match) []match {
	most := min(maxMatch, len(f.src)-p)
	if most < 4 {
		return found
	}
	word := binary.LittleEndian.Uint32(f.src[p:])
	h := hashOf(word << 8)
	best := minMatch - 1
	if q := int(f.three[h]); p-q < window && f.src[q] == f.src[p] && f.src[q+1] == f.src[p+1] && f.src[q+2] == f.src[p+2] {
		found, best = append(found, newMatch(minMatch, p-q)), minMatch
	}
	f.three[h] = int32(p)
	h = hashOf(word)
	node := int(f.four[h])
	f.four[h] = int32(p)
	return f.descend(p, node, most, best, found)
}

// descend walks down the tree from node.
func (f *finder) descend(p, node, most, best int, found []match) []match {
	src, child := f.src, f.child
	less, more := 2*(p%window), 2*(p%window)+1
	lessLength, moreLength, length := 0, 0, 0
	for range deepest {
		if p-node >= window {
			break
		}
		pair := 2 * (node % window)
		length += common(src[node+length:], src[p+length:p+most])
		if length > best {
			best = length
			found = append(found, newMatch(length, p-node))
		}
		if length == most { // equal as far as anybody looks: p takes its place
			child[less], child[more] = child[pair], child[pair+1]
			return found
		}
		if src[node+length] < src[p+length] {
			child[less] = int32(node)
			less = pair + 1
			node, lessLength = int(child[less]), length
		} else {
			child[more] = int32(node)
			more = pair
			node, moreLength = int(child[more]), length
		}
		length = min(lessLength, moreLength)
	}
	child[less], child[more] = none, none
	return found
}

// common is how many bytes a and b share from their start; a is at least as long as b.
func common(a, b []byte) int {
	n := 0
	for len(b)-n >= 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		n += 8
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
