package photometa

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/bep/imagemeta"
)

// independent reads an EXIF block with the library alone.
func independent(t *testing.T, block []byte) map[string]any {
	t.Helper()
	tags := map[string]any{}
	if block == nil {
		return tags
	}
	_, err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(riff("EXIF", block)), ImageFormat: imagemeta.WebP, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(imagemeta.TagInfo) bool { return true },
		HandleTag:       func(i imagemeta.TagInfo) error { tags[i.Tag] = i.Value; return nil },
		Warnf:           t.Errorf,
	})
	if err != nil {
		t.Fatalf("library: %v", err)
	}
	return tags
}

func TestPreserveKinds(t *testing.T) {
	gps := []string{"GPSVersionID", "GPSLatitudeRef", "GPSLatitude", "GPSLongitudeRef", "GPSLongitude", "GPSTimeStamp"}
	dates := []string{"ModifyDate", "DateTimeOriginal", "CreateDate", "OffsetTimeOriginal", "SubSecTimeOriginal"}
	for _, c := range []struct {
		name        string
		kinds       []string
		orientation int
		tags        []string
		lost        []string
	}{
		{"nothing", nil, 1, nil, []string{"exif", "exif-thumbnail", "gps"}},
		{"unknown", []string{"profile"}, 1, nil, []string{"exif", "exif-thumbnail", "gps"}},
		{"copyright", []string{"copyright"}, 1, []string{"Artist", "Copyright"}, []string{"exif", "exif-thumbnail", "gps"}},
		{"creation", []string{"creation"}, 1, dates, []string{"exif", "exif-thumbnail", "gps"}},
		{"location", []string{"location"}, 1, gps, []string{"exif", "exif-thumbnail"}},
		{"orientation", []string{"orientation"}, 6, []string{"Orientation"}, []string{"exif", "exif-thumbnail", "gps"}},
		{"still turned", nil, 8, []string{"Orientation"}, []string{"exif", "exif-thumbnail", "gps"}},
		{"all by name", []string{"copyright", "creation", "location", "orientation"}, 3,
			slices.Concat([]string{"Artist", "Copyright", "Orientation"}, dates, gps), []string{"exif", "exif-thumbnail"}},
	} {
		for magic, order := range orders() {
			t.Run(c.name+" "+magic[:2], func(t *testing.T) {
				source := camera(magic, order, 6)
				keep := Keep{Kinds: kinds(c.kinds...), Orientation: c.orientation}
				kept, lost, impossible := Preserve(Blocks{EXIF: source}, keep)
				if len(impossible) > 0 {
					t.Errorf("impossible: %v", impossible)
				}
				if !slices.Equal(lost, c.lost) {
					t.Errorf("lost %v, want %v", lost, c.lost)
				}
				got := independent(t, kept.EXIF)
				want := map[string]any{}
				all := independent(t, source)
				all["Orientation"] = uint16(c.orientation)
				for _, tag := range c.tags {
					want[tag] = all[tag]
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got  %v\nwant %v", got, want)
				}
				again, lost, _ := Preserve(kept, keep)
				if !reflect.DeepEqual(again, kept) || len(lost) > 0 {
					t.Errorf("second pass changed the block, lost %v", lost)
				}
			})
		}
	}
}

func TestPreserveRealFile(t *testing.T) {
	source := sample(t, "nexus6p.exif")
	kept, lost, impossible := Preserve(Blocks{EXIF: source}, Keep{Kinds: kinds("location", "creation")})
	if len(impossible) > 0 || !slices.Equal(lost, []string{"exif", "exif-thumbnail"}) {
		t.Errorf("lost %v, impossible %v", lost, impossible)
	}
	all, got := independent(t, source), independent(t, kept.EXIF)
	for tag, v := range got {
		if !reflect.DeepEqual(v, all[tag]) {
			t.Errorf("%s is %v, was %v", tag, v, all[tag])
		}
	}
	for _, tag := range []string{"GPSLatitude", "GPSLongitude", "GPSAltitude", "DateTimeOriginal", "SubSecTimeOriginal"} {
		if _, ok := got[tag]; !ok {
			t.Errorf("%s is missing", tag)
		}
	}
	if _, ok := got["Make"]; ok {
		t.Error("Make was not asked for")
	}
}

