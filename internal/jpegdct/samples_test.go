package jpegdct

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"testing"
)

// sampling is one set of sampling factors, H and V by component.
type sampling [][2]int

// randomFile makes a file of the given size whose coefficients look like those of a
// picture: fewer and smaller towards high frequencies, and long empty stretches.
func randomFile(seed uint64, width, height int, factors sampling) *File {
	r := rand.New(rand.NewPCG(seed, 7))
	f := &File{Width: width, Height: height}
	for i, hv := range factors {
		c := Component{ID: byte(i + 1), H: hv[0], V: hv[1]}
		for k := range c.Quant {
			c.Quant[k] = uint16(1 + (k*(i+1))%255)
		}
		f.Components = append(f.Components, c)
	}
	f.layout()
	for i := range f.Components {
		c := &f.Components[i]
		c.Blocks = make([]Block, c.Stride*c.Rows)
		for j := range c.Blocks {
			c.Blocks[j][0] = int16(r.IntN(200) - 100)
			for n := r.IntN(24) - 8; n > 0; n-- {
				k := 1 + min(r.IntN(63), r.IntN(63))
				c.Blocks[j][k] = int16(r.NormFloat64() * 300 / float64(1+k*k/4))
			}
		}
	}
	f.Pad()
	return f
}

// samplings covers gray, the usual chroma samplings, odd ones, and CMYK.
func samplings() map[string]sampling {
	return map[string]sampling{
		"gray":    {{1, 1}},
		"4:4:4":   {{1, 1}, {1, 1}, {1, 1}},
		"4:2:2":   {{2, 1}, {1, 1}, {1, 1}},
		"4:4:0":   {{1, 2}, {1, 1}, {1, 1}},
		"4:2:0":   {{2, 2}, {1, 1}, {1, 1}},
		"4:1:1":   {{4, 1}, {1, 1}, {1, 1}},
		"mixed":   {{2, 2}, {2, 1}, {1, 2}},
		"3 and 2": {{3, 1}, {2, 1}, {1, 1}},
		"large":   {{4, 4}, {1, 1}, {2, 2}},
		"CMYK":    {{1, 1}, {1, 1}, {1, 1}, {1, 1}},
		"YCCK":    {{2, 2}, {1, 1}, {1, 1}, {2, 2}},
	}
}

// plainEncode is a second, simple JPEG writer, for what Write never makes: fixed Huffman
// codes, restart intervals, one scan for each component, factors with a common divisor.
// All codes have eight bits but for the last two, so no symbol statistics are needed.
func plainEncode(f *File, restart int, interleave bool) []byte {
	w := &writer{f: f}
	w.out = []byte{0xFF, markerSOI}
	w.frame(false)
	counts := make([]byte, 16)
	counts[7], counts[8] = 255, 1
	symbols := make([]byte, 256)
	for i := range symbols {
		symbols[i] = byte(i)
	}
	w.segment(markerDHT, []byte{0x00}, counts, symbols, []byte{0x10}, counts, symbols)
	if restart > 0 {
		w.segment(markerDRI, binary.BigEndian.AppendUint16(nil, uint16(restart)))
	}
	var scans [][]int
	if interleave {
		scans = make([][]int, 1)
	}
	for i := range f.Components {
		if interleave {
			scans[0] = append(scans[0], i)
		} else {
			scans = append(scans, []int{i})
		}
	}
	for _, s := range scans {
		plainScan(w, s, restart)
	}
	return append(w.out, 0xFF, markerEOI)
}

func plainScan(w *writer, components []int, restart int) {
	head := []byte{byte(len(components))}
	for _, i := range components {
		head = append(head, w.f.Components[i].ID, 0)
	}
	w.segment(markerSOS, append(head, 0, 63, 0))
	b := bitWriter{out: w.out}
	var pred [4]int
	put := func(symbol int, extra uint32, n int) {
		if symbol == 255 {
			b.put(0x1FE, 9)
		} else {
			b.put(uint32(symbol), 8)
		}
		b.put(extra, uint(n))
	}
	units := plainOrder(w.f, components)
	for n, unit := range units {
		if restart > 0 && n > 0 && n%restart == 0 {
			b.finish()
			b.out = append(b.out, 0xFF, markerRST0+byte((n/restart-1)%8))
			b = bitWriter{out: b.out}
			pred = [4]int{}
		}
		for _, at := range unit {
			blk := w.f.Components[at.component].Blocks[at.block]
			size, extra := value(int(blk[0]) - pred[at.component])
			pred[at.component] = int(blk[0])
			put(size, extra, size)
			run := 0
			for _, v := range blk[1:] {
				if v == 0 {
					run++
					continue
				}
				for ; run > 15; run -= 16 {
					put(0xF0, 0, 0)
				}
				size, extra := value(int(v))
				put(run<<4|size, extra, size)
				run = 0
			}
			if run > 0 {
				put(0, 0, 0)
			}
		}
	}
	b.finish()
	w.out = b.out
}

