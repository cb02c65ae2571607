package jpegdct

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestRoundTripAllSamplings(t *testing.T) {
	sizes := [][2]int{{1, 1}, {17, 11}, {64, 48}, {200, 9}, {33, 130}}
	for name, factors := range samplings() {
		for _, size := range sizes {
			want := randomFile(uint64(size[0]), size[0], size[1], factors)
			for _, progressive := range []bool{false, true} {
				what := fmt.Sprintf("%s %v progressive=%v", name, size, progressive)
				data := mustWrite(t, want, Options{Progressive: progressive})
				got := mustParse(t, data)
				sameCoefficients(t, what, got, want)
				if got.Progressive != progressive {
					t.Errorf("%s: parsed as progressive=%v", what, got.Progressive)
				}
				if again := mustWrite(t, got, Options{Progressive: progressive}); !bytes.Equal(again, data) {
					t.Errorf("%s: a second pass changes the file", what)
				}
			}
		}
	}
}

// A second encoder and the standard library's decoder guard against a parser and a writer
// that are wrong in the same way.
func TestPlainEncoderAgrees(t *testing.T) {
	for name, factors := range samplings() {
		for _, restart := range []int{0, 1, 5} {
			for _, interleave := range []bool{true, false} {
				want := randomFile(5, 75, 61, factors)
				all := []int{0, 1, 2, 3}[:len(factors)]
				if interleave && !want.fits(all) {
					if _, err := Parse(plainEncode(want, restart, true), Limits{}); !errors.Is(err, ErrNotHandled) {
						t.Errorf("%s: more than ten blocks in an MCU: %v", name, err)
					}
					continue
				}
				what := fmt.Sprintf("%s restart=%d interleave=%v", name, restart, interleave)
				data := plainEncode(want, restart, interleave)
				got := mustParse(t, data)
				sameCoefficients(t, what, got, want)
				if got.RestartInterval != restart {
					t.Errorf("%s: restart interval %d", what, got.RestartInterval)
				}
			}
		}
	}
}

func TestPixelsStayTheSame(t *testing.T) {
	sources := map[string][]byte{
		"tomato":  sample(t, "tomato-product.jpg"),
		"cat":     sample(t, "progressive-cat.jpg"),
		"1×1":     goEncoded(t, 1, 1, 90, false),
		"17×11":   goEncoded(t, 17, 11, 75, false),
		"8000×1":  goEncoded(t, 8000, 1, 80, false),
		"1×8000":  goEncoded(t, 1, 8000, 80, true),
		"gray":    goEncoded(t, 127, 65, 40, true),
		"q100":    goEncoded(t, 130, 70, 100, false),
		"q1":      goEncoded(t, 130, 70, 1, false),
		"restart": plainEncode(randomFile(3, 100, 80, sampling{{2, 2}, {1, 1}, {1, 1}}), 3, true),
		"4:2:2":   plainEncode(randomFile(4, 100, 80, sampling{{2, 1}, {1, 1}, {1, 1}}), 0, true),
		"4:4:0":   plainEncode(randomFile(4, 100, 83, sampling{{1, 2}, {1, 1}, {1, 1}}), 0, true),
		"4:1:1":   plainEncode(randomFile(4, 100, 80, sampling{{4, 1}, {1, 1}, {1, 1}}), 0, true),
		"4:4:4":   plainEncode(randomFile(4, 99, 80, sampling{{1, 1}, {1, 1}, {1, 1}}), 0, false),
	}
	for name, data := range sources {
		f := mustParse(t, data)
		want := decodePixels(t, data)
		for _, progressive := range []bool{false, true} {
			out := mustWrite(t, f, Options{Progressive: progressive, Segments: f.ColorSegments(true)})
			if !bytes.Equal(decodePixels(t, out), want) {
				t.Errorf("%s progressive=%v: other pixels", name, progressive)
			}
		}
	}
}

func TestFourComponents(t *testing.T) {
	for transform, factors := range map[byte]sampling{0: samplings()["CMYK"], 2: samplings()["YCCK"]} {
		f := randomFile(9, 61, 50, factors)
		f.Segments = []Segment{AdobeSegment(transform)}
		keep := f.ColorSegments(false)
		if len(keep) != 1 || !bytes.Equal(keep[0].Data, f.Segments[0].Data) {
			t.Fatalf("transform %d: kept %v", transform, keep)
		}
		sequential := decodePixels(t, mustWrite(t, f, Options{Segments: keep}))
		if !bytes.Equal(decodePixels(t, mustWrite(t, f, Options{Progressive: true, Segments: keep})), sequential) {
			t.Errorf("transform %d: progressive has other pixels", transform)
		}
	}
}

