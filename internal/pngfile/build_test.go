package pngfile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math/rand"
	"os"
	"testing"
)

// The encoder of these tests is written apart from the package, from the text of the PNG
// specification, so that a mistake of the reader is not repeated here.

// sketch is a picture to be written by the test encoder: Width × Height × channels samples.
type sketch struct {
	width, height int
	color         Color
	depth         int
	samples       []uint16
	palette       []byte
	trans         []byte
	interlaced    bool
	before        []byte // chunks behind IHDR
	split         int    // bytes per IDAT, 0: one chunk
}

// noise fills a sketch with random samples of its depth, in runs so that filters matter.
func (s *sketch) noise(seed int64) *sketch {
	r := rand.New(rand.NewSource(seed))
	n := s.width * s.height * s.color.Channels()
	top := 1 << s.depth
	if s.color == Palette {
		top = min(top, len(s.palette)/3)
	}
	v := 0
	for range n {
		if r.Intn(3) == 0 {
			v = r.Intn(top)
		}
		s.samples = append(s.samples, uint16(v))
	}
	return s
}

func chunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func zlibOf(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func ihdr(width, height uint32, depth int, c Color, interlace byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, width)
	b = binary.BigEndian.AppendUint32(b, height)
	return chunk("IHDR", append(b, byte(depth), byte(c), 0, 0, interlace))
}

// file writes the sketch with a random filter for each row.
func (s *sketch) file(t testing.TB) []byte {
	t.Helper()
	r := rand.New(rand.NewSource(int64(s.width*1000 + s.depth)))
	interlace := byte(0)
	passes := [][4]int{{0, 0, 1, 1}}
	if s.interlaced {
		interlace = 1
		passes = [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
	}
	var raw []byte
	for _, p := range passes {
		raw = append(raw, s.rows(r, p)...)
	}
	out := []byte("\x89PNG\r\n\x1a\n")
	out = append(out, ihdr(uint32(s.width), uint32(s.height), s.depth, s.color, interlace)...)
	out = append(out, s.before...)
	if s.palette != nil {
		out = append(out, chunk("PLTE", s.palette)...)
	}
	if s.trans != nil {
		out = append(out, chunk("tRNS", s.trans)...)
	}
	stream := zlibOf(t, raw)
	for size := s.split; size > 0 && len(stream) > size; stream = stream[size:] {
		out = append(out, chunk("IDAT", stream[:size])...)
	}
	out = append(out, chunk("IDAT", stream)...)
	return append(out, chunk("IEND", nil)...)
}

// rows writes one pass, given as left, top, step right, step down.
func (s *sketch) rows(r *rand.Rand, p [4]int) (out []byte) {
	if p[0] >= s.width || p[1] >= s.height {
		return nil
	}
	n := s.color.Channels()
	var prior []byte
	for y := p[1]; y < s.height; y += p[3] {
		var row []byte
		used := 8
		for x := p[0]; x < s.width; x += p[2] {
			for _, v := range s.samples[(y*s.width+x)*n:][:n] {
				switch {
				case s.depth == 16:
					row = append(row, byte(v>>8), byte(v))
				case s.depth == 8:
					row = append(row, byte(v))
				default:
					if used == 8 {
						row, used = append(row, 0), 0
					}
					used += s.depth
					row[len(row)-1] |= byte(v) << (8 - used)
				}
			}
		}
		if prior == nil {
			prior = make([]byte, len(row))
		}
		out = append(out, textbook(r.Intn(5), row, prior, max(1, n*s.depth/8))...)
		prior = row
	}
	return out
}

// textbook filters a row as the specification words it.
func textbook(kind int, row, prior []byte, bpp int) []byte {
	out := []byte{byte(kind)}
	at := func(b []byte, i int) int {
		if i < 0 {
			return 0
		}
		return int(b[i])
	}
	abs := func(v int) int { return max(v, -v) }
	for i := range row {
		a, b, c := at(row, i-bpp), int(prior[i]), at(prior, i-bpp)
		guess := 0
		switch kind {
		case 1:
			guess = a
		case 2:
			guess = b
		case 3:
			guess = (a + b) / 2
		case 4:
			p := a + b - c
			switch pa, pb, pc := abs(p-a), abs(p-b), abs(p-c); {
			case pa <= pb && pa <= pc:
				guess = a
			case pb <= pc:
				guess = b
			default:
				guess = c
			}
		}
		out = append(out, byte(int(row[i])-guess))
	}
	return out
}

// byStandard decodes by image/png to 16-bit RGBA samples, not premultiplied.
func byStandard(t testing.TB, data []byte) (width, height int, samples []uint16) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("image/png: %v", err)
	}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			samples = append(samples, straight(img.At(x, y))...)
		}
	}
	return b.Dx(), b.Dy(), samples
}

