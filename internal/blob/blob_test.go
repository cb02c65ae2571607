package blob_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"compressor/internal/blob"
)

// whole fails unless b is exactly these bytes, and says so of itself.
func whole(t *testing.T, b blob.Blob, want []byte) {
	t.Helper()
	got, err := b.Bytes(1 << 20)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("contents %q, %v, want %q", got, err, want)
	}
	if b.Size != int64(len(want)) || b.Sum != sha256.Sum256(want) || b.SHA1 != sha1.Sum(want) {
		t.Errorf("size %d, sums %x %x of %q", b.Size, b.Sum, b.SHA1, want)
	}
	if text := fmt.Sprintf("%x", sha256.Sum256(want)); b.Sum.String() != text {
		t.Errorf("sum in text %s, want %s", b.Sum, text)
	}
	f, err := b.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if again, err := io.ReadAll(f); err != nil || !bytes.Equal(again, want) {
		t.Errorf("read again: %q, %v", again, err)
	}
}

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWrite(t *testing.T) {
	s := blob.NewScratch(t.TempDir())
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"one ", "", "two"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if w.Size() != 7 {
		t.Errorf("size %d while writing", w.Size())
	}
	b, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	whole(t, b, []byte("one two"))
	w.Discard()
	whole(t, b, []byte("one two"))
	if _, err := w.Commit(); err == nil {
		t.Error("a second Commit succeeds")
	}
	info, err := os.Stat(b.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	other, err := blob.Of(b.Path())
	if err != nil || !other.Same(b) {
		t.Errorf("Of gives %+v, %v", other, err)
	}
	s.Remove(b)
	if _, err := b.Open(); err == nil || len(names(t, s.Dir())) != 0 {
		t.Errorf("after Remove: %v, %v", err, names(t, s.Dir()))
	}
}

// TestEmpty: nothing at all is contents too.
func TestEmpty(t *testing.T) {
	s := blob.NewScratch(t.TempDir())
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	whole(t, b, nil)
}

func TestDiscard(t *testing.T) {
	s := blob.NewScratch(t.TempDir())
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	w.Discard()
	w.Discard()
	if left := names(t, s.Dir()); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := w.Commit(); err == nil {
		t.Error("Commit after Discard succeeds")
	}
}

// TestUnfinishedIsUnseen: nobody meets a half-written blob under a finished one's name.
func TestUnfinishedIsUnseen(t *testing.T) {
	s := blob.NewScratch(t.TempDir())
	a, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names(t, s.Dir()) {
		if filepath.Ext(name) != ".part" {
			t.Errorf("%s stands there unfinished", name)
		}
	}
	first, err := a.Commit()
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.Commit()
	if err != nil || first.Path() == second.Path() {
		t.Errorf("%s and %s, %v", first.Path(), second.Path(), err)
	}
}

func TestAdopt(t *testing.T) {
	s := blob.NewScratch(t.TempDir())
	made := filepath.Join(s.Dir(), "tool-output")
	if err := os.WriteFile(made, []byte("by a tool"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("replaced")); err != nil {
		t.Fatal(err)
	}
	if err := w.Adopt(filepath.Join(s.Dir(), "missing")); err == nil {
		t.Error("a missing file was adopted")
	}
	if err := w.Adopt(made); err != nil {
		t.Fatal(err)
	}
	if w.Size() != 9 {
		t.Errorf("size %d after Adopt", w.Size())
	}
	b, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	whole(t, b, []byte("by a tool"))
	if left := names(t, s.Dir()); len(left) != 1 {
		t.Errorf("left: %v", left)
	}

	if err := os.WriteFile(made, []byte("again"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err = s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Adopt(made); err != nil {
		t.Fatal(err)
	}
	w.Discard()
	if left := names(t, s.Dir()); len(left) != 1 {
		t.Errorf("left after Discard: %v", left)
	}
}

func TestBounds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("twelve bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := blob.Of(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Bytes(11); err == nil {
		t.Error("12 bytes were read with a limit of 11")
	}
	if data, err := b.Bytes(12); err != nil || string(data) != "twelve bytes" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := blob.Of(path + "-missing"); err == nil {
		t.Error("a missing file has a blob")
	}
	if b.Same(blob.Blob{}) || !b.Same(b) {
		t.Error("Same")
	}
	// A blob outside the scratch folder is not the scratch's to remove.
	blob.NewScratch(t.TempDir()).Remove(b)
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestCloseRemovesAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "scratch")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := blob.NewScratch(dir)
	if _, err := s.Create(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", dir, err)
	}
	if _, err := s.Create(); err == nil {
		t.Error("Create after Close succeeds")
	}
}
