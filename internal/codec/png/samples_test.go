package png_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	stdpng "image/png"
	"os"
	"testing"

	"compressor/internal/codec/codectest"
)

// samples are made here, but for one, and the profiles.
func samples(t testing.TB) []codectest.Sample {
	t.Helper()
	photo := encoded(t, codectest.Picture(45, 40))
	return []codectest.Sample{
		{Name: "palette", Data: encoded(t, codectest.Flat(64, 48))},
		{Name: "rgba", Data: encoded(t, codectest.Transparent(codectest.Picture(44, 40)))},
		{Name: "rgb", Data: photo},
		{Name: "gray16", Data: encoded(t, gray16(46, 41))},
		{Name: "gray16-alpha", Data: realFile(t, "png/gray16-alpha.png"), Keeps: []string{"icc"}},
		{Name: "rgba16", Data: encoded(t, rgba16(48, 56))},
		{Name: "interlaced", Data: raw(45, 43, 8, 2, true, nil)},
		{Name: "gray2", Data: raw(50, 41, 2, 0, false, nil)},
		{Name: "gray-trns", Data: raw(48, 44, 8, 0, false, chunk("tRNS", []byte{0, 80}))},
		{Name: "pixel", Data: encoded(t, codectest.Picture(1, 1))},
		{Name: "wide", Data: encoded(t, codectest.Picture(300, 3))},
		{Name: "personal", Data: with(photo, chunk("eXIf", codectest.EXIF(1, true)),
			chunk("tEXt", []byte("Software\x00a pencil"))), Personal: codectest.Words()},
		{Name: "orientation-6", Data: with(photo, chunk("eXIf", codectest.EXIF(6, true))), Personal: codectest.Words()},
		{Name: "display-p3", Data: with(photo, profile(t, "DisplayP3-v4")), Keeps: []string{"icc"}},
		{Name: "srgb", Data: with(photo, profile(t, "sRGB-v4"))},
		{Name: "apng", Data: animated(t), Untouched: "animation (APNG)"},
	}
}

// realFile is a file that a camera or another program made.
func realFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../testdata/image/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func encoded(t testing.TB, im image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := stdpng.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gray16 uses all 16 bits.
func gray16(width, height int) image.Image {
	im := image.NewGray16(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			im.SetGray16(x, y, color.Gray16{Y: uint16(x*1009 + y*257)})
		}
	}
	return im
}

// rgba16 uses all 16 bits, and fades out to the right.
func rgba16(width, height int) image.Image {
	im := image.NewNRGBA64(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			im.SetNRGBA64(x, y, color.NRGBA64{
				R: uint16(x * 1301), G: uint16(y * 1103), B: uint16(x*y*7 + 1), A: uint16(65535 - 1200*x),
			})
		}
	}
	return im
}

// chunk is one chunk (PNG third edition, 5.3).
func chunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

const afterIHDR = 8 + 12 + 13

// with puts chunks behind IHDR.
func with(data []byte, chunks ...[]byte) []byte {
	return bytes.Join([][]byte{data[:afterIHDR], bytes.Join(chunks, nil), data[afterIHDR:]}, nil)
}

func profile(t testing.TB, name string) []byte {
	t.Helper()
	icc, err := os.ReadFile("../../../testdata/photometa/" + name + ".icc")
	if err != nil {
		t.Fatal(err)
	}
	return chunk("iCCP", append([]byte("profile\x00\x00"), deflated(icc)...))
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data) // into memory: it cannot fail
	w.Close()
	return b.Bytes()
}

// raw writes what the standard library's encoder cannot: few bits of gray, and the seven
// passes of Adam7 (PNG 8.1). Colour is gray (0) or RGB (2).
func raw(width, height, depth int, colour byte, interlaced bool, beforeData []byte) []byte {
	channels := 1
	if colour == 2 {
		channels = 3
	}
	passes := [][4]int{{0, 0, 1, 1}}
	if interlaced {
		passes = [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
	}
	var pix []byte
	for _, p := range passes {
		for y := p[1]; y < height; y += p[3] {
			var row []byte
			bits, filled := 0, 0
			for x := p[0]; x < width; x += p[2] {
				for c := range channels {
					v := (x*(c+3) + y*(5-c)) >> (8 - depth) & (1<<depth - 1)
					bits, filled = bits<<depth|v, filled+depth
					if filled == 8 {
						row, bits, filled = append(row, byte(bits)), 0, 0
					}
				}
			}
			if filled > 0 {
				row = append(row, byte(bits<<(8-filled)))
			}
			if len(row) > 0 {
				pix = append(append(pix, 0), row...)
			}
		}
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(width)), uint32(height))
	head = append(head, byte(depth), colour, 0, 0, 0)
	if interlaced {
		head[12] = 1
	}
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", head), beforeData,
		chunk("IDAT", deflated(pix)), chunk("IEND", nil)}, nil)
}

// animated makes an animation of two frames (PNG third edition, 11.3.6), of which the
// second is the first again.
func animated(t testing.TB) []byte {
	t.Helper()
	still := encoded(t, codectest.Flat(40, 40))
	end := bytes.LastIndex(still, chunk("IEND", nil))
	at := bytes.Index(still, []byte("IDAT")) - 4
	size := int(binary.BigEndian.Uint32(still[at:]))
	pix := still[at+8 : at+8+size]
	control := func(number byte) []byte {
		return chunk("fcTL", []byte{0, 0, 0, number, 0, 0, 0, 40, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 10, 0, 0})
	}
	return bytes.Join([][]byte{
		still[:at], chunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}), control(0), still[at:end], control(1),
		chunk("fdAT", append([]byte{0, 0, 0, 2}, pix...)), still[end:],
	}, nil)
}
