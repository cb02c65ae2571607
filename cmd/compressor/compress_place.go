package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"compressor/internal/problem"
)

// errChanged says that somebody wrote to a file while it was handled.
var errChanged = errors.New("the file changed while it was being handled")

// unwritten is the problem of a result that could not be put in its place.
func unwritten(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errChanged):
		return problem.Newf(problem.StoreFailed, "The file changed while it was being handled; it is left as it is.").Because(err)
	case errors.Is(err, fs.ErrExist):
		return problem.Newf(problem.StoreFailed, "Something stands where the result goes; --force overwrites it.").Because(err)
	}
	return problem.Newf(problem.StoreFailed, "The result cannot be written: %v.", rootCause(err)).Because(err)
}

// writeFile writes a new file at path, whole or not at all, with these permissions. The
// contents must have the SHA-256 sum, in hexadecimal. Folders are made. What is there
// already stays, unless force is given.
func writeFile(path string, from io.Reader, mode fs.FileMode, sum string, force bool) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return unwritten(err)
	}
	hash := sha256.New()
	temp, err := writeTemp(filepath.Dir(path), io.TeeReader(from, hash), mode)
	if err != nil {
		return unwritten(err)
	}
	defer os.Remove(temp) //nolint:errcheck // it is gone when all went well
	if fmt.Sprintf("%x", hash.Sum(nil)) != sum {
		return unwritten(errChanged)
	}
	if force {
		return unwritten(os.Rename(temp, path))
	}
	return unwritten(renameNew(temp, path))
}

// replaceFile puts the result in the place of the item's file, in one step, unless
// somebody changed the file since it was planned.
func replaceFile(it item, from io.Reader) error {
	temp, err := writeTemp(filepath.Dir(it.real), from, it.info.Mode().Perm())
	if err != nil {
		return unwritten(err)
	}
	defer os.Remove(temp) //nolint:errcheck // it is gone when all went well
	now, err := os.Lstat(it.real)
	if err != nil {
		return unwritten(err)
	}
	if !os.SameFile(now, it.info) || now.Size() != it.info.Size() || !now.ModTime().Equal(it.info.ModTime()) {
		return unwritten(errChanged)
	}
	return unwritten(os.Rename(temp, it.real))
}

// writeTemp writes a file of a temporary name into folder, down to the disk, so that a
// crash after it was renamed cannot leave an empty one.
func writeTemp(folder string, from io.Reader, mode fs.FileMode) (path string, err error) {
	temp, err := os.CreateTemp(folder, ".compressor-*.part")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(temp, from)
	if err == nil {
		err = temp.Chmod(mode)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return "", errors.Join(err, os.Remove(temp.Name()))
	}
	return temp.Name(), nil
}

// renameNew renames a file to a name that nothing has, in one step where the file system
// can.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}
