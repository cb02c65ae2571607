package pngfile

// maxColours is how many colours a palette can hold.
const maxColours = 256

// colour is one distinct RGBA value of an 8-bit picture.
type colour struct {
	value [4]byte
	count int // pixels of this colour
}

// facts is what the samples of a picture allow. It depends on the RGBA samples only.
type facts struct {
	wide      bool // some sample needs 16 bits
	gray      bool // red, green and blue are equal everywhere
	opaque    bool // alpha is full everywhere
	keyed     bool // alpha is full or zero, and zero exactly where the colour is key
	key       [3]uint16
	grayDepth int      // least depth that holds the gray values: 1, 2, 4 or 8; 16 if wide
	colours   []colour // by first appearance; nil if there are more than maxColours, or wide
	indices   []byte   // Width × Height indices into colours; nil if they are
}

// analyse finds the facts of a picture. narrowed is the picture itself, or a copy at 8 bits
// where its 16 bits hold no more than that.
func analyse(m *Image) (f facts, narrowed *Image) {
	if m.Depth == 16 {
		if wide(m) {
			return analyseWide(m), m
		}
		m = narrow(m)
	}
	f = facts{gray: true, opaque: true, keyed: true, grayDepth: 1}
	t := &tally{facts: &f}
	e, row := m.expander(), make([]byte, 4*m.Width)
	f.indices = []byte{}
	for y := range m.Height {
		e.row8(y, row)
		t.channels(row)
		if f.indices != nil {
			f.indices = t.count(row, f.indices)
		}
	}
	if f.indices == nil {
		f.colours = nil
	}
	f.keyed = f.keyed && !f.opaque && t.found
	if f.keyed {
		f.keyed = keyUnused8(m, f.key)
	}
	return f, m
}

// wide says whether any 16-bit sample is not an 8-bit one times 257.
func wide(m *Image) bool {
	for i := 0; i+1 < len(m.Pix); i += 2 {
		if m.Pix[i] != m.Pix[i+1] {
			return true
		}
	}
	return false
}

// narrow gives the 8-bit form of a 16-bit picture that is not wide. A transparent colour that
// has no 8-bit form matches no pixel and is dropped.
func narrow(m *Image) *Image {
	n := *m
	n.Depth, n.Pix = 8, make([]byte, len(m.Pix)/2)
	for i := range n.Pix {
		n.Pix[i] = m.Pix[2*i]
	}
	n.Trans = nil
	if m.HasAlpha() && len(m.Trans) > 0 {
		for i := 0; i < len(m.Trans); i += 2 {
			if m.Trans[i] != m.Trans[i+1] {
				n.Trans = nil
				break
			}
			n.Trans = append(n.Trans, 0, m.Trans[i])
		}
	}
	return &n
}

// tally gathers facts row by row.
type tally struct {
	*facts
	found bool // a fully transparent pixel was seen
	slots [1024]uint16
}

// channels looks at gray, alpha and depth.
func (t *tally) channels(row []byte) {
	gray, opaque := t.gray, t.opaque
	for i := 0; i+4 <= len(row); i += 4 {
		p := row[i : i+4 : i+4]
		if gray && (p[0] != p[1] || p[1] != p[2]) {
			gray = false
		}
		if gray && t.grayDepth < 8 {
			t.deepen(p[0])
		}
		if p[3] == 255 {
			continue
		}
		opaque = false
		if t.keyed {
			t.transparent([3]uint16{uint16(p[0]), uint16(p[1]), uint16(p[2])}, p[3] == 0)
		}
	}
	t.gray, t.opaque = gray, opaque
}

// deepen raises grayDepth until v has an exact value there.
func (t *tally) deepen(v byte) {
	for t.grayDepth < 8 && v%(255/(1<<t.grayDepth-1)) != 0 {
		t.grayDepth *= 2
	}
}

// transparent takes a pixel whose alpha is not full.
func (t *tally) transparent(colour [3]uint16, fully bool) {
	if !t.found {
		t.found, t.key = true, colour
	}
	if !fully || t.key != colour {
		t.keyed = false
	}
}

// count appends the palette index of each pixel of row, or gives nil at the colour too many.
func (t *tally) count(row, indices []byte) []byte {
	last, index := [4]byte{}, -1
	for i := 0; i+4 <= len(row); i += 4 {
		value := [4]byte(row[i : i+4])
		if value != last || index < 0 {
			last = value
			if index = t.find(value); index < 0 {
				return nil
			}
		}
		t.colours[index].count++
		indices = append(indices, byte(index))
	}
	return indices
}

// find gives the index of a colour, adding it if there is room; −1 if there is none.
func (t *tally) find(value [4]byte) int {
	hash := (uint32(value[0]) | uint32(value[1])<<8 | uint32(value[2])<<16 | uint32(value[3])<<24) * 2654435761 >> 22
	for {
		slot := t.slots[hash]
		if slot == 0 {
			if len(t.colours) == maxColours {
				return -1
			}
			t.colours = append(t.colours, colour{value: value})
			t.slots[hash] = uint16(len(t.colours))
			return len(t.colours) - 1
		}
		if t.colours[slot-1].value == value {
			return int(slot - 1)
		}
		hash = (hash + 1) % uint32(len(t.slots))
	}
}

// keyUnused8 says whether no opaque pixel has the transparent colour.
func keyUnused8(m *Image, key [3]uint16) bool {
	e, row := m.expander(), make([]byte, 4*m.Width)
	k := [4]byte{byte(key[0]), byte(key[1]), byte(key[2]), 255}
	for y := range m.Height {
		e.row8(y, row)
		for i := 0; i+4 <= len(row); i += 4 {
			if [4]byte(row[i:i+4]) == k {
				return false
			}
		}
	}
	return true
}

// analyseWide is analyse for samples that need their 16 bits.
func analyseWide(m *Image) facts {
	f := facts{wide: true, gray: true, opaque: true, keyed: true, grayDepth: 16}
	t := &tally{facts: &f}
	e, row := m.expander(), make([]uint16, 4*m.Width)
	for y := range m.Height {
		e.row16(y, row)
		for i := 0; i+4 <= len(row); i += 4 {
			p := row[i : i+4 : i+4]
			f.gray = f.gray && p[0] == p[1] && p[1] == p[2]
			if p[3] != 65535 {
				f.opaque = false
				t.transparent([3]uint16(p[:3]), p[3] == 0)
			}
		}
	}
	f.keyed = f.keyed && t.found
	for y := 0; f.keyed && y < m.Height; y++ {
		e.row16(y, row)
		for i := 0; i+4 <= len(row); i += 4 {
			if row[i+3] != 0 && [3]uint16(row[i:i+3]) == f.key {
				f.keyed = false
				break
			}
		}
	}
	return f
}
