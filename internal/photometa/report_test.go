package photometa

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// asJSON is what a client gets: numbers become float64.
func asJSON(t testing.TB, v any) map[string]any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReportEXIF(t *testing.T) {
	want := map[string]any{
		"Make": "Maker", "Orientation": 6.0, "ModifyDate": "2018:05:22 08:00:00",
		"Artist": "Ann Author", "Copyright": "(c) Ann Author",
		"DateTimeOriginal": "2018:05:21 12:30:07", "CreateDate": "2018:05:21 12:30:07",
		"OffsetTimeOriginal": "+02:00", "SubSecTimeOriginal": "05",
		"MakerNote": map[string]any{"bytes": 40.0}, "UserComment": "a remark",
		"ExifImageWidth": 4000.0, "ExifImageHeight": 3000.0, "InteropIndex": "R98",
		"GPSVersionID": []any{2.0, 3.0, 0.0, 0.0}, "GPSLatitudeRef": "S", "GPSLongitudeRef": "E",
		"GPSLatitude": -33.856875, "GPSLongitude": 151.21504444444443, "GPSTimeStamp": "23:05:07",
		"Thumbnail": map[string]any{"bytes": float64(len(thumbnailBytes))},
	}
	for magic, order := range orders() {
		for _, prefix := range []string{"", "Exif\x00\x00"} {
			block := append([]byte(prefix), camera(magic, order, 6)...)
			got := asJSON(t, Report(Blocks{EXIF: block}))["exif"]
			if !reflect.DeepEqual(got, any(want)) {
				t.Errorf("%s: got  %v\nwant %v", magic[:2], got, want)
			}
		}
	}
}

// The figures were read with exiftool 12.57.
func TestReportRealFiles(t *testing.T) {
	exif := asJSON(t, Report(Blocks{EXIF: sample(t, "nexus6p.exif")}))["exif"].(map[string]any)
	for name, want := range map[string]any{
		"Make": "Huawei", "Model": "Nexus 6P", "FNumber": 2.0, "ISO": 370.0, "FocalLength": 4.67,
		"ExposureTime": 0.012865, "GPSAltitude": 20.0, "GPSProcessingMethod": "fused",
		"GPSTimeStamp": "07:43:41", "SubSecTimeOriginal": "959413", "ExifVersion": "0220",
		"Thumbnail": map[string]any{"bytes": 6997.0}, "MakerNote": map[string]any{"bytes": 18262.0},
		"InteropIndex": "R98", "ComponentsConfiguration": []any{1.0, 2.0, 3.0, 0.0},
	} {
		if !reflect.DeepEqual(exif[name], want) {
			t.Errorf("%s is %v, want %v", name, exif[name], want)
		}
	}
	if latitude, _ := exif["GPSLatitude"].(float64); math.Abs(latitude-59.3062083333333) > 1e-9 {
		t.Errorf("GPSLatitude is %v", exif["GPSLatitude"])
	}
	xmp := asJSON(t, Report(Blocks{XMP: sample(t, "tomato.xmp")}))["xmp"].(map[string]any)
	if len(xmp) < 90 || xmp["dc:format"] != "image/jpeg" || xmp["aux:Lens"] != "18.0-55.0 mm f/3.5-5.6" ||
		xmp["photoshop:DateCreated"] != "2012-04-23T21:23:23.008" {
		t.Errorf("%d properties: %v", len(xmp), xmp)
	}
	icc := asJSON(t, Report(Blocks{ICC: sample(t, "DisplayP3-v4.icc")}))["icc"]
	if want := (map[string]any{
		"size": 480.0, "version": "4.2", "srgb": false, "description": "sP3", "copyright": "CC0",
		"class": "mntr", "color_space": "RGB", "connection_space": "XYZ",
	}); !reflect.DeepEqual(icc, any(want)) {
		t.Errorf("got  %v\nwant %v", icc, want)
	}
}

