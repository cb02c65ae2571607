package vips

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Upright applies the EXIF orientation to the pixels and forgets it.
func (im *Image) Upright() (*Image, error) {
	return result("upright", func(out **C.VipsImage) C.int { return C.shim_upright(im.ptr, out) })
}

// SRGB converts to 8-bit sRGB, 3 bands or 4 with alpha, through the embedded profile
// where there is a usable one.
func (im *Image) SRGB() (*Image, error) {
	return result("srgb", func(out **C.VipsImage) C.int { return C.shim_to_srgb(im.ptr, out) })
}

// Depth8 converts to 8 bits a sample in the picture's own colours.
func (im *Image) Depth8() (*Image, error) {
	return result("depth", func(out **C.VipsImage) C.int { return C.shim_to_depth8(im.ptr, out) })
}

// Colour turns gray into three equal colour bands at its own depth, or, through a profile
// if it has one, into 8-bit sRGB.
func (im *Image) Colour() (*Image, error) {
	if len(im.Profile()) > 0 {
		return im.SRGB()
	}
	return result("colour", func(out **C.VipsImage) C.int { return C.shim_to_colour(im.ptr, out) })
}

// Opaque says whether nothing shows through: there is no alpha, or it has its highest value
// everywhere. Samples are of 8 or 16 bits.
func (im *Image) Opaque() (bool, error) {
	if !im.HasAlpha() {
		return true, nil
	}
	pix, err := im.View()
	if err != nil {
		return false, err
	}
	size := im.Depth() / 8
	step := im.Bands() * size
	for i := step - size; i < len(pix); i += step {
		for _, b := range pix[i : i+size] {
			if b != 0xff {
				return false, nil
			}
		}
	}
	return true, nil
}

// Crop cuts out a rectangle, in pixels; it must lie inside.
func (im *Image) Crop(x, y, width, height int) (*Image, error) {
	return result("crop", func(out **C.VipsImage) C.int {
		return C.shim_crop(im.ptr, C.int(x), C.int(y), C.int(width), C.int(height), out)
	})
}

// Resize scales to exactly these sides, in pixels, by Lanczos 3 with alpha-weighted
// colours.
func (im *Image) Resize(width, height int) (*Image, error) {
	return result("resize", func(out **C.VipsImage) C.int {
		return C.shim_resize(im.ptr, C.int(width), C.int(height), out)
	})
}

// Embed places the picture at x, y on a canvas of these sides. background has one value
// a band, alpha last.
func (im *Image) Embed(x, y, width, height int, background []float64) (*Image, error) {
	if len(background) != im.Bands() {
		return nil, fmt.Errorf("vips: background of %d values for %d bands", len(background), im.Bands())
	}
	return result("embed", func(out **C.VipsImage) C.int {
		return C.shim_embed(im.ptr, C.int(x), C.int(y), C.int(width), C.int(height),
			(*C.double)(unsafe.Pointer(&background[0])), out)
	})
}

// WithAlpha adds an opaque alpha band.
func (im *Image) WithAlpha() (*Image, error) {
	return result("alpha", func(out **C.VipsImage) C.int { return C.shim_add_alpha(im.ptr, out) })
}

// Flatten removes alpha over a background of one value a colour band.
func (im *Image) Flatten(background []float64) (*Image, error) {
	if len(background) != im.Bands()-1 {
		return nil, fmt.Errorf("vips: background of %d values for %d bands", len(background), im.Bands())
	}
	return result("flatten", func(out **C.VipsImage) C.int {
		return C.shim_flatten(im.ptr, (*C.double)(unsafe.Pointer(&background[0])), out)
	})
}

// Attention finds the corner of the most eye-catching part of that size, which must fit
// inside the picture.
func (im *Image) Attention(width, height int) (x, y int, err error) {
	var cx, cy C.int
	if C.shim_attention(im.ptr, C.int(width), C.int(height), &cx, &cy) != 0 {
		return 0, 0, lastError("attention")
	}
	return int(cx), int(cy), nil
}

// JPEGOptions steer mozjpeg.
type JPEGOptions struct {
	Quality   int  // 1 to 100, IJG scale
	Table     int  // mozjpeg's predefined quantization table, 0 to 8
	Subsample bool // chroma 4:2:0; otherwise 4:4:4
	Trellis   bool // trellis quantization and overshoot deringing

	// Progressive makes a progressive file, and trellis quantization count on one.
	Progressive bool
}

