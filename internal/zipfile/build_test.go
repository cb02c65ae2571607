package zipfile_test

import (
	"bytes"
	"io"
	"os"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/zipfile"
	"compressor/internal/zipfile/ziptest"
)

// read opens an archive that must be good.
func read(t *testing.T, data []byte) *zipfile.Archive {
	t.Helper()
	a, err := zipfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("%v (%v)", err, problem.From(err).Cause())
	}
	return a
}

// copied writes the archive anew, members as they are or with their bodies set anew.
func copied(t *testing.T, a *zipfile.Archive, whole bool) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zipfile.NewWriter(&out, a.Marker)
	for _, i := range a.Order() {
		m := &a.Members[i]
		var err error
		if whole || m.Why() != "" || m.IsDir() {
			err = w.Copy(i, a, m)
		} else {
			raw := a.Raw(m)
			err = w.Add(i, m, zipfile.Body{Method: m.Method, CRC: m.CRC, Size: m.Size, Packed: m.Packed,
				Data: func(w io.Writer) error { _, err := io.Copy(w, raw); return err }})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(a.Comment); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func quine(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("../../testdata/archive/quine.hex")
	if err != nil {
		t.Fatal(err)
	}
	data, err := ziptest.Quine(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// odd is an archive of all that ordinary tools write.
func odd() []byte {
	text := bytes.Repeat([]byte("some text that repeats. "), 40)
	return ziptest.Archive{
		Comment: "of the archive\x00\xff", Order: []int{1, 0, 2, 3, 4, 5, 6, 7, 8, 9},
		Entries: []ziptest.Entry{
			{Name: "mimetype", Data: []byte("application/epub+zip")},
			ziptest.File("dir/a.txt", text),
			{Name: "dir/", Mode: 0o040755},
			{Name: "caf\x82.txt", Data: text, Method: ziptest.Deflated, Comment: "code page 437"},
			{Name: "grün.txt", Data: text, Method: ziptest.Deflated, Flags: 1 << 11, Descriptor: 16,
				Local: "UT\x09\x00\x03abcdefgh", Extra: "UT\x05\x00\x03abcd"},
			{Name: "bare", Data: text, Method: ziptest.Deflated, Descriptor: 12, Effort: 9, Flags: 2},
			{Name: "wide", Data: text, Method: ziptest.Deflated, Descriptor: 24, Zip64: true},
			{Name: "link", Data: []byte("target"), Mode: 0o120777},
			{Name: "script.sh", Data: []byte("#!/bin/sh\n"), Mode: 0o100755, Local: "\x00\x00\x00"},
			{Name: "empty", Method: ziptest.Deflated},
		},
	}.Bytes()
}
