package redeflate

import "encoding/binary"

// writer packs bits, first bit lowest.
type writer struct {
	out  []byte
	hold uint64
	n    int
}

func (w *writer) bits(value uint64, width int) {
	w.hold |= value << w.n
	w.n += width
	for w.n >= 32 {
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(w.hold))
		w.hold >>= 32
		w.n -= 32
	}
}

// align fills up the byte begun, and writes out what is held.
func (w *writer) align() {
	for ; w.n > 0; w.n -= 8 {
		w.out = append(w.out, byte(w.hold))
		w.hold >>= 8
	}
	w.hold, w.n = 0, 0
}

// block writes tokens, which stand for src, under the coding d.
func (w *writer) block(d *coding, tokens []token, src []byte, final bool) {
	if d.kind == stored {
		w.stored(src, final)
		return
	}
	w.start(d.kind, final)
	if d.kind == dynamic {
		w.header(&d.header)
	}
	var literal [literals + 2]uint16
	var distance [distances + 2]uint16
	codesOf(literal[:], d.literal[:])
	codesOf(distance[:], d.distance[:])
	for _, t := range tokens {
		if !t.isMatch() {
			w.bits(uint64(literal[t]), int(d.literal[t]))
			continue
		}
		length, slot := t.length(), match(t).slot()
		s := lengthCode(length)
		w.bits(uint64(literal[s]), int(d.literal[s]))
		width, value := lengthExtra(length)
		w.bits(value, width)
		w.bits(uint64(distance[slot]), int(d.distance[slot]))
		width = distanceBits(slot)
		w.bits(uint64(match(t).distance()-1)&(1<<width-1), width)
	}
	w.bits(uint64(literal[endOfData]), int(d.literal[endOfData]))
}

func (w *writer) start(kind blockKind, final bool) {
	last := uint64(0)
	if final {
		last = 1
	}
	w.bits(last|uint64(kind)<<1, 3)
}

func (w *writer) stored(src []byte, final bool) {
	for {
		n := min(len(src), 65535)
		w.start(stored, final && n == len(src))
		w.align()
		w.out = binary.LittleEndian.AppendUint16(w.out, uint16(n))
		w.out = binary.LittleEndian.AppendUint16(w.out, ^uint16(n))
		w.out = append(w.out, src[:n]...)
		if src = src[n:]; len(src) == 0 {
			return
		}
	}
}

func (w *writer) header(h *header) {
	w.bits(uint64(h.literals-257), 5)
	w.bits(uint64(h.distances-1), 5)
	w.bits(uint64(h.given-4), 4)
	for _, s := range runOrder[:h.given] {
		w.bits(uint64(h.lengths[s]), 3)
	}
	var codes [codeSyms]uint16
	codesOf(codes[:], h.lengths[:])
	for _, r := range h.runs {
		w.bits(uint64(codes[r.symbol]), int(h.lengths[r.symbol]))
		w.bits(uint64(r.extra), int(runExtra[r.symbol]))
	}
}
