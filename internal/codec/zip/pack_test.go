package zip_test

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"compressor/internal/codec/codectest"
	"compressor/internal/recipe"
	"compressor/internal/report"
	"compressor/internal/zipfile/ziptest"
)

// methods gives the way each member is stored, by the standard library.
func methods(t *testing.T, data []byte) map[string]*zip.File {
	t.Helper()
	a, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*zip.File{}
	for _, f := range a.File {
		out[f.Name] = f
	}
	return out
}

// TestPacking: each member is stored in the way that is smallest and safe, and is never
// larger than it was.
func TestPacking(t *testing.T) {
	noise := []byte("\x8f\x12\x77\xe0\x01\x5a\xc3")
	inner := ziptest.Zip(ziptest.Entry{Name: "A.class", Data: prose(2000)})
	data := ziptest.Zip(
		ziptest.Entry{Name: "mimetype", Data: bytes.Repeat([]byte("application/"), 9)},
		fast("deflated.txt", prose(3000)),
		ziptest.Entry{Name: "stored.txt", Data: prose(3000)},
		fast("noise", noise),
		fast("empty", nil),
		ziptest.Entry{Name: "stored.jar", Data: inner},
		ziptest.Entry{Name: "mimetype2", Data: bytes.Repeat([]byte("application/"), 9)},
	)
	r := high()
	r.Archive.Contents = false
	_, result := compress(t, data, r)
	before, after := methods(t, data), methods(t, result)
	for name, method := range map[string]uint16{"mimetype": zip.Store, "deflated.txt": zip.Deflate, "stored.txt": zip.Deflate,
		"noise": zip.Store, "empty": zip.Store, "stored.jar": zip.Store, "mimetype2": zip.Deflate} {
		if after[name].Method != method {
			t.Errorf("%s: method %d", name, after[name].Method)
		}
		if after[name].CompressedSize64 > before[name].CompressedSize64 {
			t.Errorf("%s: %d bytes became %d", name, before[name].CompressedSize64, after[name].CompressedSize64)
		}
	}
	if at, err := after["mimetype"].DataOffset(); err != nil || at != 30+int64(len("mimetype")) {
		t.Errorf("mimetype begins at %d, %v", at, err)
	}
}

// TestStreamStays: a member that another tool packed better than we do keeps its stream.
func TestStreamStays(t *testing.T) {
	r := high()
	_, once := compress(t, ziptest.Zip(fast("a.txt", prose(3000)), fast("b.txt", prose(900))), r)
	out, twice := compress(t, once, r)
	if !bytes.Equal(once, twice) || out.Report.Reason != report.NothingWon {
		t.Errorf("%d bytes became %d: %s", len(once), len(twice), out.Report.Reason)
	}
}

// TestMarker: what says that an archive could have been split is no prefix: such an archive is
// known for one, packed better, and keeps its four bytes.
func TestMarker(t *testing.T) {
	for _, marker := range []string{"PK00", "PK\x07\x08"} {
		data := ziptest.Archive{Marker: marker, Entries: []ziptest.Entry{fast("a.txt", prose(3000)), fast("b.txt", prose(900))}}.Bytes()
		out, result := compress(t, data, high())
		if len(result) >= len(data) || string(result[:8]) != marker+"PK\x03\x04" || out.Report.Chosen != "recompressed" {
			t.Errorf("%q: %s, %d of %d bytes", marker, out.Report.Reason, len(result), len(data))
		}
		if got := methods(t, result); len(got) != 2 {
			t.Errorf("%q: %d members", marker, len(got))
		}
		empty := ziptest.Archive{Marker: marker}.Bytes()
		if out, result := compress(t, empty, high()); !bytes.Equal(result, empty) {
			t.Errorf("%q, no members: %s", marker, out.Report.Reason)
		}
	}
}

// TestPipe: what Info-ZIP packs from its standard input is marked as a pipe, and is an
// ordinary stream. The mark stays.
func TestPipe(t *testing.T) {
	pipe := fast("-", pngOf(t, codectest.Flat(48, 40)))
	pipe.Mode = 0o010600
	data := ziptest.Zip(pipe)
	out, result := compress(t, data, high())
	if p := out.Report.Parts[0]; p.Reason != report.Smallest || len(result) >= len(data) {
		t.Errorf("%+v, %d of %d bytes", p, len(result), len(data))
	}
	if f := methods(t, result)["-"]; f.ExternalAttrs>>16 != 0o010600 {
		t.Errorf("mode %o", f.ExternalAttrs>>16)
	}
}

// TestOptions: members that are excluded, or deeper than asked, are packed and not changed.
func TestOptions(t *testing.T) {
	photo := jpegOf(t, codectest.Picture(64, 48))
	data := ziptest.Zip(fast("keep/photo.jpg", photo), fast("go/photo.jpg", photo), fast("in.zip", ziptest.Zip(fast("photo.jpg", photo))))
	for _, test := range []struct {
		change func(*recipe.Archive)
		want   string // reasons of the three members
	}{
		{func(*recipe.Archive) {}, "smallest-within-quality smallest-within-quality smallest-within-quality"},
		{func(a *recipe.Archive) { a.Exclude = []string{"keep/**"} }, "compression-none smallest-within-quality smallest-within-quality"},
		{func(a *recipe.Archive) { a.Include = []string{"**/*.jpg"} }, "smallest-within-quality smallest-within-quality compression-none"},
		{func(a *recipe.Archive) { a.Depth = 0 }, "smallest-within-quality smallest-within-quality budget-spent"},
		{func(a *recipe.Archive) { a.Contents = false }, "compression-none compression-none compression-none"},
	} {
		r := high()
		test.change(&r.Archive)
		out, _ := compress(t, data, r)
		var got []string
		for _, p := range out.Report.Parts {
			got = append(got, string(p.Reason))
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%+v: %s", r.Archive, s)
		}
	}
}

// TestUnzip: Info-ZIP's unzip, another reader still, finds nothing wrong with results, and
// lists the same names, modes and times.
func TestUnzip(t *testing.T) {
	for _, s := range samples(t) {
		if s.Name == "empty" || s.Untouched != "" {
			continue
		}
		_, result := compress(t, s.Data, high())
		before, after := unzip(t, s.Data), unzip(t, result)
		if before.list != after.list {
			t.Errorf("%s: listed before\n%safter\n%s", s.Name, before.list, after.list)
		}
		if before.errors != after.errors {
			t.Errorf("%s: errors before\n%safter\n%s", s.Name, before.errors, after.errors)
		}
	}
}

type unzipped struct {
	list   string // mode, host, time and name of each member
	errors string // of a test of all members
}

func unzip(t *testing.T, data []byte) unzipped {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := exec.Command("unzip", "-Z", "-s", "-h-t", path).Output()
	if err != nil {
		t.Fatalf("unzip -Z: %v (scripts/setup.sh installs unzip)", err)
	}
	var u unzipped
	for line := range strings.Lines(string(list)) {
		if f := strings.Fields(line); len(f) > 8 {
			// Mode, version, host, size, text and extra bits, method, date, time, name.
			u.list += strings.Join([]string{f[0], f[2], f[4][:1], strings.Join(f[6:], " ")}, " ") + "\n"
		}
	}
	test, _ := exec.Command("unzip", "-t", path).Output() // fails on members that are damaged before and after
	for line := range strings.Lines(string(test)) {
		if strings.Contains(line, "testing:") && !strings.HasSuffix(strings.TrimSpace(line), " OK") || strings.Contains(line, "skipping:") {
			u.errors += line
		}
	}
	return u
}
