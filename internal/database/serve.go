package database

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Serving is the right to serve from one data folder.
type Serving struct {
	file *os.File
	node string
}

// Serve claims the data folder dir for this process until Release, or until the process
// ends in any way: the kernel drops the lock with it, so a kill leaves nothing to clean.
// A second server on the same folder is refused.
func Serve(dir string) (*Serving, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "serve.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	s, err := claim(f, dir)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// patience is how long a lock is waited for. A server that was killed while it started a
// process leaves it the lock until that has become another program, which takes milliseconds,
// or more on a busy machine.
const patience = 2 * time.Second

// lock takes the lock, or says after patience that another process has it.
func lock(f *os.File) error {
	for until := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(until) {
			return err
		}
	}
}

func claim(f *os.File, dir string) (*Serving, error) {
	err := lock(f)
	if errors.Is(err, unix.EWOULDBLOCK) {
		by := ""
		if text, err := io.ReadAll(io.LimitReader(f, 32)); err == nil && len(text) > 0 {
			by = " (process " + strings.TrimSpace(string(text)) + ")"
		}
		return nil, fmt.Errorf("another server%s is using the data folder %s: stop it, or give this one a folder of its own", by, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("lock of the data folder %s: %w", dir, err)
	}
	// The number only serves the message above; the lock is what counts.
	if err := f.Truncate(0); err != nil {
		return nil, fmt.Errorf("lock of the data folder: %w", err)
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		return nil, fmt.Errorf("lock of the data folder: %w", err)
	}
	node, err := nodeID(dir)
	if err != nil {
		return nil, err
	}
	return &Serving{file: f, node: node}, nil
}

// Node is the lasting name of this data folder's server: 16 hex digits, made once. Leases
// carry it, so that a server that starts again knows which of them were its own.
func (s *Serving) Node() string { return s.node }

// Release gives the data folder free.
func (s *Serving) Release() error { return s.file.Close() }

// nodeID reads the file "node", or makes it. Only the holder of the lock calls it.
func nodeID(dir string) (string, error) {
	path := filepath.Join(dir, "node")
	text, err := os.ReadFile(path)
	if id := strings.TrimSpace(string(text)); err == nil && len(id) == 16 {
		return id, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("name of this node: %w", err)
	}
	// A torn file, from a crash while it was made, is made anew: old leases then simply
	// run out.
	var raw [8]byte
	rand.Read(raw[:]) //nolint:errcheck // never fails, by its documentation
	id := hex.EncodeToString(raw[:])
	if err := os.WriteFile(path, []byte(id+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("name of this node: %w", err)
	}
	return id, nil
}

// lockFolder keeps other processes from opening the database until unlock. SQLite does not
// wait its turn when two turn a new file to WAL at once: one is told that it is busy.
func lockFolder(dir string) (unlock func() error, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX); err != unix.EINTR { //nolint:errorlint // a bare errno
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock of the data folder: %w", err), f.Close())
	}
	return f.Close, nil
}
