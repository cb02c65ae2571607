package jpegdct

// orientationMoves splits an EXIF orientation, 1…8, into what turns the stored picture
// upright: swap rows and columns, then mirror left to right, then top to bottom (EXIF
// 2.32, tag 0x0112).
func orientationMoves(orientation int) (transpose, mirrorX, mirrorY, ok bool) {
	switch orientation {
	case 1:
		return false, false, false, true
	case 2:
		return false, true, false, true
	case 3:
		return false, true, true, true
	case 4:
		return false, false, true, true
	case 5:
		return true, false, false, true
	case 6:
		return true, true, false, true
	case 7:
		return true, true, true, true
	case 8:
		return true, false, true, true
	}
	return false, false, false, false
}

// Upright returns f turned as an EXIF orientation of 1…8 asks for, by moving and negating
// coefficients, so that no value is rounded. It is exact only when every edge that
// becomes a left or top edge, where blocks start, is a whole number of MCUs; otherwise it
// returns false and nothing. f is not changed, and segments are taken over as they are:
// an orientation they state no longer holds. Decoders that interpolate chroma may round
// single samples the other way in the turned picture.
func Upright(f *File, orientation int) (*File, bool) {
	transpose, mirrorX, mirrorY, ok := orientationMoves(orientation)
	if !ok {
		return nil, false
	}
	out := *f
	out.Components = append([]Component(nil), f.Components...)
	if transpose {
		out.Width, out.Height = f.Height, f.Width
		for i := range out.Components {
			c := &out.Components[i]
			c.H, c.V = c.V, c.H
		}
	}
	if mirrorX && out.Width%(8*out.maxH()) != 0 || mirrorY && out.Height%(8*out.maxV()) != 0 {
		return nil, false
	}
	out.layout()
	turn := newBlockTurn(transpose, mirrorX, mirrorY)
	for i := range out.Components {
		c, from := &out.Components[i], &f.Components[i]
		c.Blocks = make([]Block, c.Stride*c.Rows)
		for k := range c.Quant {
			c.Quant[k] = from.Quant[turn.from[k]]
		}
		for y := range c.Height {
			for x := range c.Width {
				sx, sy := x, y
				if mirrorX {
					sx = c.Width - 1 - x
				}
				if mirrorY {
					sy = c.Height - 1 - y
				}
				if transpose {
					sx, sy = sy, sx
				}
				turn.block(&c.Blocks[y*c.Stride+x], &from.Blocks[sy*from.Stride+sx])
			}
		}
	}
	out.Pad()
	return &out, true
}

// blockTurn says where each coefficient of a turned block comes from, and whether its
// sign changes: mirroring negates the odd frequencies of that direction.
type blockTurn struct {
	from   [64]uint8
	negate [64]bool
}

func newBlockTurn(transpose, mirrorX, mirrorY bool) *blockTurn {
	t := &blockTurn{}
	x, y := Frequencies()
	for k := range 64 {
		t.negate[k] = (mirrorX && x[k]%2 == 1) != (mirrorY && y[k]%2 == 1)
		for j := range 64 {
			if !transpose && j == k || transpose && x[j] == y[k] && y[j] == x[k] {
				t.from[k] = uint8(j)
			}
		}
	}
	return t
}

func (t *blockTurn) block(dst, src *Block) {
	for k := range dst {
		v := src[t.from[k]]
		if t.negate[k] {
			v = -v
		}
		dst[k] = v
	}
}
