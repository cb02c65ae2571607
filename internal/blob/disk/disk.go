// Package disk keeps blobs in folders of one data directory, under names that the server
// chooses: "inputs/<job>", "results/<job>-<epoch>".
//
// A name shows up only when its contents are complete. What Keep returned from is on the
// disk itself, not only in the page cache, so a row that names it may be committed.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"compressor/internal/problem"
)

// Store is one data directory.
type Store struct{ root string }

// New makes the directory if it is missing, closed to other users.
func New(root string) (*Store, error) {
	s := &Store{root: root}
	for _, dir := range []string{root, filepath.Join(root, incoming)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	return s, syncPath(root)
}

// incoming holds what is still being received, a folder each.
const incoming = "incoming"

// Incoming makes a fresh private folder on the same file system, for a Scratch.
func (s *Store) Incoming() (string, error) {
	return os.MkdirTemp(filepath.Join(s.root, incoming), "")
}

// Keep moves the finished file at path to name. With durable it returns only when the
// contents and the name are on the disk. It renames before it flushes: one flush of the
// journal then covers both, and a name that a crash has left behind is nobody's, since no
// row names it yet.
func (s *Store) Keep(path, name string, durable bool) error {
	to, err := s.path(name)
	if err != nil {
		return err
	}
	if err := s.folder(filepath.Dir(to)); err != nil {
		return full(err)
	}
	if err := os.Rename(path, to); err != nil {
		return full(err)
	}
	if durable {
		return s.Sync(name)
	}
	return nil
}

// Link gives the kept file from a second name, and returns only when that is on the disk, as
// the contents must be already. A file that a crash left under that name gives way. The file
// counts as young from now on, so that it is not taken for an orphan before a row names it.
func (s *Store) Link(from, name string) error {
	old, err := s.path(from)
	if err != nil {
		return err
	}
	to, err := s.path(name)
	if err != nil {
		return err
	}
	if err := s.folder(filepath.Dir(to)); err != nil {
		return full(err)
	}
	now := time.Now()
	if err := os.Chtimes(old, now, now); err != nil {
		return err
	}
	if err := s.Remove(name); err != nil {
		return err
	}
	if err := os.Link(old, to); err != nil {
		return full(err)
	}
	return full(syncPath(filepath.Dir(to)))
}

// folder makes a folder that is missing, and makes it last: once, so that keeping a file
// in it costs no more than the file and its name.
func (s *Store) folder(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for dir != s.root && len(dir) > len(s.root) {
		dir = filepath.Dir(dir)
		if err := syncPath(dir); err != nil {
			return err
		}
	}
	return nil
}

// syncers is how many files are flushed at once, so that they share commits of the journal.
const syncers = 16

// Sync makes durable what was kept without.
func (s *Store) Sync(names ...string) error {
	var g errgroup.Group
	g.SetLimit(syncers)
	folders := map[string]bool{}
	for _, name := range names {
		path, err := s.path(name)
		if err != nil {
			return errors.Join(err, g.Wait())
		}
		folders[filepath.Dir(path)] = true
		g.Go(func() error { return syncPath(path) })
	}
	if err := g.Wait(); err != nil {
		return full(err)
	}
	for folder := range folders {
		if err := syncPath(folder); err != nil {
			return full(err)
		}
	}
	return nil
}

// Open gives a kept file. A missing one is an fs.ErrNotExist.
func (s *Store) Open(name string) (*os.File, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// Path is where name lies, for handing it to a job process.
func (s *Store) Path(name string) (string, error) { return s.path(name) }

// Remove deletes name, and its folder if that is empty then. A missing one is no error.
func (s *Store) Remove(name string) error {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if dir := filepath.Dir(path); strings.Count(name, "/") > 1 {
		os.Remove(dir) // fails, rightly, while another epoch's result is in it
	}
	return nil
}

// SweepIncoming removes what an earlier process left half-received.
func (s *Store) SweepIncoming() error {
	dir := filepath.Join(s.root, incoming)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// SweepOrphans removes kept files below folder that inUse does not name and that are
// older than age: what a process left that died between keeping and committing.
func (s *Store) SweepOrphans(folder string, inUse map[string]bool, age time.Duration, now time.Time) (int, error) {
	root := filepath.Join(s.root, folder)
	removed := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(s.root, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || inUse[filepath.ToSlash(name)] || now.Sub(info.ModTime()) < age {
			return nil // in use, young, or gone meanwhile
		}
		removed++
		return s.Remove(filepath.ToSlash(name))
	})
	return removed, err
}

// Free is how many bytes are left for us, and of how many in all.
func (s *Store) Free() (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(s.root, &st); err != nil {
		return 0, 0, err
	}
	return int64(st.Bavail) * st.Bsize, int64(st.Blocks) * st.Bsize, nil
}

// path refuses names that would leave the directory. Names are the server's own; this is
// the second lock on that door.
func (s *Store) path(name string) (string, error) {
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("disk: bad blob name %q", name)
	}
	return filepath.Join(s.root, filepath.FromSlash(name)), nil
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// full turns a full disk into its own problem.
func full(err error) error {
	if problem.Full(err) {
		return problem.New(problem.StorageFull).Because(err)
	}
	return err
}
