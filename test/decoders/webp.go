package decoders

import (
	"image"
	"image/color"
	"io"
	"math"

	"golang.org/x/image/webp"
)

// WebP is the decoder of golang.org/x/image, an implementation of its own, with one
// thing put right: it hands out the samples of VP8 as if they filled the whole range, but
// they are those of BT.601 for video (RFC 6386 section 9.2), 16 to 235 and 16 to 240.
func WebP(r io.Reader) (image.Image, error) {
	im, err := webp.Decode(r)
	if err != nil {
		return nil, err
	}
	var colour *image.YCbCr
	alpha := func(int, int) uint8 { return 255 }
	switch im := im.(type) {
	case *image.YCbCr:
		colour = im
	case *image.NYCbCrA:
		colour = &im.YCbCr
		alpha = func(x, y int) uint8 { return im.A[im.AOffset(x, y)] }
	default:
		return im, nil
	}
	out := image.NewNRGBA(colour.Rect)
	for y := range colour.Rect.Dy() {
		for x := range colour.Rect.Dx() {
			c := colour.YCbCrAt(x, y)
			luma, cb, cr := 1.164*(float64(c.Y)-16), float64(c.Cb)-128, float64(c.Cr)-128
			out.SetNRGBA(x, y, color.NRGBA{
				R: clamped(luma + 1.596*cr), G: clamped(luma - 0.392*cb - 0.813*cr), B: clamped(luma + 2.017*cb),
				A: alpha(x, y),
			})
		}
	}
	return out, nil
}

func clamped(v float64) uint8 { return uint8(math.Round(min(max(v, 0), 255))) }