func TestPreserveCarries(t *testing.T) {
	packet := xmp(`<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Zoë</rdf:li><rdf:li xml:lang="de">nein</rdf:li></rdf:Alt></dc:rights>` +
		`<dc:creator><rdf:Seq><rdf:li>Zoë</rdf:li><rdf:li>Bob</rdf:li></rdf:Seq></dc:creator>` +
		`<photoshop:DateCreated>2012-04-23T21:23:23.008+05:30</photoshop:DateCreated>` +
		`<xmp:CreateDate>2013-01-02</xmp:CreateDate>` +
		`<exif:GPSLatitude>33,51.4125S</exif:GPSLatitude><exif:GPSLongitude>151,12.9026667E</exif:GPSLongitude>`)
	iptc := slices.Concat(iim(116, "\xa9 Press"), iim(80, "Jos\xe9"), iim(55, "20201231"), iim(60, "235959-0130"))
	everything := kinds("copyright", "creation", "location")
	for _, c := range []struct {
		name string
		in   Blocks
		want map[string]any
		lost []string
	}{
		{"xmp", Blocks{XMP: packet, IPTC: iptc}, map[string]any{
			"Copyright": "© Zoë", "Artist": "Zoë; Bob",
			"DateTimeOriginal": "2012:04:23 21:23:23", "OffsetTimeOriginal": "+05:30", "SubSecTimeOriginal": 8,
			"CreateDate":   "2013:01:02   :  :",
			"GPSVersionID": "2 3 0 0", "GPSLatitudeRef": "S", "GPSLongitudeRef": "E",
			"GPSLatitude": 33.856875, "GPSLongitude": 151.21504444444444,
		}, []string{"iptc", "xmp"}},
		{"iptc", Blocks{IPTC: iptc}, map[string]any{
			"Copyright": "© Press", "Artist": "José",
			"DateTimeOriginal": "2020:12:31 23:59:59", "OffsetTimeOriginal": "-01:30",
		}, []string{"iptc"}},
		{"iptc day", Blocks{IPTC: iim(55, "20201231")}, map[string]any{
			"DateTimeOriginal": "2020:12:31   :  :",
		}, []string{"iptc"}},
		{"hopeless dates", Blocks{IPTC: iim(55, "2020"), XMP: xmp(`<photoshop:DateCreated>2012-04</photoshop:DateCreated>`)},
			map[string]any{}, []string{"iptc", "xmp"}},
		{"exif form in xmp", Blocks{XMP: xmp(`<exif:DateTimeOriginal>2007:01:20 17:29:06</exif:DateTimeOriginal>`)},
			map[string]any{"DateTimeOriginal": "2007:01:20 17:29:06"}, []string{"xmp"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept, lost, impossible := Preserve(c.in, Keep{Kinds: everything})
			if got := independent(t, kept.EXIF); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
			if kept.XMP != nil || kept.IPTC != nil || !slices.Equal(lost, c.lost) || len(impossible) > 0 {
				t.Errorf("lost %v, want %v; impossible %v", lost, c.lost, impossible)
			}
		})
	}
}

func TestPreserveEXIFWinsOverXMP(t *testing.T) {
	in := Blocks{
		EXIF: camera("MM\x00*", orders()["MM\x00*"], 1),
		XMP:  xmp(`<dc:rights>other</dc:rights><photoshop:DateCreated>1999-01-01T00:00:00Z</photoshop:DateCreated>`),
	}
	kept, _, _ := Preserve(in, Keep{Kinds: kinds("copyright", "creation")})
	got := independent(t, kept.EXIF)
	if got["Copyright"] != "(c) Ann Author" || got["DateTimeOriginal"] != "2018:05:21 12:30:07" {
		t.Errorf("got %v", got)
	}
}

func TestPreserveProfile(t *testing.T) {
	for name, dropped := range map[string]bool{
		"sRGB-v2-nano.icc": true, "sRGB-v4.icc": true, "sGrey-v4.icc": true,
		"DisplayP3-v4.icc": false, "AdobeCompat-v2.icc": false,
	} {
		in := Blocks{ICC: sample(t, name)}
		kept, lost, _ := Preserve(in, Keep{})
		if (kept.ICC == nil) != dropped || slices.Contains(lost, "icc-profile (sRGB)") != dropped {
			t.Errorf("%s: kept %d bytes, lost %v", name, len(kept.ICC), lost)
		}
		for _, kind := range []string{"profile", "all"} {
			if kept, lost, _ = Preserve(in, Keep{Kinds: kinds(kind)}); kept.ICC == nil || len(lost) > 0 {
				t.Errorf("%s was asked for and is lost: %v", name, lost)
			}
		}
	}
}

