// Package bitstream takes numbers off bytes that a stranger wrote: highest byte and highest
// bit first, as the boxes of ISO/IEC 14496-12 and the headers of H.264 and AV1 have them.
// What is too short is told at the end, once, so that a parser need not ask at each number.
package bitstream

// Bytes takes big-endian numbers off Data. Once there are too few bytes it says so in Short
// and gives zeros.
type Bytes struct {
	Data  []byte // what is left
	Short bool
}

// Take takes n bytes; nil if there are fewer. The slice is part of Data, not a copy.
func (r *Bytes) Take(n int) []byte {
	if n < 0 || n > len(r.Data) {
		r.Short, r.Data = true, nil
		return nil
	}
	out := r.Data[:n:n]
	r.Data = r.Data[n:]
	return out
}

// Number takes a number of so many bytes, up to 8.
func (r *Bytes) Number(bytes int) uint64 {
	var v uint64
	for _, b := range r.Take(bytes) {
		v = v<<8 | uint64(b)
	}
	return v
}

// U8 takes one byte.
func (r *Bytes) U8() int { return int(r.Number(1)) }

// U16 takes two bytes.
func (r *Bytes) U16() int { return int(r.Number(2)) }

// U32 takes four bytes.
func (r *Bytes) U32() uint32 { return uint32(r.Number(4)) }

// U64 takes eight bytes.
func (r *Bytes) U64() uint64 { return r.Number(8) }

// Bits takes single bits off Data, the highest first. Once there are none it says so in
// Short and gives zeros.
type Bits struct {
	Data  []byte
	Short bool
	at    int // bits taken
}

// Take takes a number of n bits; those beyond an int's are lost.
func (b *Bits) Take(n int) int {
	v := 0
	for range n {
		if b.at>>3 >= len(b.Data) {
			b.Short = true
			return 0
		}
		v = v<<1 | int(b.Data[b.at>>3]>>(7-b.at&7)&1)
		b.at++
	}
	return v
}

// Flag takes one bit.
func (b *Bits) Flag() bool { return b.Take(1) == 1 }
