package zipfile_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/zipfile"
	"compressor/internal/zipfile/ziptest"
)

// TestRoundTrip: an archive copied record by record is the same file; with bodies set
// anew it is what archive/zip reads the same from, without data descriptors.
func TestRoundTrip(t *testing.T) {
	data := odd()
	a := read(t, data)
	again := read(t, copied(t, a, true))
	for i := range a.Members {
		if !again.Members[i].SameAttributes(&a.Members[i]) {
			t.Errorf("%v became %v", &a.Members[i], &again.Members[i])
		}
	}
	fresh := copied(t, a, false)
	if want := len(data) - 16 - 12 - 24 - 28 - 20; len(fresh) != want { // descriptors, two zip64 fields
		t.Errorf("%d bytes, want %d", len(fresh), want)
	}
	if more := copied(t, read(t, fresh), false); !bytes.Equal(more, fresh) {
		t.Error("a second copy differs")
	}
	sameByStandard(t, data, fresh)
}

// sameByStandard compares two archives by the standard library.
func sameByStandard(t *testing.T, a, b []byte) {
	t.Helper()
	left, err := zip.NewReader(bytes.NewReader(a), int64(len(a)))
	if err != nil {
		t.Fatal(err)
	}
	right, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if left.Comment != right.Comment || len(left.File) != len(right.File) {
		t.Fatalf("%q, %d members; %q, %d members", left.Comment, len(left.File), right.Comment, len(right.File))
	}
	for i, l := range left.File {
		r := right.File[i]
		if l.Name != r.Name || l.Comment != r.Comment || l.ExternalAttrs != r.ExternalAttrs || l.CreatorVersion != r.CreatorVersion ||
			!l.Modified.Equal(r.Modified) || l.NonUTF8 != r.NonUTF8 || l.CRC32 != r.CRC32 || l.UncompressedSize64 != r.UncompressedSize64 {
			t.Errorf("%s became %+v", l.Name, r.FileHeader)
		}
		want, got := contentsOf(t, l), contentsOf(t, r)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes became %d", l.Name, len(want), len(got))
		}
	}
}

func contentsOf(t *testing.T, f *zip.File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return data
}

// TestMembers: what is found of each member.
func TestMembers(t *testing.T) {
	a := read(t, odd())
	var paths []string
	for i := range a.Members {
		paths = append(paths, a.Members[i].Path())
	}
	if got := strings.Join(paths, "|"); got != "dir/a.txt|mimetype|dir/|café.txt|grün.txt|bare|wide|link|script.sh|empty" {
		t.Error(got)
	}
	if m := a.Members[4]; m.Local.Extra != "UT\x09\x00\x03abcdefgh" || m.Extra != "UT\x05\x00\x03abcd" {
		t.Errorf("extra fields %q, %q", m.Local.Extra, m.Extra)
	}
	if m := a.Members[8]; m.Local.Extra != "\x00\x00\x00" || m.External>>16 != 0o100755 {
		t.Errorf("%+v", m)
	}
	if !a.Members[2].IsDir() || a.Members[1].IsDir() {
		t.Error("folders")
	}
	r := a.Reader()
	for i := range a.Members {
		if m := &a.Members[i]; m.Why() == "" {
			r.Open(m)
			if n, err := io.Copy(io.Discard, r); err != nil || n != m.Size {
				t.Errorf("%v: %d bytes, %v", m, n, err)
			}
		}
	}
}

