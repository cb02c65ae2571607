package pngfile

import (
	"compressor/internal/deflate"
)

// deflateRatio is the most DEFLATE can expand: 258 bytes for two bits, 1032 to 1. A raster
// that cannot be in the compressed data is refused before memory is reserved for it.
const deflateRatio = 1032

// Decode reads a PNG file to the exact samples it stores. Of an animation it reads the still
// picture. Errors are those of ReadHeader; a raster that is damaged, truncated or longer than
// the size says is file-corrupt.
func Decode(data []byte, limits Limits) (*Image, error) {
	h, parts, err := read(data, limits)
	if err != nil {
		return nil, err
	}
	bits := h.Color.Channels() * h.Depth
	passes := passesOf(h)
	size := 0
	for _, p := range passes {
		size += p.size(bits)
	}
	stream := join(parts)
	if size/deflateRatio > len(stream) {
		return nil, corrupt("%d bytes cannot hold a raster of %d", len(stream), size)
	}
	raster := make([]byte, size)
	wrote, took, err := deflate.DecompressInto(raster, stream)
	if err == deflate.ErrMemory {
		return nil, err
	}
	if err != nil || wrote != size {
		return nil, corrupt("raster of %d bytes, not %d: %v", wrote, size, err)
	}
	m := &Image{Width: h.Width, Height: h.Height, Color: h.Color, Depth: h.Depth,
		Palette: h.Palette, Trans: h.Trans, Trailing: h.Trailing + int64(len(stream)-took)}
	if h.Interlaced {
		m.Pix = make([]byte, h.Height*m.Stride())
	}
	for _, p := range passes {
		part, rest := raster[:p.size(bits)], raster[p.size(bits):]
		pix, err := unfilter(part, p.width, p.height, bits)
		if err != nil {
			return nil, err
		}
		if h.Interlaced {
			p.spread(m, pix, bits)
		} else {
			m.Pix = pix
		}
		raster = rest
	}
	return m, nil
}

// join gives the compressed raster in one piece, without copying if it is one already.
func join(parts [][]byte) []byte {
	if len(parts) == 1 {
		return parts[0]
	}
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	whole := make([]byte, 0, size)
	for _, p := range parts {
		whole = append(whole, p...)
	}
	return whole
}

// pass is one reduced image of Adam7 (PNG 8.2), or the whole one.
type pass struct {
	left, top, right, down int // first pixel and steps
	width, height          int
}

// passesOf lists the passes that hold pixels, in file order.
func passesOf(h *Header) []pass {
	if !h.Interlaced {
		return []pass{{0, 0, 1, 1, h.Width, h.Height}}
	}
	adam7 := [...]pass{{0, 0, 8, 8, 0, 0}, {4, 0, 8, 8, 0, 0}, {0, 4, 4, 8, 0, 0}, {2, 0, 4, 4, 0, 0},
		{0, 2, 2, 4, 0, 0}, {1, 0, 2, 2, 0, 0}, {0, 1, 1, 2, 0, 0}}
	var list []pass
	for _, p := range adam7 {
		p.width = (h.Width - p.left + p.right - 1) / p.right
		p.height = (h.Height - p.top + p.down - 1) / p.down
		if p.width > 0 && p.height > 0 {
			list = append(list, p)
		}
	}
	return list
}

// size is the number of bytes of the pass's filtered rows.
func (p pass) size(bits int) int { return int(rasterSize(p.width, p.height, bits)) }

// spread copies the pass's pixels to their places in m.
func (p pass) spread(m *Image, pix []byte, bits int) {
	from, to := stride(p.width, bits), m.Stride()
	for y := range p.height {
		src := pix[y*from:][:from]
		dst := m.Pix[(p.top+y*p.down)*to:][:to]
		if bits < 8 {
			p.spreadBits(dst, src, bits)
			continue
		}
		n := bits / 8
		for x := range p.width {
			copy(dst[(p.left+x*p.right)*n:][:n], src[x*n:])
		}
	}
}

func (p pass) spreadBits(dst, src []byte, bits int) {
	mask := byte(1<<bits - 1)
	for x := range p.width {
		from, to := x*bits, (p.left+x*p.right)*bits
		v := src[from>>3] >> (8 - bits - from&7) & mask
		dst[to>>3] |= v << (8 - bits - to&7)
	}
}

// unfilter undoes the row filters (PNG 9.2) in place and gives the rows without their filter
// bytes, as a prefix of the same memory. Bits behind the last pixel of a row are cleared:
// they are no samples, and nothing may depend on them.
func unfilter(raster []byte, width, height, bits int) ([]byte, error) {
	n := stride(width, bits)
	step := max(1, bits/8)
	last := byte(0xff)
	if spare := n*8 - width*bits; spare > 0 {
		last <<= spare
	}
	prior := make([]byte, n)
	for y := range height {
		in := raster[y*(n+1):][:n+1]
		row := raster[y*n:][:n] // starts y+1 bytes before in[1:]: never ahead of it
		kind := in[0]
		copy(row, in[1:])
		switch kind {
		case filterNone:
		case filterSub:
			unSub(row, step)
		case filterUp:
			unUp(row, prior)
		case filterAverage:
			unAverage(row, prior, step)
		case filterPaeth:
			unPaeth(row, prior, step)
		default:
			return nil, corrupt("filter type %d", kind)
		}
		prior = row
	}
	pix := raster[: height*n : height*n]
	if last != 0xff {
		// Only now: the filters of the rows below work on the bytes as stored.
		for y := range height {
			pix[y*n+n-1] &= last
		}
	}
	return pix, nil
}

func unSub(row []byte, step int) {
	for i := step; i < len(row); i++ {
		row[i] += row[i-step]
	}
}

func unUp(row, prior []byte) {
	prior = prior[:len(row)]
	for i := range row {
		row[i] += prior[i]
	}
}

func unAverage(row, prior []byte, step int) {
	prior = prior[:len(row)]
	for i := range min(step, len(row)) {
		row[i] += prior[i] / 2
	}
	for i := step; i < len(row); i++ {
		row[i] += byte((int(row[i-step]) + int(prior[i])) / 2)
	}
}

func unPaeth(row, prior []byte, step int) {
	prior = prior[:len(row)]
	for i := range min(step, len(row)) {
		row[i] += prior[i]
	}
	for i := step; i < len(row); i++ {
		row[i] += paeth(row[i-step], prior[i], prior[i-step])
	}
}
