package quantize

import (
	"context"
	"errors"
	"math"
)

// Quantizer holds the colours of a picture, so that it can be reduced several times. It is
// read only after New.
type Quantizer struct {
	width, height int
	ids           []uint32 // of each pixel, into colours
	colours       []entry
	space         *space
	dims          int // of points that differ: half of them in an opaque picture
	tree          tree
	weights       []byte // of the pixels, in 1/unit
	total         int64  // of all weights
}

// entry is a colour of the picture.
type entry struct {
	value  [4]byte
	point  point
	weight int64 // of its pixels together, see weigh
}

// maxColours bounds the histogram. A picture of more is looked at with fewer bits a sample.
const maxColours = 1 << 18

// New counts the colours of width × height pixels: R, G, B, A of 8 bits, alpha not
// premultiplied. Colours under full transparency are all the same. It keeps 5 bytes a
// pixel, and not pix. When ctx ends, its error is returned.
func New(ctx context.Context, pix []byte, width, height int) (*Quantizer, error) {
	if width < 1 || height < 1 || len(pix)/4/width != height || len(pix)%(4*width) != 0 {
		return nil, errors.New("quantize: the pixels do not fit the size")
	}
	q := &Quantizer{width: width, height: height, ids: make([]uint32, width*height), space: newSpace(), dims: dims / 2}
	for i := 3; i < len(pix); i += 4 {
		if pix[i] != 255 {
			q.dims = dims
			break
		}
	}
	for shift := 0; !q.count(pix, shift); shift++ {
	}
	for i := range q.colours {
		q.colours[i].point = q.space.of(q.colours[i].value)
	}
	if err := q.weigh(ctx); err != nil {
		return nil, err
	}
	if err := q.grow(ctx); err != nil {
		return nil, err
	}
	return q, nil
}

// count fills the histogram at 8−shift bits a sample, and says whether there was room.
// There is at four bits: they make 2^16 colours.
func (q *Quantizer) count(pix []byte, shift int) bool {
	q.colours = q.colours[:0]
	slots := make([]uint32, 4*maxColours) // one more than the place in colours
	last, id := [4]byte{}, uint32(0)
	for i := range q.ids {
		c := coarse([4]byte(pix[4*i:4*i+4]), shift)
		if i == 0 || c != last {
			last = c
			at := (uint32(c[0]) | uint32(c[1])<<8 | uint32(c[2])<<16 | uint32(c[3])<<24) * 2654435761 >> 12
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
	}
	return true
}

// coarse puts the middle in place of the lowest bits. Full opacity stays full.
func coarse(c [4]byte, shift int) [4]byte {
	if c[3] == 0 {
		return [4]byte{}
	}
	if shift == 0 {
		return c
	}
	mask, half := byte(0xff)<<shift, byte(1)<<(shift-1)
	for k := range c {
		if k < 3 || c[3] != 255 {
			c[k] = c[k]&mask | half
		}
	}
	return c
}

// Levels is the number of levels of loss, from 1, the most, on. The mean squared distance
// that is allowed halves every eight of them.
const Levels = 96

// allowed is the mean squared distance of a level, in 1/fine.
func allowed(level int) int64 {
	const octave = 8
	// 2^16 · fine · 2^(−k/8), rounded
	parts := [octave]int64{16777216, 15384775, 14107901, 12937002, 11863283, 10878679, 9975792, 9147842}
	return parts[level%octave] >> (level / octave)
}

const fine = 256

// Alike gives the levels around one, inclusive, at which the palette has as many colours, if
// those are few. Only how far indices may stray differs between them: seldom by much.
func (q *Quantizer) Alike(level int) (first, last int) {
	size := q.size(level)
	first, last = level, level
	if size > few {
		return first, last
	}
	for first > 1 && q.size(first-1) == size {
		first--
	}
	for last < Levels && q.size(last+1) == size {
		last++
	}
	return first, last
}

// few is the number of colours up to which one more changes the picture more than all else.
const few = 16

// Few says whether the palette has few colours at a level.
func (q *Quantizer) Few(level int) bool { return q.size(level) <= few }

// size is the number of palette entries at a level.
func (q *Quantizer) size(level int) int {
	return q.tree.size(allowed(min(max(level, 1), Levels)) * q.total / fine)
}

// Content says how hard the picture is to reduce: the number of its colours, as a binary
// logarithm; the mean squared distance of its pixels from the one colour that stands for
// them all, likewise, in 2^−24 of XYB's units; and the lowest level at which the palette
// has four colours, or Levels.
func (q *Quantizer) Content() (colours, spread float64, four int) {
	four = 1
	for four < Levels && q.size(four) < 4 {
		four++
	}
	return math.Log2(float64(len(q.colours))), math.Log2(1 + float64(q.tree.error)/float64(q.total)), four
}

// Within says whether the picture can be reduced at a level by entries of its own, without
// diffusion: whether the largest palette loses no more than the level allows.
func (q *Quantizer) Within(level int) bool {
	return q.size(level) < maxEntries
}

// Reduce gives the index of each pixel, and the palette: R, G, B, A of at most 256 entries.
// level is from 1 to Levels; others count as the nearest of them. With diffuse,
// pixels to come make up for a part of each error. When ctx ends, its error is returned.
func (q *Quantizer) Reduce(ctx context.Context, level int, diffuse bool) (indices, palette []byte, err error) {
	loss := allowed(min(max(level, 1), Levels))
	t, err := q.refined(ctx, q.tree.palette(q.size(level)))
	if err != nil {
		return nil, nil, err
	}
	if indices, err = q.trellis(ctx, t, loss, diffuse); err != nil {
		return nil, nil, err
	}
	for _, c := range t.colours {
		palette = append(palette, c[:]...)
	}
	return indices, palette, nil
}
