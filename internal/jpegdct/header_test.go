package jpegdct

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

func mustHeader(t testing.TB, data []byte) *Header {
	t.Helper()
	h, err := ReadHeader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestReadHeaderOfSamples(t *testing.T) {
	h := mustHeader(t, goEncoded(t, 61, 43, 73, false))
	if h.Width != 61 || h.Height != 43 || h.Precision != 8 || h.Progressive || h.Process != "baseline" ||
		len(h.Components) != 3 || h.Components[0] != (HeaderComponent{1, 2, 2}) || h.Color != YCbCr ||
		h.Quality != 73 || !h.IJG || h.Orientation != 1 || h.AdobeTransform != -1 || h.Density != nil {
		t.Errorf("%+v", h)
	}
	h = mustHeader(t, sample(t, "progressive-cat.jpg"))
	if !h.Progressive || h.Process != "progressive" || h.Handled() != nil {
		t.Errorf("%+v", h)
	}
}

func TestEstimateQuality(t *testing.T) {
	luma, chroma := annexK()
	for q := 1; q <= 100; q++ {
		l, c := luma.scaled(q), chroma.scaled(q)
		got, exact := EstimateQuality(&l, &c)
		if !exact || got != q {
			t.Errorf("quality %d: estimated %d, exact %v", q, got, exact)
		}
		l[5]++
		if got, exact = EstimateQuality(&l, &c); exact || got < q-1 || got > q+1 {
			t.Errorf("quality %d with one step changed: estimated %d, exact %v", q, got, exact)
		}
	}
}

func TestSegments(t *testing.T) {
	profile := make([]byte, 150_000)
	for i := range profile {
		profile[i] = byte(i * 7)
	}
	thumb := append(JFIFSegment(Density{1, 72, 96}).Data[:12], 2, 3)
	thumb = append(thumb, make([]byte, 18)...)
	extended := func(offset int, piece string) Segment {
		d := append([]byte(idExtendedXMP), strings.Repeat("A", 32)...)
		d = binary.BigEndian.AppendUint32(d, 11)
		d = binary.BigEndian.AppendUint32(d, uint32(offset))
		return Segment{Marker: markerAPP0 + 1, Data: append(d, piece...)}
	}
	iptc := "8BIM\x04\x0c\x00\x00\x00\x00\x00\x03abc\x00" + "8BIM\x04\x04\x03abc\x00\x00\x00\x05IPTC!\x00"
	segments := []Segment{
		{Marker: markerAPP0, Data: thumb},
		OrientationSegment(6),
		{Marker: markerAPP0 + 1, Data: []byte(idXMP + "<x/>")},
		extended(0, "hello "), extended(6, "world"),
		{Marker: markerAPP0 + 2, Data: []byte(idMPF + "MM")},
		{Marker: markerAPP0 + 13, Data: []byte(idPhotoshop + iptc)},
		AdobeSegment(1), CommentSegment("hi"),
		{Marker: markerAPP0 + 9, Data: []byte("who knows")},
	}
	segments = append(segments, ICCSegments(profile)...)
	f := randomFile(1, 30, 20, samplings()["4:2:0"])
	data := mustWrite(t, f, Options{Segments: segments})
	h := mustHeader(t, data)
	if h.Orientation != 6 || string(h.XMP) != "<x/>" || string(h.ExtendedXMP) != "hello world" || !h.MPF ||
		string(h.IPTC) != "IPTC!" || h.AdobeTransform != 1 || !bytes.Equal(h.ICC, profile) || h.GainMap ||
		h.ThumbnailBytes != 18 || h.Density == nil || *h.Density != (Density{1, 72, 96}) || len(h.EXIF) == 0 {
		t.Errorf("%+v", h)
	}
	got := mustParse(t, data)
	if len(got.Segments) != len(segments) {
		t.Fatalf("%d segments, want %d", len(got.Segments), len(segments))
	}
	for i, s := range got.Segments {
		if s.Marker != segments[i].Marker || !bytes.Equal(s.Data, segments[i].Data) {
			t.Errorf("segment %d changed", i)
		}
	}
	kinds := []Kind{JFIF, EXIF, XMP, ExtendedXMP, ExtendedXMP, MPF, Photoshop, Adobe, Comment, Other, ICC}
	for i, k := range kinds {
		if got.Segments[i].Kind != k {
			t.Errorf("segment %d is %v, want %v", i, got.Segments[i].Kind, k)
		}
	}
}

func TestICCWithGaps(t *testing.T) {
	pieces := ICCSegments(make([]byte, 200_000))
	for name, s := range map[string][]Segment{
		"missing": pieces[:len(pieces)-1],
		"doubled": append(append([]Segment(nil), pieces...), pieces[0]),
		"none":    nil,
	} {
		if joinICC(s) != nil {
			t.Errorf("%s: joined", name)
		}
	}
	if got := joinICC([]Segment{pieces[1], pieces[0], pieces[2], pieces[3]}); len(got) != 200_000 {
		t.Errorf("out of order: %d bytes", len(got))
	}
	if ICCSegments(nil) != nil || ICCSegments(make([]byte, 256*maxPayload)) != nil {
		t.Error("a profile that cannot be split was split")
	}
}

func TestGainMaps(t *testing.T) {
	f := randomFile(1, 8, 8, samplings()["gray"])
	for _, s := range []Segment{
		{Marker: markerAPP0 + 1, Data: []byte(idXMP + `<r xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/">`)},
		{Marker: markerAPP0 + 1, Data: []byte(idXMP + `<r xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/">`)},
		{Marker: markerAPP0 + 2, Data: []byte(idGainMap + "\x00\x00\x00\x00")},
	} {
		if h := mustHeader(t, mustWrite(t, f, Options{Segments: []Segment{s}})); !h.GainMap {
			t.Errorf("not noticed: %q", s.Data)
		}
	}
}

func TestReadEXIF(t *testing.T) {
	little := "II\x2a\x00\x08\x00\x00\x00" + "\x01\x00" + "\x12\x01\x03\x00\x01\x00\x00\x00\x08\x00\x00\x00" +
		"\x1a\x00\x00\x00" + "\x01\x00" + "\x02\x02\x04\x00\x01\x00\x00\x00\x09\x00\x00\x00" + "\x1a\x00\x00\x00"
	for name, c := range map[string]struct {
		tiff string
		want exifFacts
	}{
		"little endian": {little, exifFacts{8, 9}},
		"constructed":   {string(OrientationSegment(3).Data[len(idEXIF):]), exifFacts{3, 0}},
		"cut":           {little[:20], exifFacts{1, 0}},
		"empty":         {"", exifFacts{1, 0}},
		"offset":        {"II\x2a\x00\xff\xff\xff\xff", exifFacts{1, 0}},
		"orientation 9": {strings.Replace(little, "\x00\x08\x00\x00\x00\x1a", "\x00\x09\x00\x00\x00\x1a", 1), exifFacts{1, 9}},
		"other":         {"XX\x2a\x00\x08\x00\x00\x00", exifFacts{1, 0}},
	} {
		if got := readEXIF([]byte(c.tiff)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestColorSegmentsKeepTheModel(t *testing.T) {
	jfif := JFIFSegment(Density{})
	for name, c := range map[string]struct {
		ids      string
		segments []Segment
		want     Color
		kinds    []Kind
	}{
		"JFIF":            {"\x01\x02\x03", []Segment{jfif}, YCbCr, nil},
		"nothing":         {"\x01\x02\x03", nil, YCbCr, nil},
		"Adobe RGB":       {"\x01\x02\x03", []Segment{AdobeSegment(0)}, RGB, []Kind{Adobe}},
		"Adobe YCbCr":     {"\x01\x02\x03", []Segment{AdobeSegment(1)}, YCbCr, nil},
		"both":            {"\x01\x02\x03", []Segment{jfif, AdobeSegment(0)}, YCbCr, nil},
		"names":           {"RGB", nil, RGB, nil},
		"names and JFIF":  {"RGB", []Segment{jfif}, YCbCr, []Kind{Adobe}},
		"names and Adobe": {"RGB", []Segment{AdobeSegment(1)}, YCbCr, []Kind{Adobe}},
		"gray":            {"\x01", []Segment{jfif}, Gray, nil},
		"CMYK":            {"\x01\x02\x03\x04", nil, CMYK, nil},
		"Adobe CMYK":      {"\x01\x02\x03\x04", []Segment{AdobeSegment(0)}, CMYK, []Kind{Adobe}},
		"YCCK":            {"\x01\x02\x03\x04", []Segment{AdobeSegment(2)}, YCCK, []Kind{Adobe}},
	} {
		f := &File{Segments: c.segments}
		for _, id := range []byte(c.ids) {
			f.Components = append(f.Components, Component{ID: id})
		}
		var before, after Header
		before.Segments, after.Segments = c.segments, f.ColorSegments(false)
		before.readSegments()
		after.readSegments()
		if got := colorModel([]byte(c.ids), before.Density != nil, before.AdobeTransform); got != c.want {
			t.Errorf("%s: read as %v, want %v", name, got, c.want)
		}
		if got := colorModel([]byte(c.ids), after.Density != nil, after.AdobeTransform); got != c.want {
			t.Errorf("%s: kept as %v, want %v", name, got, c.want)
		}
		if len(after.Segments) != len(c.kinds) || len(c.kinds) > 0 && after.Segments[0].Kind != c.kinds[0] {
			t.Errorf("%s: kept %v, want %v", name, after.Segments, c.kinds)
		}
	}
}

type brokenReader struct{}

func (brokenReader) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

var _ io.ReaderAt = brokenReader{}

func TestReadHeaderErrors(t *testing.T) {
	if _, err := ReadHeader(brokenReader{}, 100); !errors.Is(err, errDisk) {
		t.Errorf("a read error became %v", err)
	}
	data := goEncoded(t, 20, 20, 80, false)
	sos := bytes.Index(data, []byte{0xFF, markerSOS})
	for n := range sos {
		if _, err := ReadHeader(bytes.NewReader(data[:n]), int64(n)); err == nil {
			t.Errorf("cut to %d: accepted", n)
		} else {
			outcome(t, "cut header", err)
		}
	}
}
