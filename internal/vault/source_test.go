package vault

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func write(t *testing.T, file, text string, mode fs.FileMode) string {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
	return file
}

func dataFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestFirstUse: reading makes nothing, the first use makes the file and says so, and later
// starts read it.
func TestFirstUse(t *testing.T) {
	dir := dataFolder(t)
	var log bytes.Buffer
	s := Source{Data: dir, Log: slog.New(slog.NewTextHandler(&log, nil))}
	if r, err := s.Read(); err != nil || !r.Empty() || log.Len() > 0 {
		t.Fatalf("%v, %v, %s", r.IDs(), err, log.String())
	}
	r, err := s.Make()
	if err != nil || !slices.Equal(r.IDs(), []uint32{1}) {
		t.Fatalf("%v, %v", r.IDs(), err)
	}
	file := dir + ".masterkeys"
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if !strings.Contains(log.String(), file) || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("the log says %q", log.String())
	}
	if inside, err := os.ReadDir(dir); err != nil || len(inside) > 0 {
		t.Errorf("inside the data folder: %v, %v", inside, err)
	}
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) != 2 {
		t.Errorf("beside it: %v, %v", left, err)
	}
	sealed := seal(t, r, "b", "secret")
	for _, read := range []func() (Ring, error){s.Read, s.Make, Source{File: file}.Read} {
		again, err := read()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Open("b", sealed); err != nil {
			t.Errorf("a later start: %v", err)
		}
	}
	if strings.Count(log.String(), "\n") != 1 {
		t.Errorf("said again: %q", log.String())
	}
}

func TestMakeTogether(t *testing.T) {
	s := Source{Data: dataFolder(t)}
	rings := make([]Ring, 8)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() {
			var err error
			if rings[i], err = s.Make(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	sealed := seal(t, rings[0], "b", "secret")
	for _, r := range rings {
		if _, err := r.Open("b", sealed); err != nil {
			t.Errorf("not the same key: %v", err)
		}
	}
	if err := Make(s.Data + ".masterkeys"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another: %v", err)
	}
}

// TestAdd: a new key seals, the old ones and the comments stay, and no key is lost when
// several are added at once.
func TestAdd(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "keys"), "# mine\n"+key(7, 'a'), 0o600)
	sealed := seal(t, ring(t, key(7, 'a')), "b", "secret")
	if id, err := Add(file); id != 8 || err != nil {
		t.Fatal(id, err)
	}
	var mu sync.Mutex
	added := []uint32{7, 8}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if id, err := Add(file); err == nil { // or it was told to try again
				mu.Lock()
				defer mu.Unlock()
				added = append(added, id)
			}
		})
	}
	wg.Wait()
	r, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(added)
	if !slices.Equal(r.IDs(), added) || len(added) < 3 {
		t.Errorf("added %v, there are %v", added, r.IDs())
	}
	if _, err := r.Open("b", sealed); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(text), "# mine\n"+key(7, 'a')+"\n8:") {
		t.Errorf("%s, %v", text, err)
	}
	full := write(t, filepath.Join(t.TempDir(), "keys"), key(4294967295, 'a'), 0o600)
	if _, err := Add(full); err == nil {
		t.Error("an id above the highest")
	}
}

func TestSource(t *testing.T) {
	dir := t.TempDir()
	good := write(t, filepath.Join(dir, "good"), "# comment\n"+key(3, 'a')+"\n", 0o600)
	for name, c := range map[string]struct {
		source Source
		id     uint32
		want   string
	}{
		"text":       {Source{Text: NewSecret(key(5, 'a')), Data: dir}, 5, ""},
		"file":       {Source{File: good, Data: dir}, 3, ""},
		"both":       {Source{Text: NewSecret(key(5, 'a')), File: good}, 0, "not both"},
		"wrong text": {Source{Text: NewSecret("5:c2VjcmV0")}, 0, KeyVariable + ": master key number 1"},
		"no file":    {Source{File: filepath.Join(dir, "none")}, 0, FileVariable + ": "},
		"open file":  {Source{File: write(t, filepath.Join(dir, "open"), key(1, 'a'), 0o640)}, 0, `"open" can be read by others (mode 0640): chmod 600 it`},
		"empty file": {Source{File: write(t, filepath.Join(dir, "empty"), "", 0o600)}, 0, "there is no master key"},
		"large file": {Source{File: write(t, filepath.Join(dir, "large"), strings.Repeat("#", maxFile+1), 0o600)}, 0, "larger than 65536 bytes"},
		"folder":     {Source{File: dir}, 0, "is not a file"},
	} {
		for _, read := range []func() (Ring, error){c.source.Read, c.source.Make} {
			r, err := read()
			if r.Newest() != c.id || (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "c2VjcmV0")) {
				t.Errorf("%s: key %d, %v; want %q", name, r.Newest(), err, c.want)
			}
		}
	}
}

// TestElsewhere: /proc is on a file system of its own, as the volume of a container is, and
// the root has nothing beside it.
func TestElsewhere(t *testing.T) {
	for _, data := range []string{"/proc", "/"} {
		if _, err := DefaultFile(data); !errors.Is(err, ErrElsewhere) {
			t.Errorf("%s: %v", data, err)
		}
		s := Source{Data: data}
		if r, err := s.Read(); err != nil || !r.Empty() {
			t.Errorf("%s: %v", data, err)
		}
		_, err := s.Make()
		if !errors.Is(err, ErrElsewhere) || !strings.Contains(err.Error(), KeyVariable+" ") || !strings.Contains(err.Error(), FileVariable+" ") {
			t.Errorf("%s: %v", data, err)
		}
	}
	if _, err := DefaultFile(filepath.Join(t.TempDir(), "none")); err == nil || errors.Is(err, ErrElsewhere) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if file, err := DefaultFile("/proc/sys/"); err != nil || file != "/proc/sys.masterkeys" {
		t.Errorf("%q, %v", file, err)
	}
}

// TestUnwritable: a place beside the data folder that may not be written to is none.
func TestUnwritable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := dataFolder(t)
	if err := os.Chmod(filepath.Dir(dir), 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Dir(dir), 0o700) }) //nolint:errcheck // the clean-up will tell
	if _, err := (Source{Data: dir}).Make(); !errors.Is(err, ErrElsewhere) {
		t.Error(err)
	}
}