// JPEG writes a JPEG with optimised Huffman tables and no metadata at all.
func (im *Image) JPEG(o JPEGOptions) ([]byte, error) {
	return bytesOf("jpeg", func(buf *unsafe.Pointer, size *C.size_t) C.int {
		return C.shim_jpeg(im.ptr, C.int(o.Quality), C.int(o.Table), flag(o.Subsample), flag(o.Trellis), flag(o.Progressive), buf, size)
	})
}

// WebPPreset is one of libwebp's sets of defaults for a kind of picture.
type WebPPreset int

// The presets, in libwebp's order.
const (
	PresetDefault WebPPreset = iota
	PresetPicture
	PresetPhoto
	PresetDrawing
	PresetIcon
	PresetText
)

// WebPOptions steer libwebp.
type WebPOptions struct {
	// Quality is libwebp's, 0 to 100: of the colours where lossy, the effort where
	// Lossless, the closeness where NearLossless.
	Quality int

	Lossless     bool       // VP8L of the very samples, those under full transparency too
	NearLossless bool       // VP8L of samples that were rounded where the eye sees it least
	Alpha        int        // quality of transparency where lossy: 100 is exact
	Sharp        bool       // chroma subsampled with regard to luma ("sharp YUV")
	Deblock      bool       // the strength of the loop filter is searched
	Preset       WebPPreset // what libwebp takes for granted of the picture
	Passes       int        // analysis passes, 1 to 10; 0 means 1
	Effort       int        // 0 to 6
}

// WebP writes a WebP without metadata.
func (im *Image) WebP(o WebPOptions) ([]byte, error) {
	c := C.shim_webp_options{
		quality: C.int(o.Quality), lossless: flag(o.Lossless), near_lossless: flag(o.NearLossless),
		alpha: C.int(o.Alpha), sharp: flag(o.Sharp), deblock: flag(o.Deblock),
		preset: C.int(o.Preset), passes: C.int(max(o.Passes, 1)), effort: C.int(o.Effort),
	}
	return bytesOf("webp", func(buf *unsafe.Pointer, size *C.size_t) C.int {
		return C.shim_webp(im.ptr, &c, buf, size)
	})
}

// AVIFOptions steer libaom.
type AVIFOptions struct {
	Quality   int  // 1 to 100, libheif's scale
	Lossless  bool // 4:4:4, in RGB
	Subsample bool // chroma 4:2:0; otherwise 4:4:4
	Depth     int  // bits a sample: 8, 10 or 12
	Effort    int  // 0 to 9

	Tune string // what libaom is tuned for: "iq", "ssim" or "psnr"; "" is libheif's choice
}

// AVIF writes an AVIF without metadata.
func (im *Image) AVIF(o AVIFOptions) ([]byte, error) {
	tune := C.CString(o.Tune)
	defer C.free(unsafe.Pointer(tune))
	return bytesOf("avif", func(buf *unsafe.Pointer, size *C.size_t) C.int {
		return C.shim_avif(im.ptr, C.int(o.Quality), flag(o.Lossless), flag(o.Subsample), C.int(o.Depth), C.int(o.Effort), tune, buf, size)
	})
}

// PaletteOptions steer imagequant.
type PaletteOptions struct {
	Quality int     // 0 to 100, imagequant's scale
	Colours int     // at most; 2 to 256
	Effort  int     // 1 to 10
	Dither  float64 // 0 to 1
}

// PalettePNG quantizes to a palette and writes a plain PNG without metadata, quickly
// deflated: to be optimised by the caller.
func (im *Image) PalettePNG(o PaletteOptions) ([]byte, error) {
	return bytesOf("palette", func(buf *unsafe.Pointer, size *C.size_t) C.int {
		return C.shim_palette_png(im.ptr, C.int(o.Quality), C.int(o.Colours), C.int(o.Effort), C.double(o.Dither), buf, size)
	})
}

// PNG writes exact pixels and the profile, stored rather than squeezed: a reference.
func (im *Image) PNG() ([]byte, error) {
	return bytesOf("png", func(buf *unsafe.Pointer, size *C.size_t) C.int {
		return C.shim_png(im.ptr, 0, buf, size)
	})
}

func flag(on bool) C.int {
	if on {
		return 1
	}
	return 0
}
