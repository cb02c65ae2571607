package jpeg_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"os"
	"testing"

	"compressor/internal/codec/codectest"
	"compressor/internal/jpegdct"
	"compressor/internal/vips"
)

// samples are made here, but for one, and the profiles.
func samples(t testing.TB) []codectest.Sample {
	t.Helper()
	photo := encoded(t, codectest.Picture(67, 45), 92)
	words := codectest.Words()
	out := []codectest.Sample{
		{Name: "baseline-420", Data: encoded(t, codectest.Picture(64, 48), 92)},
		{Name: "full-chroma", Data: fullChroma(t)},
		{Name: "gray", Data: gray(t)},
		{Name: "progressive-420", Data: rewritten(t, encoded(t, codectest.Picture(97, 61), 90), true, nil)},
		{Name: "progressive-cat", Data: realFile(t, "jpeg/progressive-cat.jpg")},
		{Name: "low-quality", Data: encoded(t, codectest.Picture(64, 64), 20)},
		{Name: "tall", Data: encoded(t, codectest.Picture(9, 240), 90)},
		{Name: "personal", Data: with(photo,
			segment(0xe1, "Exif\x00\x00", codectest.EXIF(1, true)),
			segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00", []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>`)),
			segment(0xfe, "", []byte("drawn by hand"))), Personal: words},
		{Name: "display-p3", Data: with(photo, profile(t, "DisplayP3-v4")), Keeps: []string{"icc"}},
		{Name: "srgb", Data: with(photo, profile(t, "sRGB-v4"))},
		{Name: "cmyk", Data: cmyk(t), Untouched: "CMYK"},
		{Name: "arithmetic", Data: bytes.Replace(photo, []byte{0xff, 0xc0}, []byte{0xff, 0xc9}, 1),
			Untouched: "arithmetic coding JPEG"},
	}
	for orientation := 2; orientation <= 8; orientation++ {
		sample := codectest.Sample{
			Name: fmt.Sprintf("orientation-%d", orientation),
			Data: with(encoded(t, codectest.Picture(56, 42), 88),
				segment(0xe1, "Exif\x00\x00", codectest.EXIF(orientation, orientation == 6))),
		}
		if orientation == 6 {
			sample.Personal = words
		}
		out = append(out, sample)
	}
	return out
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

func encoded(t testing.TB, im image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, im, &stdjpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gray(t testing.TB) []byte {
	t.Helper()
	from := codectest.Picture(59, 50)
	im := image.NewGray(from.Rect)
	for y := range 50 {
		for x := range 59 {
			im.Set(x, y, from.At(x, y))
		}
	}
	return encoded(t, im, 90)
}

// fullChroma comes from mozjpeg: the standard library writes 4:2:0 only.
func fullChroma(t testing.TB) []byte {
	t.Helper()
	if err := vips.Start(); err != nil {
		t.Fatal(err)
	}
	from := codectest.Picture(56, 48)
	pix := make([]byte, 0, 56*48*3)
	for i := 0; i < len(from.Pix); i += 4 {
		pix = append(pix, from.Pix[i:i+3]...)
	}
	im, err := vips.FromPixels(56, 48, 3, pix)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	data, err := im.JPEG(vips.JPEGOptions{Quality: 94})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// rewritten codes the same coefficients in another way.
func rewritten(t testing.TB, data []byte, progressive bool, change func(*jpegdct.File) []jpegdct.Segment) []byte {
	t.Helper()
	f, err := jpegdct.Parse(data, jpegdct.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var segments []jpegdct.Segment
	if change != nil {
		segments = change(f)
	}
	var b bytes.Buffer
	if err := jpegdct.Write(&b, f, jpegdct.Options{Progressive: progressive, Segments: segments}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cmyk gives a picture a fourth component and says so, as Adobe's programs do.
func cmyk(t testing.TB) []byte {
	t.Helper()
	return rewritten(t, fullChroma(t), false, func(f *jpegdct.File) []jpegdct.Segment {
		black := f.Components[0]
		f.Components = append(f.Components[:3:3], black)
		for i := range f.Components {
			f.Components[i].ID = byte(i + 1)
		}
		return []jpegdct.Segment{jpegdct.AdobeSegment(0)}
	})
}

// segment is one marker segment (T.81 B.1.1.4).
func segment(marker byte, id string, payload []byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(id)+len(payload)))
	return append(append(out, id...), payload...)
}

// with puts segments behind the start of a file.
func with(data []byte, segments ...[]byte) []byte {
	return bytes.Join([][]byte{data[:2], bytes.Join(segments, nil), data[2:]}, nil)
}

func profile(t testing.TB, name string) []byte {
	t.Helper()
	icc, err := os.ReadFile("../../../testdata/photometa/" + name + ".icc")
	if err != nil {
		t.Fatal(err)
	}
	return segment(0xe2, "ICC_PROFILE\x00\x01\x01", icc)
}