func TestPreserveAll(t *testing.T) {
	for magic, order := range orders() {
		source := camera(magic, order, 6)
		whole := Blocks{EXIF: source, XMP: xmp("<dc:rights>r</dc:rights>"), IPTC: iim(80, "x"), ICC: sample(t, "sRGB-v4.icc")}

		kept, lost, impossible := Preserve(whole, Keep{Kinds: kinds("all"), Orientation: 6})
		if !reflect.DeepEqual(kept, whole) || len(lost)+len(impossible) > 0 {
			t.Errorf("%s: changed although nothing else was asked, lost %v", magic[:2], lost)
		}

		keep := Keep{Kinds: kinds("all"), Orientation: 1, Redrawn: true, Width: 300, Height: 400}
		kept, lost, _ = Preserve(whole, keep)
		if !slices.Equal(lost, []string{"exif-thumbnail"}) || Orientation(kept.EXIF) != 1 {
			t.Errorf("%s: lost %v, orientation %d", magic[:2], lost, Orientation(kept.EXIF))
		}
		if bytes.Contains(kept.EXIF, []byte("THUMBNAIL")) || len(kept.EXIF) > len(source)-len(thumbnailBytes)-40 {
			t.Errorf("%s: the thumbnail is still there, %d of %d bytes", magic[:2], len(kept.EXIF), len(source))
		}
		got, want := independent(t, kept.EXIF), independent(t, source)
		want["Orientation"], want["ExifImageWidth"], want["ExifImageHeight"] = uint16(1), uint32(300), uint32(400)
		for _, tag := range []string{"Compression", "ThumbnailOffset", "ThumbnailLength"} {
			delete(want, tag)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got  %v\nwant %v", magic[:2], got, want)
		}
		if again, lost, _ := Preserve(kept, keep); !reflect.DeepEqual(again, kept) || len(lost) > 0 {
			t.Errorf("%s: second pass changed the blocks, lost %v", magic[:2], lost)
		}
		if !bytes.Equal(source, camera(magic, order, 6)) {
			t.Fatal("the source was written to")
		}
	}
}

func TestPreserveAllKeepsMakerNoteInPlace(t *testing.T) {
	source := sample(t, "nexus6p.exif")
	kept, lost, _ := Preserve(Blocks{EXIF: source}, Keep{Kinds: kinds("all"), Redrawn: true})
	before, _ := parseTIFF(source)
	after, _ := parseTIFF(kept.EXIF)
	was, _ := before.exif.find(0x927c)
	is, ok := after.exif.find(0x927c)
	if !ok || is.offset != was.offset || !bytes.Equal(is.data, was.data) {
		t.Error("the maker note moved or changed")
	}
	if !slices.Equal(lost, []string{"exif-thumbnail"}) || len(source)-len(kept.EXIF) < 6997 {
		t.Errorf("lost %v, %d bytes less; the thumbnail has 6997", lost, len(source)-len(kept.EXIF))
	}
}

func TestPreserveAllAddsOrientation(t *testing.T) {
	for magic, order := range orders() {
		r := newRaw(magic, order)
		block := r.first(r.directory(0, entry{tag: 0x010f, kind: 2, count: 4, value: [4]byte{'A', 'b', 'c'}}, r.short(0x0128, 2)))
		keep := Keep{Kinds: kinds("all"), Orientation: 5}
		kept, _, _ := Preserve(Blocks{EXIF: block}, keep)
		want := map[string]any{"Make": "Abc", "ResolutionUnit": uint16(2), "Orientation": uint16(5)}
		if got := independent(t, kept.EXIF); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", magic[:2], got, want)
		}
		if again, _, _ := Preserve(kept, keep); !reflect.DeepEqual(again, kept) {
			t.Errorf("%s: second pass changed the block", magic[:2])
		}
	}
}

// A thumbnail that shares bytes with something that stays must not take them with it.
func TestDropThumbnailSparesSharedBytes(t *testing.T) {
	for magic, order := range orders() {
		r := newRaw(magic, order)
		shared := r.value([]byte("maker's text, also in the thumbnail\x00"))
		secret := r.value([]byte("only in the thumbnail"))
		end := r.value([]byte("behind"))
		thumb := r.directory(0, r.long(0x0201, shared), r.long(0x0202, end-shared))
		block := r.first(r.directory(thumb, r.at(0x010f, 2, secret-shared, shared)))
		kept, _, _ := Preserve(Blocks{EXIF: block}, Keep{Kinds: kinds("all"), Redrawn: true})
		if got := independent(t, kept.EXIF)["Make"]; got != "maker's text, also in the thumbnail" {
			t.Errorf("%s: Make is %q", magic[:2], got)
		}
		if bytes.Contains(kept.EXIF, []byte("only in")) || !bytes.Contains(kept.EXIF, []byte("behind")) {
			t.Errorf("%s: wrong bytes were blanked: %q", magic[:2], kept.EXIF)
		}
	}
}

