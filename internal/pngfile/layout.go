package pngfile

// layout is one way to store the samples of a picture, packed but not filtered.
type layout struct {
	name    string
	color   Color
	depth   int
	palette []byte // R, G, B per entry
	trans   []byte // tRNS
	stride  int
	height  int
	pix     func() []byte // packs the rows
	rows    *raster       // between pack and unpack
}

// pack makes the rows, if they are not there.
func (l *layout) pack() *raster {
	if l.rows == nil {
		l.rows = &raster{pix: l.pix(), stride: l.stride, step: l.step(), height: l.height}
	}
	return l.rows
}

// unpack gives the memory of the rows back.
func (l *layout) unpack() { l.rows = nil }

// step is the distance in bytes the filters look back (PNG 9.2).
func (l *layout) step() int { return max(1, l.color.Channels()*l.depth/8) }

// overhead is what the layout costs beside the raster.
func (l *layout) overhead() int {
	size := 0
	if len(l.palette) > 0 {
		size += chunkOverhead + len(l.palette)
	}
	if len(l.trans) > 0 {
		size += chunkOverhead + len(l.trans)
	}
	return size
}

// layouts lists the ways worth trying, the most direct first. The profile space is that of a
// kept ICC profile: an RGB profile is only legal on colour types with colour, a gray one only
// on gray types (PNG 11.3.2.3).
func layouts(m *Image, f *facts, profile string) []*layout {
	list := directLayouts(m, f, profile)
	if f.colours == nil || profile == "GRAY" && f.gray {
		return list
	}
	orders := []string{byLuminance, byNeighbour, byPopularity}
	if len(f.colours) <= 2 {
		orders = orders[:1]
	}
	for _, by := range orders {
		list = append(list, paletteLayouts(m, f, by)...)
	}
	return list
}

// directLayouts are those without a palette.
func directLayouts(m *Image, f *facts, profile string) []*layout {
	depth := 8
	if f.wide {
		depth = 16
	}
	base := layout{depth: depth}
	gray := f.gray && profile != "RGB "
	switch {
	case f.opaque || f.keyed:
		base.color = RGB
		if gray {
			base.color, base.depth = Gray, f.grayDepth
		}
	default:
		base.color = RGBA
		if gray {
			base.color = GrayAlpha
		}
	}
	list := []*layout{direct(m, base, f)}
	if base.color == Gray && base.depth < 8 { // whole bytes may match better than packed ones
		base.depth = 8
		list = append(list, direct(m, base, f))
	}
	if f.keyed { // an alpha channel may still deflate better than a key
		base.trans, base.depth = nil, depth
		base.color = RGBA
		if gray {
			base.color = GrayAlpha
		}
		list = append(list, direct(m, base, f))
	}
	return list
}

// direct completes a layout without palette.
func direct(m *Image, l layout, f *facts) *layout {
	l.name = colorNames(l.color)
	l.stride, l.height = stride(m.Width, l.color.Channels()*l.depth), m.Height
	if f.keyed && (l.color == Gray || l.color == RGB) {
		for i := range l.color.Channels() {
			v := f.key[i]
			if l.depth < 8 {
				v >>= 8 - l.depth
			}
			l.trans = append(l.trans, byte(v>>8), byte(v))
		}
	}
	l.pix = func() []byte {
		if m.Color == l.color && m.Depth == l.depth && l.depth >= 8 {
			return m.Pix // the same rows already: a key is no part of them
		}
		if l.depth == 16 {
			return pack16(m, &l)
		}
		return pack8(m, &l)
	}
	return &l
}

func colorNames(c Color) string {
	switch c {
	case Gray:
		return "gray"
	case GrayAlpha:
		return "gray-alpha"
	case RGB:
		return "rgb"
	case RGBA:
		return "rgba"
	default:
		return "palette"
	}
}

// pack8 writes the samples of a picture of at most 8 bits in a direct layout.
func pack8(m *Image, l *layout) []byte {
	out := make([]byte, m.Height*l.stride)
	e, row := m.expander(), make([]byte, 4*m.Width)
	for y := range m.Height {
		e.row8(y, row)
		dst := out[y*l.stride:][:l.stride]
		switch {
		case l.color == RGBA:
			copy(dst, row)
		case l.color == RGB:
			for x := range m.Width {
				copy(dst[3*x:3*x+3], row[4*x:])
			}
		case l.color == GrayAlpha:
			for x := range m.Width {
				dst[2*x], dst[2*x+1] = row[4*x], row[4*x+3]
			}
		default:
			for x := range m.Width {
				bit := x * l.depth
				dst[bit>>3] |= row[4*x] >> (8 - l.depth) << (8 - l.depth - bit&7)
			}
		}
	}
	return out
}

// pack16 writes 16-bit samples in a direct layout.
func pack16(m *Image, l *layout) []byte {
	out := make([]byte, 0, m.Height*l.stride)
	e, row := m.expander(), make([]uint16, 4*m.Width)
	for y := range m.Height {
		e.row16(y, row)
		for i := 0; i+4 <= len(row); i += 4 {
			colours := 3
			if l.color == Gray || l.color == GrayAlpha {
				colours = 1
			}
			for _, v := range row[i : i+colours] {
				out = append(out, byte(v>>8), byte(v))
			}
			if l.color == GrayAlpha || l.color == RGBA {
				out = append(out, byte(row[i+3]>>8), byte(row[i+3]))
			}
		}
	}
	return out
}

// paletteLayouts gives the layouts of one order of entries: at the least depth, and at 8 bits.
func paletteLayouts(m *Image, f *facts, by string) []*layout {
	l := layout{color: Palette, depth: 1, height: m.Height}
	for 1<<l.depth < len(f.colours) {
		l.depth *= 2
	}
	place := make([]byte, maxColours)
	for at, index := range paletteOrder(f, m.Width, by) {
		place[index] = byte(at)
		v := f.colours[index].value
		l.palette = append(l.palette, v[:3]...)
		if v[3] != 255 {
			l.trans = append(l.trans, v[3])
		}
	}
	l.name = "palette-" + by
	var list []*layout
	for depth := l.depth; ; depth = 8 {
		l := l
		l.depth, l.stride = depth, stride(m.Width, depth)
		l.pix = func() []byte { return packIndices(m, f, &l, place) }
		list = append(list, &l)
		if depth == 8 {
			return list
		}
	}
}

// packIndices writes the palette indices, each replaced by its place.
func packIndices(m *Image, f *facts, l *layout, place []byte) []byte {
	out := make([]byte, m.Height*l.stride)
	for y := range m.Height {
		src, dst := f.indices[y*m.Width:][:m.Width], out[y*l.stride:][:l.stride]
		for x, v := range src {
			bit := x * l.depth
			dst[bit>>3] |= place[v] << (8 - l.depth - bit&7)
		}
	}
	return out
}
