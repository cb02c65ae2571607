package zipfile_test

import (
	"bytes"
	"io"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/zipfile"
	"compressor/internal/zipfile/ziptest"
)

// FuzzRead: whatever is read is refused with a problem of the file, or can be copied: the
// copy holds members with the same attributes and contents, and copies to itself.
func FuzzRead(f *testing.F) {
	f.Add(odd())
	f.Add(quine(f))
	f.Add(ziptest.Quoting())
	f.Add(ziptest.Archive{Entries: []ziptest.Entry{ziptest.File("a", nil)}, Zip64: true, Comment: "c"}.Bytes())
	f.Fuzz(fuzzed)
}

func fuzzed(t *testing.T, data []byte) {
	a, err := zipfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		if !problem.Has(err, problem.FileCorrupt) && !problem.Has(err, problem.LimitExceeded) {
			t.Fatal(err)
		}
		return
	}
	if a.NotHandled != "" {
		return
	}
	fresh := copied(t, a, false)
	if len(fresh) > len(data) {
		t.Fatalf("%d bytes became %d", len(data), len(fresh))
	}
	b := read(t, fresh)
	if len(b.Members) != len(a.Members) {
		t.Fatalf("%d members became %d", len(a.Members), len(b.Members))
	}
	left, right := a.Reader(), b.Reader()
	for i := range a.Members {
		m, n := &a.Members[i], &b.Members[i]
		if !n.SameAttributes(m) {
			t.Fatalf("%+v became %+v", m, n)
		}
		if m.Why() != "" || m.Size > 1<<20 {
			continue
		}
		left.Open(m)
		right.Open(n)
		want, err := io.ReadAll(left)
		got, err2 := io.ReadAll(right)
		if !bytes.Equal(got, want) || (err == nil) != (err2 == nil) {
			t.Fatalf("%v: %d bytes, %v, became %d, %v", m, len(want), err, len(got), err2)
		}
	}
	if !bytes.Equal(copied(t, b, false), fresh) {
		t.Fatal("a second copy differs")
	}
}
