package jobprocess

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestResultRefuses(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := newFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(f.writable(), name) }
	if err := errors.Join(
		os.WriteFile(in("good"), []byte("12345678"), 0o600),
		os.WriteFile(in("large"), []byte("123456789"), 0o600),
		os.Symlink(outside, in("symlink")), os.Symlink("good", in("symlink-inside")),
		os.WriteFile(in("first"), nil, 0o600), os.Link(in("first"), in("second")),
		unix.Mkfifo(in("fifo"), 0o600), os.Mkdir(in("folder"), 0o700),
	); err != nil {
		t.Fatal(err)
	}
	for name, good := range map[string]bool{
		"good": true, "large": false, "symlink": false, "symlink-inside": false, "second": false,
		"fifo": false, "folder": false, "none": false,
	} {
		file, size, err := f.result(name, 8)
		if (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && size != 8 {
			t.Errorf("%s: %d bytes", name, size)
		}
		if file != nil {
			file.Close()
		}
	}
	// The folder exchanged for another after the start changes nothing.
	if err := errors.Join(os.Rename(f.writable(), f.path+"/old"), os.Symlink(filepath.Dir(outside), f.writable())); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.result("secret", 8); err == nil {
		t.Error("a file of an exchanged folder was taken for a result")
	}
	if err := f.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("removing the folder followed a link: %v", err)
	}
}

func TestPlace(t *testing.T) {
	source := filepath.Join(t.TempDir(), "photo.jpg")
	link := source + "-link"
	if err := errors.Join(os.WriteFile(source, []byte("photo"), 0o400), os.Symlink(source, link)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, input string
		mayLink     bool
		links       uint64
	}{
		{"linked", source, true, 2}, {"copied", source, false, 1}, {"a symbolic link is copied", link, true, 1},
	} {
		f, err := newFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := f.place(test.input, test.mayLink); err != nil {
			t.Fatal(err)
		}
		var stat unix.Stat_t
		if err := unix.Lstat(filepath.Join(f.path, inputName), &stat); err != nil {
			t.Fatal(err)
		}
		if uint64(stat.Nlink) != test.links || stat.Mode&unix.S_IFMT != unix.S_IFREG || stat.Size != 5 {
			t.Errorf("%s: %d names, mode %o, %d bytes", test.name, stat.Nlink, stat.Mode, stat.Size)
		}
		if err := f.place(test.input, test.mayLink); err == nil {
			t.Errorf("%s: placed twice", test.name)
		}
		if err := f.remove(); err != nil {
			t.Error(err)
		}
	}
}

func TestSweep(t *testing.T) {
	work := t.TempDir()
	if swept, err := Sweep(filepath.Join(work, "none")); swept != 0 || err != nil {
		t.Errorf("no folder: %d, %v", swept, err)
	}
	living, err := newHome(work)
	if err != nil {
		t.Fatal(err)
	}
	dead, err := newHome(work)
	if err != nil {
		t.Fatal(err)
	}
	stranger := filepath.Join(work, "pool-party")
	if err := errors.Join(
		os.MkdirAll(filepath.Join(dead.path, "job-1", "out"), 0o700),
		os.WriteFile(filepath.Join(dead.path, "job-1", "in"), []byte("x"), 0o400),
		os.Mkdir(stranger, 0o700), dead.lock.Close(), // a dead process's lock is gone
	); err != nil {
		t.Fatal(err)
	}
	if swept, err := Sweep(work); swept != 1 || err != nil {
		t.Errorf("swept %d, %v", swept, err)
	}
	for path, want := range map[string]bool{living.path: true, stranger: true, dead.path: false, dead.path + lockSuffix: false} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	if err := living.remove(); err != nil {
		t.Error(err)
	}
}
