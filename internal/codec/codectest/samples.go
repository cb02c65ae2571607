package codectest

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"slices"
)

// Picture draws a small test picture: a slope of colours that tells every turn and every
// swapped channel, a disc with a hard edge, stripes as fine as text, and some noise.
func Picture(width, height int) *image.NRGBA {
	im := image.NewNRGBA(image.Rect(0, 0, width, height))
	noise := uint32(1)
	for y := range height {
		for x := range width {
			noise = noise*1664525 + 1013904223
			grain := uint8(noise >> 28)
			c := color.NRGBA{
				R: uint8(40+150*x/width) + grain, G: uint8(30+170*y/height) + grain,
				B: uint8(200 - 130*(x+y)/(width+height)), A: 255,
			}
			dx, dy := 3*x-width, 3*y-height // around a third from the top left
			switch {
			case dx*dx+dy*dy < min(width, height)*min(width, height)/3:
				c = color.NRGBA{R: 230, G: 60, B: 40, A: 255}
			case y > height*3/4 && x%8 < 3 && y%6 < 4:
				c = color.NRGBA{R: 20, G: 20, B: 30, A: 255}
			}
			im.SetNRGBA(x, y, c)
		}
	}
	return im
}

// Flat draws a picture of few colours, as charts and logos are.
func Flat(width, height int) *image.Paletted {
	palette := color.Palette{
		color.NRGBA{255, 255, 255, 255}, color.NRGBA{20, 90, 180, 255},
		color.NRGBA{240, 170, 30, 255}, color.NRGBA{30, 30, 30, 255},
	}
	im := image.NewPaletted(image.Rect(0, 0, width, height), palette)
	for y := range height {
		for x := range width {
			switch {
			case y > height-4 || x < 3:
				im.SetColorIndex(x, y, 3)
			case x%20 < 9 && height-y < (x*7)%height:
				im.SetColorIndex(x, y, uint8(1+x/20%2))
			}
		}
	}
	return im
}

// Transparent gives a copy of im of which the right third fades out and the lower left
// corner is clear.
func Transparent(im *image.NRGBA) *image.NRGBA {
	out := *im
	out.Pix = slices.Clone(im.Pix)
	w, h := im.Rect.Dx(), im.Rect.Dy()
	for y := range h {
		for x := range w {
			alpha := 255
			if x > 2*w/3 {
				alpha = 255 * (w - x) / (w - 2*w/3)
			}
			if x < w/4 && y > 3*h/4 {
				alpha = 0
			}
			out.Pix[out.PixOffset(x, y)+3] = uint8(alpha)
		}
	}
	return &out
}

// The tags of EXIF 2.32 that the suite writes or reads.
const (
	tagOrientation = 0x0112
	tagDateTime    = 0x0132
	tagArtist      = 0x013b
	tagCopyright   = 0x8298
	tagGPS         = 0x8825
	tagGPSDatum    = 0x0012
)

// Words that EXIF puts into a file, by the kind of metadata they belong to.
func Words() map[string]string {
	return map[string]string{
		"copyright": "Copyright Ada Lovelace 1843",
		"creation":  "1843:09:01 12:34:56",
		"location":  "SOMERSET-36",
	}
}

// EXIF writes a TIFF structure, big-endian, with an orientation (1 to 8), and with Words
// if personal.
func EXIF(orientation int, personal bool) []byte {
	words := Words()
	main := []ifdEntry{{tagOrientation, 3, 1, []byte{0, byte(orientation), 0, 0}}}
	if personal {
		main = append(main,
			ascii(tagDateTime, words["creation"]),
			ascii(tagArtist, "Ada"),
			ascii(tagCopyright, words["copyright"]),
			ifdEntry{tagGPS, 4, 1, make([]byte, 4)})
	}
	out := []byte{'M', 'M', 0, 42, 0, 0, 0, 8}
	out = appendIFD(out, main)
	if personal {
		// The pointer is the last entry of the main directory.
		pointer := 8 + 2 + 12*(len(main)-1) + 8
		binary.BigEndian.PutUint32(out[pointer:], uint32(len(out)))
		out = appendIFD(out, []ifdEntry{ascii(tagGPSDatum, words["location"])})
	}
	return out
}

// ifdEntry is one field of a directory; up to four bytes of value stand in the entry
// itself.
type ifdEntry struct {
	tag, kind uint16
	count     uint32
	value     []byte
}

func ascii(tag uint16, text string) ifdEntry {
	return ifdEntry{tag, 2, uint32(len(text) + 1), append([]byte(text), 0)}
}

// appendIFD writes a directory at the end of out, its longer values behind it.
func appendIFD(out []byte, entries []ifdEntry) []byte {
	after := len(out) + 2 + 12*len(entries) + 4
	var values bytes.Buffer
	out = binary.BigEndian.AppendUint16(out, uint16(len(entries)))
	for _, e := range entries {
		out = binary.BigEndian.AppendUint16(out, e.tag)
		out = binary.BigEndian.AppendUint16(out, e.kind)
		out = binary.BigEndian.AppendUint32(out, e.count)
		if len(e.value) <= 4 {
			out = append(out, append(bytes.Clone(e.value), make([]byte, 4-len(e.value))...)...)
			continue
		}
		out = binary.BigEndian.AppendUint32(out, uint32(after+values.Len()))
		values.Write(e.value)
		if values.Len()%2 == 1 {
			values.WriteByte(0)
		}
	}
	out = binary.BigEndian.AppendUint32(out, 0)
	return append(out, values.Bytes()...)
}
