package pngfile

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"math/rand"
	"runtime"
	"strings"
	"testing"

	"compressor/internal/problem"
)

// around puts chunks behind a one-pixel image's IHDR.
func around(t testing.TB, before ...[]byte) []byte {
	s := &sketch{width: 1, height: 1, color: RGB, depth: 8, samples: []uint16{1, 2, 3}, before: bytes.Join(before, nil)}
	return s.file(t)
}

// png joins the signature and chunks.
func pngOf(chunks ...[]byte) []byte {
	return append([]byte("\x89PNG\r\n\x1a\n"), bytes.Join(chunks, nil)...)
}

// allocated is the memory f takes from the heap, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// hostileFile is a file that must be refused.
type hostileFile struct {
	name string
	data []byte
	code problem.Code
	path string // of the field named, if any
}

func TestHostileFilesAreRefusedCheaply(t *testing.T) {
	for _, c := range append(bombs(t), malformed(t)...) {
		var err error
		used := allocated(func() { _, err = Decode(c.data, Limits{}) })
		got := problem.From(err)
		if err == nil || got.Code != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
			continue
		}
		if c.path != "" && (len(got.Fields) != 1 || got.Fields[0].Path != c.path) {
			t.Errorf("%s: fields %v, want %s", c.name, got.Fields, c.path)
		}
		if used > 32<<20 { // the 8 MiB of metadata, reached by doubling
			t.Errorf("%s: took %d bytes", c.name, used)
		}
	}
}

