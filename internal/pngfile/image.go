package pngfile

import (
	"encoding/binary"
	"slices"
)

// Color is the colour type of PNG 11.2.1.
type Color uint8

// The colour types. Their numbers are those of the format.
const (
	Gray      Color = 0
	RGB       Color = 2
	Palette   Color = 3
	GrayAlpha Color = 4
	RGBA      Color = 6
)

// Channels is the number of samples (or indices) per pixel.
func (c Color) Channels() int {
	switch c {
	case RGB:
		return 3
	case GrayAlpha:
		return 2
	case RGBA:
		return 4
	default:
		return 1
	}
}

// allows says whether the format knows this depth for c (PNG table 12).
func (c Color) allows(depth int) bool {
	switch depth {
	case 1, 2, 4:
		return c == Gray || c == Palette
	case 8:
		return c == Gray || c == RGB || c == Palette || c == GrayAlpha || c == RGBA
	case 16:
		return c == Gray || c == RGB || c == GrayAlpha || c == RGBA
	}
	return false
}

// Image is a decoded picture with its samples as the file stored them.
//
// Pix holds Height rows of Stride bytes, packed as in PNG 7.2: samples below 8 bits fill
// bytes from the high bits on, 16-bit samples are big-endian. For a palette image the samples
// are indices; an index beyond Palette is opaque black, as other readers have it.
type Image struct {
	Width, Height int
	Color         Color
	Depth         int    // bits per sample: 1, 2, 4, 8 or 16
	Pix           []byte // Height × Stride bytes
	Palette       []byte // R, G, B per entry; palette images only
	Trans         []byte // tRNS as stored: alpha per palette entry, or the transparent sample(s)
	Trailing      int64  // bytes the file holds behind its raster or its end
}

// Stride is the number of bytes per row.
func (m *Image) Stride() int { return stride(m.Width, m.Color.Channels()*m.Depth) }

func stride(width, bits int) int { return (width*bits + 7) / 8 }

// rasterSize is the number of bytes of the filtered raster without interlacing.
func rasterSize(width, height, bits int) int64 {
	return ((int64(width)*int64(bits)+7)/8 + 1) * int64(height)
}

// New makes a picture of packed samples, such as an encoder's palette image or a resized
// RGBA one, for Optimize. It takes pix and palette over; palette has R, G, B, A per entry and
// is nil for other colour types. Wrong shapes are an internal problem.
func New(width, height int, color Color, depth int, pix, palette []byte) (*Image, error) {
	m := &Image{Width: width, Height: height, Color: color, Depth: depth, Pix: pix}
	if color == Palette {
		for at := 0; at+4 <= len(palette); at += 4 {
			m.Palette = append(m.Palette, palette[at:at+3]...)
			m.Trans = append(m.Trans, palette[at+3])
		}
	}
	return m, m.check()
}

// check says whether the fields fit together.
func (m *Image) check() error {
	switch {
	case m.Width < 1 || m.Height < 1 || m.Width > maxLength || m.Height > maxLength:
		return invalid("size %d×%d", m.Width, m.Height)
	case !m.Color.allows(m.Depth):
		return invalid("colour type %d at %d bits", m.Color, m.Depth)
	case len(m.Pix)/m.Height != m.Stride() || len(m.Pix)%m.Height != 0:
		return invalid("%d bytes for %d rows of %d", len(m.Pix), m.Height, m.Stride())
	case m.Color == Palette && (len(m.Palette) == 0 || len(m.Palette)%3 != 0 || len(m.Palette) > 3<<m.Depth):
		return invalid("palette of %d bytes", len(m.Palette))
	case m.Color == Palette && len(m.Trans) > len(m.Palette)/3:
		return invalid("transparency of %d entries for a palette of %d", len(m.Trans), len(m.Palette)/3)
	case (m.Color == Gray || m.Color == RGB) && m.Trans != nil && len(m.Trans) != 2*m.Color.Channels():
		return invalid("transparent colour of %d bytes", len(m.Trans))
	}
	return nil
}

// HasAlpha says whether the picture can hold transparency: an alpha channel or tRNS.
func (m *Image) HasAlpha() bool {
	return m.Color == GrayAlpha || m.Color == RGBA || len(m.Trans) > 0
}

// RGBA8 expands to 8-bit R, G, B, A samples, not premultiplied, Width × Height × 4 bytes.
// 16-bit samples are rounded to the nearest, so that the picture is exact for Depth ≤ 8 only.
func (m *Image) RGBA8() []byte {
	out := make([]byte, 4*m.Width*m.Height)
	e := m.expander()
	wide := make([]uint16, 4*m.Width)
	for y := range m.Height {
		row := out[4*m.Width*y:][:4*m.Width]
		if m.Depth <= 8 {
			e.row8(y, row)
			continue
		}
		e.row16(y, wide)
		for i, v := range wide {
			row[i] = byte((uint32(v)*255 + 32767) / 65535)
		}
	}
	return out
}

