package account

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const pepperFile = "pepper"

// pepper is the secret of the keyed hashes: without it a stolen database does not even
// tell whether a guessed key exists.
type pepper [32]byte

// loadPepper reads the secret of the data folder dir. Where there is none it makes one,
// unless keys exist already, which it would make useless. Of two processes that make it
// at once both end with the same.
func loadPepper(dir string, keys int) (pepper, error) {
	var p pepper
	path := filepath.Join(dir, pepperFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if keys > 0 {
			return p, fmt.Errorf("the file %q is missing from the data folder, and without it none of the %d API keys can be checked: restore it from the backup that the database is from", pepperFile, keys)
		}
		raw, err = makePepper(dir, path)
	}
	if err != nil {
		return p, fmt.Errorf("pepper of the API keys: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return p, fmt.Errorf("pepper of the API keys: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return p, fmt.Errorf("the file %q in the data folder can be read by others (mode %04o): chmod 600 it", pepperFile, info.Mode().Perm())
	}
	if len(raw) != len(p) {
		return p, fmt.Errorf("the file %q in the data folder is damaged: %d bytes, not %d", pepperFile, len(raw), len(p))
	}
	return pepper(raw), nil
}

// makePepper writes the file whole before it gets its name, and never over another.
func makePepper(dir, path string) ([]byte, error) {
	tmp, err := os.CreateTemp(dir, pepperFile+"-*.part") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // best effort: it holds nothing in use
	var p pepper
	rand.Read(p[:]) //nolint:errcheck // never fails, by its documentation
	_, err = tmp.Write(p[:])
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
