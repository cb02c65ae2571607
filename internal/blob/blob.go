// Package blob holds file contents as finished, hashed, read-only local files.
//
// A Blob exists only once its bytes are complete and hashed; nobody ever sees a
// half-written one. A Scratch is the private folder in which a job makes them.
package blob

import (
	"crypto/sha1" // #nosec: the wire format carries SHA-1 beside SHA-256; it identifies nothing
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
)

// Sum is a SHA-256 of contents: the identity of a blob.
type Sum [sha256.Size]byte

// String is the sum in 64 lower-case hexadecimal digits.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// Blob is finished contents on disk. It is immutable; copies are cheap and Open may be
// called many times at once.
type Blob struct {
	Sum  Sum
	SHA1 [sha1.Size]byte // for the wire format only
	Size int64           // bytes
	path string
}

// Open returns a fresh reader. It is an *os.File so that codecs have ReadAt and Seek.
func (b Blob) Open() (*os.File, error) { return os.Open(b.path) }

// Path is for tools and libraries that read a file by name.
func (b Blob) Path() string { return b.path }

// Bytes reads the whole blob, refusing one larger than limit bytes.
func (b Blob) Bytes(limit int64) ([]byte, error) {
	if b.Size > limit {
		return nil, fmt.Errorf("blob of %d bytes is over the limit of %d", b.Size, limit)
	}
	return os.ReadFile(b.path)
}

// Same says whether two blobs hold equal bytes.
func (b Blob) Same(other Blob) bool { return b.Sum == other.Sum && b.Size == other.Size }

// Of hashes the file at path, which must not change afterwards, in one pass.
func Of(path string) (Blob, error) {
	f, err := os.Open(path)
	if err != nil {
		return Blob{}, err
	}
	defer f.Close()
	d := newDigest()
	if _, err := io.Copy(d, f); err != nil {
		return Blob{}, err
	}
	return d.blob(path), nil
}

// SumOf is the sum of all that is left to read of r.
func SumOf(r io.Reader) (Sum, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return Sum(h.Sum(nil)), err
}

// Scratch makes Writers in one folder and removes it whole on Close. One per job.
type Scratch struct {
	dir  string
	next atomic.Int64
}

// NewScratch uses dir, which must exist and be private to the job.
func NewScratch(dir string) *Scratch { return &Scratch{dir: dir} }

// Dir is the folder itself, for tools that need one to work in.
func (s *Scratch) Dir() string { return s.dir }

// Create starts new contents.
func (s *Scratch) Create() (*Writer, error) {
	name := filepath.Join(s.dir, "blob-"+strconv.FormatInt(s.next.Add(1), 10))
	f, err := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &Writer{f: f, path: name, digest: newDigest()}, nil
}

// Close removes the folder and every blob in it.
func (s *Scratch) Close() error { return os.RemoveAll(s.dir) }

// Writer collects new contents, hashed while they pass. It is used by one goroutine.
type Writer struct {
	f      *os.File
	path   string
	digest *digest
	done   bool
}

// Write appends.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	w.digest.add(p[:n])
	return n, err
}

// Size is how many bytes were written so far.
func (w *Writer) Size() int64 { return w.digest.size }

// Adopt replaces what was written by a tool's finished output file, without copying.
// The file must lie on the same file system; it is moved away.
func (w *Writer) Adopt(path string) error {
	b, err := Of(path)
	if err != nil {
		return err
	}
	if err := os.Rename(path, w.path+".part"); err != nil {
		return err
	}
	w.digest.replace(b)
	return nil
}

// Commit finishes the contents and makes them a Blob.
func (w *Writer) Commit() (Blob, error) {
	if w.done {
		return Blob{}, errors.New("blob: writer is finished already")
	}
	w.done = true
	if err := w.f.Close(); err != nil {
		return Blob{}, err
	}
	if err := os.Rename(w.path+".part", w.path); err != nil {
		return Blob{}, err
	}
	return w.digest.blob(w.path), nil
}

// Discard throws the contents away. After Commit it does nothing.
func (w *Writer) Discard() {
	if w.done {
		return
	}
	w.done = true
	w.f.Close()
	os.Remove(w.path + ".part")
}

// Remove deletes a committed blob that is not needed any more, to give disk back early.
func (s *Scratch) Remove(b Blob) {
	if filepath.Dir(b.path) == s.dir {
		os.Remove(b.path)
	}
}

// digest computes both hashes and the size in one pass.
type digest struct {
	sha256, sha1 hash.Hash
	size         int64
	known        *Blob // set by Adopt: hashed already
}

func newDigest() *digest { return &digest{sha256: sha256.New(), sha1: sha1.New()} }

// Write makes a digest an io.Writer, for io.Copy.
func (d *digest) Write(p []byte) (int, error) {
	d.add(p)
	return len(p), nil
}

func (d *digest) add(p []byte) {
	d.sha256.Write(p)
	d.sha1.Write(p)
	d.size += int64(len(p))
}

func (d *digest) replace(b Blob) {
	d.known, d.size = &b, b.Size
}

func (d *digest) blob(path string) Blob {
	if d.known != nil {
		b := *d.known
		b.path = path
		return b
	}
	b := Blob{Size: d.size, path: path}
	d.sha256.Sum(b.Sum[:0])
	d.sha1.Sum(b.SHA1[:0])
	return b
}