// Equal says whether both pictures have the same size and the same RGBA samples at 16 bits:
// the meaning of "lossless". How the samples are stored does not matter; the colour under
// full transparency does.
func Equal(a, b *Image) bool {
	if a.Width != b.Width || a.Height != b.Height {
		return false
	}
	ea, eb := a.expander(), b.expander()
	if a.Depth <= 8 && b.Depth <= 8 {
		return sameRows(a.Width, a.Height, ea.row8, eb.row8)
	}
	return sameRows(a.Width, a.Height, ea.row16, eb.row16)
}

// sameRows compares two pictures row by row, at four samples per pixel.
func sameRows[S byte | uint16](width, height int, a, b func(y int, row []S)) bool {
	rowA, rowB := make([]S, 4*width), make([]S, 4*width)
	for y := range height {
		a(y, rowA)
		b(y, rowB)
		if !slices.Equal(rowA, rowB) {
			return false
		}
	}
	return true
}

// expander turns stored rows into RGBA.
type expander struct {
	m     *Image
	table [][4]byte // colour of each sample of one channel and up to 8 bits
	keyed bool
	key   [3]uint16 // the transparent colour of RGB, or of 16-bit gray in key[0]
}

func (m *Image) expander() *expander {
	e := &expander{m: m}
	if len(m.Trans) > 0 && (m.Color == Gray || m.Color == RGB) {
		e.keyed = true
		for i := range m.Color.Channels() {
			e.key[i] = m.transparent(i)
		}
	}
	if m.Depth <= 8 && (m.Color == Gray || m.Color == Palette) {
		e.table = m.sampleTable()
	}
	return e
}

// transparent is channel i of tRNS; only its low Depth bits count (PNG 11.3.1.1).
func (m *Image) transparent(i int) uint16 {
	return binary.BigEndian.Uint16(m.Trans[2*i:]) & uint16(1<<m.Depth-1)
}

// sampleTable is the colour of every possible sample or index.
func (m *Image) sampleTable() [][4]byte {
	table := make([][4]byte, 1<<m.Depth)
	for v := range table {
		if m.Color == Gray {
			g := byte(v * 255 / (1<<m.Depth - 1))
			table[v] = [4]byte{g, g, g, 255}
			if len(m.Trans) == 2 && int(m.transparent(0)) == v {
				table[v][3] = 0
			}
			continue
		}
		table[v] = [4]byte{0, 0, 0, 255}
		if 3*v+3 <= len(m.Palette) {
			copy(table[v][:3], m.Palette[3*v:])
			if v < len(m.Trans) {
				table[v][3] = m.Trans[v]
			}
		}
	}
	return table
}

// row8 expands row y of a picture of at most 8 bits into dst, 4 bytes per pixel.
func (e *expander) row8(y int, dst []byte) {
	m := e.m
	row := m.Pix[y*m.Stride():][:m.Stride()]
	switch m.Color {
	case Gray, Palette:
		e.table8(row, dst)
	case GrayAlpha:
		for x := range m.Width {
			g := row[2*x]
			dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = g, g, g, row[2*x+1]
		}
	case RGBA:
		copy(dst, row)
	case RGB:
		for x := range m.Width {
			p := row[3*x : 3*x+3 : 3*x+3]
			a := byte(255)
			if e.keyed && uint16(p[0]) == e.key[0] && uint16(p[1]) == e.key[1] && uint16(p[2]) == e.key[2] {
				a = 0
			}
			q := dst[4*x : 4*x+4 : 4*x+4]
			q[0], q[1], q[2], q[3] = p[0], p[1], p[2], a
		}
	}
}

// table8 expands gray and palette rows of 1 to 8 bits.
func (e *expander) table8(row, dst []byte) {
	depth := e.m.Depth
	if depth == 8 {
		for x, v := range row {
			copy(dst[4*x:4*x+4], e.table[v][:])
		}
		return
	}
	mask := byte(1<<depth - 1)
	for x := range e.m.Width {
		bit := x * depth
		v := row[bit>>3] >> (8 - depth - bit&7) & mask
		copy(dst[4*x:4*x+4], e.table[v][:])
	}
}

// row16 expands row y into dst, four 16-bit samples per pixel; 8-bit v becomes v×257.
func (e *expander) row16(y int, dst []uint16) {
	m := e.m
	if m.Depth <= 8 {
		narrow := make([]byte, 4*m.Width)
		e.row8(y, narrow)
		for i, v := range narrow {
			dst[i] = uint16(v) * 257
		}
		return
	}
	row := m.Pix[y*m.Stride():][:m.Stride()]
	sample := func(i int) uint16 { return binary.BigEndian.Uint16(row[2*i:]) }
	n := m.Color.Channels()
	for x := range m.Width {
		q := dst[4*x : 4*x+4]
		switch m.Color {
		case Gray, GrayAlpha:
			g := sample(n * x)
			q[0], q[1], q[2] = g, g, g
		default:
			q[0], q[1], q[2] = sample(n*x), sample(n*x+1), sample(n*x+2)
		}
		q[3] = 65535
		switch {
		case m.Color == GrayAlpha || m.Color == RGBA:
			q[3] = sample(n*x + n - 1)
		case e.keyed && q[0] == e.key[0] && (m.Color == Gray || q[1] == e.key[1] && q[2] == e.key[2]):
			q[3] = 0
		}
	}
}
