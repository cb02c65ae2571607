package zipfile

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"io"
	"testing"
)

// hollow is a file of which only the ends are there: zeros lie between.
type hollow struct {
	head, tail []byte
	size       int64
}

func (h hollow) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at < int64(len(h.head)) {
		copy(p, h.head[at:])
	}
	from := h.size - int64(len(h.tail))
	for i := max(0, from-at); i < int64(len(p)) && at+i < h.size; i++ {
		p[i] = h.tail[at+i-from]
	}
	if at+int64(len(p)) > h.size {
		return int(h.size - at), io.EOF
	}
	return len(p), nil
}

// TestZip64: a member of 5 GiB and one behind it are written so that the standard library
// finds both, and are read back.
func TestZip64(t *testing.T) {
	const size = 5 << 30
	text := []byte("text")
	large := Member{Name: "large", Method: Stored, Size: size, Packed: size, Header: Header{Extra: "ab\x00\x00"}}
	after := Member{Name: "after", Method: Stored, Size: 4, Packed: 4, CRC: crc32.ChecksumIEEE(text)}
	h := hollow{head: large.localHeader()}
	place := int64(len(h.head)) + size
	h.tail = append(after.localHeader(), text...)
	dirAt := place + int64(len(h.tail))
	directory := append(large.centralHeader(0), after.centralHeader(place)...)
	h.tail = append(h.tail, directory...)
	h.tail = append(h.tail, endRecords(2, uint64(len(directory)), uint64(dirAt), uint64(dirAt)+uint64(len(directory)), "end")...)
	h.size = place + int64(len(h.tail))

	std, err := zip.NewReader(h, h.size)
	if err != nil || len(std.File) != 2 || std.File[0].UncompressedSize64 != size || std.Comment != "end" {
		t.Fatalf("%v, %+v", err, std)
	}
	r, err := std.File[1].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, text) {
		t.Errorf("%q, %v", got, err)
	}
	a, err := Read(h, h.size)
	if err != nil || a.NotHandled != "" || len(a.Members) != 2 {
		t.Fatalf("%v, %+v", err, a)
	}
	for i, want := range []Member{large, after} {
		if m := a.Members[i]; !m.SameAttributes(&want) || m.Size != want.Size || m.Packed != want.Packed || m.why != "" {
			t.Errorf("%+v", m)
		}
	}
}