// straight avoids color.Color.RGBA, which premultiplies and so loses colour under alpha.
func straight(c color.Color) []uint16 {
	wide := func(v uint8) uint16 { return uint16(v) * 257 }
	switch c := c.(type) {
	case color.Gray:
		return []uint16{wide(c.Y), wide(c.Y), wide(c.Y), 65535}
	case color.Gray16:
		return []uint16{c.Y, c.Y, c.Y, 65535}
	case color.NRGBA:
		return []uint16{wide(c.R), wide(c.G), wide(c.B), wide(c.A)}
	case color.NRGBA64:
		return []uint16{c.R, c.G, c.B, c.A}
	case color.RGBA: // image/png uses it for opaque pictures only
		return []uint16{wide(c.R), wide(c.G), wide(c.B), wide(c.A)}
	case color.RGBA64:
		return []uint16{c.R, c.G, c.B, c.A}
	}
	panic(fmt.Sprintf("image/png gave a %T", c))
}

// samplesOf expands by the package.
func samplesOf(m *Image) (samples []uint16) {
	e, row := m.expander(), make([]uint16, 4*m.Width)
	for y := range m.Height {
		e.row16(y, row)
		samples = append(samples, row...)
	}
	return samples
}

// byImagePNG encodes a picture by the standard library.
func byImagePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/image/png/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// everyKind is a sketch of each colour type, depth and transparency, at awkward sizes.
func everyKind() map[string]*sketch {
	r := rand.New(rand.NewSource(9))
	random := func(n int) []byte {
		b := make([]byte, n)
		r.Read(b)
		return b
	}
	list := map[string]*sketch{}
	for _, c := range []Color{Gray, RGB, Palette, GrayAlpha, RGBA} {
		for _, depth := range []int{1, 2, 4, 8, 16} {
			if !c.allows(depth) {
				continue
			}
			for _, interlaced := range []bool{false, true} {
				for _, size := range [][2]int{{1, 1}, {13, 11}, {21, 9}} {
					s := &sketch{width: size[0], height: size[1], color: c, depth: depth, interlaced: interlaced}
					name := fmt.Sprintf("%s-%d-%v-%dx%d", colorNames(c), depth, interlaced, size[0], size[1])
					if c == Palette {
						s.palette = random(3 * min(1<<depth, 200))
					}
					list[name] = s.noise(int64(depth))
					if s.mayHaveTrans() {
						keyed := *s
						keyed.trans = transFor(s, random)
						list[name+"-trans"] = &keyed
					}
				}
			}
		}
	}
	return list
}

func (s *sketch) mayHaveTrans() bool { return s.color == Gray || s.color == RGB || s.color == Palette }

// transFor is a tRNS that hits at least one pixel.
func transFor(s *sketch, random func(int) []byte) (out []byte) {
	if s.color == Palette {
		return random(max(1, len(s.palette)/3-1))
	}
	for _, v := range s.samples[:s.color.Channels()] {
		out = append(out, byte(v>>8), byte(v))
	}
	return out
}