// TestGigabyteInTextIsRefused is the bomb at its full size: 1 MB that expand to 1 GiB. It is
// made of one flushed block of zeros, repeated, as compressing a gigabyte takes long.
func TestGigabyteInTextIsRefused(t *testing.T) {
	var block bytes.Buffer
	w, err := flate.NewWriter(&block, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	stream := append([]byte{0x78, 0xda}, bytes.Repeat(block.Bytes(), 1<<10)...)
	data := around(t, chunk("zTXt", append([]byte("k\x00\x00"), stream...)))
	used := allocated(func() { _, err = ReadHeader(data, Limits{}) })
	if !problem.Has(err, problem.LimitExceeded) || used > 32<<20 {
		t.Errorf("%v, after %d bytes", err, used)
	}
}

// bombs are files that would cost much more than their size.
func bombs(t testing.TB) []hostileFile {
	zeros := zlibOf(t, make([]byte, 9<<20))
	iend, idat := chunk("IEND", nil), chunk("IDAT", zlibOf(t, make([]byte, 4)))
	pixel := ihdr(1, 1, 8, RGB, 0)
	zip := append([]byte("k\x00\x00"), zeros...)
	pixels := pngOf(ihdr(30000, 30000, 1, Gray, 0), chunk("IDAT", zeros), iend)
	manySmall := []byte{}
	for range 20 {
		manySmall = append(manySmall, chunk("zTXt", append([]byte("k\x00\x00"), zlibOf(t, make([]byte, 500<<10))...))...)
	}
	return []hostileFile{
		{"30000×30000 at 1 bit", pixels, problem.LimitExceeded, "image.pixels"},
		{"2^31−1 wide, 68 bytes", pngOf(ihdr(1<<31-1, 1, 8, RGBA, 0), chunk("IDAT", nil), iend), problem.LimitExceeded, "image.pixels"},
		{"2^31−1 squared", pngOf(ihdr(1<<31-1, 1<<31-1, 16, RGBA, 0), iend), problem.LimitExceeded, "image.pixels"},
		{"above 2^31", pngOf(ihdr(1<<31, 1, 8, RGBA, 0), iend), problem.FileCorrupt, ""},
		{"no width", pngOf(ihdr(0, 1, 8, RGBA, 0), idat, iend), problem.FileCorrupt, ""},
		{"zTXt bomb", around(t, chunk("zTXt", zip)), problem.LimitExceeded, "image.metadata"},
		{"iCCP bomb", around(t, chunk("iCCP", zip)), problem.LimitExceeded, "image.metadata"},
		{"iTXt bomb", around(t, chunk("iTXt", append([]byte("k\x00\x01\x00\x00\x00"), zeros...))), problem.LimitExceeded, "image.metadata"},
		{"many small ones", around(t, manySmall), problem.LimitExceeded, "image.metadata"},
		{"IDAT bomb", pngOf(pixel, chunk("IDAT", zeros), iend), problem.FileCorrupt, ""},
		{"IDAT one byte long", pngOf(pixel, chunk("IDAT", zlibOf(t, make([]byte, 5))), iend), problem.FileCorrupt, ""},
		{"IDAT one byte short", pngOf(pixel, chunk("IDAT", zlibOf(t, make([]byte, 3))), iend), problem.FileCorrupt, ""},
		{"claims 100 MP, holds none", pngOf(ihdr(10000, 10000, 8, RGBA, 0), idat, iend), problem.FileCorrupt, ""},
		{"many chunks", around(t, bytes.Repeat(chunk("teSt", nil), 10_001)), problem.LimitExceeded, "image.chunks"},
	}
}

// malformed are files against the specification.
func malformed(t testing.TB) []hostileFile {
	iend, idat := chunk("IEND", nil), chunk("IDAT", zlibOf(t, make([]byte, 4)))
	pixel := ihdr(1, 1, 8, RGB, 0)
	return []hostileFile{
		{"no bytes", nil, problem.FileEmpty, ""},
		{"text", []byte("this is no picture"), problem.FileCorrupt, ""},
		{"signature only", pngOf(), problem.FileCorrupt, ""},
		{"no IDAT", pngOf(pixel, iend), problem.FileCorrupt, ""},
		{"no IEND", pngOf(pixel, idat), problem.FileCorrupt, ""},
		{"IHDR twice", pngOf(pixel, pixel, idat, iend), problem.FileCorrupt, ""},
		{"no IHDR", pngOf(idat, iend), problem.FileCorrupt, ""},
		{"short IHDR", pngOf(chunk("IHDR", make([]byte, 12)), idat, iend), problem.FileCorrupt, ""},
		{"IDAT in two runs", pngOf(pixel, idat, chunk("teSt", nil), idat, iend), problem.FileCorrupt, ""},
		{"unknown critical chunk", pngOf(pixel, chunk("TEST", nil), idat, iend), problem.FileCorrupt, ""},
		{"digits for a type", pngOf(pixel, chunk("te5t", nil), idat, iend), problem.FileCorrupt, ""},
		{"palette without PLTE", pngOf(ihdr(1, 1, 8, Palette, 0), idat, iend), problem.FileCorrupt, ""},
		{"PLTE of 5 bytes", pngOf(ihdr(1, 1, 8, Palette, 0), chunk("PLTE", make([]byte, 5)), idat, iend), problem.FileCorrupt, ""},
		{"PLTE too big", pngOf(ihdr(1, 1, 1, Palette, 0), chunk("PLTE", make([]byte, 9)), idat, iend), problem.FileCorrupt, ""},
		{"tRNS longer than PLTE", pngOf(ihdr(1, 1, 8, Palette, 0), chunk("PLTE", make([]byte, 3)), chunk("tRNS", make([]byte, 2)), idat, iend), problem.FileCorrupt, ""},
		{"tRNS of 5 bytes", pngOf(pixel, chunk("tRNS", make([]byte, 5)), idat, iend), problem.FileCorrupt, ""},
		{"RGB at 4 bits", pngOf(ihdr(1, 1, 4, RGB, 0), idat, iend), problem.FileCorrupt, ""},
		{"colour type 5", pngOf(ihdr(1, 1, 8, 5, 0), idat, iend), problem.FileCorrupt, ""},
		{"interlace 2", pngOf(ihdr(1, 1, 8, RGB, 2), idat, iend), problem.FileCorrupt, ""},
		{"filter 5", pngOf(pixel, chunk("IDAT", zlibOf(t, []byte{5, 0, 0, 0})), iend), problem.FileCorrupt, ""},
		{"Apple's CgBI", pngOf(chunk("CgBI", make([]byte, 4)), pixel, idat, iend), problem.FormatUnsupported, ""},
	}
}

func TestLimitSaysWhatIsAllowed(t *testing.T) {
	data := (&sketch{width: 20, height: 10, color: RGB, depth: 8}).noise(1).file(t)
	_, err := ReadHeader(data, Limits{Pixels: 199})
	fields := problem.From(err).Fields
	if len(fields) != 1 || !strings.Contains(fields[0].Message, "200") || !strings.Contains(fields[0].Message, "199") {
		t.Errorf("%v", err)
	}
	if _, err := ReadHeader(data, Limits{Pixels: 200}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := ReadHeader(data, Limits{Raster: 609}); !problem.Has(err, problem.LimitExceeded) { // (20×3+1)×10
		t.Errorf("raster: %v", err)
	}
}

func TestTruncatedFilesAreCorrupt(t *testing.T) {
	for _, name := range []string{"screenshot-document.png", "palette-dinosaur.png", "gray16-alpha.png"} {
		data := sample(t, name)
		for i := range 16 {
			cut := data[:1+(len(data)-2)*i/15]
			if _, err := Decode(cut, Limits{}); !problem.Has(err, problem.FileCorrupt) {
				t.Errorf("%s, %d of %d bytes: %v", name, len(cut), len(data), err)
			}
		}
	}
}

func TestFlippedBitsAreCorruptOrHarmless(t *testing.T) {
	for _, name := range []string{"palette-dinosaur.png", "gray16-alpha.png"} {
		data := sample(t, name)
		want := decode(t, data)
		r := rand.New(rand.NewSource(2))
		for range 64 {
			flipped := bytes.Clone(data)
			at := r.Intn(len(data))
			flipped[at] ^= 1 << r.Intn(8)
			m, err := Decode(flipped, Limits{})
			if err == nil && !Equal(m, want) {
				t.Errorf("%s: a flip at %d gives another picture", name, at)
			}
			if err != nil && !problem.Has(err, problem.FileCorrupt) {
				t.Errorf("%s: flip at %d: %v", name, at, err)
			}
		}
	}
}

// TestFlipsInsideSoundChunks repairs the checksum, so that the decoder proper is reached.
func TestFlipsInsideSoundChunks(t *testing.T) {
	s := (&sketch{width: 23, height: 17, color: Palette, depth: 4, palette: make([]byte, 48), trans: []byte{1, 2}, interlaced: true}).noise(4)
	data := s.file(t)
	r := rand.New(rand.NewSource(3))
	for range 400 {
		flipped := bytes.Clone(data)
		flipped[8+r.Intn(len(data)-8)] ^= 1 << r.Intn(8)
		m, err := Decode(mend(flipped), Limits{})
		if err == nil {
			err = m.check()
		} else if problem.From(err).Code == problem.Internal {
			t.Errorf("%v", err)
		}
		if problem.Has(err, problem.Internal) {
			t.Errorf("decoded picture does not hold together: %v", err)
		}
	}
}

// mend gives each chunk of data the checksum it ought to have, as far as lengths allow.
func mend(data []byte) []byte {
	out := bytes.Clone(data[:min(8, len(data))])
	for at := 8; at+12 <= len(data); {
		n := int(binary.BigEndian.Uint32(data[at:]))
		if n < 0 || n > len(data)-at-12 {
			return append(out, data[at:]...)
		}
		out = append(out, chunk(string(data[at+4:at+8]), data[at+8:at+8+n])...)
		at += 12 + n
	}
	return out
}

func FuzzReadHeader(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(mend(data), Limits{Pixels: 1 << 20, Ancillary: 1 << 16, Chunks: 100})
		if err != nil {
			return
		}
		if !h.Color.allows(h.Depth) || h.Width*h.Height > 1<<20 || h.Orientation() < 1 || h.Orientation() > 8 {
			t.Fatalf("%+v", h)
		}
		if err := h.Ancillary.check(); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(mend(data), Limits{Pixels: 1 << 12, Ancillary: 1 << 16, Chunks: 100})
		if err != nil {
			return
		}
		out := optimize(t, m, Ancillary{}, Quick)
		if back := decode(t, out); !Equal(m, back) {
			t.Fatal("samples changed")
		}
	})
}

func seeds(f *testing.F) {
	f.Add([]byte{})
	for _, s := range everyKind() {
		if s.width == 13 {
			f.Add(s.file(f))
		}
	}
	f.Add(around(f, metadata(f)...))
}
