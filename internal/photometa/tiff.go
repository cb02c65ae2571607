package photometa

import (
	"encoding/binary"
	"slices"
)

// The tags that are read or written here (EXIF 3.0, section 4.6).
const (
	tagImageWidth        = 0x0100
	tagImageLength       = 0x0101
	tagStripOffsets      = 0x0111
	tagOrientation       = 0x0112
	tagStripByteCounts   = 0x0117
	tagDateTime          = 0x0132
	tagArtist            = 0x013b
	tagSubIFDs           = 0x014a
	tagThumbnailOffset   = 0x0201
	tagThumbnailLength   = 0x0202
	tagCopyright         = 0x8298
	tagExifIFD           = 0x8769
	tagGPSIFD            = 0x8825
	tagDateTimeOriginal  = 0x9003
	tagDateTimeDigitized = 0x9004
	tagOffsetTime        = 0x9010
	tagSubSecTime        = 0x9290
	tagPixelXDimension   = 0xa002
	tagPixelYDimension   = 0xa003
	tagInteropIFD        = 0xa005

	gpsVersionID    = 0x00
	gpsLatitudeRef  = 0x01
	gpsLatitude     = 0x02
	gpsLongitudeRef = 0x03
	gpsLongitude    = 0x04
	gpsLast         = 0x1f // GPSHPositioningError
)

// The types of values (TIFF 6.0, section 2; EXIF 3.0 for UTF-8).
const (
	typeByte      = 1
	typeASCII     = 2
	typeShort     = 3
	typeLong      = 4
	typeRational  = 5
	typeSByte     = 6
	typeUndefined = 7
	typeSShort    = 8
	typeSLong     = 9
	typeSRational = 10
	typeFloat     = 11
	typeDouble    = 12
	typeIFD       = 13
	typeUTF8      = 129
)

// typeSize is the size of one value in bytes, 0 for unknown types.
func typeSize(kind uint16) int {
	switch kind {
	case typeByte, typeASCII, typeSByte, typeUndefined, typeUTF8:
		return 1
	case typeShort, typeSShort:
		return 2
	case typeLong, typeSLong, typeFloat, typeIFD:
		return 4
	case typeRational, typeSRational, typeDouble:
		return 8
	}
	return 0
}

// maxFields bounds one directory; real ones hold some sixty tags.
const maxFields = 1000

// span is a range of bytes of a block: from, up to but not including to.
type span struct{ from, to int }

// field is one entry of a directory.
type field struct {
	tag, kind uint16
	count     uint32
	data      []byte // count × size bytes in the block's byte order; nil if unreadable
	at        int    // offset of the twelve bytes of the entry in the block
	offset    int    // offset of data in the block
}

// readable says whether type, count and offset made sense.
func (f field) readable() bool { return f.data != nil }

// directory is an image file directory: a list of fields and the offset of the next.
type directory struct {
	fields []field
	next   uint32
	table  span // of the directory itself; empty if it is absent or outside the block
}

func (d directory) present() bool { return d.table.to > 0 }

// find gives the first readable field of a tag.
func (d directory) find(tag uint16) (field, bool) {
	for _, f := range d.fields {
		if f.tag == tag && f.readable() {
			return f, true
		}
	}
	return field{}, false
}

// has says whether there is a field of this tag, readable or not.
func (d directory) has(tag uint16) bool {
	return slices.ContainsFunc(d.fields, func(f field) bool { return f.tag == tag })
}

// byteOrder is what encoding/binary's two orders are: both a reader and an appender.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// tiff is a parsed EXIF block. Absent directories are empty.
type tiff struct {
	block   []byte
	order   byteOrder
	main    directory // IFD0
	exif    directory
	gps     directory
	interop directory
	thumb   directory // IFD1
}

// parseTIFF reads the directories of an EXIF block. It says no only if there is no
// TIFF header or no first directory; damage further on leaves fields unreadable.
func parseTIFF(block []byte) (tiff, bool) {
	t := tiff{block: block}
	if len(block) < 8 {
		return t, false
	}
	switch string(block[:4]) {
	case "II*\x00":
		t.order = binary.LittleEndian
	case "MM\x00*":
		t.order = binary.BigEndian
	default:
		return t, false
	}
	first := t.order.Uint32(block[4:])
	t.main = t.directory(first)
	if !t.main.present() {
		return t, false
	}
	t.exif = t.child(t.main, tagExifIFD)
	t.gps = t.child(t.main, tagGPSIFD)
	t.interop = t.child(t.exif, tagInteropIFD)
	if t.main.next != first {
		t.thumb = t.directory(t.main.next)
	}
	return t, true
}

// child reads the directory that a field of parent points to.
func (t tiff) child(parent directory, tag uint16) directory {
	f, ok := parent.find(tag)
	if !ok || f.count != 1 || (f.kind != typeLong && f.kind != typeIFD) {
		return directory{}
	}
	return t.directory(t.order.Uint32(f.data))
}

// directory reads the directory at an offset, as far as it lies inside the block.
func (t tiff) directory(offset uint32) directory {
	at := int64(offset)
	if at < 8 || at+2 > int64(len(t.block)) {
		return directory{}
	}
	start := int(at) + 2
	n := int(t.order.Uint16(t.block[at:]))
	n = min(n, (len(t.block)-start)/12, maxFields)
	d := directory{table: span{int(at), start + 12*n}, fields: make([]field, 0, n)}
	for i := range n {
		d.fields = append(d.fields, t.field(start+12*i))
	}
	if d.table.to+4 <= len(t.block) && n == int(t.order.Uint16(t.block[at:])) {
		d.next = t.order.Uint32(t.block[d.table.to:])
		d.table.to += 4
	}
	return d
}

// field reads the entry at an offset that has twelve bytes.
func (t tiff) field(at int) field {
	e := t.block[at : at+12]
	f := field{tag: t.order.Uint16(e), kind: t.order.Uint16(e[2:]), count: t.order.Uint32(e[4:]), at: at}
	size := int64(typeSize(f.kind)) * int64(f.count)
	if size == 0 {
		return f
	}
	f.offset = at + 8
	if size > 4 {
		offset := int64(t.order.Uint32(e[8:]))
		if offset < 8 || offset+size > int64(len(t.block)) {
			f.offset = 0
			return f
		}
		f.offset = int(offset)
	}
	f.data = t.block[f.offset : f.offset+int(size)]
	return f
}

// spans are the ranges of the block that a directory and its values lie in.
func (d directory) spans() []span {
	if !d.present() {
		return nil
	}
	spans := []span{d.table}
	for _, f := range d.fields {
		if len(f.data) > 4 {
			spans = append(spans, span{f.offset, f.offset + len(f.data)})
		}
	}
	return spans
}

// number reads a single SHORT or LONG.
func (t tiff) number(f field) (uint32, bool) {
	if f.count != 1 {
		return 0, false
	}
	switch f.kind {
	case typeShort:
		return uint32(t.order.Uint16(f.data)), true
	case typeLong, typeIFD:
		return t.order.Uint32(f.data), true
	}
	return 0, false
}

// numbers reads a list of SHORTs or LONGs, at most limit of them.
func (t tiff) numbers(f field, limit int) []uint32 {
	var out []uint32
	size := typeSize(f.kind)
	for i := 0; i < min(int(f.count), limit); i++ {
		one := f
		one.count, one.data = 1, f.data[i*size:(i+1)*size]
		v, ok := t.number(one)
		if !ok {
			return nil
		}
		out = append(out, v)
	}
	return out
}
