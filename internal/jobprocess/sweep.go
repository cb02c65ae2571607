package jobprocess

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A pool's folders live in pool-N, beside pool-N.lock, on which the pool holds a lock for
// as long as its process lives. Only a folder whose lock can be had is stale, so services
// and command lines may share a work folder.
const (
	poolPrefix = "pool-"
	lockSuffix = ".lock"
)

// home is the folder of one pool, with its lock.
type home struct {
	path string
	lock *os.File
}

func newHome(workDir string) (*home, error) {
	for range 100 {
		lock, err := os.CreateTemp(workDir, poolPrefix+"*"+lockSuffix)
		if err != nil {
			return nil, err
		}
		if locked(lock) {
			path := strings.TrimSuffix(lock.Name(), lockSuffix)
			if err := os.Mkdir(path, 0o700); err != nil {
				return nil, errors.Join(err, lock.Close(), os.Remove(lock.Name()))
			}
			return &home{path: path, lock: lock}, nil
		}
		lock.Close() // a sweep took the name for a stale one and is removing it
	}
	return nil, errors.New("no folder could be locked")
}

// locked takes the lock, and makes sure that it is still the one found under its name.
func locked(file *os.File) bool {
	if unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false
	}
	held, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(file.Name())
	return err == nil && os.SameFile(held, named)
}

func (h *home) remove() error {
	return errors.Join(os.RemoveAll(h.path), os.Remove(h.lock.Name()), h.lock.Close())
}

// Sweep removes the folders that pools of dead processes left in workDir and returns how
// many there were. A folder that is still being written to, by a job process that is just
// ending, is left for the next sweep.
func Sweep(workDir string) (int, error) {
	entries, err := os.ReadDir(workDir)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("sweep of job folders: %w", err)
	}
	swept := 0
	var failures []error
	for _, entry := range entries {
		name, isLock := strings.CutSuffix(entry.Name(), lockSuffix)
		if !isLock || !strings.HasPrefix(name, poolPrefix) {
			continue
		}
		done, err := sweepOne(filepath.Join(workDir, name))
		if done {
			swept++
		}
		if err != nil {
			failures = append(failures, err)
		}
	}
	return swept, errors.Join(failures...)
}

func sweepOne(path string) (bool, error) {
	lock, err := os.OpenFile(path+lockSuffix, os.O_RDWR, 0)
	if err != nil {
		return false, nil // removed by its owner, or by another sweep
	}
	defer lock.Close()
	if !locked(lock) {
		return false, nil
	}
	if err := os.RemoveAll(path); err != nil {
		return false, fmt.Errorf("sweep of job folders: %w", err)
	}
	return true, os.Remove(lock.Name())
}
