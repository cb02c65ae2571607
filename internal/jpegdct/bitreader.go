package jpegdct

import (
	"bytes"
	"encoding/binary"
)

// bitReader reads entropy-coded bits, first bit highest, from bytes without stuffing.
// Behind the end it yields zeros without limit; overrun tells.
type bitReader struct {
	data []byte
	pos  int    // next byte to load; may pass the end
	acc  uint64 // bits loaded, from the top
	n    uint   // how many of them count
}

func (b *bitReader) reset(data []byte) { *b = bitReader{data: data} }

// fill makes at least 56 bits available.
func (b *bitReader) fill() {
	if b.pos+8 <= len(b.data) {
		// Bits beyond n are loaded too and loaded again, equal, by the next fill.
		b.acc |= binary.BigEndian.Uint64(b.data[b.pos:]) >> b.n
		b.pos += int((63 - b.n) >> 3)
		b.n |= 56
		return
	}
	for b.n <= 56 {
		var next byte
		if b.pos < len(b.data) {
			next = b.data[b.pos]
		}
		b.acc |= uint64(next) << (56 - b.n)
		b.pos++
		b.n += 8
	}
}

// take returns the next s bits, 1…16, which a fill must have made available.
func (b *bitReader) take(s uint) uint32 {
	v := uint32(b.acc >> (64 - s))
	b.acc <<= s
	b.n -= s
	return v
}

// bit returns the next bit, filling when needed.
func (b *bitReader) bit() bool {
	if b.n == 0 {
		b.fill()
	}
	v := b.acc>>63 != 0
	b.acc <<= 1
	b.n--
	return v
}

// extend reads a signed value of size s, 1…16 (T.81 F.2.2.1, EXTEND).
func (b *bitReader) extend(s uint) int32 {
	v := int32(b.take(s))
	if v < 1<<(s-1) {
		v += -1<<s + 1
	}
	return v
}

// overrun says whether more bits were read than there are.
func (b *bitReader) overrun() bool { return b.pos-int(b.n>>3) > len(b.data) }

// finish checks what is left when everything expected was read: less than a byte, or
// padding of equal bytes as some cameras write. Anything else means that bits were lost.
func (b *bitReader) finish() error {
	if b.overrun() {
		return corrupt("a scan ends early")
	}
	rest := b.data[min(b.pos-int(b.n>>3), len(b.data)):]
	for _, c := range rest {
		if c != rest[0] {
			return corrupt("a scan has data left over")
		}
	}
	return nil
}

// entropyData appends the entropy-coded bytes at data[pos:] to dst, without their
// stuffing, up to the next marker, and returns where that marker's 0xFF stands. At the
// end of data it reports damage: a scan is always followed by a marker.
func entropyData(dst, data []byte, pos int) (plain []byte, marker int, err error) {
	for {
		i := bytes.IndexByte(data[pos:], 0xFF)
		if i < 0 {
			return dst, 0, corrupt("it ends within a scan")
		}
		dst = append(dst, data[pos:pos+i]...)
		at := pos + i
		next := at + 1
		for next < len(data) && data[next] == 0xFF { // fill bytes
			next++
		}
		if next >= len(data) {
			return dst, 0, corrupt("it ends within a scan")
		}
		if data[next] != 0 {
			return dst, at, nil
		}
		dst = append(dst, 0xFF)
		pos = next + 1
	}
}