func TestPreserveImpossible(t *testing.T) {
	for magic, order := range orders() {
		r := newRaw(magic, order)
		outside := r.first(r.directory(0,
			r.at(0x8298, 2, 50, 0xfffffff0), r.long(0x8769, 0xffffff00), r.long(0x8825, 0x00ffffff)))
		asked := Keep{Kinds: kinds("copyright", "creation", "location")}
		kept, lost, impossible := Preserve(Blocks{EXIF: outside}, asked)
		if kept.EXIF != nil || !slices.Equal(impossible, []string{"copyright", "creation", "location"}) {
			t.Errorf("impossible %v, lost %v, kept %d bytes", impossible, lost, len(kept.EXIF))
		}
		if _, _, impossible = Preserve(Blocks{EXIF: outside}, Keep{}); len(impossible) > 0 {
			t.Errorf("not asked for, but impossible: %v", impossible)
		}
		rescued := Blocks{EXIF: outside, XMP: xmp(`<dc:rights>r</dc:rights>`)}
		if _, _, impossible = Preserve(rescued, asked); !slices.Equal(impossible, []string{"creation", "location"}) {
			t.Errorf("impossible in spite of XMP: %v", impossible)
		}
	}
	_, lost, impossible := Preserve(Blocks{EXIF: []byte("no TIFF at all")}, Keep{Kinds: kinds("location")})
	if !slices.Equal(lost, []string{"exif"}) || !slices.Equal(impossible, []string{"location"}) {
		t.Errorf("lost %v, impossible %v", lost, impossible)
	}
}

// A pointer that leads the GPS directory to the first one must not keep that one's tags.
func TestPreserveLocationKeepsNothingElse(t *testing.T) {
	r := newRaw("II*\x00", orders()["II*\x00"])
	at := uint32(len(r.out))
	block := r.first(r.directory(0, entry{tag: 0x010f, kind: 2, count: 4, value: [4]byte{'A', 'b', 'c'}}, r.long(0x8825, at)))
	kept, _, _ := Preserve(Blocks{EXIF: block}, Keep{Kinds: kinds("location")})
	if bytes.Contains(kept.EXIF, []byte("Abc")) {
		t.Error("Make was kept as a place")
	}
}

// Many values that share the same bytes must not make a block larger than a JPEG takes.
func TestPreserveBoundsOverlap(t *testing.T) {
	r := newRaw("II*\x00", orders()["II*\x00"])
	big := r.value(bytes.Repeat([]byte("x"), 20000))
	var fields []entry
	for tag := range uint16(0x20) {
		fields = append(fields, r.at(tag, 7, 20000, big))
	}
	gps := r.directory(0, fields...)
	kept, _, impossible := Preserve(Blocks{EXIF: r.first(r.directory(0, r.long(0x8825, gps)))}, Keep{Kinds: kinds("location")})
	if len(kept.EXIF) > 65000 || !slices.Equal(impossible, []string{"location"}) {
		t.Errorf("%d bytes, impossible %v", len(kept.EXIF), impossible)
	}
}

func TestCorrectXMP(t *testing.T) {
	thumbnails := `<xmp:Thumbnails><rdf:Alt><rdf:li>AAAA</rdf:li></rdf:Alt></xmp:Thumbnails>`
	for _, c := range []struct{ name, in, want string }{
		{"attribute", `<a tiff:Orientation="6" b="6">`, `<a tiff:Orientation="1" b="6">`},
		{"element", `<tiff:Orientation>6</tiff:Orientation>`, `<tiff:Orientation>1</tiff:Orientation>`},
		{"spaces", `<a tiff:Orientation = '8'>`, `<a tiff:Orientation = '1'>`},
		{"no value", `<a tiff:Orientation tiff:Orientation="x"> tiff:Orientation=`, `<a tiff:Orientation tiff:Orientation="x"> tiff:Orientation=`},
		{"several", `<a tiff:Orientation="6"/><b tiff:Orientation="8"/>`, `<a tiff:Orientation="1"/><b tiff:Orientation="1"/>`},
		{"other", `<xtiff:Orientation>6</xtiff:Orientation><exif:Orientation>6<`, `<xtiff:Orientation>6</xtiff:Orientation><exif:Orientation>6<`},
		{"thumbnails", "<a>" + thumbnails + "<b>" + thumbnails, "<a> <b> "},
		{"thumbnails with an attribute", "<xmp:Thumbnails a='b'>c</xmp:Thumbnails>d", " d"},
		{"empty", "<xmp:Thumbnails/><b/>" + thumbnails, "<xmp:Thumbnails/><b/> "},
		{"longer name", "<xmp:ThumbnailsX>a</xmp:ThumbnailsX>" + "</xmp:Thumbnails>", "<xmp:ThumbnailsX>a</xmp:ThumbnailsX></xmp:Thumbnails>"},
		{"open", "a<xmp:Thumbnails>b", "a<xmp:Thumbnails>b"},
		{"cut", "a<xmp:Thumbnails", "a<xmp:Thumbnails"},
	} {
		got, dropped := correctXMP([]byte(c.in), Keep{Orientation: 1, Redrawn: true})
		if string(got) != c.want || dropped != (len(c.want) < len(c.in)) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	if got, _ := correctXMP([]byte(thumbnails), Keep{Orientation: 1}); string(got) != thumbnails {
		t.Error("thumbnails go only once the picture is redrawn")
	}
}