func TestReportValues(t *testing.T) {
	for magic, order := range orders() {
		r := newRaw(magic, order)
		rat := func(n, d uint32) []byte { return order.AppendUint32(order.AppendUint32(nil, n), d) }
		utf16 := func(s string) (b []byte) {
			for _, c := range s {
				b = order.AppendUint16(b, uint16(c))
			}
			return b
		}
		put := func(tag, kind uint16, count int, data []byte) entry {
			return r.at(tag, kind, uint32(count), r.value(data))
		}
		long := bytes.Repeat([]byte("é"), 900)
		block := r.first(r.directory(0,
			put(0x010e, 2, 5, []byte("caf\xe9\x00")),                                  // Latin-1
			put(0x010f, 2, 6, []byte("caf\xc3\xa9\x00")),                              // UTF-8
			put(0x0110, 2, len(long), long),                                           // long
			put(0x8298, 2, 10, []byte("photo\x00edit")),                               // two parts
			put(0x011a, 5, 1, rat(1, 0)),                                              // infinite
			put(0x011b, 5, 1, rat(0, 0)),                                              // no number
			put(0x829a, 5, 1, rat(1, 8)),                                              // fraction
			put(0x9201, 10, 1, rat(3, 1)),                                             // APEX
			put(0x9202, 5, 1, rat(4, 1)),                                              // APEX
			put(0x9204, 10, 1, rat(0xfffffffe, 3)),                                    // negative
			put(0x9c9b, 1, 6, []byte{0xe9, 0, 'a', 0, 0, 0}),                          // UTF-16LE, always
			put(0x9286, 7, 12, append([]byte("UNICODE\x00"), utf16("hé")...)),         // UTF-16
			put(0xc4a5, 7, 300, bytes.Repeat([]byte{1, 2, 3}, 100)),                   // binary
			put(0x0111, 4, 1, order.AppendUint32(nil, 8)),                             // a pointer
			put(0x9999, 12, 1, order.AppendUint64(nil, math.Float64bits(math.NaN()))), // NaN
			put(0x9998, 3, 2000, make([]byte, 4000)),                                  // long list
			entry{tag: 0x0005, kind: 3, count: 1},                                     // a GPS number elsewhere
		))
		got := asJSON(t, Report(Blocks{EXIF: block}))["exif"]
		want := map[string]any{
			"ImageDescription": "café", "Make": "café", "Model": strings.Repeat("é", 512), "Copyright": "photo\nedit",
			"ExposureTime": 0.125, "ShutterSpeedValue": 0.125, "ApertureValue": 4.0,
			"ExposureCompensation": -2.0 / 3, "XPTitle": "éa", "UserComment": "hé",
			"PrintIM":           map[string]any{"bytes": 300.0},
			"UnknownTag_0x9998": map[string]any{"bytes": 4000.0},
			"UnknownTag_0x5":    0.0,
		}
		if !reflect.DeepEqual(got, any(want)) {
			t.Errorf("%s: got  %v\nwant %v", magic[:2], got, want)
		}
	}
}

func TestReportIPTC(t *testing.T) {
	block := slices.Concat(
		iim(0, "\x00\x04"), iim(5, "Titel"), iim(25, "one"), iim(25, "two"), iim(25, "three"),
		iim(55, "20211020"), iim(60, "210101+0200"), iim(80, "Jos\xe9"), iim(116, "© Zoë"), iim(241, "?"))
	want := map[string]any{
		"ApplicationRecordVersion": 4.0, "ObjectName": "Titel", "Keywords": []any{"one", "two", "three"},
		"DateCreated": "2021:10:20", "TimeCreated": "21:01:01+02:00", "By-line": "José", "CopyrightNotice": "© Zoë",
		"Dataset2:241": "?",
	}
	for name, in := range map[string][]byte{
		"raw":       block,
		"damaged":   append(slices.Clone(block), 0x1c, 2, 5, 0x7f, 0xff),
		"photoshop": IPTCFromPhotoshop(PhotoshopFromIPTC(block)),
	} {
		got := asJSON(t, Report(Blocks{IPTC: in}))["iptc"]
		if !reflect.DeepEqual(got, any(want)) {
			t.Errorf("%s: got  %v\nwant %v", name, got, want)
		}
	}
}

