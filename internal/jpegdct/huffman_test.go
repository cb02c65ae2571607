package jpegdct

import (
	"math/rand/v2"
	"testing"
)

// histograms gives random and extreme ones.
func histograms() (out []*histogram) {
	r := rand.New(rand.NewPCG(4, 4))
	for n := range 120 {
		h := &histogram{}
		for range 1 + r.IntN(256) {
			h[r.IntN(256)] = uint32(1 + r.IntN(1<<(1+n%24)))
		}
		out = append(out, h)
	}
	one, all, fibonacci, powers := &histogram{}, &histogram{}, &histogram{}, &histogram{}
	one[7] = 5
	a, b := uint32(1), uint32(1)
	for i := range all {
		all[i] = 1
		if i < 40 {
			fibonacci[i] = a
			a, b = b, a+b
		}
		if i < 32 {
			powers[i] = 1 << i
		}
	}
	return append(out, one, all, fibonacci, powers)
}

func TestCodesAreValidAndDecode(t *testing.T) {
	var tree huffTree
	for n, h := range histograms() {
		c := tree.code(h)
		d, err := newHuffDecoder(c.counts[:], c.symbols)
		if err != nil {
			t.Fatal(n, err)
		}
		var w bitWriter
		kraft := 0
		for symbol, count := range h {
			if (count > 0) != (c.length[symbol] > 0) || c.length[symbol] > maxCodeLength {
				t.Fatalf("%d: symbol %d has a code of %d bits", n, symbol, c.length[symbol])
			}
			if count > 0 {
				kraft += 1 << (maxCodeLength - c.length[symbol])
				if c.code[symbol] == 1<<c.length[symbol]-1 {
					t.Fatalf("%d: symbol %d has the code of all ones", n, symbol)
				}
				w.put(uint32(c.code[symbol]), uint(c.length[symbol]))
			}
		}
		if kraft >= 1<<maxCodeLength {
			t.Fatalf("%d: no code is left free", n)
		}
		w.finish()
		plain, _, err := entropyData(nil, append(w.out, 0xFF, markerEOI), 0)
		if err != nil {
			t.Fatal(n, err)
		}
		b := bitReader{data: plain}
		for symbol, count := range h {
			if count == 0 {
				continue
			}
			b.fill()
			if got := d.decode(&b); int(got) != symbol {
				t.Fatalf("%d: symbol %d read as %d", n, symbol, got)
			}
		}
		if err := b.finish(); err != nil {
			t.Fatal(n, err)
		}
	}
}

// Package-merge must find the same cost as Huffman's method where that stays within 16
// bits, and never a better one.
func TestLimitedCodesAreOptimal(t *testing.T) {
	var tree huffTree
	limited := 0
	for n, h := range histograms() {
		leafs, length := tree.lengths(h)
		cost := func() (sum uint64, deepest uint8) {
			for i, l := range leafs {
				sum += l >> 8 * uint64(length[i])
				deepest = max(deepest, length[i])
			}
			return sum, deepest
		}
		want, deepest := cost()
		if deepest > maxCodeLength {
			t.Fatalf("%d: a code of %d bits", n, deepest)
		}
		tree.limitLengths(len(leafs))
		if got, deepest := cost(); got != want || deepest > maxCodeLength {
			t.Errorf("%d: package-merge %d, Huffman %d bits", n, got, want)
		}
		if length[0] == maxCodeLength {
			limited++
		}
	}
	if limited == 0 {
		t.Error("no histogram reached the limit")
	}
}

func TestBadHuffmanTables(t *testing.T) {
	over := make([]byte, 16)
	over[0] = 3
	if _, err := newHuffDecoder(over, []byte{1, 2, 3}); err == nil {
		t.Error("three codes of one bit were accepted")
	}
	var tables [2][4]*huffDecoder
	for name, p := range map[string][]byte{
		"short":   {0, 1},
		"class":   append([]byte{0x20}, make([]byte, 16)...),
		"id":      append([]byte{0x04}, make([]byte, 16)...),
		"symbols": append([]byte{0x00, 1}, make([]byte, 15)...),
	} {
		if err := readHuffTables(p, &tables); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
