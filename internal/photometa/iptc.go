package photometa

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const (
	// photoshopPrefix opens the APP13 segment of a JPEG.
	photoshopPrefix = "Photoshop 3.0\x00"

	// iptcResource is the number of the image resource that holds IIM (Adobe Photoshop
	// file format specification, "Image resource IDs").
	iptcResource = 0x0404

	maxResources = 1000
	maxDatasets  = 500
)

// IPTCFromPhotoshop takes the IPTC block out of Photoshop's image resources: the contents
// of a JPEG's APP13, or of the TIFF and PNG fields of that name. It is nil if there is none.
func IPTCFromPhotoshop(app13 []byte) []byte {
	rest := bytes.TrimPrefix(app13, []byte(photoshopPrefix))
	for range maxResources {
		// Signature, number, Pascal string padded to even size, size, data padded to even.
		if len(rest) < 12 || string(rest[:4]) != "8BIM" {
			return nil
		}
		number := binary.BigEndian.Uint16(rest[4:])
		name := 1 + int(rest[6])
		name += name % 2
		if len(rest) < 6+name+4 {
			return nil
		}
		size := int64(binary.BigEndian.Uint32(rest[6+name:]))
		rest = rest[6+name+4:]
		if size > int64(len(rest)) {
			return nil
		}
		if number == iptcResource {
			return rest[:size]
		}
		rest = rest[min(size+size%2, int64(len(rest))):]
	}
	return nil
}

// PhotoshopFromIPTC wraps an IPTC block as IPTCFromPhotoshop reads it, for a JPEG's APP13.
func PhotoshopFromIPTC(iptc []byte) []byte {
	out := append([]byte(photoshopPrefix), "8BIM\x04\x04\x00\x00"...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(iptc)))
	out = append(out, iptc...)
	if len(iptc)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

// dataset is one value of IIM, as text in UTF-8. Binary values are text by accident.
type dataset struct {
	record, number uint8
	text           string
	raw            []byte
}

// readIIM reads datasets up to the first that is damaged (IPTC IIM 4.2, section 1.5).
func readIIM(block []byte) []dataset {
	var out []dataset
	utf8Declared := false
	for len(block) >= 5 && block[0] == 0x1c && len(out) < maxDatasets {
		d := dataset{record: block[1], number: block[2]}
		size := int(binary.BigEndian.Uint16(block[3:]))
		if size > 0x7fff || 5+size > len(block) { // extended datasets hold pictures, not text
			break
		}
		d.raw = block[5 : 5+size]
		block = block[5+size:]
		if d.record == 1 && d.number == 90 {
			utf8Declared = bytes.Equal(d.raw, []byte("\x1b%G"))
			continue
		}
		out = append(out, d)
	}
	for i := range out {
		out[i].text = iimText(out[i].raw, utf8Declared)
	}
	return slices.Clip(out)
}

// iimText reads text in UTF-8, or in Latin-1 where it is not declared to be UTF-8 and is
// not valid as such either; many writers forget to declare it.
func iimText(raw []byte, declared bool) string {
	if !declared && !utf8.Valid(raw) {
		if latin, err := charmap.ISO8859_1.NewDecoder().Bytes(raw); err == nil {
			raw = latin
		}
	}
	return strings.Trim(strings.ToValidUTF8(string(raw), ""), "\x00 ")
}
