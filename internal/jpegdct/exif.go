package jpegdct

import "encoding/binary"

// TIFF tags read from EXIF (EXIF 2.32, tables 4 and 5).
const (
	tagOrientation     = 0x0112
	tagThumbnailLength = 0x0202
)

// exifFacts is what is read from an EXIF segment.
type exifFacts struct {
	orientation    int // 1…8
	thumbnailBytes int
}

// readEXIF reads the TIFF structure behind the EXIF identifier. Damage is no error:
// what cannot be read counts as absent, as in every viewer.
func readEXIF(tiff []byte) exifFacts {
	facts := exifFacts{orientation: 1}
	var order binary.ByteOrder = binary.BigEndian
	if len(tiff) < 8 {
		return facts
	}
	switch string(tiff[:4]) {
	case "II\x2a\x00":
		order = binary.LittleEndian
	case "MM\x00\x2a":
	default:
		return facts
	}
	next := readIFD(tiff, order, order.Uint32(tiff[4:]), func(tag uint16, value uint32) {
		if tag == tagOrientation && value >= 1 && value <= 8 {
			facts.orientation = int(value)
		}
	})
	if next != 0 { // the second IFD describes the thumbnail
		readIFD(tiff, order, next, func(tag uint16, value uint32) {
			if tag == tagThumbnailLength && int64(value) <= int64(len(tiff)) {
				facts.thumbnailBytes = int(value)
			}
		})
	}
	return facts
}

// readIFD calls see for each single SHORT or LONG of the directory at offset, and returns
// the offset of the next directory, or 0.
func readIFD(tiff []byte, order binary.ByteOrder, offset uint32, see func(tag uint16, value uint32)) uint32 {
	const entry = 12
	if int64(offset)+2 > int64(len(tiff)) {
		return 0
	}
	n := int(order.Uint16(tiff[offset:]))
	p := tiff[offset+2:]
	for range n {
		if len(p) < entry {
			return 0
		}
		kind, count := order.Uint16(p[2:]), order.Uint32(p[4:])
		switch {
		case kind == 3 && count == 1:
			see(order.Uint16(p), uint32(order.Uint16(p[8:])))
		case kind == 4 && count == 1:
			see(order.Uint16(p), order.Uint32(p[8:]))
		}
		p = p[entry:]
	}
	if len(p) < 4 {
		return 0
	}
	return order.Uint32(p)
}