// TestWhy: members that must stay as they are.
func TestWhy(t *testing.T) {
	file := func(name string, change func(*ziptest.Entry)) ziptest.Entry {
		e := ziptest.File(name, []byte("some text, some text, some text"))
		if change != nil {
			change(&e)
		}
		return e
	}
	for _, test := range []struct {
		entry ziptest.Entry
		why   string
	}{
		{file("a", nil), ""},
		{file("a..b/..c", nil), ""},
		{file("link", func(e *ziptest.Entry) { e.Mode = 0o120777 }), "symbolic link"},
		{file("-", func(e *ziptest.Entry) { e.Mode = 0o010600 }), ""}, // what Info-ZIP makes of its standard input
		{file("../-", func(e *ziptest.Entry) { e.Mode = 0o010600 }), "unsafe name"},
		{file("pipe", func(e *ziptest.Entry) { e.Mode, e.Method = 0o010600, 14 }), "compression method not handled"},
		{file("pipe", func(e *ziptest.Entry) { e.Mode, e.Data, e.Method = 0o010644, nil, ziptest.Stored }), "special file"},
		{file("socket", func(e *ziptest.Entry) { e.Mode = 0o140644 }), "special file"},
		{file("device", func(e *ziptest.Entry) { e.Mode = 0o060644 }), "special file"},
		{file("locked", func(e *ziptest.Entry) { e.Flags = 1 }), "encrypted"},
		{file("aes", func(e *ziptest.Entry) { e.Method, e.Flags = 99, 1 }), "encrypted"},
		{file("lzma", func(e *ziptest.Entry) { e.Method = 14 }), "compression method not handled"},
		{file("../x", nil), "unsafe name"},
		{file(`a\..\x`, nil), "unsafe name"},
		{file("a/../../x", nil), "unsafe name"},
		{file("/etc/passwd", nil), "unsafe name"},
		{file(`C:\x`, nil), "unsafe name"},
		{file("a\x00b", nil), "unsafe name"},
		{file("", nil), "unsafe name"},
		{file("one", func(e *ziptest.Entry) { e.LocalName = "two" }), "its two headers differ"},
		{file("twice", nil), "duplicate name"},
	} {
		data := ziptest.Zip(file("twice", nil), test.entry)
		a := read(t, data)
		if got := a.Members[1].Why(); got != test.why || a.Members[0].Why() != "" {
			t.Errorf("%q: %q, want %q", test.entry.Name, got, test.why)
		}
		if again := copied(t, a, false); test.why != "" && !bytes.Equal(again, data) {
			t.Errorf("%q: not kept byte by byte", test.entry.Name)
		}
	}
}

// TestLeftWhole: archives that hold something beside their members.
func TestLeftWhole(t *testing.T) {
	one := []ziptest.Entry{ziptest.File("a", []byte("text"))}
	two := append(one, ziptest.File("b", []byte("more")))
	stub := append([]byte("PK\x03\x04"), bytes.Repeat([]byte("stub"), 20)...)
	split := ziptest.Zip(one...)
	split[len(split)-18] = 1 // number of this disk
	for name, test := range map[string]struct {
		data   []byte
		why    string
		signed bool
	}{
		"nothing":         {ziptest.Zip(), "", false},
		"plain":           {ziptest.Zip(two...), "", false},
		"zip64":           {ziptest.Archive{Entries: two, Zip64: true}.Bytes(), "", false},
		"a prefix":        {ziptest.Archive{Entries: two, Before: stub}.Bytes(), "data before the archive, such as a self-extractor", false},
		"zip64, a prefix": {ziptest.Archive{Entries: two, Before: stub, Zip64: true}.Bytes(), "data before or inside the zip64 records", false},
		"a suffix":        {ziptest.Archive{Entries: two, After: []byte("more")}.Bytes(), "data after the archive", false},
		"a gap":           {ziptest.Archive{Entries: two, Gap: []byte("hidden")}.Bytes(), "data between the members", false},
		"an APK's block":  {ziptest.Archive{Entries: two, Gap: []byte("........APK Sig Block 42")}.Bytes(), "", true},
		"split":           {split, "split archive", false},
	} {
		a := read(t, test.data)
		if a.NotHandled != test.why || a.Signed != test.signed {
			t.Errorf("%s: %q, signed %t", name, a.NotHandled, a.Signed)
		}
		if test.why != "" && len(a.Members)+len(a.Order()) > 0 {
			t.Errorf("%s: members though it is not handled", name)
		}
	}
}

// TestMarker: four bytes in front may say that an archive could have been split and was not
// (APPNOTE 8.5.4). They stay, whatever becomes of the members.
func TestMarker(t *testing.T) {
	two := []ziptest.Entry{ziptest.File("a", []byte("text")), ziptest.File("b", []byte("more"))}
	for marker, why := range map[string]string{
		"PK00": "", "PK\x07\x08": "", "PK11": "data before the first member", "PK00PK00": "data before the first member",
	} {
		for _, zip64 := range []bool{false, true} {
			data := ziptest.Archive{Entries: two, Marker: marker, Zip64: zip64}.Bytes()
			a := read(t, data)
			if a.NotHandled != why || why == "" && a.Marker != marker {
				t.Errorf("%q: %q, marker %q", marker, a.NotHandled, a.Marker)
			}
			if why == "" && !zip64 && !bytes.Equal(copied(t, a, true), data) {
				t.Errorf("%q: a copy differs", marker)
			}
		}
		// Offsets that do not count the marker: put in front by somebody else.
		data := ziptest.Archive{Entries: two, Before: []byte(marker)}.Bytes()
		if a := read(t, data); a.NotHandled != "data before the archive, such as a self-extractor" {
			t.Errorf("%q: %q", marker, a.NotHandled)
		}
	}
	for marker, why := range map[string]string{"PK00": "", "data": "data before the first member"} {
		if a := read(t, ziptest.Archive{Marker: marker}.Bytes()); a.NotHandled != why {
			t.Errorf("%q and no members: %q", marker, a.NotHandled)
		}
	}
}