// Files that differ only in how they are coded become one file.
func TestCanonical(t *testing.T) {
	f := randomFile(21, 75, 61, samplings()["4:2:0"])
	doubled := randomFile(21, 75, 61, samplings()["4:2:0"])
	for i := range doubled.Components {
		doubled.Components[i].V *= 2 // 2×4 1×2 1×2: the same ratios
	}
	doubled.relayout(f)
	inputs := map[string][]byte{
		"plain":      plainEncode(f, 0, true),
		"restarts":   plainEncode(f, 2, true),
		"apart":      plainEncode(f, 0, false),
		"factors":    plainEncode(doubled, 0, false),
		"optimised":  mustWrite(t, f, Options{}),
		"progessive": mustWrite(t, f, Options{Progressive: true}),
	}
	for _, progressive := range []bool{false, true} {
		want := mustWrite(t, f, Options{Progressive: progressive})
		for name, data := range inputs {
			if !bytes.Equal(mustWrite(t, mustParse(t, data), Options{Progressive: progressive}), want) {
				t.Errorf("%s progressive=%v: another file", name, progressive)
			}
		}
	}
}

// relayout gives f the blocks of from in its own geometry.
func (f *File) relayout(from *File) {
	f.layout()
	for i := range f.Components {
		c, src := &f.Components[i], &from.Components[i]
		c.Blocks = make([]Block, c.Stride*c.Rows)
		for y := range c.Height {
			copy(c.Blocks[y*c.Stride:][:c.Width], src.Blocks[y*src.Stride:])
		}
	}
	f.Pad()
}

func TestGrayFactorsMeanNothing(t *testing.T) {
	f := randomFile(2, 75, 61, sampling{{1, 1}})
	odd := plainEncode(f, 0, false)
	at := bytes.Index(odd, []byte{0xFF, markerSOF0}) + 11
	if odd[at] != 0x11 {
		t.Fatalf("sampling byte %#x", odd[at])
	}
	odd[at] = 0x22
	got := mustParse(t, odd)
	sameCoefficients(t, "gray 2×2", got, f)
	if !bytes.Equal(decodePixels(t, odd), decodePixels(t, mustWrite(t, got, Options{Progressive: true}))) {
		t.Error("other pixels")
	}
}

func TestWideQuantTables(t *testing.T) {
	f := randomFile(2, 30, 30, samplings()["4:4:4"])
	f.Components[1].Quant[63] = 300
	for _, progressive := range []bool{false, true} {
		data := mustWrite(t, f, Options{Progressive: progressive})
		sameCoefficients(t, "wide", mustParse(t, data), f)
		if !progressive && !bytes.Contains(data, []byte{0xFF, markerSOF1}) {
			t.Error("16 bit tables are not for baseline")
		}
	}
}

func TestSmallestTakesTheSmaller(t *testing.T) {
	tiny := randomFile(1, 8, 8, samplings()["gray"])
	large := randomFile(1, 400, 300, samplings()["4:2:0"])
	for name, f := range map[string]*File{"tiny": tiny, "large": large} {
		data, progressive, err := Smallest(f, nil)
		if err != nil {
			t.Fatal(err)
		}
		other := mustWrite(t, f, Options{Progressive: !progressive})
		if len(other) < len(data) {
			t.Errorf("%s: chose %d bytes over %d", name, len(data), len(other))
		}
	}
}

