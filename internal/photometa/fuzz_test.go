package photometa

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
)

func seedEXIF(f *testing.F) [][]byte {
	var seeds [][]byte
	for magic, order := range orders() {
		seeds = append(seeds, camera(magic, order, 6))
	}
	return append(seeds, sample(f, "orientation-6.exif"), sample(f, "larch.exif"))
}

// FuzzReport: whatever the blocks, the report is the same twice and can be sent.
func FuzzReport(f *testing.F) {
	for _, exif := range seedEXIF(f) {
		f.Add(exif, xmp(`<dc:rights>r</dc:rights>`), iim(80, "x"), sample(f, "sRGB-v4.icc"))
	}
	f.Fuzz(func(t *testing.T, exif, packet, iptc, icc []byte) {
		in := Blocks{EXIF: exif, XMP: packet, IPTC: iptc, ICC: icc}
		first := Report(in)
		if _, err := json.Marshal(first); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(first, Report(in)) {
			t.Fatal("two reports differ")
		}
		for name, group := range first {
			if len(group.(map[string]any)) > maxTags+1 {
				t.Fatalf("%s has %d tags", name, len(group.(map[string]any)))
			}
		}
	})
}

// FuzzPreserve: a second pass changes and loses nothing, the orientation is what was
// asked for, nothing survives that was not asked for, and the input is only read.
func FuzzPreserve(f *testing.F) {
	packet := xmp(`<dc:rights>r</dc:rights><xmp:CreateDate>2013-01-02</xmp:CreateDate><exif:GPSLatitude>1,2N</exif:GPSLatitude>`)
	for i, exif := range seedEXIF(f) {
		f.Add(exif, packet, slices.Concat(iim(80, "x"), iim(55, "20200101")), uint8(255), uint8(i))
		f.Add(exif, packet, []byte(nil), uint8(1|16|32), uint8(1))
		f.Add(exif, []byte(nil), []byte(nil), uint8(7), uint8(6))
	}
	f.Fuzz(func(t *testing.T, exif, packet, iptc []byte, asked, orientation uint8) {
		var names []string
		for i, name := range []string{"copyright", "creation", "location", "profile", "all"} {
			if asked&(1<<i) != 0 {
				names = append(names, name)
			}
		}
		all := slices.Contains(names, "all")
		k := Keep{Kinds: kinds(names...), Orientation: int(orientation%8) + 1, Redrawn: asked&32 != 0}
		if asked&64 != 0 {
			k.Width, k.Height = 70000, 3
		}
		in := Blocks{EXIF: exif, XMP: packet, IPTC: iptc}
		before := Blocks{EXIF: bytes.Clone(exif), XMP: bytes.Clone(packet), IPTC: bytes.Clone(iptc)}
		kept, _, impossible := Preserve(in, k)
		if !reflect.DeepEqual(in, before) {
			t.Fatal("the input was written to")
		}
		for _, kind := range impossible {
			if !slices.Contains(names, kind) {
				t.Fatalf("%s is impossible but was not asked for", kind)
			}
		}
		again, lost, impossible := Preserve(kept, k)
		if !bytes.Equal(again.EXIF, kept.EXIF) || !bytes.Equal(again.XMP, kept.XMP) || len(lost)+len(impossible) > 0 {
			t.Fatalf("second pass: lost %v, impossible %v\nbefore %x\nafter  %x", lost, impossible, kept.EXIF, again.EXIF)
		}
		parsed, ok := parseTIFF(kept.EXIF)
		if (ok || !all) && Orientation(kept.EXIF) != k.Orientation {
			t.Fatalf("orientation %d, want %d", Orientation(kept.EXIF), k.Orientation)
		}
		if all {
			return
		}
		if len(kept.EXIF) > 65000 || kept.XMP != nil || kept.IPTC != nil || parsed.thumb.present() {
			t.Fatal("more was kept than asked for")
		}
		if len(kept.EXIF) > 0 && !ok {
			t.Fatal("the block that was built cannot be read")
		}
		if parsed.gps.present() && !slices.Contains(names, "location") {
			t.Fatal("the place was kept")
		}
		if _, found := parsed.main.find(tagCopyright); found && !slices.Contains(names, "copyright") {
			t.Fatal("the copyright was kept")
		}
	})
}

// FuzzIsSRGB: profiles of other spaces and damaged ones are answered, not crashed on, and
// nothing is both RGB and gray.
func FuzzIsSRGB(f *testing.F) {
	for _, name := range []string{"sRGB-v2-nano.icc", "sRGB-v4.icc", "sGrey-v4.icc", "DisplayP3-v2-micro.icc", "scRGB-v2.icc"} {
		f.Add(sample(f, name))
	}
	f.Fuzz(func(t *testing.T, icc []byte) {
		if IsSRGB(icc) && IsSGray(icc) {
			t.Fatal("both RGB and gray")
		}
		if IsSRGB(icc) && ColorSpace(icc) != "RGB" {
			t.Fatalf("sRGB in %q", ColorSpace(icc))
		}
		if len(Description(icc)) > maxText {
			t.Fatal("unbounded description")
		}
	})
}

// FuzzIPTCFromPhotoshop: what is found lies inside, and what is wrapped is found again.
func FuzzIPTCFromPhotoshop(f *testing.F) {
	f.Add(PhotoshopFromIPTC(iim(80, "x")))
	f.Add([]byte("8BIM\x03\xed\x02ab\x00\x00\x00\x00\x01x\x00"))
	f.Fuzz(func(t *testing.T, app13 []byte) {
		if !bytes.Contains(app13, IPTCFromPhotoshop(app13)) {
			t.Fatal("found what is not there")
		}
		if !bytes.Equal(IPTCFromPhotoshop(PhotoshopFromIPTC(app13)), app13) {
			t.Fatal("wrapped and not found")
		}
	})
}
