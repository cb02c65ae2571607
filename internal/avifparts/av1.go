package avifparts

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
	r := reader{data: data}
	head := r.u8()
	if head&4 != 0 {
		r.u8() // which layer
	}
	size := uint64(len(r.data))
	if head&2 != 0 {
		size = r.leb128()
	}
	if head&0x81 != 0 || r.short || size > uint64(len(r.data)) {
		return 0, nil, nil, corrupt("broken bitstream unit")
	}
	body = r.take(int(size))
	return head >> 3 & 15, body, r.data, nil
}

// leb128 takes a number of seven bits a byte, the lowest first (AV1 section 4.10.5).
func (r *reader) leb128() uint64 {
	var v uint64
	for i := range 8 {
		b := r.u8()
		v |= uint64(b&0x7f) << (7 * i)
		if b&0x80 == 0 {
			return v
		}
	}
	r.short = true
	return 0
}

// bits takes single bits, the highest first; zeros once there are none.
type bits struct {
	data  []byte
	at    int
	short bool
}

func (b *bits) take(n int) int {
	v := 0
	for range n {
		if b.at>>3 >= len(b.data) {
			b.short = true
			return 0
		}
		v = v<<1 | int(b.data[b.at>>3]>>(7-b.at&7)&1)
		b.at++
	}
	return v
}

func (b *bits) flag() bool { return b.take(1) == 1 }

// readSequence reads a sequence header (AV1 section 5.5.1).
func readSequence(body []byte) (stream, bool) {
	b := &bits{data: body}
	s := stream{points: 1}
	profile := b.take(3)
	b.take(1) // still picture
	reduced := b.flag()
	if reduced {
		b.take(5)
	} else {
		s.points = b.operatingPoints()
	}
	across, down := b.take(4)+1, b.take(4)+1
	s.width, s.height = b.take(across)+1, b.take(down)+1
	b.tools(reduced)
	s.color(b, profile)
	return s, !b.short && profile <= 2
}

// operatingPoints skips timing and gives the number of operating points.
func (b *bits) operatingPoints() int {
	delay, model := 0, false
	if b.flag() { // timing
		b.take(64)
		if b.flag() {
			b.uvlc()
		}
		if model = b.flag(); model {
			delay = b.take(5) + 1
			b.take(32 + 5 + 5)
		}
	}
	initial := b.flag()
	points := b.take(5) + 1
	for range points {
		b.take(12)
		if b.take(5) > 7 {
			b.take(1)
		}
		if model && b.flag() {
			b.take(2*delay + 1)
		}
		if initial && b.flag() {
			b.take(4)
		}
	}
	return points
}

// uvlc skips a number in Exp-Golomb code.
func (b *bits) uvlc() {
	zeros := 0
	for !b.flag() {
		if zeros++; b.short || zeros > 32 {
			b.short = true
			return
		}
	}
	b.take(zeros)
}

// tools skips which coding tools are in use.
func (b *bits) tools(reduced bool) {
	if !reduced && b.flag() {
		b.take(4 + 3) // lengths of frame numbers
	}
	b.take(3)
	if !reduced {
		b.take(4)
		order := b.flag()
		if order {
			b.take(2)
		}
		force := 2
		if !b.flag() {
			force = b.take(1)
		}
		if force > 0 && !b.flag() {
			b.take(1)
		}
		if order {
			b.take(3)
		}
	}
	b.take(3)
}

// color reads the colour configuration (AV1 section 5.5.2).
func (s *stream) color(b *bits, profile int) {
	s.depth = 8
	if b.flag() {
		s.depth = 10
		if profile == 2 && b.flag() {
			s.depth = 12
		}
	}
	s.gray = profile != 1 && b.flag()
	s.cicp = CICP{Primaries: 2, Transfer: 2, Matrix: 2}
	if b.flag() {
		s.cicp.Primaries, s.cicp.Transfer, s.cicp.Matrix = b.take(8), b.take(8), b.take(8)
	}
	switch {
	case s.gray:
		s.cicp.Full = b.flag()
		s.halfX, s.halfY = true, true
		return
	case s.cicp.Primaries == 1 && s.cicp.Transfer == 13 && s.cicp.Matrix == 0:
		s.cicp.Full = true
		return
	}
	s.cicp.Full = b.flag()
	switch {
	case profile == 0:
		s.halfX, s.halfY = true, true
	case profile == 2 && s.depth == 12:
		s.halfX = b.flag()
		s.halfY = s.halfX && b.flag()
	case profile == 2:
		s.halfX = true
	}
}