// TestHostile: bombs and lies are over a limit, damage is damage, and both are found
// before much is read.
func TestHostile(t *testing.T) {
	good := odd()
	for name, test := range map[string]struct {
		data []byte
		code problem.Code
	}{
		"a gigabyte of zeros": {ziptest.Zeros(1 << 30), problem.LimitExceeded},
		"70,000 members":      {ziptest.Many(70_000), problem.LimitExceeded},
		"one place":           {ziptest.Overlapping(2000), problem.LimitExceeded},
		"quoting":             {ziptest.Quoting(), problem.LimitExceeded},
		"a long name":         {ziptest.Zip(ziptest.File(strings.Repeat("n", 1025), nil)), problem.LimitExceeded},
		"text":                {[]byte("no archive at all, only text"), problem.FileCorrupt},
		"half":                {good[:len(good)/2], problem.FileCorrupt},
		"without its start":   {good[300:], problem.FileCorrupt},
		"too many declared":   {ziptest.Archive{Entries: []ziptest.Entry{{Name: "a"}}, Count: new(uint16)}.Bytes(), problem.FileCorrupt},
	} {
		_, err := zipfile.Read(bytes.NewReader(test.data), int64(len(test.data)))
		if !problem.Has(err, test.code) {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	if a := read(t, ziptest.Many(65_535)); len(a.Members) != 65_535 {
		t.Errorf("%d members", len(a.Members))
	}
	if a := read(t, quine(t)); len(a.Members) != 1 || a.Members[0].Size != int64(len(quine(t))) {
		t.Errorf("the quine: %+v", a.Members)
	}
}

// TestDamagedMembers: each way in which contents may not be what the headers declare.
func TestDamagedMembers(t *testing.T) {
	text := bytes.Repeat([]byte("some text that repeats. "), 100)
	wrong, less, more := uint32(1), uint32(100), uint32(5000)
	packed := ziptest.Deflate(text, 0)
	flipped := bytes.Clone(packed)
	flipped[len(flipped)/2] ^= 0xff
	entry := func(change func(*ziptest.Entry)) []byte {
		e := ziptest.File("x", text)
		change(&e)
		return ziptest.Zip(e)
	}
	for name, test := range map[string]struct {
		data []byte
		code problem.Code
	}{
		"checksum":             {entry(func(e *ziptest.Entry) { e.CRC = &wrong }), problem.FileCorrupt},
		"truncated":            {entry(func(e *ziptest.Entry) { e.Packed = packed[:len(packed)/2] }), problem.FileCorrupt},
		"flipped":              {entry(func(e *ziptest.Entry) { e.Packed = flipped }), problem.FileCorrupt},
		"data left over":       {entry(func(e *ziptest.Entry) { e.Packed = append(bytes.Clone(packed), "tail"...) }), problem.FileCorrupt},
		"no data":              {entry(func(e *ziptest.Entry) { e.Packed = []byte{} }), problem.FileCorrupt},
		"smaller, and damaged": {entry(func(e *ziptest.Entry) { e.Size, e.CRC = &less, &wrong }), problem.FileCorrupt},
		"declares less":        {entry(func(e *ziptest.Entry) { e.Size = &less }), problem.LimitExceeded},
		"declares more":        {entry(func(e *ziptest.Entry) { e.Size = &more }), problem.LimitExceeded},
		"stored, another size": {entry(func(e *ziptest.Entry) { e.Size, e.Method = &less, ziptest.Stored }), problem.LimitExceeded},
		"a lying bomb":         {ziptest.Lying(10, 1<<30), problem.LimitExceeded},
	} {
		a := read(t, test.data)
		r := a.Reader()
		r.Open(&a.Members[0])
		n, err := io.Copy(io.Discard, r)
		if !problem.Has(err, test.code) {
			t.Errorf("%s: %v after %d bytes, want %s", name, err, n, test.code)
		}
		if n > a.Members[0].Size {
			t.Errorf("%s: %d bytes, more than the %d declared", name, n, a.Members[0].Size)
		}
	}
}