func TestReportXMP(t *testing.T) {
	bare := `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ` +
		`xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/png"/></rdf:RDF>`
	for _, c := range []struct {
		name string
		in   []byte
		want map[string]any
	}{
		{"bare", []byte(bare), map[string]any{"dc:format": "image/png"}},
		{"place", xmp(`<exif:GPSLatitude>33,51.4125S</exif:GPSLatitude>`), map[string]any{"exif:GPSLatitude": -33.856875}},
		{"not a number", xmp(`<exif:GPSLatitude>NaN</exif:GPSLatitude>`), map[string]any{}},
		{"no XML", []byte("<x:xmpmeta"), map[string]any{"bytes": 10.0, "note": "cannot be read"}},
		{"too large", append(xmp(""), make([]byte, maxXMP)...), map[string]any{"bytes": float64(len(xmp("")) + maxXMP), "note": "cannot be read"}},
	} {
		if got := asJSON(t, Report(Blocks{XMP: c.in}))["xmp"]; !reflect.DeepEqual(got, any(c.want)) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestReportBounds(t *testing.T) {
	r := newRaw("II*\x00", binary.LittleEndian)
	var fields []entry
	for i := range uint16(900) {
		fields = append(fields, r.short(0x5000+i, i))
	}
	many := r.first(r.directory(0, fields...))
	if got := Report(Blocks{EXIF: many})["exif"].(map[string]any); len(got) != maxTags {
		t.Errorf("%d EXIF tags, want %d", len(got), maxTags)
	}
	if got := Report(Blocks{IPTC: bytes.Repeat(iim(25, "k"), 600)})["iptc"].(map[string]any)["Keywords"].([]string); len(got) != maxItems {
		t.Errorf("%d keywords, want %d", len(got), maxItems)
	}
	var properties strings.Builder
	for i := range 900 {
		fmt.Fprintf(&properties, "<dc:p%d>v</dc:p%d>", i, i)
	}
	if got := Report(Blocks{XMP: xmp(properties.String())})["xmp"].(map[string]any); len(got) != maxTags {
		t.Errorf("%d properties, want %d", len(got), maxTags)
	}
	if got := Report(Blocks{}); len(got) != 0 {
		t.Errorf("nothing gives %v", got)
	}
	for name, g := range Report(Blocks{EXIF: []byte("?"), XMP: []byte("?"), IPTC: []byte("?"), ICC: []byte("?")}) {
		if !reflect.DeepEqual(g, map[string]any{"bytes": 1, "note": "cannot be read"}) {
			t.Errorf("%s: %v", name, g)
		}
	}
}

func TestIPTCFromPhotoshop(t *testing.T) {
	resource := func(number uint16, name, data string) []byte {
		out := binary.BigEndian.AppendUint16([]byte("8BIM"), number)
		out = append(append(out, byte(len(name))), name...)
		out = append(out, make([]byte, (1+len(name))%2)...)
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(data))), data...)
		return append(out, make([]byte, len(data)%2)...)
	}
	for _, c := range []struct {
		name string
		in   []byte
		want string
	}{
		{"only", PhotoshopFromIPTC([]byte("IIM")), "IIM"},
		{"second, odd names and sizes", slices.Concat([]byte("Photoshop 3.0\x00"), resource(0x03ed, "ab", "odd"), resource(0x0404, "abc", "IIM")), "IIM"},
		{"no prefix", resource(0x0404, "", "IIMX"), "IIMX"},
		{"none", resource(0x03ed, "", "data"), ""},
		{"cut", PhotoshopFromIPTC([]byte("IIMM"))[:28], ""},
		{"empty", nil, ""},
		{"text", []byte("not a resource at all"), ""},
	} {
		if got := IPTCFromPhotoshop(c.in); string(got) != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOrientation(t *testing.T) {
	for magic, order := range orders() {
		r := newRaw(magic, order)
		one := func(e entry) []byte {
			r := newRaw(magic, order)
			return r.first(r.directory(0, e))
		}
		for _, c := range []struct {
			name string
			in   []byte
			want int
		}{
			{"6", one(r.short(0x0112, 6)), 6},
			{"8 with prefix", append([]byte("Exif\x00\x00"), one(r.short(0x0112, 8))...), 8},
			{"0", one(r.short(0x0112, 0)), 1},
			{"9", one(r.short(0x0112, 9)), 1},
			{"LONG, which browsers ignore", one(r.long(0x0112, 6)), 1},
			{"two values", one(entry{tag: 0x0112, kind: 3, count: 2, value: [4]byte{6, 6, 6, 6}}), 1},
			{"other tag", one(r.short(0x0113, 6)), 1},
			{"cut", one(r.short(0x0112, 6))[:15], 1},
			{"empty", nil, 1},
			{"only a header", []byte(magic + "\x00\x00\x00\x08"), 1},
		} {
			if got := Orientation(c.in); got != c.want {
				t.Errorf("%s %s: got %d, want %d", magic[:2], c.name, got, c.want)
			}
		}
	}
	if got := Orientation(sample(t, "orientation-6.exif")); got != 6 {
		t.Errorf("real file: %d, want 6", got)
	}
}

func TestHostileTIFF(t *testing.T) {
	for magic, order := range orders() {
		r := newRaw(magic, order)
		loop := uint32(len(r.out))
		r.directory(loop, r.long(0x8769, loop), r.long(0x8825, loop), r.long(0xa005, loop), r.long(0x014a, loop), r.short(0x0112, 6))
		looped := slices.Clone(r.first(loop))

		r = newRaw(magic, order)
		a := uint32(len(r.out))
		b := a + 2 + 12 + 4
		r.directory(b, r.short(0x0112, 6))
		r.directory(b, r.long(0x0201, 0xffffffff), r.long(0x0202, 0xffffffff))
		chained := slices.Clone(r.first(a))

		r = newRaw(magic, order)
		var fields []entry
		for _, kind := range []uint16{0, 1, 2, 3, 5, 12, 13, 129, 999} {
			fields = append(fields, r.at(0x9000+kind, kind, 0xffffffff, 8), r.at(0x9000+kind, kind, 0, 8), r.at(0x9000+kind, kind, 3, 0xffffffff))
		}
		huge := slices.Clone(r.first(r.directory(0xffffffff, fields...)))

		for name, block := range map[string][]byte{"looped": looped, "chained": chained, "huge": huge} {
			asJSON(t, Report(Blocks{EXIF: block}))
			for _, k := range []Keep{
				{Kinds: kinds("all"), Orientation: 1, Redrawn: true, Width: 1, Height: 1},
				{Kinds: kinds("copyright", "creation", "location"), Orientation: 3},
			} {
				kept, _, _ := Preserve(Blocks{EXIF: block}, k)
				if got := Orientation(kept.EXIF); got != k.Orientation {
					t.Errorf("%s %s: orientation %d, want %d", magic[:2], name, got, k.Orientation)
				}
			}
			for cut := range block {
				Report(Blocks{EXIF: block[:cut]})
				Preserve(Blocks{EXIF: block[:cut]}, Keep{Kinds: kinds("all"), Redrawn: true})
			}
		}
	}
}

func TestReportIsDeterministic(t *testing.T) {
	in := Blocks{
		EXIF: sample(t, "nexus6p.exif"), XMP: sample(t, "tomato.xmp"),
		IPTC: slices.Concat(iim(25, "a"), iim(5, "b"), iim(25, "c")), ICC: sample(t, "sRGB-v2-magic.icc"),
	}
	want := Report(in)
	if got := slices.Sorted(maps.Keys(want)); !slices.Equal(got, []string{"exif", "icc", "iptc", "xmp"}) {
		t.Fatalf("groups %v", got)
	}
	for range 10 {
		if got := Report(in); !reflect.DeepEqual(got, want) {
			t.Fatal("two reports of the same blocks differ")
		}
	}
}
