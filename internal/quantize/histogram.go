package quantize

// Quantizer holds a picture for reducing it several times. It is read only after New, so
// that many goroutines may share it.
type Quantizer struct {
	width, height int
	ids           []uint32 // of each pixel, into colours
	colours       []entry
	space         *space
	dims          int
}

// entry is a colour of the picture.
type entry struct {
	value  [4]byte
	point  point
	weight int64 // pixels
}

// maxColours bounds the histogram. A picture of more loses its lowest bits for the choice
// of the palette and of indices, never in the picture itself.
const maxColours = 1 << 18

// New counts the colours of width × height RGBA pixels. Colours under full transparency
// are one.
func New(pix []byte, width, height int) *Quantizer {
	opaque := true
	for i := 3; i < len(pix); i += 4 {
		if pix[i] != 255 {
			opaque = false
			break
		}
	}
	q := &Quantizer{width: width, height: height, ids: make([]uint32, width*height), space: newSpace(opaque), dims: dims}
	if opaque {
		q.dims = dims / 2
	}
	for shift := 0; !q.count(pix, shift); shift++ {
	}
	for i := range q.colours {
		q.colours[i].point = q.space.of(q.colours[i].value)
	}
	return q
}

// count fills the histogram at 8−shift bits a sample, and says whether there was room.
func (q *Quantizer) count(pix []byte, shift int) bool {
	mask, half := byte(0xff)<<shift, byte(0)
	if shift > 0 {
		half = 1 << (shift - 1)
	}
	q.colours = q.colours[:0]
	slots := make([]uint32, 4*maxColours)
	last, id := uint32(0), uint32(0)
	for i := range q.ids {
		c := [4]byte(pix[4*i : 4*i+4])
		if c[3] == 0 {
			c = [4]byte{}
		} else if shift > 0 {
			c[0], c[1], c[2] = c[0]&mask|half, c[1]&mask|half, c[2]&mask|half
			if c[3] != 255 {
				c[3] = c[3]&mask | half
			}
		}
		key := uint32(c[0]) | uint32(c[1])<<8 | uint32(c[2])<<16 | uint32(c[3])<<24
		if i == 0 || key != last {
			last = key
			at := key * 2654435761 >> 12
			for slots[at] != 0 && q.colours[slots[at]-1].value != c {
				at = (at + 1) % uint32(len(slots))
			}
			if slots[at] == 0 {
				if len(q.colours) == maxColours {
					return false
				}
				q.colours = append(q.colours, entry{value: c})
				slots[at] = uint32(len(q.colours))
			}
			id = slots[at] - 1
		}
		q.ids[i] = id
		q.colours[id].weight++
	}
	return true
}

// Colours is how many different colours the picture has, as far as the histogram tells.
func (q *Quantizer) Colours() int { return len(q.colours) }
