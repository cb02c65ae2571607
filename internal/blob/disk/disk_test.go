package disk_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"compressor/internal/blob/disk"
)

func newStore(t *testing.T) (*disk.Store, string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "data")
	s, err := disk.New(root)
	if err != nil {
		t.Fatal(err)
	}
	return s, root
}

// staged writes a finished file into a fresh incoming folder.
func staged(t *testing.T, s *disk.Store, text string) string {
	t.Helper()
	dir, err := s.Incoming()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "blob-1")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func keep(t *testing.T, s *disk.Store, name, text string) {
	t.Helper()
	if err := s.Keep(staged(t, s, text), name, false); err != nil {
		t.Fatal(err)
	}
}

// kept lists all files below a folder of the store.
func kept(t *testing.T, root, folder string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(root, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestKeepAndOpen(t *testing.T) {
	s, root := newStore(t)
	for _, durable := range []bool{false, true} {
		path := staged(t, s, "contents")
		if err := s.Keep(path, "results/job/1", durable); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the staged file is still there: %v", err)
		}
		f, err := s.Open("results/job/1")
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(f); err != nil || string(data) != "contents" {
			t.Errorf("%q, %v", data, err)
		}
		f.Close()
	}
	if err := s.Sync("results/job/1"); err != nil {
		t.Error(err)
	}
	if err := s.Sync("results/job/2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Sync of what is not there: %v", err)
	}
	if path, err := s.Path("results/job/1"); err != nil || path != filepath.Join(root, "results", "job", "1") {
		t.Errorf("Path %s, %v", path, err)
	}
	if _, err := s.Open("results/job/2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of what is not there: %v", err)
	}
	if err := s.Keep(filepath.Join(root, "nothing"), "inputs/x", true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Keep of what is not there: %v", err)
	}
	info, err := os.Stat(root)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory is open to others: %v, %v", info.Mode(), err)
	}
}

// TestNames: no name leads out of the directory.
func TestNames(t *testing.T) {
	s, root := newStore(t)
	secret := filepath.Join(filepath.Dir(root), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "../secret", "a/../../secret", secret, "..", "inputs/../../secret"} {
		if f, err := s.Open(name); err == nil {
			f.Close()
			t.Errorf("Open(%q) succeeds", name)
		}
		if err := s.Keep(staged(t, s, "y"), name, false); err == nil {
			t.Errorf("Keep(%q) succeeds", name)
		}
		if err := s.Remove(name); err == nil {
			t.Errorf("Remove(%q) succeeds", name)
		}
		if err := s.Sync(name); err == nil {
			t.Errorf("Sync(%q) succeeds", name)
		}
	}
	if data, err := os.ReadFile(secret); err != nil || string(data) != "x" {
		t.Errorf("the file outside: %q, %v", data, err)
	}
}

func TestRemove(t *testing.T) {
	s, root := newStore(t)
	keep(t, s, "inputs/job", "a")
	keep(t, s, "results/job/1", "b")
	keep(t, s, "results/job/2", "c")
	for range 2 { // the second time there is nothing to do
		for _, name := range []string{"inputs/job", "results/job/1"} {
			if err := s.Remove(name); err != nil {
				t.Error(err)
			}
		}
	}
	if left := kept(t, root, "."); !slices.Equal(left, []string{"results/job/2"}) {
		t.Errorf("left: %v", left)
	}
	if err := s.Remove("results/job/2"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(root, "results", "job")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the job's folder is left: %v", err)
	}
	for _, folder := range []string{"inputs", "results"} {
		if _, err := os.Stat(filepath.Join(root, folder)); err != nil {
			t.Errorf("%s went too: %v", folder, err)
		}
	}
}

func TestSweepIncoming(t *testing.T) {
	s, root := newStore(t)
	staged(t, s, "half")
	keep(t, s, "inputs/job", "whole")
	if err := s.SweepIncoming(); err != nil {
		t.Fatal(err)
	}
	if left := kept(t, root, "."); !slices.Equal(left, []string{"inputs/job"}) {
		t.Errorf("left: %v", left)
	}
	if _, err := s.Incoming(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestSweepOrphans(t *testing.T) {
	s, root := newStore(t)
	now := time.Now()
	for name, age := range map[string]time.Duration{
		"results/used/1": 3 * time.Hour, "results/used/2": 3 * time.Hour,
		"results/young/1": time.Minute, "results/old/1": 2 * time.Hour, "inputs/old": 9 * time.Hour,
	} {
		keep(t, s, name, "x")
		when := now.Add(-age)
		if err := os.Chtimes(filepath.Join(root, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	n, err := s.SweepOrphans("results", map[string]bool{"results/used/2": true}, time.Hour, now)
	if err != nil || n != 2 {
		t.Errorf("removed %d, %v, want 2", n, err)
	}
	if left := kept(t, root, "results"); !slices.Equal(left, []string{"results/used/2", "results/young/1"}) {
		t.Errorf("left: %v", left)
	}
	if _, err := os.Stat(filepath.Join(root, "results", "old")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder is left: %v", err)
	}
	if left := kept(t, root, "inputs"); len(left) != 1 {
		t.Errorf("another folder was swept: %v", left)
	}
	if n, err := s.SweepOrphans("nothing", nil, 0, now); n != 0 || err != nil {
		t.Errorf("a folder that is not there: %d, %v", n, err)
	}
}

func TestFree(t *testing.T) {
	s, _ := newStore(t)
	free, total, err := s.Free()
	if err != nil || free < 0 || total <= 0 || free > total {
		t.Errorf("%d of %d, %v", free, total, err)
	}
}
