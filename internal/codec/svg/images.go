package svg

import (
	"encoding/base64"
	"encoding/binary"
	"strings"

	"compressor/internal/codec"
	"compressor/internal/problem"
	"compressor/internal/svgfile"
)

// defaultPixels bounds pictures within a drawing where the caller sets no limit.
const defaultPixels = 100_000_000

// images looks at the sizes of the pictures that a drawing carries in data: URLs, before
// anything decodes them. What does not tell its size in a known way counts as nothing: the
// renderer does not decode it either.
func images(doc *svgfile.Document, limits codec.Limits) error {
	most := limits.Pixels
	if most == 0 {
		most = defaultPixels
	}
	var total int64
	doc.Root.Walk(func(n *svgfile.Node) bool {
		if n.Kind == svgfile.Element && (n.Local == "image" || n.Local == "feImage") {
			total += pixelsOf(n.Href())
		}
		return total <= most
	})
	if total > most {
		return problem.Over("image.pixels", "more in the pictures within the drawing", most)
	}
	return nil
}

// pixelsOf reads the size from the header of a picture in a data: URL.
func pixelsOf(url string) int64 {
	head, encoded, found := strings.Cut(strings.TrimSpace(url), ",")
	if !found || !strings.HasPrefix(strings.ToLower(head), "data:") || !strings.HasSuffix(strings.ToLower(strings.TrimSpace(head)), "base64") {
		return 0
	}
	encoded = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' {
			return -1
		}
		return r
	}, encoded)
	data, _ := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	switch {
	case len(data) > 24 && strings.HasPrefix(string(data), "\x89PNG"):
		return area(uint64(binary.BigEndian.Uint32(data[16:])), uint64(binary.BigEndian.Uint32(data[20:])))
	case len(data) > 10 && strings.HasPrefix(string(data), "GIF8"):
		return area(uint64(binary.LittleEndian.Uint16(data[6:])), uint64(binary.LittleEndian.Uint16(data[8:])))
	case len(data) > 30 && strings.HasPrefix(string(data), "RIFF"):
		return webpPixels(data)
	case len(data) > 4 && strings.HasPrefix(string(data), "\xff\xd8"):
		return jpegPixels(data)
	}
	return 0
}

// webpPixels reads the first chunk of a WebP (RFC 9649, 2.5 to 2.7).
func webpPixels(data []byte) int64 {
	switch string(data[12:16]) {
	case "VP8X":
		return area(uint64(data[24])|uint64(data[25])<<8|uint64(data[26])<<16+1, uint64(data[27])|uint64(data[28])<<8|uint64(data[29])<<16+1)
	case "VP8L":
		bits := binary.LittleEndian.Uint32(data[21:])
		return area(uint64(bits&0x3fff+1), uint64(bits>>14&0x3fff+1))
	}
	return area(uint64(binary.LittleEndian.Uint16(data[26:])&0x3fff), uint64(binary.LittleEndian.Uint16(data[28:])&0x3fff))
}

func area(w, h uint64) int64 {
	if w > 1<<31 || h > 1<<31 {
		return 1 << 62
	}
	return int64(w * h)
}

// jpegPixels walks the markers of a JPEG to its frame header (T.81 B.2.2).
func jpegPixels(data []byte) int64 {
	for i := 2; i+9 < len(data) && data[i] == 0xff; {
		marker := data[i+1]
		if marker == 0xff {
			i++
			continue
		}
		if marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc {
			return area(uint64(binary.BigEndian.Uint16(data[i+7:])), uint64(binary.BigEndian.Uint16(data[i+5:])))
		}
		i += 2 + int(binary.BigEndian.Uint16(data[i+2:]))
	}
	return 0
}
