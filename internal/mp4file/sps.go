package mp4file

import "compressor/internal/bitstream"

// sequence is what an H.264 sequence parameter set says, as far as it matters here (ITU-T
// H.264, 7.3.2.1.1).
type sequence struct {
	chroma, bits int
	interlaced   bool // fields may be coded apart
	width        int  // as shown, after cropping
	height       int
	known        bool
}

// bits reads what H.264 makes of bits, past the bytes that keep start codes apart.
type bits struct{ bitstream.Bits }

func newBits(unit []byte) *bits {
	var data []byte
	for i, b := range unit {
		if i >= 2 && b == 3 && unit[i-1] == 0 && unit[i-2] == 0 {
			continue // emulation prevention
		}
		data = append(data, b)
	}
	return &bits{bitstream.Bits{Data: data}}
}

// golomb takes an Exp-Golomb number.
func (b *bits) golomb() int {
	zeros := 0
	for b.Take(1) == 0 {
		if zeros++; b.Short || zeros > 31 {
			b.Short = true
			return 0
		}
	}
	return 1<<zeros - 1 + b.Take(zeros)
}

// readSequence reads a parameter set as far as the size of the picture.
func readSequence(unit []byte) sequence {
	s := sequence{chroma: 1, bits: 8}
	b := newBits(unit)
	b.Take(8) // the unit's header
	profile := b.Take(8)
	b.Take(16)
	b.golomb()
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		s.chroma = b.golomb()
		if s.chroma == 3 {
			b.Take(1)
		}
		s.bits = 8 + max(b.golomb(), b.golomb())
		b.Take(1)
		if b.Take(1) == 1 {
			b.scalingLists(s.chroma)
		}
	}
	b.golomb()
	switch b.golomb() {
	case 0:
		b.golomb()
	case 1:
		b.Take(1)
		b.golomb()
		b.golomb()
		for range min(255, b.golomb()) {
			b.golomb()
		}
	}
	b.golomb()
	b.Take(1)
	b.size(&s)
	s.known = !b.Short
	return s
}

// size reads the size, whether fields are coded apart, and what is cropped (7.4.2.1.1).
func (b *bits) size(s *sequence) {
	across, down := b.golomb()+1, b.golomb()+1
	s.interlaced = b.Take(1) == 0
	x, y := 1, 1 // pixels that a step of cropping is
	if s.chroma == 1 || s.chroma == 2 {
		x = 2
	}
	if s.chroma == 1 {
		y = 2
	}
	if s.interlaced {
		b.Take(1)
		down, y = 2*down, 2*y
	}
	b.Take(1)
	s.width, s.height = 16*across, 16*down
	if b.Take(1) == 1 {
		s.width -= x * (b.golomb() + b.golomb())
		s.height -= y * (b.golomb() + b.golomb())
	}
}

// scalingLists skips the quantiser matrices (7.3.2.1.1.1).
func (b *bits) scalingLists(chroma int) {
	lists := 8
	if chroma == 3 {
		lists = 12
	}
	for i := range lists {
		if b.Take(1) == 0 {
			continue
		}
		size, last, next := 16, 8, 8
		if i >= 6 {
			size = 64
		}
		for range size {
			if next != 0 {
				next = (last + signed(b.golomb()) + 256) % 256
			}
			if next != 0 {
				last = next
			}
		}
	}
}

// signed maps 0, 1, 2, 3 … to 0, 1, -1, 2 … (9.1.1).
func signed(k int) int {
	if k%2 == 1 {
		return (k + 1) / 2
	}
	return -k / 2
}
