package jpegdct

import (
	"math/bits"
	"slices"
)

// histogram counts the symbols of one Huffman table.
type histogram [256]uint32

// huffCode is a Huffman code to be written.
type huffCode struct {
	code    [256]uint16
	length  [256]uint8 // 0 for a symbol without code
	counts  [16]byte   // codes of length 1…16
	symbols []byte     // in order of codes
}

// maxCodeLength is the longest code that JPEG allows (T.81 C.1).
const maxCodeLength = 16

// leaf is a symbol with its count, packed so that it sorts by count and then by symbol.
// The reserved code is leaf 0: JPEG forbids the code of all ones (T.81 C.2), so one symbol
// that never occurs takes part and its code, the last, stays unused.
type leaf = uint64

func (h *histogram) leaves(dst []leaf) []leaf {
	dst = append(dst[:0], 0)
	for symbol, n := range h {
		if n > 0 {
			dst = append(dst, uint64(n)<<8|uint64(symbol))
		}
	}
	slices.Sort(dst[1:])
	return dst
}

// huffTree holds the buffers of building one code after another.
type huffTree struct {
	leafs  []leaf
	weight [257]uint64
	parent [514]int16
	depth  [514]uint8
	rows   [maxCodeLength][514]uint64 // of package-merge
}

// lengths finds the code lengths of the leaves in h.leaves(), at most 16 bits and
// optimal under that bound. The slice is valid until the next call.
func (t *huffTree) lengths(h *histogram) (leafs []leaf, length []uint8) {
	t.leafs = h.leaves(t.leafs)
	n := len(t.leafs)
	// Two-queue Huffman: leaves and inner nodes both come in ascending order of weight.
	nextLeaf, nextInner := 0, 0
	pop := func(made, inner int) uint64 {
		if nextInner == made || nextLeaf < n && t.leafs[nextLeaf]>>8 <= t.weight[nextInner] {
			t.parent[nextLeaf] = int16(inner)
			nextLeaf++
			return t.leafs[nextLeaf-1] >> 8
		}
		t.parent[257+nextInner] = int16(inner)
		nextInner++
		return t.weight[nextInner-1]
	}
	for made := range n - 1 {
		w := pop(made, made)
		t.weight[made] = w + pop(made, made)
	}
	deepest := uint8(0)
	if n > 1 {
		t.depth[257+n-2] = 0
		for i := n - 3; i >= 0; i-- {
			t.depth[257+i] = t.depth[257+int(t.parent[257+i])] + 1
		}
	}
	for i := range n {
		t.depth[i] = 1
		if n > 1 {
			t.depth[i] = t.depth[257+int(t.parent[i])] + 1
		}
		deepest = max(deepest, t.depth[i])
	}
	if deepest > maxCodeLength {
		t.limitLengths(n)
	}
	return t.leafs, t.depth[:n]
}

// limitLengths sets t.depth[:n] by package-merge (Larmore and Hirschberg 1990), which is
// optimal for codes of at most 16 bits.
func (t *huffTree) limitLengths(n int) {
	// A row holds leaves and packages, each of two items of the row before, by weight. An
	// item is its weight doubled, plus one for a leaf.
	size := 0
	for r := range t.rows {
		row, before := &t.rows[r], &t.rows[max(r, 1)-1]
		packages := size / 2
		size = 0
		for l, p := 0, 0; l < n || p < packages; size++ {
			var packed uint64
			if p < packages {
				packed = before[2*p]>>1 + before[2*p+1]>>1
			}
			if p == packages || l < n && t.leafs[l]>>8 <= packed {
				row[size] = t.leafs[l]>>8<<1 | 1
				l++
			} else {
				row[size] = packed << 1
				p++
			}
		}
	}
	clear(t.depth[:n])
	take := 2*n - 2
	for r := maxCodeLength - 1; r >= 0; r-- {
		leafs := 0
		for _, item := range t.rows[r][:take] {
			if item&1 != 0 {
				t.depth[leafs]++
				leafs++
			}
		}
		take = 2 * (take - leafs)
	}
}

// cost returns the bits that the symbols of h take with their best code, and the bytes of
// the table that describes it. Without symbols both are 0.
func (t *huffTree) cost(h *histogram) (symbolBits uint64, tableBytes int) {
	leafs, length := t.lengths(h)
	if len(leafs) == 1 {
		return 0, 0
	}
	for i, l := range leafs {
		symbolBits += (l >> 8) * uint64(length[i])
	}
	return symbolBits, 17 + len(leafs) - 1
}

// code builds the best code for h.
func (t *huffTree) code(h *histogram) *huffCode {
	leafs, length := t.lengths(h)
	c := &huffCode{}
	for i := 1; i < len(leafs); i++ {
		symbol := byte(leafs[i])
		c.length[symbol] = length[i]
		c.counts[length[i]-1]++
		c.symbols = append(c.symbols, symbol)
	}
	// The reserved symbol is one of the deepest, so the last code of that length is free.
	slices.SortFunc(c.symbols, func(a, b byte) int {
		return (int(c.length[a])-int(c.length[b]))<<8 + int(a) - int(b)
	})
	next, before := uint16(0), uint8(0)
	for _, symbol := range c.symbols {
		next <<= c.length[symbol] - before
		before = c.length[symbol]
		c.code[symbol] = next
		next++
	}
	return c
}

// add counts an AC symbol: a zero run of any length, then a value of the given size.
func (h *histogram) add(run, size int) {
	for ; run > 15; run -= 16 {
		h[0xF0]++
	}
	h[run<<4|size]++
}

// sub takes back what add counted.
func (h *histogram) sub(run, size int) {
	for ; run > 15; run -= 16 {
		h[0xF0]--
	}
	h[run<<4|size]--
}

// plus adds the counts of other.
func (h *histogram) plus(other *histogram) {
	for i, n := range other {
		h[i] += n
	}
}

// sizeOf is the number of bits of a magnitude (T.81 F.1.2.1.1).
func sizeOf(magnitude int) int { return bits.Len(uint(magnitude)) }
