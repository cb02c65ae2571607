package format_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"compressor/internal/format"
	"compressor/internal/problem"
)

// rows are shaped like real formats: a plain magic, several, one behind an offset with a
// mask, one without magic, one within a holder.
func rows() []format.Row {
	return []format.Row{
		{ID: "jpeg", Label: "JPEG", Ext: []string{"jpeg", "jpg"}, Magic: []format.Magic{{Bytes: "\xff\xd8\xff"}}},
		{ID: "gif", Label: "GIF", Ext: []string{"gif"}, Magic: []format.Magic{{Bytes: "GIF87a"}, {Bytes: "GIF89a"}}},
		{ID: "webp", Label: "WebP", Ext: []string{"webp"}, Magic: []format.Magic{{Bytes: "RIFF\x00\x00\x00\x00WEBP", Mask: "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff"}}},
		{ID: "tar", Label: "tar", Ext: []string{"tar"}, Magic: []format.Magic{{Offset: 257, Bytes: "ustar"}}},
		{ID: "css", Label: "CSS", Ext: []string{"css"}},
		{ID: "docx", Label: "Word", Ext: []string{"docx"}, Within: "zip"},
	}
}

func table(t testing.TB) *format.Table {
	t.Helper()
	table, err := format.NewTable(rows()...)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestDetect(t *testing.T) {
	for name, test := range map[string]struct {
		data, name string
		id         format.ID
		fails      problem.Code
	}{
		"by magic":                       {"\xff\xd8\xff\xe0", "photo", "jpeg", ""},
		"contents, not the name":         {"\xff\xd8\xff\xe0", "style.css", "jpeg", ""},
		"the second magic":               {"GIF89a...", "", "gif", ""},
		"masked bytes":                   {"RIFF\x12\x34\x56\x78WEBPVP8 ", "", "webp", ""},
		"a masked neighbour":             {"RIFF\x12\x34\x56\x78WAVEfmt ", "", "", problem.FormatUnsupported},
		"behind an offset":               {strings.Repeat("\x00", 257) + "ustar\x0000", "", "tar", ""},
		"cut within the magic":           {"\xff\xd8", "a.jpg", "", problem.FormatUnsupported},
		"no magic: by name":              {"body{}", "style.css", "css", ""},
		"by name, whatever its case":     {"body{}", "STYLE.CSS", "css", ""},
		"by name in a folder":            {"body{}", "a/b.c/style.css", "css", ""},
		"a name of a format with magic":  {"hello", "photo.jpg", "", problem.FormatUnsupported},
		"a name of a format in a holder": {"hello", "letter.docx", "", problem.FormatUnsupported},
		"a dot alone":                    {"hello", ".", "", problem.FormatUnsupported},
		"no name":                        {"hello", "", "", problem.FormatUnsupported},
		"empty":                          {"", "style.css", "", problem.FileEmpty},
	} {
		row, err := table(t).Detect(strings.NewReader(test.data), int64(len(test.data)), test.name)
		if row.ID != test.id || test.fails == "" && err != nil || test.fails != "" && !problem.Has(err, test.fails) {
			t.Errorf("%s: %q, %v, want %q %s", name, row.ID, err, test.id, test.fails)
		}
	}
	_, err := table(t).Detect(strings.NewReader("hello"), 5, "")
	if message := problem.From(err).Message; !strings.Contains(message, "JPEG, GIF, WebP") {
		t.Errorf("%q does not name what is handled", message)
	}
	// A source that ends before its size says is looked at as far as it goes.
	if row, err := table(t).Detect(strings.NewReader("GIF89a"), 1<<40, ""); err != nil || row.ID != "gif" {
		t.Errorf("a short source: %q, %v", row.ID, err)
	}
	if _, err := table(t).Detect(failing{}, 10, ""); err == nil {
		t.Error("a source that cannot be read is no file of ours")
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errUnreadable }

var errUnreadable = problem.New(problem.Internal)

// TestCollisions: two formats that some file could match are refused, in either order.
func TestCollisions(t *testing.T) {
	magic := func(m ...format.Magic) format.Row { return format.Row{Magic: m} }
	for name, test := range map[string]struct {
		a, b    format.Row
		collide bool
	}{
		"different bytes":          {magic(format.Magic{Bytes: "abc"}), magic(format.Magic{Bytes: "abd"}), false},
		"equal bytes":              {magic(format.Magic{Bytes: "abc"}), magic(format.Magic{Bytes: "abc"}), true},
		"one begins the other":     {magic(format.Magic{Bytes: "ab"}), magic(format.Magic{Bytes: "abc"}), true},
		"overlap that differs":     {magic(format.Magic{Bytes: "abc"}), magic(format.Magic{Offset: 2, Bytes: "xyz"}), false},
		"overlap that agrees":      {magic(format.Magic{Bytes: "abc"}), magic(format.Magic{Offset: 2, Bytes: "cde"}), true},
		"the difference is masked": {magic(format.Magic{Bytes: "abc"}), magic(format.Magic{Bytes: "axc", Mask: "\xff\x00\xff"}), true},
		"differs beside the mask":  {magic(format.Magic{Bytes: "abc"}), magic(format.Magic{Bytes: "axd", Mask: "\xff\x00\xff"}), false},
		"bits that are masked":     {magic(format.Magic{Bytes: "\xf1"}), magic(format.Magic{Bytes: "\xf2", Mask: "\xf0"}), true},
		"bits that are not":        {magic(format.Magic{Bytes: "\xe1"}), magic(format.Magic{Bytes: "\xf2", Mask: "\xf0"}), false},
		"one of several":           {magic(format.Magic{Bytes: "zz"}, format.Magic{Bytes: "ab"}), magic(format.Magic{Bytes: "yy"}, format.Magic{Bytes: "abc"}), true},
		"without magic":            {magic(), magic(format.Magic{Bytes: "abc"}), false},
		"the same name":            {format.Row{ID: "x"}, format.Row{ID: "x"}, true},
	} {
		if test.a.ID == "" {
			test.a.ID, test.b.ID = "a", "b"
		}
		for _, pair := range [][2]format.Row{{test.a, test.b}, {test.b, test.a}} {
			if _, err := format.NewTable(pair[:]...); (err != nil) != test.collide {
				t.Errorf("%s: %v, want a collision: %t", name, err, test.collide)
			}
		}
	}
}

func TestTable(t *testing.T) {
	tab := table(t)
	if row, found := tab.Row("webp"); !found || row.Label != "WebP" {
		t.Errorf("%+v, %t", row, found)
	}
	if _, found := tab.Row("bmp"); found {
		t.Error("a format that is not there")
	}
	tab.Rows()[0].ID = "changed"
	if tab.Rows()[0].ID != "jpeg" || len(tab.Rows()) != len(rows()) {
		t.Error("the table can be changed from outside")
	}
}

func TestName(t *testing.T) {
	jpeg := format.Row{ID: "jpeg", Ext: []string{"jpeg", "jpg"}}
	for in, want := range map[string]string{
		"photo.jpg": "photo.jpg", "photo.jpeg": "photo.jpeg", "PHOTO.JPG": "PHOTO.JPG",
		"photo.png": "photo.jpeg", "photo": "photo.jpeg", "a.b.png": "a.b.jpeg",
		"": "file.jpeg", ".png": "file.jpeg", "photo.": "photo.jpeg", "word/media/image1.png": "word/media/image1.jpeg",
	} {
		if got := jpeg.Name(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := (format.Row{ID: "raw"}).Name("photo.png"); got != "photo" {
		t.Errorf("without an extension: %q", got)
	}
}

// TestNameOfOtherKinds: what is built on a container keeps its own extension, unless that is
// none, or one of another format.
func TestNameOfOtherKinds(t *testing.T) {
	tab, err := format.NewTable(append(rows(), format.Row{ID: "zip", Base: true, Ext: []string{"zip", "jar"}})...)
	if err != nil {
		t.Fatal(err)
	}
	zip, _ := tab.Row("zip")
	for in, want := range map[string]string{
		"a.zip": "a.zip", "a.jar": "a.jar", "contract.asice": "contract.asice", "contract.asics": "contract.asics",
		"TICKET.PKPASS": "TICKET.PKPASS", "cube.3mf": "cube.3mf", "all.msixbundle": "all.msixbundle", "a/b.c/x.apk": "a/b.c/x.apk",
		"photo.jpg": "photo.zip", "PHOTO.JPG": "PHOTO.zip", "style.css": "style.zip", "letter.docx": "letter.zip",
		"a.thirteenchars": "a.zip", "a.x-y": "a.zip", "a.größe": "a.zip", "report-1.2": "report-1.zip", "a": "a.zip", "a.": "a.zip", ".apk": "file.zip", "": "file.zip",
	} {
		if got := zip.Name(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// TestRoots: XML texts are told apart by their root elements, deflated or not.
func TestRoots(t *testing.T) {
	tab, err := format.NewTable(
		format.Row{ID: "svg", Magic: []format.Magic{{Root: "svg"}}},
		format.Row{ID: "svgz", Magic: []format.Magic{{Root: "svg", Zipped: true}}},
		format.Row{ID: "gz", Magic: []format.Magic{{Bytes: "\x1f\x8b"}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	deflated := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write([]byte(text))
		w.Close()
		return b.String()
	}
	for data, want := range map[string]format.ID{
		"<svg>": "svg", "<svg/>": "svg", " \n<s:svg >": "svg", "\xef\xbb\xbf<svg xmlns=''>": "svg",
		"<?xml version='1.0'?><!-- <html> --><!DOCTYPE svg [ <!ENTITY a '>'> ]><svg>": "svg",
		"\xff\xfe<\x00s\x00v\x00g\x00>\x00":                                           "svg", "\xfe\xff\x00<\x00s\x00v\x00g\x00>": "svg",
		deflated("<svg>"): "svgz", deflated("<html>"): "gz", "\x1f\x8b\x08": "gz",
		"<html><svg>": "", "<svgs>": "", "<svg": "", "<!-- <svg>": "", "x<svg>": "",
	} {
		row, err := tab.Detect(strings.NewReader(data), int64(len(data)), "drawing.svg")
		if row.ID != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", data, row.ID, err, want)
		}
	}
	if _, err := format.NewTable(format.Row{ID: "a", Magic: []format.Magic{{Root: "svg"}}}, format.Row{ID: "b", Magic: []format.Magic{{Root: "svg"}}}); err == nil {
		t.Error("two formats with one root")
	}
}

// FuzzDetect: any bytes under any name are one known format or a problem, whatever follows.
func FuzzDetect(f *testing.F) {
	tab := table(f)
	for _, data := range []string{"", "\xff\xd8\xff", "GIF89a", "RIFF1234WEBP", strings.Repeat("\x00", 257) + "ustar", "body{}"} {
		f.Add([]byte(data), "style.css")
		f.Add([]byte(data), "photo.jpg")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		row, err := tab.Detect(bytes.NewReader(data), int64(len(data)), name)
		if err != nil {
			if !problem.Has(err, problem.FileEmpty) && !problem.Has(err, problem.FormatUnsupported) {
				t.Fatal(err)
			}
			return
		}
		if _, known := tab.Row(row.ID); !known {
			t.Fatalf("%+v is not in the table", row)
		}
		longer := append(bytes.Clone(data), name...)
		again, err := tab.Detect(bytes.NewReader(longer), int64(len(longer)), name)
		if err != nil {
			t.Fatalf("%s, and with more behind it %v", row.ID, err)
		}
		if len(row.Magic) > 0 && again.ID != row.ID {
			t.Fatalf("%s, and with more behind it %s", row.ID, again.ID)
		}
		named := row.Name(name)
		if len(row.Ext) > 0 && named == "" || row.Name(named) != named {
			t.Fatalf("%q becomes %q becomes %q", name, named, row.Name(named))
		}
	})
}
