package webpfile

import "encoding/binary"

// picture is what the head of a bitstream says.
type picture struct {
	width, height int
	alpha         bool
}

// readVP8 reads the head of a lossy bitstream: RFC 6386 section 9.1. Only key frames that
// are shown may stand in a WebP file (RFC 9649 section 2.5).
func readVP8(data []byte) (picture, error) {
	const head = 10
	if len(data) < head {
		return picture{}, corrupt("VP8 bitstream of %d bytes", len(data))
	}
	tag := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16
	delta, profile, shown, first := tag&1, tag>>1&7, tag>>4&1, int(tag>>5)
	if delta != 0 || profile > 3 || shown == 0 {
		return picture{}, corrupt("VP8 frame tag %#x", tag)
	}
	if string(data[3:6]) != "\x9d\x01\x2a" {
		return picture{}, corrupt("VP8 without its start code")
	}
	if first == 0 || first > len(data)-head {
		return picture{}, corrupt("first VP8 partition of %d bytes in a bitstream of %d", first, len(data))
	}
	// The upper two bits of each side are a scale, which decoders of stills ignore.
	p := picture{
		width:  int(binary.LittleEndian.Uint16(data[6:]) & 0x3fff),
		height: int(binary.LittleEndian.Uint16(data[8:]) & 0x3fff),
	}
	if p.width == 0 || p.height == 0 {
		return picture{}, corrupt("VP8 of %d×%d", p.width, p.height)
	}
	return p, nil
}

// readVP8L reads the head of a lossless bitstream: RFC 9649 section 3.4.
func readVP8L(data []byte) (picture, error) {
	const head = 5
	if len(data) < head || data[0] != 0x2f {
		return picture{}, corrupt("VP8L bitstream of %d bytes without its signature", len(data))
	}
	bits := binary.LittleEndian.Uint32(data[1:])
	if version := bits >> 29; version != 0 {
		return picture{}, corrupt("VP8L version %d", version)
	}
	return picture{
		width: int(bits&0x3fff) + 1, height: int(bits>>14&0x3fff) + 1,
		alpha: bits>>28&1 == 1,
	}, nil
}

// read reads the head of either bitstream.
func (b Bitstream) read(data []byte) (picture, error) {
	if b == VP8L {
		return readVP8L(data)
	}
	return readVP8(data)
}
