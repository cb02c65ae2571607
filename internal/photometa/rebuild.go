package photometa

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// maxRebuilt bounds a rebuilt EXIF block so that it fits the 64 KiB segment of a JPEG.
// Overlapping values could otherwise make it far larger than its source.
const maxRebuilt = 60 << 10

// builder collects the fields of a minimal EXIF block.
type builder struct {
	order           byteOrder
	main, exif, gps []field
	size            int // of all values and entries so far
}

// put adds a field to a directory of b; the first of a tag wins. It says no if the block
// would grow too large.
func (b *builder) put(to *[]field, f field) bool {
	if slices.ContainsFunc(*to, func(g field) bool { return g.tag == f.tag }) {
		return true
	}
	if b.size+len(f.data)+13 > maxRebuilt {
		return false
	}
	b.size += len(f.data) + 13
	*to = append(*to, f)
	return true
}

// remove takes the fields of a tag out of a directory of b.
func (b *builder) remove(from *[]field, tag uint16) {
	*from = slices.DeleteFunc(*from, func(f field) bool { return f.tag == tag })
}

// text is an ASCII field: the bytes of s and the closing NUL. UTF-8 is written as it is,
// as the Metadata Working Group's guidelines ask for.
func text(tag uint16, s string) field {
	data := append([]byte(s), 0)
	return field{tag: tag, kind: typeASCII, count: uint32(len(data)), data: data}
}

// short is a field of one SHORT.
func (b *builder) short(tag uint16, v uint16) field {
	data := b.order.AppendUint16(nil, v)
	return field{tag: tag, kind: typeShort, count: 1, data: data}
}

// rationals is a field of unsigned fractions, given as numerator, denominator, numerator…
func (b *builder) rationals(tag uint16, v ...uint32) field {
	var data []byte
	for _, n := range v {
		data = b.order.AppendUint32(data, n)
	}
	return field{tag: tag, kind: typeRational, count: uint32(len(v) / 2), data: data}
}

// bytes writes the block: header, first directory and its values, the EXIF directory and
// its values, the GPS directory and its values; tags ascending, values at even offsets.
// Equal fields give equal bytes. It is nil if there are no fields.
func (b *builder) bytes() []byte {
	if len(b.main)+len(b.exif)+len(b.gps) == 0 {
		return nil
	}
	// The pointers' own places count before their values are known.
	next := 8 + directorySize(append(slices.Clone(b.main), b.pointers(0)...))
	main := append(slices.Clone(b.main), b.pointers(next)...)
	out := make([]byte, 0, next+directorySize(b.exif)+directorySize(b.gps))
	out = append(out, "II*\x00"...)
	if b.order == byteOrder(binary.BigEndian) {
		out = append(out[:0], "MM\x00*"...)
	}
	out = b.order.AppendUint32(out, 8)
	out = b.appendDirectory(out, main)
	out = b.appendDirectory(out, b.exif)
	return b.appendDirectory(out, b.gps)
}

// pointers are the fields of the first directory that lead to the others, which stand one
// after the other from an offset on.
func (b *builder) pointers(at int) []field {
	var fields []field
	if len(b.exif) > 0 {
		fields = append(fields, field{tag: tagExifIFD, kind: typeLong, count: 1, data: b.order.AppendUint32(nil, uint32(at))})
		at += directorySize(b.exif)
	}
	if len(b.gps) > 0 {
		fields = append(fields, field{tag: tagGPSIFD, kind: typeLong, count: 1, data: b.order.AppendUint32(nil, uint32(at))})
	}
	return fields
}

// directorySize is the size of a directory with its values.
func directorySize(fields []field) int {
	if len(fields) == 0 {
		return 0
	}
	size := 2 + 12*len(fields) + 4
	for _, f := range fields {
		if len(f.data) > 4 {
			size += len(f.data) + len(f.data)%2
		}
	}
	return size
}

// appendDirectory writes one directory and its values behind out, at out's end.
func (b *builder) appendDirectory(out []byte, fields []field) []byte {
	if len(fields) == 0 {
		return out
	}
	fields = slices.Clone(fields)
	slices.SortStableFunc(fields, func(x, y field) int { return cmp.Compare(x.tag, y.tag) })
	values := len(out) + 2 + 12*len(fields) + 4
	var tail []byte
	out = b.order.AppendUint16(out, uint16(len(fields)))
	for _, f := range fields {
		out = b.order.AppendUint16(out, f.tag)
		out = b.order.AppendUint16(out, f.kind)
		out = b.order.AppendUint32(out, f.count)
		if len(f.data) <= 4 {
			var inline [4]byte
			copy(inline[:], f.data)
			out = append(out, inline[:]...)
			continue
		}
		out = b.order.AppendUint32(out, uint32(values+len(tail)))
		tail = append(tail, f.data...)
		if len(f.data)%2 == 1 {
			tail = append(tail, 0)
		}
	}
	out = append(out, 0, 0, 0, 0) // no next directory
	return append(out, tail...)
}
