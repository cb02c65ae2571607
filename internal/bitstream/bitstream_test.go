package bitstream_test

import (
	"bytes"
	"testing"

	"compressor/internal/bitstream"
)

// TestBytes: numbers come highest byte first, and what is missing is told and zero.
func TestBytes(t *testing.T) {
	r := bitstream.Bytes{Data: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}}
	if a, b, c, d := r.U8(), r.U16(), r.U32(), r.U64(); a != 1 || b != 0x0203 || c != 0x04050607 || d != 0x08090a0b0c0d0e0f {
		t.Errorf("%x %x %x %x", a, b, c, d)
	}
	if got := r.Take(2); !bytes.Equal(got, []byte{16, 17}) || cap(got) != 2 || r.Short || len(r.Data) != 1 {
		t.Errorf("%v of %d, %+v", got, cap(got), r)
	}
	if got := r.U16(); got != 0 || !r.Short || r.U8() != 0 {
		t.Errorf("%d, %+v", got, r)
	}
	for _, n := range []int{-1, 2, 1 << 62} {
		r := bitstream.Bytes{Data: []byte{1}}
		if got := r.Take(n); got != nil || !r.Short {
			t.Errorf("%d: %v, %+v", n, got, r)
		}
	}
}

// TestBits: the highest bit comes first, across bytes.
func TestBits(t *testing.T) {
	b := bitstream.Bits{Data: []byte{0b1011_0001, 0b1000_0000}}
	if f, x, y := b.Flag(), b.Take(3), b.Take(5); !f || x != 0b011 || y != 0b00011 || b.Short {
		t.Errorf("%t %b %b, short %t", f, x, y, b.Short)
	}
	if got := b.Take(8); got != 0 || !b.Short || b.Flag() {
		t.Errorf("%d, short %t", got, b.Short)
	}
}
