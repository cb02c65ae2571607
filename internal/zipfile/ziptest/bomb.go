package ziptest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
)

// Zeros is an archive with one member of so many zero bytes.
func Zeros(size int64) []byte {
	packed, crc := deflatedZeros(size)
	n := uint32(size)
	return Zip(Entry{Name: "zeros", Method: Deflated, Packed: packed, CRC: &crc, Size: &n})
}

// Lying is an archive whose member declares another size than it has.
func Lying(declared uint32, size int64) []byte {
	packed, crc := deflatedZeros(size)
	return Zip(Entry{Name: "small", Method: Deflated, Packed: packed, CRC: &crc, Size: &declared})
}

// deflatedZeros deflates so many zeros, in MiB or less than one, and gives their checksum.
// All MiB but the first deflate to the same bytes.
func deflatedZeros(size int64) ([]byte, uint32) {
	block := make([]byte, min(size, 1<<20))
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a good one
	}
	var ends [2]int
	for i := range ends {
		w.Write(block) //nolint:errcheck // a buffer takes everything
		w.Flush()      //nolint:errcheck // likewise
		ends[i] = b.Len()
	}
	out := bytes.Clone(b.Bytes()[:ends[0]])
	sum := crc32.ChecksumIEEE(block)
	for n := int64(len(block)); n < size; n += int64(len(block)) {
		out = append(out, b.Bytes()[ends[0]:ends[1]]...)
		sum = crc32.Update(sum, crc32.IEEETable, block)
	}
	return append(out, 3, 0), sum // an empty last block
}

// Overlapping is an archive of n members that all lie at the same place: a megabyte of
// zeros each (after David Fifield, "A better zip bomb", 2019).
func Overlapping(n int) []byte {
	packed, crc := deflatedZeros(1 << 20)
	size, at := uint32(1<<20), uint32(0)
	kernel := Entry{Name: "0000", Method: Deflated, Packed: packed, CRC: &crc, Size: &size}
	local, _ := kernel.records(0)
	out := Archive{Entries: []Entry{kernel}}.Bytes()[:len(local)]
	dirAt := len(out)
	for i := range n {
		e := kernel
		e.Name, e.At = fmt.Sprintf("%04d", i), &at
		_, central := e.records(0)
		out = append(out, central...)
	}
	return append(out, Archive{}.end(n, len(out)-dirAt, dirAt, len(out))...)
}

// Quoting is an archive whose first member holds the second: the other kind of overlap.
func Quoting() []byte {
	inner := Entry{Name: "inner", Data: []byte("inner text")}
	quoted, _ := inner.records(0)
	outer := Entry{Name: "outer", Data: quoted}
	before, first := outer.records(0)
	at := uint32(len(before) - len(quoted))
	inner.At = &at
	_, second := inner.records(0)
	out := append(bytes.Clone(before), first...)
	out = append(out, second...)
	return append(out, Archive{}.end(2, len(first)+len(second), len(before), len(out))...)
}

// Nested is an archive in an archive, so many archives in all, around some data.
func Nested(levels int, data []byte) []byte {
	for i := range levels {
		name := fmt.Sprintf("level%d.zip", levels-i)
		if i == 0 {
			name = "core"
		}
		data = Zip(File(name, data))
	}
	return data
}

// Many is an archive of n empty members, fewer than a hundred thousand.
func Many(n int) []byte {
	local, central := Entry{Name: "00000"}.records(0)
	out := make([]byte, 0, n*(len(local)+len(central))+100)
	directory := make([]byte, 0, n*len(central))
	for i := range n {
		name := fmt.Appendf(nil, "%05d", i)
		directory = append(directory, central...)
		header := directory[len(directory)-len(central):]
		binary.LittleEndian.PutUint32(header[42:], uint32(len(out))) // where the member lies
		copy(header[len(header)-len(name):], name)
		out = append(out, local...)
		copy(out[len(out)-len(name):], name)
	}
	dirAt := len(out)
	out = append(out, directory...)
	return append(out, Archive{Zip64: n > 0xffff}.end(n, len(directory), dirAt, len(out))...)
}

// Quine reads an archive that holds itself from the hexadecimal text of testdata/archive.
func Quine(text string) ([]byte, error) {
	return hex.DecodeString(strings.Join(strings.Fields(text), ""))
}
