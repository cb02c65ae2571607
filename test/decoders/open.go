package decoders

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"unicode/utf16"
)

// Picture is a picture file as another program shows it.
type Picture struct {
	Format   string // jpeg, png, webp, avif, svg or svgz
	ICC      []byte // its profile, if any
	Animated bool   // more frames than the one that is shown

	stored      image.Image
	orientation int // EXIF 2.32, tag 0x0112: 1 to 8
}

// Open reads a picture whose kind is told by its first bytes. SVG is drawn at its own size
// by what is given for it.
func Open(data []byte, svg *Resvg) (*Picture, error) {
	p := &Picture{Format: Kind(data), orientation: 1}
	var exif []byte
	decode := AVIF
	switch p.Format {
	case "jpeg":
		decode, exif, p.ICC = jpeg.Decode, jpegSegment(data, 0xe1, "Exif\x00\x00"), jpegSegment(data, 0xe2, "ICC_PROFILE\x00")
		p.ICC = p.ICC[min(2, len(p.ICC)):] // which of how many
	case "png":
		decode, exif, p.ICC = png.Decode, pngChunk(data, "eXIf"), inflated(pngChunk(data, "iCCP"))
		p.Animated = pngChunk(data, "acTL") != nil
	case "webp":
		decode, exif, p.ICC = WebP, webpChunk(data, "EXIF"), webpChunk(data, "ICCP")
		p.Animated = webpChunk(data, "ANIM") != nil
	case "avif":
		if _, rest, found := bytes.Cut(data, []byte("colrprof")); found {
			p.ICC = rest
		}
		p.Animated = len(data) > 12 && string(data[8:12]) == "avis"
	case "svg", "svgz":
		decode = svg.Decode
	default:
		return nil, errors.New("no picture that is known here")
	}
	p.orientation = orientationOf(exif)
	var err error
	p.stored, err = decode(bytes.NewReader(data))
	return p, err
}

// Kind names the format of a file by its first bytes; "" for others.
func Kind(data []byte) string {
	starts := func(s string) bool { return bytes.HasPrefix(data, []byte(s)) }
	switch {
	case starts("\xff\xd8"):
		return "jpeg"
	case starts("\x89PNG"):
		return "png"
	case starts("RIFF") && len(data) > 12 && string(data[8:12]) == "WEBP":
		return "webp"
	case len(data) > 12 && string(data[4:10]) == "ftypav":
		return "avif"
	case starts("PK"):
		return "zip"
	case starts("\x1f\x8b"):
		return "svgz"
	case bytes.Contains(data[:min(len(data), 4096)], []byte("<svg")):
		return "svg"
	}
	return ""
}

// Size is the width and height in pixels, as shown.
func (p *Picture) Size() (width, height int) {
	box := p.stored.Bounds()
	if p.orientation >= 5 {
		return box.Dy(), box.Dx()
	}
	return box.Dx(), box.Dy()
}

// At is the colour of a pixel as shown. It is not multiplied by alpha on the way, which
// would lose what stands under nearly transparent pixels.
func (p *Picture) At(x, y int) color.NRGBA64 {
	box := p.stored.Bounds()
	right, bottom := box.Max.X-1, box.Max.Y-1
	x, y = x+box.Min.X, y+box.Min.Y
	switch p.orientation {
	case 2:
		x = right - x
	case 3:
		x, y = right-x, bottom-y
	case 4:
		y = bottom - y
	case 5:
		x, y = y, x
	case 6:
		x, y = y, bottom-x
	case 7:
		x, y = right-y, bottom-x
	case 8:
		x, y = right-y, x
	}
	return color.NRGBA64Model.Convert(p.stored.At(x, y)).(color.NRGBA64)
}

// Narrow says whether a viewer that ignores the profile shows about the same: there is
// none, or it is one of sRGB or of gray by the name it gives itself.
func (p *Picture) Narrow() bool {
	if len(p.ICC) == 0 {
		return true
	}
	wide := strings.ToLower(string(p.ICC[:min(len(p.ICC), 1<<16)]))
	var long strings.Builder // names in profiles of version 4 are UTF-16
	for i := 0; i+1 < len(wide); i++ {
		if wide[i] == 0 && wide[i+1] != 0 {
			long.WriteString(string(utf16.Decode([]uint16{uint16(wide[i+1])})))
		}
	}
	return strings.Contains(wide, "srgb") || strings.Contains(long.String(), "srgb") || len(p.ICC) > 20 && string(p.ICC[16:20]) == "GRAY"
}

// jpegSegment is the body of the first segment of a kind that begins with such words, which
// are cut off (ITU T.81, B.1.1.4).
func jpegSegment(data []byte, marker byte, words string) []byte {
	for at := 2; at+4 <= len(data) && data[at] == 0xff && data[at+1] != 0xda; {
		end := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if end > len(data) {
			return nil
		}
		if body := data[at+4 : end]; data[at+1] == marker && bytes.HasPrefix(body, []byte(words)) {
			return body[len(words):]
		}
		at = end
	}
	return nil
}

// pngChunk is the body of the first chunk of a type (PNG 5.3).
func pngChunk(data []byte, id string) []byte {
	for at := 8; at+12 <= len(data); {
		end := at + 8 + int(binary.BigEndian.Uint32(data[at:]))
		if end > len(data) {
			return nil
		}
		if string(data[at+4:at+8]) == id {
			return data[at+8 : end]
		}
		at = end + 4
	}
	return nil
}

// inflated is the profile in an iCCP chunk, behind its name and a byte (PNG 11.3.3.3).
func inflated(chunk []byte) []byte {
	_, rest, found := bytes.Cut(chunk, []byte{0})
	if !found || len(rest) < 1 {
		return nil
	}
	r, err := zlib.NewReader(bytes.NewReader(rest[1:]))
	if err != nil {
		return nil
	}
	profile, err := io.ReadAll(io.LimitReader(r, 1<<24))
	if err != nil {
		return nil
	}
	return profile
}

// webpChunk is the body of the first chunk of a type (WebP container, section 2.3).
func webpChunk(data []byte, id string) []byte {
	for at := 12; at+8 <= len(data); {
		size := int(binary.LittleEndian.Uint32(data[at+4:]))
		if at+8+size > len(data) {
			return nil
		}
		if string(data[at:at+4]) == id {
			return data[at+8 : at+8+size]
		}
		at += 8 + size + size&1
	}
	return nil
}

// orientationOf reads tag 0x0112 of the first directory of an EXIF block; 1 if there is
// none.
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
		if order.Uint16(exif[entry:]) == 0x0112 {
			if v := int(order.Uint16(exif[entry+8:])); v >= 1 && v <= 8 {
				return v
			}
		}
	}
	return 1
}

// unzipped is what gzip has packed, or the data itself.
func unzipped(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		return data, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, 1<<28))
}
