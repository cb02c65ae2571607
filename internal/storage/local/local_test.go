package local_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"compressor/internal/storage"
	"compressor/internal/storage/local"
	"compressor/internal/storage/storagetest"
)

func TestStore(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) *storagetest.Bench {
		root := t.TempDir()
		look := func(t *testing.T, key string) (storagetest.Seen, bool) {
			data, err := os.ReadFile(filepath.Join(root, "box", filepath.FromSlash(key)))
			if errors.Is(err, fs.ErrNotExist) {
				return storagetest.Seen{}, false
			}
			if err != nil {
				t.Fatal(err)
			}
			return storagetest.Seen{Size: int64(len(data)), Sum: sha256.Sum256(data)}, true
		}
		return &storagetest.Bench{
			Look: look, Can: storagetest.Can{NoACL: true, Refuses: true, Keeps: true, Folder: true},
			Unfinished: func(t *testing.T) int { return len(parts(t, root)) },
			Open: func(t *testing.T, s storagetest.Setup) storage.Bucket {
				p := storage.Place{Provider: storage.Local, Root: filepath.Join(root, "box")}
				roots := []string{root}
				if s.Bucket != "" { // a root that the operator allows and that is not there
					roots = []string{filepath.Join(root, s.Bucket)}
					p.Root = roots[0]
				}
				return open(t, p, roots)
			},
		}
	})
}

func open(t *testing.T, p storage.Place, roots []string) storage.Bucket {
	t.Helper()
	b, err := local.Open(p, roots)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// parts are the unfinished files below a folder.
func parts(t *testing.T, root string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".compressor-part-") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// reason is that of a fault, "" for another error or none.
func reason(err error) storage.Reason {
	var f *storage.Fault
	if errors.As(err, &f) {
		return f.Reason
	}
	return ""
}

// TestOutside: whatever leads out of the root leads nowhere.
func TestOutside(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(outside, "secret"), "outside")
	link(outside, "out")
	link(filepath.Join(outside, "secret"), "file")
	link("../../../../../../etc", "up")
	b := open(t, storage.Place{Provider: storage.Local, Root: root}, []string{root})
	for _, key := range []string{"out/secret", "file", "up/passwd"} {
		if _, _, err := b.Open(t.Context(), key); reason(err) != storage.Outside {
			t.Errorf("open %q: %v", key, err)
		}
	}
	for _, prefix := range []string{"out/", "out/se", "up/", "../"} {
		if err := b.List(t.Context(), prefix, "", func(i storage.Info) error { return nil }); reason(err) != storage.Outside {
			t.Errorf("list %q: %v", prefix, err)
		}
	}
	for _, key := range []string{"out/new", "up/new"} {
		if _, err := b.Put(t.Context(), storage.Object{Key: key}, storagetest.Body(t, 10, 1)); reason(err) != storage.Outside {
			t.Errorf("put %q: %v", key, err)
		}
	}
	// A link is replaced, not followed, and removed, not what it leads to.
	if _, err := b.Put(t.Context(), storage.Object{Key: "file"}, storagetest.Body(t, 10, 1)); err != nil {
		t.Error(err)
	}
	link(filepath.Join(outside, "secret"), "second")
	if err := b.Remove(t.Context(), "second"); err != nil {
		t.Error(err)
	}
	if err := b.Remove(t.Context(), "out/secret"); reason(err) != storage.Outside {
		t.Errorf("remove: %v", err)
	}
	var listed []string
	if err := b.List(t.Context(), "", "", func(i storage.Info) error { listed = append(listed, i.Key); return nil }); err != nil || !slices.Equal(listed, []string{"file"}) {
		t.Errorf("listed %q, %v", listed, err)
	}
	if text, err := os.ReadFile(filepath.Join(outside, "secret")); err != nil || string(text) != "outside" {
		t.Errorf("outside: %q, %v", text, err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside: %v, %v", entries, err)
	}
}

// TestNoNames: what is no path below a folder is none to the system either.
func TestNoNames(t *testing.T) {
	root := t.TempDir()
	b := open(t, storage.Place{Provider: storage.Local, Root: root}, []string{root})
	for _, key := range []string{"../new", "/etc/passwd", "a/../../b", "a//b", "a/./b", "a/", "", ".", ".compressor-part-x", "nul\x00"} {
		if _, err := b.Put(t.Context(), storage.Object{Key: key}, storagetest.Body(t, 10, 1)); reason(err) != storage.Invalid {
			t.Errorf("put %q: %v", key, err)
		}
		if _, _, err := b.Open(t.Context(), key); reason(err) != storage.Invalid {
			t.Errorf("open %q: %v", key, err)
		}
	}
}

// TestFolderThatIsALink: neither is the folder itself a way out.
func TestFolderThatIsALink(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(root, "box")); err != nil {
		t.Fatal(err)
	}
	b := open(t, storage.Place{Provider: storage.Local, Root: filepath.Join(root, "box")}, []string{root})
	if _, err := b.Put(t.Context(), storage.Object{Key: "key"}, storagetest.Body(t, 10, 1)); reason(err) != storage.Outside {
		t.Errorf("put: %v", err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Errorf("outside: %v, %v", entries, err)
	}
}

func TestRoots(t *testing.T) {
	for _, c := range []struct {
		root  string
		roots []string
	}{
		{"/srv/box", nil},
		{"/srv/box", []string{"/srv/other"}},
		{"/srv/boxes", []string{"/srv/box"}},
		{"/srv/box/../../etc", []string{"/srv/box"}},
	} {
		if _, err := local.Open(storage.Place{Provider: storage.Local, Root: c.root}, c.roots); reason(err) != storage.Invalid {
			t.Errorf("%s in %v: %v", c.root, c.roots, err)
		}
	}
}

// TestOddFiles: what is no regular file is no object, and nobody waits for it.
func TestOddFiles(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	b := open(t, storage.Place{Provider: storage.Local, Root: root}, []string{root})
	for _, key := range []string{"pipe", "folder", "pipe/below"} {
		if _, _, err := b.Open(t.Context(), key); reason(err) != storage.NoObject {
			t.Errorf("open %q: %v", key, err)
		}
	}
	if err := b.Remove(t.Context(), "folder"); err != nil {
		t.Errorf("remove: %v", err)
	}
	if _, err := os.Stat(filepath.Join(root, "folder")); err != nil {
		t.Errorf("a folder was removed: %v", err)
	}
	if _, err := b.Put(t.Context(), storage.Object{Key: "folder"}, storagetest.Body(t, 10, 1)); reason(err) != storage.Invalid {
		t.Errorf("put on a folder: %v", err)
	}
	if found := parts(t, root); len(found) > 0 {
		t.Errorf("left over: %v", found)
	}
}

// TestCancel: nothing is left of a file that was not finished.
func TestCancel(t *testing.T) {
	root, why := t.TempDir(), errors.New("told to stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	b := open(t, storage.Place{Provider: storage.Local, Root: root}, []string{root})
	if _, err := b.Put(ctx, storage.Object{Key: "key"}, storagetest.Body(t, 1<<20, 1)); !errors.Is(err, why) {
		t.Errorf("%v, want %v", err, why)
	}
	if entries, err := os.ReadDir(root); err != nil || len(entries) != 0 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}
