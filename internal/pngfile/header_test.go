package pngfile

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// tiff is an Exif stream that says the orientation, in big or little endian order.
func tiff(big bool, orientation byte) []byte {
	if big {
		return []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0}
	}
	return []byte{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0}
}

var xmpPacket = strings.Repeat("<x:xmpmeta>… </x:xmpmeta>", 20)

// metadata is a chunk of every kind that is read.
func metadata(t testing.TB) [][]byte {
	profile := append(make([]byte, 16), "RGB and so on"...)
	return [][]byte{
		chunk("cICP", []byte{1, 13, 0, 1}),
		chunk("iCCP", append([]byte("name\x00\x00"), zlibOf(t, profile)...)),
		chunk("sRGB", []byte{0}),
		chunk("gAMA", []byte{0, 0, 177, 143}),
		chunk("cHRM", make([]byte, 32)),
		chunk("mDCV", make([]byte, 24)),
		chunk("cLLI", make([]byte, 8)),
		chunk("pHYs", []byte{0, 0, 11, 19, 0, 0, 11, 19, 1}),
		chunk("eXIf", tiff(true, 6)),
		chunk("tEXt", []byte("Author\x00Ren\xe9")),
		chunk("zTXt", append([]byte("Comment\x00\x00"), zlibOf(t, bytes.Repeat([]byte("long "), 100))...)),
		chunk("iTXt", append([]byte(xmpKeyword+"\x00\x00\x00en\x00Über\x00"), xmpPacket...)),
		chunk("iTXt", append([]byte("Title\x00\x01\x00\x00\x00"), zlibOf(t, []byte("kurz"))...)),
		chunk("tIME", make([]byte, 7)),
	}
}

func TestReadHeaderFindsTheMetadata(t *testing.T) {
	h, err := ReadHeader(around(t, metadata(t)...), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	a := h.Ancillary
	if a.ICCName != "name" || a.profileSpace() != "RGB " || a.XMP() != xmpPacket || h.Orientation() != 6 {
		t.Errorf("profile %q %q, XMP of %d bytes, orientation %d", a.ICCName, a.profileSpace(), len(a.XMP()), h.Orientation())
	}
	for name, field := range map[string][]byte{"gAMA": a.Gamma, "cHRM": a.Chroma, "sRGB": a.SRGB, "cICP": a.CICP,
		"mDCV": a.Mastering, "cLLI": a.LightLevel, "pHYs": a.Density, "eXIf": a.Exif} {
		if field == nil {
			t.Errorf("%s was not read", name)
		}
	}
	want := []Entry{{Keyword: "Author", Text: "Ren\xe9"}, {Keyword: "Comment", Text: strings.Repeat("long ", 100)},
		{Keyword: xmpKeyword, Text: xmpPacket, International: true, Language: "en", Translated: "Über"},
		{Keyword: "Title", Text: "kurz", International: true}}
	if !reflect.DeepEqual(a.Text, want) {
		t.Errorf("texts %+v", a.Text)
	}
	if !slices.Equal(h.Unknown, []string{"tIME"}) || len(h.Damaged) != 0 {
		t.Errorf("unknown %v, damaged %v", h.Unknown, h.Damaged)
	}
}

func TestKeptMetadataSurvivesExactly(t *testing.T) {
	data := around(t, metadata(t)...)
	h, err := ReadHeader(data, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	out := optimize(t, decode(t, data), h.Ancillary, Normal)
	byStandard(t, out) // another reader takes it
	back, err := ReadHeader(out, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back.Ancillary, h.Ancillary) {
		t.Errorf("%+v\nbecame %+v", h.Ancillary, back.Ancillary)
	}
	if again := optimize(t, decode(t, out), back.Ancillary, Normal); !bytes.Equal(again, out) {
		t.Error("a second pass gives other bytes")
	}
	bare, err := ReadHeader(optimize(t, decode(t, data), Ancillary{}, Normal), Limits{})
	if err != nil || !reflect.DeepEqual(bare.Ancillary, Ancillary{}) {
		t.Errorf("nothing was to be kept: %+v, %v", bare.Ancillary, err)
	}
}

func TestDamagedMetadataIsDroppedAndNoted(t *testing.T) {
	broken := chunk("gAMA", []byte{0, 0, 177, 143})
	broken[len(broken)-1] ^= 1
	cases := map[string][]byte{
		"gAMA":  broken,
		"cHRM":  chunk("cHRM", make([]byte, 31)),
		"iCCP":  chunk("iCCP", []byte("name\x00\x00no zlib stream")),
		"iCCP ": chunk("iCCP", []byte("no end of the name")),
		"zTXt":  chunk("zTXt", []byte("key\x00\x07packed by method 7")),
		"tEXt":  chunk("tEXt", []byte("no keyword's end")),
		"iTXt":  chunk("iTXt", []byte("key\x00\x00\x00en\x00key\x00\xff\xfe")),
		"iTXt ": chunk("iTXt", []byte("key\x00\x02")),
		"acTL":  chunk("acTL", make([]byte, 8)),
	}
	for kind, c := range cases {
		h, err := ReadHeader(around(t, c), Limits{})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if !slices.Equal(h.Damaged, []string{strings.TrimSpace(kind)}) || !reflect.DeepEqual(h.Ancillary, Ancillary{}) {
			t.Errorf("%s: damaged %v, kept %+v", kind, h.Damaged, h.Ancillary)
		}
	}
}

func TestWrongChecksumOfWhatThePixelsNeedIsCorrupt(t *testing.T) {
	s := &sketch{width: 1, height: 1, color: Palette, depth: 8, samples: []uint16{0}, palette: []byte{1, 2, 3}, trans: []byte{9}}
	data := s.file(t)
	for _, kind := range []string{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"} {
		broken := bytes.Clone(data)
		at := bytes.Index(broken, []byte(kind))
		length := int(broken[at-1])
		broken[at+4+length] ^= 0x80
		if _, err := ReadHeader(broken, Limits{}); err == nil {
			t.Errorf("%s with a wrong checksum was taken", kind)
		}
	}
}

func TestAnimationIsNoted(t *testing.T) {
	h, err := ReadHeader(around(t, chunk("acTL", []byte{0, 0, 0, 20, 0, 0, 0, 0})), Limits{})
	if err != nil || !h.Animated || h.Frames != 20 {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestChunkListJoinsRuns(t *testing.T) {
	s := (&sketch{width: 40, height: 40, color: RGB, depth: 8, split: 100}).noise(5)
	h, err := ReadHeader(s.file(t), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, c := range h.Chunks {
		types = append(types, c.Type)
	}
	if !slices.Equal(types, []string{"IHDR", "IDAT", "IEND"}) || h.Chunks[1].Parts < 2 || h.Chunks[1].Size < 200 {
		t.Errorf("%+v", h.Chunks)
	}
}

func TestOrientation(t *testing.T) {
	cases := []struct {
		name string
		exif []byte
		want int
	}{
		{"none", nil, 1},
		{"big", tiff(true, 6), 6},
		{"little", tiff(false, 8), 8},
		{"zero", tiff(true, 0), 1},
		{"nine", tiff(true, 9), 1},
		{"cut", tiff(true, 6)[:15], 1},
		{"far directory", []byte{'I', 'I', 42, 0, 255, 255, 255, 255, 0, 0}, 1},
		{"text", []byte("not a TIFF stream"), 1},
	}
	for _, c := range cases {
		if got := exifOrientation(c.exif); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
