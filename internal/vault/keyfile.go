package vault

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxFile is the largest file of master keys, in bytes: more than a thousand of them.
const maxFile = 64 << 10

// Load reads a file with master keys, as ParseRing reads them. It must be closed to others
// (mode 0600).
func Load(file string) (Ring, error) {
	f, err := os.Open(file)
	if err != nil {
		return Ring{}, fmt.Errorf("master keys: %w", err)
	}
	defer f.Close()
	_, r, err := read(f)
	return r, err
}

// read reads an open file with master keys, and returns its text, too.
func read(f *os.File) (string, Ring, error) {
	info, err := f.Stat()
	if err != nil {
		return "", Ring{}, fmt.Errorf("master keys: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", Ring{}, fmt.Errorf("master keys: %q is not a file", info.Name())
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", Ring{}, fmt.Errorf("master keys: the file %q can be read by others (mode %04o): chmod 600 it", info.Name(), info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", Ring{}, fmt.Errorf("master keys: %w", err)
	}
	if len(text) > maxFile {
		return "", Ring{}, fmt.Errorf("master keys: the file %q is larger than %d bytes", info.Name(), maxFile)
	}
	r, err := ParseRing(string(text))
	if err != nil {
		return "", Ring{}, fmt.Errorf("master keys: the file %q: %w", info.Name(), err)
	}
	return string(text), r, nil
}

// Make writes a new file with one master key, of the id 1: whole before it has its name, of
// mode 0600, and on the disk when it returns. Error: fs.ErrExist where there is a file.
func Make(file string) error {
	err := put(file, "# Master keys of Compressor, id:base64. The highest id seals, all open.\n"+
		"# Without them the credentials of connectors are lost: back this file up.\n"+newKey(1), os.Link) // never over another
	if err != nil {
		return fmt.Errorf("new master key: %w", err)
	}
	return nil
}

// Add adds a new master key to a file and returns its id, one above the highest. The file
// is replaced whole, so nobody reads half a key.
func Add(file string) (id uint32, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, fmt.Errorf("new master key: %w", err)
	}
	defer f.Close() // and with it the lock
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return 0, fmt.Errorf("new master key: %w", err)
	}
	if err := unchanged(f, file); err != nil {
		return 0, err
	}
	text, r, err := read(f)
	if err != nil {
		return 0, err
	}
	if r.Newest() == math.MaxUint32 {
		return 0, errors.New("new master key: there is no id above the highest")
	}
	id = r.Newest() + 1
	if err := put(file, strings.TrimRight(text, "\n")+"\n"+newKey(id), os.Rename); err != nil {
		return 0, fmt.Errorf("new master key: %w", err)
	}
	return id, nil
}

// unchanged says whether f still has the name file. Somebody who held the lock before may
// have replaced it, and a key added to the old one would be lost.
func unchanged(f *os.File, file string) error {
	held, err := f.Stat()
	if err != nil {
		return fmt.Errorf("new master key: %w", err)
	}
	named, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("new master key: %w", err)
	}
	if !os.SameFile(held, named) {
		return errors.New("new master key: somebody else added one at this moment; try again if another is wanted")
	}
	return nil
}

// newKey is a line with a random key.
func newKey(id uint32) string {
	var key [KeySize]byte
	rand.Read(key[:]) //nolint:errcheck // never fails, by its documentation
	return fmt.Sprintf("%d:%s\n", id, base64.StdEncoding.EncodeToString(key[:]))
}

// put writes a text to a new file of mode 0600 and then gives it its name by place.
func put(file, text string, place func(tmp, file string) error) error {
	dir := filepath.Dir(file)
	tmp, err := os.CreateTemp(dir, filepath.Base(file)+"-*.part") // with O_EXCL and mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // by now a second name, or one of nothing in use
	_, err = tmp.WriteString(text)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := place(tmp.Name(), file); err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
