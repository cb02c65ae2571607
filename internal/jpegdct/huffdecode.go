package jpegdct

// lookupBits is how many bits of a code the first table resolves.
const lookupBits = 10

// huffDecoder decodes one Huffman code (T.81 annex C and F.2.2.3).
type huffDecoder struct {
	lookup  [1 << lookupBits]uint16 // symbol<<8 | length; 0 when longer or unused
	maxCode [18]int32               // largest code of each length, or −1
	offset  [17]int32               // index into symbols minus first code
	symbols []byte
}

// invalidSymbol is decoded from a code that is not in the table. It is valid in no scan:
// its size, 15, is larger than that of any coefficient.
const invalidSymbol = 0xFF

// readHuffTables parses the payload of a DHT segment into the destinations of both
// classes, DC first.
func readHuffTables(p []byte, tables *[2][4]*huffDecoder) error {
	for len(p) > 0 {
		class, id := p[0]>>4, p[0]&15
		if class > 1 || id > 3 || len(p) < 17 {
			return corrupt("a bad Huffman table")
		}
		total := 0
		for _, n := range p[1:17] {
			total += int(n)
		}
		if total > 256 || len(p) < 17+total {
			return corrupt("a bad Huffman table")
		}
		t, err := newHuffDecoder(p[1:17], p[17:17+total])
		if err != nil {
			return err
		}
		tables[class][id] = t
		p = p[17+total:]
	}
	return nil
}

// newHuffDecoder builds a decoder from the counts of codes of length 1…16 and their
// symbols in order of codes.
func newHuffDecoder(counts, symbols []byte) (*huffDecoder, error) {
	t := &huffDecoder{symbols: append([]byte(nil), symbols...)}
	code, index := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		n := int32(counts[length-1])
		t.offset[length] = index - code
		if code+n > 1<<length {
			return nil, corrupt("a Huffman table with too many codes")
		}
		if length <= lookupBits {
			for i := range n {
				first := (code + i) << (lookupBits - length)
				for j := range int32(1) << (lookupBits - length) {
					t.lookup[first+j] = uint16(symbols[index+i])<<8 | uint16(length)
				}
			}
		}
		index += n
		code += n
		t.maxCode[length] = -1
		if n > 0 {
			t.maxCode[length] = code - 1
		}
		code <<= 1
	}
	return t, nil
}

// decode reads one symbol; 16 bits must be available.
func (t *huffDecoder) decode(b *bitReader) byte {
	if e := t.lookup[b.acc>>(64-lookupBits)]; e != 0 {
		length := uint(e & 0xFF)
		b.acc <<= length
		b.n -= length
		return byte(e >> 8)
	}
	return t.decodeLong(b)
}

func (t *huffDecoder) decodeLong(b *bitReader) byte {
	top := int32(b.acc >> 48)
	for length := lookupBits + 1; length <= 16; length++ {
		code := top >> (16 - length)
		if code <= t.maxCode[length] {
			b.take(uint(length))
			return t.symbols[code+t.offset[length]]
		}
	}
	b.take(16)
	return invalidSymbol
}