type plainBlock struct{ component, block int }

// plainOrder lists the MCUs of a scan.
func plainOrder(f *File, components []int) (units [][]plainBlock) {
	if len(components) == 1 {
		c := &f.Components[components[0]]
		for y := range c.Height {
			for x := range c.Width {
				units = append(units, []plainBlock{{components[0], y*c.Stride + x}})
			}
		}
		return units
	}
	across, down := f.mcus()
	for m := range across * down {
		var unit []plainBlock
		for _, i := range components {
			c := &f.Components[i]
			for v := range c.V {
				for h := range c.H {
					unit = append(unit, plainBlock{i, (m/across*c.V+v)*c.Stride + m%across*c.H + h})
				}
			}
		}
		units = append(units, unit)
	}
	return units
}

// goEncoded is a picture written by the standard library: 4:2:0, or gray.
func goEncoded(t testing.TB, width, height, quality int, gray bool) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	var img image.Image
	rgba := image.NewRGBA(image.Rect(0, 0, width, height))
	luma := image.NewGray(rgba.Rect)
	for y := range height {
		for x := range width {
			v := uint8(x*5+y*3) + uint8(r.IntN(20))
			rgba.Set(x, y, color.RGBA{v, uint8(y * 7), uint8(x*y/16) ^ v, 255})
			luma.Set(x, y, color.Gray{v})
		}
	}
	img = rgba
	if gray {
		img = luma
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decodePixels decodes with the standard library and returns the visible samples of all
// planes, without any conversion of colour.
func decodePixels(t testing.TB, data []byte) []byte {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("the standard library cannot decode: %v", err)
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	var out []byte
	plane := func(pix []byte, stride, width, height int) {
		for y := range height {
			out = append(out, pix[y*stride:][:width]...)
		}
	}
	switch m := img.(type) {
	case *image.Gray:
		plane(m.Pix, m.Stride, w, h)
	case *image.YCbCr:
		plane(m.Y, m.YStride, w, h)
		last := m.COffset(w-1, h-1)
		plane(m.Cb, m.CStride, last%m.CStride+1, last/m.CStride+1)
		plane(m.Cr, m.CStride, last%m.CStride+1, last/m.CStride+1)
	case *image.CMYK:
		plane(m.Pix, m.Stride, 4*w, h)
	case *image.RGBA:
		plane(m.Pix, m.Stride, 4*w, h)
	default:
		t.Fatalf("unexpected %T", img)
	}
	return out
}

// mustWrite writes f and returns the bytes.
func mustWrite(t testing.TB, f *File, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func mustParse(t testing.TB, data []byte) *File {
	t.Helper()
	f, err := Parse(data, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sample reads a small picture of the repository's own.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/image/jpeg/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sameCoefficients compares the blocks that carry picture, and the tables.
func sameCoefficients(t testing.TB, what string, got, want *File) {
	t.Helper()
	if got.Width != want.Width || got.Height != want.Height || len(got.Components) != len(want.Components) {
		t.Fatalf("%s: %d×%d×%d, want %d×%d×%d", what, got.Width, got.Height, len(got.Components),
			want.Width, want.Height, len(want.Components))
	}
	for i := range want.Components {
		g, w := &got.Components[i], &want.Components[i]
		if g.ID != w.ID || g.Quant != w.Quant || g.Width != w.Width || g.Height != w.Height {
			t.Fatalf("%s: component %d has other parameters", what, i)
		}
		for y := range w.Height {
			for x := range w.Width {
				if g.Blocks[y*g.Stride+x] != w.Blocks[y*w.Stride+x] {
					t.Fatalf("%s: component %d differs in block %d,%d", what, i, x, y)
				}
			}
		}
	}
}
