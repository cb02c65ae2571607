package photometa

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// sample reads a file of the repository's test data.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "photometa", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// orders are the two byte orders of TIFF.
func orders() map[string]byteOrder {
	return map[string]byteOrder{"II*\x00": binary.LittleEndian, "MM\x00*": binary.BigEndian}
}

// rawTIFF writes TIFF structures by hand, without the package's own writer, so that tests
// of reading and writing do not share a mistake. Directories are laid one after the other
// with explicit entries.
type rawTIFF struct {
	order byteOrder
	out   []byte
}

func newRaw(magic string, order byteOrder) *rawTIFF {
	return &rawTIFF{order: order, out: order.AppendUint32([]byte(magic), 8)}
}

// value adds bytes and gives their offset.
func (r *rawTIFF) value(data []byte) uint32 {
	at := uint32(len(r.out))
	r.out = append(r.out, data...)
	return at
}

// entry is a raw directory entry; value is what stands in its last four bytes.
type entry struct {
	tag, kind uint16
	count     uint32
	value     [4]byte
}

func (r *rawTIFF) long(tag uint16, v uint32) entry {
	e := entry{tag: tag, kind: 4, count: 1}
	r.order.PutUint32(e.value[:], v)
	return e
}

func (r *rawTIFF) short(tag, v uint16) entry {
	e := entry{tag: tag, kind: 3, count: 1}
	r.order.PutUint16(e.value[:], v)
	return e
}

// at is an entry of any type whose value lies at an offset.
func (r *rawTIFF) at(tag, kind uint16, count, offset uint32) entry {
	e := entry{tag: tag, kind: kind, count: count}
	r.order.PutUint32(e.value[:], offset)
	return e
}

// directory writes a directory at the end and gives its offset.
func (r *rawTIFF) directory(next uint32, entries ...entry) uint32 {
	at := uint32(len(r.out))
	r.out = r.order.AppendUint16(r.out, uint16(len(entries)))
	for _, e := range entries {
		r.out = r.order.AppendUint16(r.out, e.tag)
		r.out = r.order.AppendUint16(r.out, e.kind)
		r.out = r.order.AppendUint32(r.out, e.count)
		r.out = append(r.out, e.value[:]...)
	}
	r.out = r.order.AppendUint32(r.out, next)
	return at
}

// first makes a directory the first one.
func (r *rawTIFF) first(at uint32) []byte {
	r.order.PutUint32(r.out[4:], at)
	return r.out
}

// thumbnailBytes stand for an embedded JPEG; they occur nowhere else.
const thumbnailBytes = "\xff\xd8THUMBNAIL-OF-THE-WHOLE-PICTURE\xff\xd9"

// camera is a block as a camera writes it: rights, dates, a place, a maker note and a
// thumbnail at the end.
func camera(magic string, order byteOrder, orientation uint16) []byte {
	r := newRaw(magic, order)
	text := func(tag uint16, s string) entry {
		return r.at(tag, 2, uint32(len(s)+1), r.value(append([]byte(s), 0)))
	}
	degrees := func(tag uint16, v ...uint32) entry {
		var b []byte
		for _, n := range v {
			b = order.AppendUint32(b, n)
		}
		return r.at(tag, 5, uint32(len(v)/2), r.value(b))
	}
	gps := r.directory(0,
		entry{tag: 0, kind: 1, count: 4, value: [4]byte{2, 3}},
		entry{tag: 1, kind: 2, count: 2, value: [4]byte{'S'}},
		degrees(2, 33, 1, 51, 1, 2475, 100),
		entry{tag: 3, kind: 2, count: 2, value: [4]byte{'E'}},
		degrees(4, 151, 1, 12, 1, 5416, 100),
		degrees(7, 23, 1, 5, 1, 7, 1))
	interop := r.directory(0, entry{tag: 1, kind: 2, count: 4, value: [4]byte{'R', '9', '8'}})
	exif := r.directory(0,
		text(0x9003, "2018:05:21 12:30:07"),
		text(0x9004, "2018:05:21 12:30:07"),
		text(0x9011, "+02:00"),
		entry{tag: 0x9291, kind: 2, count: 3, value: [4]byte{'0', '5'}},
		r.at(0x927c, 7, 40, r.value(make([]byte, 40))),
		r.at(0x9286, 7, 16, r.value([]byte("ASCII\x00\x00\x00a remark"))),
		r.long(0xa002, 4000), r.long(0xa003, 3000),
		r.long(0xa005, interop))
	entries := []entry{
		text(0x010f, "Maker"),
		r.short(0x0112, orientation),
		text(0x0132, "2018:05:22 08:00:00"),
		text(0x013b, "Ann Author"),
		text(0x8298, "(c) Ann Author"),
		r.long(0x8769, exif), r.long(0x8825, gps),
	}
	next := uint32(len(r.out)) + 2 + 12*uint32(len(entries)) + 4
	main := r.directory(next, entries...)
	thumb := next + 2 + 12*3 + 4
	r.directory(0, r.short(0x0103, 6), r.long(0x0201, thumb), r.long(0x0202, uint32(len(thumbnailBytes))))
	r.value([]byte(thumbnailBytes))
	return r.first(main)
}

// kinds makes a Kinds as the recipe's: all stands for each.
func kinds(names ...string) func(string) bool {
	return func(kind string) bool {
		for _, n := range names {
			if n == kind || n == "all" {
				return true
			}
		}
		return false
	}
}

// iim writes a dataset of IPTC's second record.
func iim(number byte, value string) []byte {
	return append([]byte{0x1c, 2, number, byte(len(value) >> 8), byte(len(value))}, value...)
}

// xmp wraps properties into a packet.
func xmp(properties string) []byte {
	return []byte(`<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">` +
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""` +
		` xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"` +
		` xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"` +
		` xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">` + properties +
		`</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`)
}
