package jpegdct

import "encoding/binary"

// bitWriter appends entropy-coded bits with byte stuffing (T.81 B.1.1.5, F.1.2.3).
type bitWriter struct {
	out []byte
	acc uint64 // pending bits, at the bottom
	n   uint   // how many; below 32 between calls
}

// put writes the low n bits of v, at most 32; higher bits must be zero.
func (b *bitWriter) put(v uint32, n uint) {
	b.acc = b.acc<<n | uint64(v)
	b.n += n
	if b.n >= 32 {
		b.n -= 32
		b.word(uint32(b.acc >> b.n))
	}
}

func (b *bitWriter) word(w uint32) {
	// The test is for any byte of 0xFF: a zero byte in the complement. It may say yes
	// falsely, which only costs time.
	if c := ^w; (c-0x01010101)&w&0x80808080 == 0 {
		b.out = binary.BigEndian.AppendUint32(b.out, w)
		return
	}
	for shift := 24; shift >= 0; shift -= 8 {
		b.byte(byte(w >> shift))
	}
}

func (b *bitWriter) byte(c byte) {
	b.out = append(b.out, c)
	if c == 0xFF {
		b.out = append(b.out, 0)
	}
}

// finish pads the last byte with ones.
func (b *bitWriter) finish() {
	if rest := b.n % 8; rest > 0 {
		b.put(1<<(8-rest)-1, 8-rest)
	}
	for ; b.n > 0; b.n -= 8 {
		b.byte(byte(b.acc >> (b.n - 8)))
	}
}