func TestScripts(t *testing.T) {
	f := randomFile(8, 120, 90, samplings()["4:2:0"])
	all := []int{0, 1, 2}
	good := []Scan{
		{Components: all, Al: 2},
		{Components: []int{1}, First: 1, Last: 63, Al: 3},
		{Components: all, Ah: 2, Al: 1},
		{Components: []int{2}, First: 1, Last: 40},
		{Components: []int{2}, First: 41, Last: 63, Al: 1},
		{Components: []int{0}, First: 1, Last: 63, Al: 1},
		{Components: []int{0}, First: 1, Last: 63, Ah: 1},
		{Components: []int{1}, First: 1, Last: 63, Ah: 3, Al: 2},
		{Components: []int{1}, First: 1, Last: 30, Ah: 2, Al: 1},
		{Components: []int{1}, First: 31, Last: 63, Ah: 2, Al: 1},
		{Components: []int{1}, First: 1, Last: 63, Ah: 1},
		{Components: []int{2}, First: 41, Last: 63, Ah: 1},
		{Components: all, Ah: 1},
	}
	data := mustWrite(t, f, Options{Progressive: true, Script: good})
	sameCoefficients(t, "script", mustParse(t, data), f)
	if !bytes.Equal(decodePixels(t, data), decodePixels(t, mustWrite(t, f, Options{}))) {
		t.Error("other pixels")
	}
	bad := map[string][]Scan{
		"empty scan":     {{}},
		"left out":       good[:len(good)-1],
		"twice":          append(append([]Scan(nil), good...), good[0]),
		"refined first":  good[2:],
		"AC of several":  {{Components: all, First: 1, Last: 63}},
		"DC with AC":     {{Components: all, Last: 63}},
		"unknown":        {{Components: []int{3}}},
		"level skipped":  {{Components: all, Ah: 3, Al: 1}},
		"band backwards": {{Components: all[:1], First: 9, Last: 8}},
	}
	for name, script := range bad {
		if err := Write(io.Discard, f, Options{Progressive: true, Script: script}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The search predicts sizes from sparse statistics; the scan writer counts by coding.
func TestSearchCountsWhatIsWritten(t *testing.T) {
	for _, f := range []*File{
		mustParse(t, sample(t, "tomato-product.jpg")),
		randomFile(1, 333, 200, samplings()["4:4:4"]),
	} {
		for i := range f.Components {
			coded := newSparse(&f.Components[i])
			at := cutsFor(len(coded.count))
			st := new(bandStats)
			for level := range 2 * searchLevels {
				s := Scan{Components: []int{i}, Al: level}
				if level < searchLevels {
					st.first(coded, at, level)
				} else {
					s.Al -= searchLevels
					s.Ah = s.Al + 1
					st.refine(coded, at, s.Al)
				}
				for a := range at.cells() {
					for b := a; b < at.cells(); b++ {
						s.First, s.Last = at.at[a], at.at[b+1]-1
						var h histogram
						raw := st.band(a, b, &h)
						e := newScanWriter(f, s)
						e.pass(coded)
						if h != e.ac[0] || raw != e.raw {
							t.Fatalf("component %d scan %+v: predicted other symbols", i, s)
						}
					}
				}
			}
		}
	}
}

// A run of finished blocks longer than one symbol can state.
func TestLongRuns(t *testing.T) {
	f := randomFile(1, 8*200, 8*200, sampling{{1, 1}})
	for i := range f.Components[0].Blocks {
		if i != 5 && i != 39000 {
			f.Components[0].Blocks[i] = Block{3}
		}
	}
	f.Components[0].Blocks[5][9], f.Components[0].Blocks[39000][63] = 9, -1
	data := mustWrite(t, f, Options{Progressive: true})
	sameCoefficients(t, "long runs", mustParse(t, data), f)
	if !bytes.Equal(decodePixels(t, data), decodePixels(t, mustWrite(t, f, Options{}))) {
		t.Error("other pixels")
	}
}

// Write does not touch the file, so calls may share it; the race detector looks on.
func TestConcurrentWrites(t *testing.T) {
	f := randomFile(3, 100, 70, samplings()["4:2:0"])
	want := mustWrite(t, f, Options{Progressive: true})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var b bytes.Buffer
			if err := Write(&b, f, Options{Progressive: true}); err != nil || !bytes.Equal(b.Bytes(), want) {
				t.Error("another file", err)
			}
		})
	}
	wg.Wait()
}

type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

var errDisk = errors.New("disk full")

func TestWriteReportsErrors(t *testing.T) {
	f := randomFile(3, 40, 40, samplings()["4:2:0"])
	for left := range 3 {
		if err := Write(&failingWriter{left}, f, Options{Progressive: true}); !errors.Is(err, errDisk) {
			t.Errorf("after %d writes: %v", left, err)
		}
	}
	change := map[string]func(f *File){
		"blocks":     func(f *File) { f.Components[0].Blocks = f.Components[0].Blocks[1:] },
		"stride":     func(f *File) { f.Components[1].Stride++ },
		"size":       func(f *File) { f.Width = 70000 },
		"factor":     func(f *File) { f.Components[0].H = 5 },
		"quant":      func(f *File) { f.Components[2].Quant[5] = 0 },
		"range":      func(f *File) { f.Components[2].Blocks[0][5] = 2048 },
		"components": func(f *File) { f.Components = f.Components[:2] },
	}
	for name, ch := range change {
		broken := *f
		broken.Components = append([]Component(nil), f.Components...)
		broken.Components[2].Blocks = append([]Block(nil), f.Components[2].Blocks...)
		ch(&broken)
		if err := Write(io.Discard, &broken, Options{}); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	if err := Write(io.Discard, f, Options{Segments: []Segment{{Marker: markerSOS}}}); err == nil {
		t.Error("a scan written as a segment")
	}
}

// Real pictures, where the corpus lies beside the repository: smaller than they came, the
// same coefficients, the same pixels, and nothing left to gain.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("../../../shared/corpus/image/jpeg/*.jpg")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../../testdata/image/jpeg/tomato-product.jpg", "../../testdata/image/jpeg/progressive-cat.jpg")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f := mustParse(t, data)
		if f.Width*f.Height > 700_000 {
			continue // parsed, and that is all there is time for
		}
		keep := f.ColorSegments(true)
		out := mustWrite(t, f, Options{Progressive: true, Segments: keep})
		got := mustParse(t, out)
		sameCoefficients(t, name, got, f)
		if len(out) >= len(data) {
			t.Errorf("%s: %d bytes became %d", name, len(data), len(out))
		}
		if !bytes.Equal(decodePixels(t, data), decodePixels(t, out)) {
			t.Errorf("%s: other pixels", name)
		}
		if !bytes.Equal(mustWrite(t, got, Options{Progressive: true, Segments: keep}), out) {
			t.Errorf("%s: a second pass changes the file", name)
		}
	}
}
