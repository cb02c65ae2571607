// Package ziptest builds ZIP archives for tests, byte by byte and apart from the code under
// test: ordinary ones, odd ones, damaged ones, and bombs.
package ziptest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
)

// Methods of compression.
const (
	Stored   = 0
	Deflated = 8
)

// Entry is a member as it is to stand in the archive. The zero values of what can be told
// from Data are filled in.
type Entry struct {
	Name, Comment string
	Data          []byte
	Method        uint16
	Effort        int    // level of compress/flate; 0 for the default
	Flags         uint16 // in both headers
	Mode          uint32 // Unix mode; 0 for none
	Time, Date    uint16
	Local, Extra  string // extra fields of the local and the central header

	Packed     []byte  // instead of Data, as it lies in the file
	CRC        *uint32 // what is declared instead of the truth
	Size       *uint32
	LocalName  string // instead of Name, in the local header
	Descriptor int    // bytes of a data descriptor: 12, 16, or 24 with sizes of 8 bytes
	Zip64      bool   // sizes and offset stand in zip64 fields
	At         *uint32
}

// Archive is what else may be in the file.
type Archive struct {
	Entries       []Entry
	Order         []int // of the central directory, if it is not that of Entries
	Before, After []byte
	Marker        string // in front of the first member, counted by the offsets
	Gap           []byte // in front of the central directory
	Comment       string
	Zip64         bool
	Count         *uint16 // declared instead of the truth
}

// Zip builds an archive of these members.
func Zip(entries ...Entry) []byte { return Archive{Entries: entries}.Bytes() }

// File is a deflated member with a time.
func File(name string, data []byte) Entry {
	return Entry{Name: name, Data: data, Method: Deflated, Time: 0x6e3b, Date: 0x58a5, Mode: 0o100644}
}

// Bytes builds the archive.
func (a Archive) Bytes() []byte {
	out := append(bytes.Clone(a.Before), a.Marker...)
	headers := make([][]byte, len(a.Entries))
	for i, e := range a.Entries {
		at := uint32(len(out))
		var local []byte
		local, headers[i] = e.records(at)
		out = append(out, local...)
	}
	out = append(out, a.Gap...)
	dirAt := len(out)
	order := a.Order
	if order == nil {
		for i := range headers {
			order = append(order, i)
		}
	}
	for _, i := range order {
		out = append(out, headers[i]...)
	}
	out = append(out, a.end(len(order), len(out)-dirAt, dirAt-len(a.Before), len(out)-len(a.Before))...)
	return append(out, a.After...)
}

// end is what stands behind the directory. Offsets count from the archive's own start.
func (a Archive) end(entries, size, offset, at int) []byte {
	var out []byte
	short := func(v, full int) int {
		if a.Zip64 {
			return full
		}
		return v
	}
	if a.Zip64 {
		out = words("4-8-2-2-4-4-8-8-8-8", 0x06064b50, 44, 45, 45, 0, 0, entries, entries, size, offset)
		out = append(out, words("4-4-8-4", 0x07064b50, 0, at, 1)...)
	}
	count := short(entries, 0xffff)
	if a.Count != nil {
		count = int(*a.Count)
	}
	out = append(out, words("4-2-2-2-2-4-4-2", 0x06054b50, 0, 0, count, count,
		short(size, 0xffffffff), short(offset, 0xffffffff), len(a.Comment))...)
	return append(out, a.Comment...)
}

// words writes numbers of these widths, little-endian.
func words(widths string, values ...int) []byte {
	var out []byte
	for i, v := range values {
		b := binary.LittleEndian.AppendUint64(nil, uint64(v))
		out = append(out, b[:widths[2*i]-'0']...)
	}
	return out
}

// records gives all that lies at the member's place, and its central header.
func (e Entry) records(at uint32) (local, central []byte) {
	packed, crc, size := e.Packed, crc32.ChecksumIEEE(e.Data), uint32(len(e.Data))
	if packed == nil {
		packed = e.Data
		if e.Method == Deflated {
			packed = Deflate(e.Data, e.Effort)
		}
	}
	if e.CRC != nil {
		crc = *e.CRC
	}
	if e.Size != nil {
		size = *e.Size
	}
	flags, madeBy, needs := int(e.Flags), 20, 20
	if e.Descriptor > 0 {
		flags |= 8
	}
	if e.Mode != 0 {
		madeBy |= 3 << 8
	}
	if e.Zip64 {
		needs = 45
	}
	localName := e.Name
	if e.LocalName != "" {
		localName = e.LocalName
	}
	if e.At != nil {
		at = *e.At
	}
	n, s, offset := len(packed), int(size), int(at)
	shown, told := [4]int{int(crc), n, s, offset}, [3]int{int(crc), n, s}
	extra, before := e.Extra, e.Local
	if e.Zip64 {
		shown[1], shown[2], shown[3], told[1], told[2] = 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff
		extra = string(words("2-2-8-8-8", 1, 24, s, n, offset)) + extra
		before = string(words("2-2-8-8", 1, 16, s, n)) + before
	}
	if e.Descriptor > 0 {
		told = [3]int{}
	}
	local = words("4-2-2-2-2-2-4-4-4-2-2", 0x04034b50, needs, flags, int(e.Method), int(e.Time), int(e.Date),
		told[0], told[1], told[2], len(localName), len(before))
	local = append(append(append(local, localName...), before...), packed...)
	switch e.Descriptor {
	case 12:
		local = append(local, words("4-4-4", int(crc), n, s)...)
	case 16:
		local = append(local, words("4-4-4-4", 0x08074b50, int(crc), n, s)...)
	case 24:
		local = append(local, words("4-4-8-8", 0x08074b50, int(crc), n, s)...)
	}
	central = words("4-2-2-2-2-2-2-4-4-4-2-2-2-2-2-4-4", 0x02014b50, madeBy, needs, flags, int(e.Method), int(e.Time), int(e.Date),
		shown[0], shown[1], shown[2], len(e.Name), len(extra), len(e.Comment), 0, 0, int(e.Mode)<<16, shown[3])
	central = append(append(append(central, e.Name...), extra...), e.Comment...)
	return local, central
}

// Deflate is compress/flate at a level, 0 for the default.
func Deflate(data []byte, level int) []byte {
	if level == 0 {
		level = flate.DefaultCompression
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		panic(err) // the level is the test's own
	}
	w.Write(data) //nolint:errcheck // a buffer takes everything
	w.Close()     //nolint:errcheck // likewise
	return b.Bytes()
}
