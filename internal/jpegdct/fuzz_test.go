package jpegdct

import (
	"bytes"
	"testing"
)

func addSeeds(f *testing.F) {
	f.Add(sample(f, "progressive-cat.jpg"))
	f.Add(goEncoded(f, 17, 11, 50, false))
	f.Add(goEncoded(f, 8, 8, 90, true))
	for _, factors := range samplings() {
		file := randomFile(1, 20, 30, factors)
		f.Add(plainEncode(file, 2, false))
		f.Add(mustWrite(f, file, Options{Segments: []Segment{JFIFSegment(Density{}), OrientationSegment(6), AdobeSegment(1)}}))
		f.Add(mustWrite(f, file, Options{Progressive: true, Segments: ICCSegments([]byte("profile"))}))
	}
	f.Add([]byte{})
}

// FuzzParse: whatever Parse accepts is written and parsed again with equal coefficients,
// and a second pass changes nothing.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data, Limits{Pixels: 1 << 18, Scans: 100})
		outcome(t, "parse", err)
		if err != nil {
			return
		}
		for _, progressive := range []bool{false, true} {
			o := Options{Progressive: progressive, Segments: file.Segments}
			out := mustWrite(t, file, o)
			again := mustParse(t, out)
			sameCoefficients(t, "again", again, file)
			o.Segments = again.Segments
			if !bytes.Equal(mustWrite(t, again, o), out) {
				t.Fatal("a second pass changes the file")
			}
		}
	})
}

// FuzzReadHeader: a header is read or refused with a known error, and agrees with Parse.
func FuzzReadHeader(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(bytes.NewReader(data), int64(len(data)))
		outcome(t, "header", err)
		file, parseErr := Parse(data, Limits{Pixels: 1 << 18, Scans: 100})
		if parseErr != nil {
			return
		}
		if err != nil {
			t.Fatalf("parsed, but the header was refused: %v", err)
		}
		if h.Handled() != nil || h.Width != file.Width || h.Height != file.Height ||
			h.Progressive != file.Progressive || len(h.Components) != len(file.Components) {
			t.Fatalf("the header %+v disagrees with the file", h)
		}
	})
}
