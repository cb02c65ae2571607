package avifparts

import "compressor/internal/bitstream"

// stream is what an AV1 bitstream says of itself, up to its frames.
type stream struct {
	width, height int // the largest that a frame may have
	depth         int // bits a sample
	gray          bool
	halfX, halfY  bool // colour at half the resolution
	cicp          CICP
	points        int // operating points: more than one means layers
	frames        int
}

// CICP says by code points how samples are to be shown (ITU-T H.273; in AVIF the nclx
// colour box). Full is whether samples use their whole range.
type CICP struct {
	Primaries, Transfer, Matrix int
	Full                        bool
}

// The types of open bitstream units that matter here (AV1 section 6.2.2).
const (
	obuSequenceHeader = 1
	obuFrameHeader    = 3
	obuFrame          = 6
)

// readStream walks the units of a coded picture. They must fill data exactly, begin with
// what describes the frames, and hold one.
func readStream(data []byte) (stream, error) {
	var s stream
	described := false
	for len(data) > 0 {
		kind, body, rest, err := nextUnit(data)
		if err != nil {
			return s, err
		}
		data = rest
		switch kind {
		case obuSequenceHeader:
			next, ok := readSequence(body)
			if !ok {
				return s, corrupt("broken sequence header")
			}
			next.frames = s.frames
			if next.width < s.width || next.height < s.height {
				return s, corrupt("two sequence headers")
			}
			s, described = next, true
		case obuFrame, obuFrameHeader:
			if !described {
				return s, corrupt("a frame before the sequence header")
			}
			s.frames++
		}
	}
	if s.frames == 0 {
		return s, corrupt("no frame")
	}
	return s, nil
}

// nextUnit cuts off one unit (AV1 section 5.3). The last may go without a size.
func nextUnit(data []byte) (kind int, body, rest []byte, err error) {
	r := reader{bitstream.Bytes{Data: data}}
	head := r.U8()
	if head&4 != 0 {
		r.U8() // which layer
	}
	size := uint64(len(r.Data))
	if head&2 != 0 {
		size = r.leb128()
	}
	if head&0x81 != 0 || r.Short || size > uint64(len(r.Data)) {
		return 0, nil, nil, corrupt("broken bitstream unit")
	}
	body = r.Take(int(size))
	return head >> 3 & 15, body, r.Data, nil
}

// leb128 takes a number of seven bits a byte, the lowest first (AV1 section 4.10.5).
func (r *reader) leb128() uint64 {
	var v uint64
	for i := range 8 {
		b := r.U8()
		v |= uint64(b&0x7f) << (7 * i)
		if b&0x80 == 0 {
			return v
		}
	}
	r.Short = true
	return 0
}

// bits reads what AV1 makes of bits.
type bits struct{ bitstream.Bits }

// readSequence reads a sequence header (AV1 section 5.5.1).
func readSequence(body []byte) (stream, bool) {
	b := &bits{bitstream.Bits{Data: body}}
	s := stream{points: 1}
	profile := b.Take(3)
	b.Take(1) // still picture
	reduced := b.Flag()
	if reduced {
		b.Take(5)
	} else {
		s.points = b.operatingPoints()
	}
	across, down := b.Take(4)+1, b.Take(4)+1
	s.width, s.height = b.Take(across)+1, b.Take(down)+1
	b.tools(reduced)
	s.color(b, profile)
	return s, !b.Short && profile <= 2
}

// operatingPoints skips timing and gives the number of operating points.
func (b *bits) operatingPoints() int {
	delay, model := 0, false
	if b.Flag() { // timing
		b.Take(64)
		if b.Flag() {
			b.uvlc()
		}
		if model = b.Flag(); model {
			delay = b.Take(5) + 1
			b.Take(32 + 5 + 5)
		}
	}
	initial := b.Flag()
	points := b.Take(5) + 1
	for range points {
		b.Take(12)
		if b.Take(5) > 7 {
			b.Take(1)
		}
		if model && b.Flag() {
			b.Take(2*delay + 1)
		}
		if initial && b.Flag() {
			b.Take(4)
		}
	}
	return points
}

// uvlc skips a number in Exp-Golomb code.
func (b *bits) uvlc() {
	zeros := 0
	for !b.Flag() {
		if zeros++; b.Short || zeros > 32 {
			b.Short = true
			return
		}
	}
	b.Take(zeros)
}

// tools skips which coding tools are in use.
func (b *bits) tools(reduced bool) {
	if !reduced && b.Flag() {
		b.Take(4 + 3) // lengths of frame numbers
	}
	b.Take(3)
	if !reduced {
		b.Take(4)
		order := b.Flag()
		if order {
			b.Take(2)
		}
		force := 2
		if !b.Flag() {
			force = b.Take(1)
		}
		if force > 0 && !b.Flag() {
			b.Take(1)
		}
		if order {
			b.Take(3)
		}
	}
	b.Take(3)
}

// color reads the colour configuration (AV1 section 5.5.2).
func (s *stream) color(b *bits, profile int) {
	s.depth = 8
	if b.Flag() {
		s.depth = 10
		if profile == 2 && b.Flag() {
			s.depth = 12
		}
	}
	s.gray = profile != 1 && b.Flag()
	s.cicp = CICP{Primaries: 2, Transfer: 2, Matrix: 2}
	if b.Flag() {
		s.cicp.Primaries, s.cicp.Transfer, s.cicp.Matrix = b.Take(8), b.Take(8), b.Take(8)
	}
	switch {
	case s.gray:
		s.cicp.Full = b.Flag()
		s.halfX, s.halfY = true, true
		return
	case s.cicp.Primaries == 1 && s.cicp.Transfer == 13 && s.cicp.Matrix == 0:
		s.cicp.Full = true
		return
	}
	s.cicp.Full = b.Flag()
	switch {
	case profile == 0:
		s.halfX, s.halfY = true, true
	case profile == 2 && s.depth == 12:
		s.halfX = b.Flag()
		s.halfY = s.halfX && b.Flag()
	case profile == 2:
		s.halfX = true
	}
}
