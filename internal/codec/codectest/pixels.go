package codectest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"

	"compressor/internal/format"
	"compressor/test/decoders"
)

// pixels is a decoded picture in one canonical form: 16 bits a sample, RGBA, colours not
// multiplied by alpha, row by row.
type pixels struct {
	width, height int
	pix           [][4]uint16
}

// decoder is the independent one for a format, or nil.
func (b *bench) decoder(id format.ID) func(io.Reader) (image.Image, error) {
	switch {
	case id == b.row.ID:
		return b.suite.Decode
	case id == "jpeg":
		return jpeg.Decode
	case id == "png":
		return png.Decode
	case id == "webp":
		return decoders.WebP
	}
	return nil
}

// decode reads a file by the independent decoder of its format and turns it upright.
func (b *bench) decode(id format.ID, data, exif []byte) (pixels, error) {
	decode := b.decoder(id)
	if decode == nil {
		return pixels{}, fmt.Errorf("no independent decoder for %s", id)
	}
	im, err := decode(bytes.NewReader(data))
	if err != nil {
		return pixels{}, err
	}
	return canonical(im).upright(orientationOf(exif)), nil
}

// canonical converts exactly what the standard library's decoders give.
func canonical(im image.Image) pixels {
	box := im.Bounds()
	p := pixels{width: box.Dx(), height: box.Dy()}
	p.pix = make([][4]uint16, 0, p.width*p.height)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			p.pix = append(p.pix, straight(im.At(x, y)))
		}
	}
	return p
}

// straight gives a colour without multiplying it by alpha on the way, which would lose
// what is hidden under transparency.
func straight(c color.Color) [4]uint16 {
	switch c := c.(type) {
	case color.NRGBA:
		return [4]uint16{uint16(c.R) * 257, uint16(c.G) * 257, uint16(c.B) * 257, uint16(c.A) * 257}
	case color.NRGBA64:
		return [4]uint16{c.R, c.G, c.B, c.A}
	}
	r, g, b, a := c.RGBA() // the rest is opaque
	return [4]uint16{uint16(r), uint16(g), uint16(b), uint16(a)}
}

func (p pixels) at(x, y int) [4]uint16 { return p.pix[y*p.width+x] }

// upright undoes an EXIF orientation (EXIF 2.32, tag 274).
func (p pixels) upright(orientation int) pixels {
	out := pixels{width: p.width, height: p.height, pix: make([][4]uint16, 0, len(p.pix))}
	if orientation >= 5 {
		out.width, out.height = p.height, p.width
	}
	right, bottom := p.width-1, p.height-1
	for y := range out.height {
		for x := range out.width {
			from := [...][2]int{
				1: {x, y}, 2: {right - x, y}, 3: {right - x, bottom - y}, 4: {x, bottom - y},
				5: {y, x}, 6: {y, bottom - x}, 7: {right - y, bottom - x}, 8: {right - y, x},
			}[orientation]
			out.pix = append(out.pix, p.at(from[0], from[1]))
		}
	}
	return out
}

// part cuts out a rectangle.
func (p pixels) part(left, top, width, height int) pixels {
	out := pixels{width: width, height: height}
	for y := top; y < top+height; y++ {
		out.pix = append(out.pix, p.pix[y*p.width+left:y*p.width+left+width]...)
	}
	return out
}

// overWhite is the picture on white paper, in units of 8-bit samples.
func (p pixels) overWhite(i int) [3]float64 {
	var out [3]float64
	opacity := float64(p.pix[i][3]) / 0xffff
	for c := range out {
		out[c] = (float64(p.pix[i][c])*opacity + 0xffff*(1-opacity)) / 257
	}
	return out
}

// far is the root of the mean squared difference of two pictures on white, in units of
// 8-bit samples; infinite if their sizes differ. It is crude on purpose: it finds what is
// turned, shifted, inverted or black, whatever the engine's own metric thinks.
func (p pixels) far(o pixels) float64 {
	if p.width != o.width || p.height != o.height {
		return math.Inf(1)
	}
	var sum float64
	for i := range p.pix {
		a, b := p.overWhite(i), o.overWhite(i)
		for c := range a {
			sum += (a[c] - b[c]) * (a[c] - b[c])
		}
	}
	return math.Sqrt(sum / float64(3*len(p.pix)))
}

// shrunk averages the picture over a grid of so many cells.
func (p pixels) shrunk(across, down int) pixels {
	out := pixels{width: across, height: down}
	for y := range down {
		for x := range across {
			out.pix = append(out.pix, p.mean(x*p.width/across, y*p.height/down,
				(x+1)*p.width/across, (y+1)*p.height/down))
		}
	}
	return out
}

// mean is the average colour of a rectangle on white.
func (p pixels) mean(left, top, right, bottom int) [4]uint16 {
	var sum [3]float64
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			for c, v := range p.overWhite(y*p.width + x) {
				sum[c] += v
			}
		}
	}
	out := [4]uint16{3: 0xffff}
	for c := range sum {
		out[c] = uint16(257 * sum[c] / float64((right-left)*(bottom-top)))
	}
	return out
}

// orientationOf reads tag 274 of the first directory of an EXIF block, on its own; 1 if
// there is none.
func orientationOf(exif []byte) int {
	exif = bytes.TrimPrefix(exif, []byte("Exif\x00\x00"))
	if len(exif) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if exif[0] == 'M' {
		order = binary.BigEndian
	}
	at := int(order.Uint32(exif[4:]))
	if at+2 > len(exif) {
		return 1
	}
	for i := range int(order.Uint16(exif[at:])) {
		entry := at + 2 + 12*i
		if entry+12 > len(exif) {
			return 1
		}
		if order.Uint16(exif[entry:]) == tagOrientation {
			if v := int(order.Uint16(exif[entry+8:])); v >= 1 && v <= 8 {
				return v
			}
		}
	}
	return 1
}
