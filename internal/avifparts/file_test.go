package avifparts

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"compressor/internal/problem"
)

const folder = "../../testdata/image/avif"

// sample is a file that avifenc made.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name+".avif"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func samples(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.avif"))
	if err != nil || len(names) < 10 {
		t.Fatalf("samples: %v, %v", names, err)
	}
	for i := range names {
		names[i] = filepath.Base(names[i][:len(names[i])-len(".avif")])
	}
	return names
}

func mustParse(t testing.TB, data []byte) *File {
	t.Helper()
	f, err := Parse(data, Limits{})
	if err != nil {
		t.Fatalf("%v: %v", err, errors.Unwrap(err))
	}
	return f
}

func TestParse(t *testing.T) {
	for name, want := range map[string]struct {
		other         string
		width, height int
		depth         int
		gray, halved  bool
		alpha         bool
		tiles         int
		exif, xmp     int
		icc           int
		cicp          CICP
		transforms    []Transform
	}{
		"photo-444":    {width: 56, height: 48, depth: 8, cicp: CICP{1, 13, 6, true}},
		"photo-420-p3": {width: 56, height: 48, depth: 8, halved: true, icc: 480, cicp: CICP{2, 2, 6, true}},
		"alpha":        {width: 56, height: 48, depth: 8, alpha: true, cicp: CICP{1, 13, 6, true}},
		"gray":         {width: 48, height: 44, depth: 8, gray: true, cicp: CICP{1, 13, 6, true}},
		"ten-bit":      {width: 56, height: 48, depth: 10, cicp: CICP{1, 13, 6, true}},
		"twelve-bit":   {width: 56, height: 48, depth: 12, cicp: CICP{1, 13, 6, true}},
		"grid":         {width: 128, height: 64, depth: 8, tiles: 2, cicp: CICP{1, 13, 6, true}},
		"limited":      {width: 56, height: 48, depth: 8, cicp: CICP{1, 1, 1, false}},
		"personal": {width: 48, height: 56, depth: 8, halved: true, exif: 152, xmp: 48,
			cicp: CICP{1, 13, 6, true}, transforms: []Transform{{Value: 3}}},
		"turned": {width: 48, height: 56, depth: 8, exif: 152, cicp: CICP{1, 13, 6, true},
			transforms: []Transform{{Value: 1}, {Mirror: true, Value: 1}}},
		"sequence":      {other: "animation (AVIF image sequence)"},
		"clap":          {other: "a crop that programs treat differently (clap)"},
		"hdr":           {other: "HDR"},
		"premultiplied": {other: "colours multiplied by their transparency"},
	} {
		f := mustParse(t, sample(t, name))
		if f.Other != want.other {
			t.Errorf("%s: other %q, want %q", name, f.Other, want.other)
		}
		if want.other != "" {
			continue
		}
		w, h := f.Shown()
		c := f.Color
		if w != want.width || h != want.height || c.Depth != want.depth || c.Gray != want.gray ||
			c.Subsampled != want.halved || len(c.Tiles) != want.tiles || (f.Alpha != nil) != want.alpha {
			t.Errorf("%s: %d×%d, %+v", name, w, h, c)
		}
		if len(f.EXIF) != want.exif || len(f.XMP) != want.xmp || len(f.ICC) != want.icc {
			t.Errorf("%s: metadata of %d, %d and %d bytes", name, len(f.EXIF), len(f.XMP), len(f.ICC))
		}
		if f.CICP != want.cicp || !slices.Equal(f.Transforms, want.transforms) {
			t.Errorf("%s: %+v, %v", name, f.CICP, f.Transforms)
		}
	}
	if f := mustParse(t, sample(t, "sequence")); !f.Animated || f.Frames != 3 {
		t.Errorf("the sequence has %d frames, animated: %t", f.Frames, f.Animated)
	}
}

// rewritten writes what was read, with a name.
func rewritten(t testing.TB, f *File, name string) []byte {
	t.Helper()
	out, err := Write(Contents{
		Color: f.Color, Alpha: f.Alpha, Transforms: f.Transforms, CICP: f.CICP,
		ICC: f.ICC, EXIF: f.EXIF, XMP: f.XMP, Name: name,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWrite: what is written reads back as what it was, in no more bytes than the mark
// takes, and a second time nothing changes.
func TestWrite(t *testing.T) {
	for _, name := range samples(t) {
		data := sample(t, name)
		f := mustParse(t, data)
		if f.Other != "" {
			continue
		}
		const mark = "Compressor 75"
		out := rewritten(t, f, mark)
		if len(out) >= len(data)+len(mark) {
			t.Errorf("%s: %d bytes became %d", name, len(data), len(out))
		}
		again := mustParse(t, out)
		if again.Name != mark {
			t.Errorf("%s: name %q", name, again.Name)
		}
		f.Name = mark
		if !reflect.DeepEqual(f, again) {
			t.Errorf("%s: reads back as\n%+v instead of\n%+v", name, again, f)
		}
		if !bytes.Equal(rewritten(t, again, mark), out) {
			t.Errorf("%s: a second pass changes the file", name)
		}
	}
}

// TestThumbnail: a small picture beside the large one is found; there is no other.
func TestThumbnail(t *testing.T) {
	f := mustParse(t, sample(t, "alpha"))
	w := &writer{shared: map[string]int{}}
	w.picture(Contents{Color: f.Color, CICP: f.CICP})
	w.refer("thmb", w.plane(f.Alpha, nil, nil), primary)
	out, err := w.file("")
	if err != nil {
		t.Fatal(err)
	}
	got := mustParse(t, out)
	if got.Other != "" || !bytes.Equal(got.Thumbnail, f.Alpha.Data) {
		t.Errorf("other %q, thumbnail of %d bytes", got.Other, len(got.Thumbnail))
	}
	w.plane(f.Alpha, nil, nil)
	if out, err = w.file(""); err != nil {
		t.Fatal(err)
	}
	if got := mustParse(t, out); got.Other != "several pictures in one file" {
		t.Errorf("other %q", got.Other)
	}
}

// isOf says whether err is a problem of one of these codes.
func isOf(err error, codes ...problem.Code) bool {
	return slices.ContainsFunc(codes, func(c problem.Code) bool { return problem.Has(err, c) })
}
