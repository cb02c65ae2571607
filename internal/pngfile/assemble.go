package pngfile

import "encoding/binary"

// idatPart is the most one IDAT chunk holds: the format's limit, down to a round figure.
const idatPart = 1 << 30

// assemble writes the file.
func assemble(m *Image, best *attempt, keep *Ancillary) ([]byte, error) {
	l := best.layout
	var ihdr [13]byte
	binary.BigEndian.PutUint32(ihdr[:], uint32(m.Width))
	binary.BigEndian.PutUint32(ihdr[4:], uint32(m.Height))
	ihdr[8], ihdr[9] = byte(l.depth), byte(l.color)
	out := make([]byte, 0, len(best.stream)+1024)
	out = appendChunk(append(out, signature...), "IHDR", ihdr[:])
	out, err := keep.beforePalette(out)
	if err != nil {
		return nil, err
	}
	if l.palette != nil {
		out = appendChunk(out, "PLTE", l.palette)
	}
	if l.trans != nil {
		out = appendChunk(out, "tRNS", l.trans)
	}
	if out, err = keep.beforeData(out); err != nil {
		return nil, err
	}
	for rest := best.stream; len(rest) > 0; {
		n := min(len(rest), idatPart)
		out = appendChunk(out, "IDAT", rest[:n])
		rest = rest[n:]
	}
	return appendChunk(out, "IEND"), nil
}
