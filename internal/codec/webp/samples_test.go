package webp_test

import (
	"encoding/binary"
	"image"
	"image/draw"
	"os"
	"testing"

	"compressor/internal/codec/codectest"
	"compressor/internal/vips"
	"compressor/internal/webpfile"
)

// samples are made here by libwebp, but for one, and the profiles.
func samples(t testing.TB) []codectest.Sample {
	t.Helper()
	lossy := vips.WebPOptions{Quality: 92, Alpha: 100, Effort: 4}
	lossless := vips.WebPOptions{Lossless: true, Effort: 2}
	photo := encoded(t, codectest.Picture(67, 45), lossy)
	exact := encoded(t, codectest.Picture(45, 48), lossless)
	xmp := []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>`)
	return []codectest.Sample{
		{Name: "lossy", Data: encoded(t, codectest.Picture(64, 48), lossy)},
		{Name: "lossless-alpha", Data: encoded(t, codectest.Transparent(codectest.Picture(44, 40)), lossless)},
		{Name: "lossy-alpha", Data: encoded(t, codectest.Transparent(codectest.Picture(57, 43)), lossy)},
		{Name: "lossless", Data: exact},
		{Name: "flat", Data: encoded(t, codectest.Flat(64, 48), lossless)},
		{Name: "low-quality", Data: encoded(t, codectest.Picture(64, 64), vips.WebPOptions{Quality: 20, Effort: 4})},
		{Name: "pixel", Data: encoded(t, codectest.Picture(1, 1), lossy)},
		{Name: "wide", Data: encoded(t, codectest.Picture(300, 24), lossless)},
		{Name: "personal", Data: with(t, photo, webpfile.File{EXIF: codectest.EXIF(1, true), XMP: xmp,
			Unknown: []webpfile.Chunk{{ID: "note", Data: []byte("drawn by hand")}}}), Personal: codectest.Words()},
		{Name: "orientation-6", Data: with(t, photo, webpfile.File{EXIF: codectest.EXIF(6, true)}), Personal: codectest.Words()},
		{Name: "lossless-orientation-3", Data: with(t, exact, webpfile.File{EXIF: codectest.EXIF(3, false)})},
		{Name: "display-p3", Data: with(t, photo, webpfile.File{ICC: profile(t, "DisplayP3-v4")}), Keeps: []string{"icc"}},
		{Name: "srgb", Data: with(t, exact, webpfile.File{ICC: profile(t, "sRGB-v4")})},
		{Name: "animated", Data: animated(t), Untouched: "animation (WebP)"},
		{Name: "animated-squares", Data: realFile(t, "webp/animated-rotating-squares.webp"), Untouched: "animation (WebP)"},
	}
}

// realFile is a file that another program made.
func realFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../testdata/image/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func encoded(t testing.TB, from image.Image, o vips.WebPOptions) []byte {
	t.Helper()
	if err := vips.Start(); err != nil {
		t.Fatal(err)
	}
	im, ok := from.(*image.NRGBA)
	if !ok {
		im = image.NewNRGBA(from.Bounds())
		draw.Draw(im, im.Rect, from, image.Point{}, draw.Src)
	}
	pix, bands := im.Pix, 4
	if im.Opaque() {
		pix, bands = nil, 3
		for i := 0; i < len(im.Pix); i += 4 {
			pix = append(pix, im.Pix[i:i+3]...)
		}
	}
	picture, err := vips.FromPixels(im.Rect.Dx(), im.Rect.Dy(), bands, pix)
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	data, err := picture.WebP(o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// with puts metadata and chunks around the picture of a file.
func with(t testing.TB, data []byte, around webpfile.File) []byte {
	t.Helper()
	f, err := webpfile.Parse(data, webpfile.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	f.EXIF, f.XMP, f.ICC, f.Unknown = around.EXIF, around.XMP, around.ICC, around.Unknown
	out, err := webpfile.Assemble(f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// animated writes two frames: RFC 9649 section 2.7.1.
func animated(t testing.TB) []byte {
	t.Helper()
	body := []byte("WEBP")
	body = append(body, chunk("VP8X", []byte{1 << 1, 0, 0, 0, 63, 0, 0, 47, 0, 0})...)
	body = append(body, chunk("ANIM", []byte{255, 255, 255, 255, 0, 0})...)
	for _, o := range []vips.WebPOptions{{Quality: 80, Effort: 4}, {Lossless: true, Effort: 2}} {
		still := encoded(t, codectest.Picture(32, 24), o)
		frame := []byte{16, 0, 0, 12, 0, 0, 31, 0, 0, 23, 0, 0, 100, 0, 0, 0}
		body = append(body, chunk("ANMF", append(frame, still[12:]...))...)
	}
	return append(chunk("RIFF", nil)[:4], append(binary.LittleEndian.AppendUint32(nil, uint32(len(body))), body...)...)
}

func chunk(id string, data []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data)))
	return append(append(out, data...), make([]byte, len(data)%2)...)
}

func profile(t testing.TB, name string) []byte {
	t.Helper()
	icc, err := os.ReadFile("../../../testdata/photometa/" + name + ".icc")
	if err != nil {
		t.Fatal(err)
	}
	return icc
}
