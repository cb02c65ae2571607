// Package vips binds the few operations of libvips (LGPL-3.0-or-later, linked
// dynamically) that Compressor needs: decoding, geometry, colour, mozjpeg and
// imagequant. It is one of the few packages that may use cgo; it runs in job processes
// only, inside the cage.
//
// Pictures are immutable and hold their pixels in memory. Close gives them back.
package vips

/*
#cgo CFLAGS: -O2 -I${SRCDIR}/../../node_modules/@img/sharp-libvips-dev/include
#cgo CFLAGS: -I${SRCDIR}/../../node_modules/@img/sharp-libvips-dev/include/glib-2.0
#cgo linux,amd64 CFLAGS: -I${SRCDIR}/../../node_modules/@img/sharp-libvips-linux-x64/lib/glib-2.0/include
#cgo linux,amd64 LDFLAGS: -L${SRCDIR}/../../node_modules/@img/sharp-libvips-linux-x64/lib -l:libvips-cpp.so.8.18.7
#cgo linux,amd64 LDFLAGS: -Wl,-rpath,$ORIGIN/../node_modules/@img/sharp-libvips-linux-x64/lib
#cgo linux,amd64 LDFLAGS: -Wl,-rpath,${SRCDIR}/../../node_modules/@img/sharp-libvips-linux-x64/lib
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"compressor/internal/problem"
)

// Start prepares libvips in this process: one thread, no cache, untrusted loaders shut.
// It must be called before anything else here, and may be called again.
func Start() error {
	name := C.CString("compressor")
	defer C.free(unsafe.Pointer(name))
	if C.shim_start(name) != 0 {
		return lastError("start")
	}
	return nil
}

// Version is libvips' own, such as "8.18.7".
func Version() string { return C.GoString(C.vips_version_string()) }

// Image is a decoded picture in memory.
type Image struct{ ptr *C.VipsImage }

// Open decodes the file at path whole. A file that libvips cannot read to its end is an
// error.
func Open(path string) (*Image, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	return result("open", func(out **C.VipsImage) C.int { return C.shim_open(name, out) })
}

// OpenSVG draws an SVG document in RGBA. Scale 1 is one pixel a user unit.
func OpenSVG(document []byte, scale float64) (*Image, error) {
	if len(document) == 0 {
		return nil, errors.New("vips: an empty document")
	}
	return result("svg", func(out **C.VipsImage) C.int {
		return C.shim_open_svg(unsafe.Pointer(&document[0]), C.size_t(len(document)), C.double(scale), out)
	})
}

// FromPixels copies 8-bit interleaved pixels: 1 or 2 bands are gray, 3 or 4 are sRGB; an
// even count ends with alpha. pix has width × height × bands bytes.
func FromPixels(width, height, bands int, pix []byte) (*Image, error) {
	if width < 1 || height < 1 || bands < 1 || bands > 4 || len(pix) != width*height*bands {
		return nil, fmt.Errorf("vips: %d bytes are not %d×%d×%d", len(pix), width, height, bands)
	}
	return result("copy", func(out **C.VipsImage) C.int {
		return C.shim_from_memory(unsafe.Pointer(&pix[0]), C.size_t(len(pix)),
			C.int(width), C.int(height), C.int(bands), out)
	})
}

// Close gives the pixels back. The Image must not be used afterwards; closing twice, or
// nil, does nothing.
func (im *Image) Close() {
	if im == nil || im.ptr == nil {
		return
	}
	C.g_object_unref(C.gpointer(im.ptr))
	im.ptr = nil
}

// Width is in pixels.
func (im *Image) Width() int { return int(im.ptr.Xsize) }

// Height is in pixels.
func (im *Image) Height() int { return int(im.ptr.Ysize) }

// Bands counts the channels, alpha included.
func (im *Image) Bands() int { return int(im.ptr.Bands) }

// Depth is the bits of a sample: 8 or 16, or 32 for what neither holds.
func (im *Image) Depth() int {
	switch im.ptr.BandFmt {
	case C.VIPS_FORMAT_UCHAR:
		return 8
	case C.VIPS_FORMAT_USHORT:
		return 16
	}
	return 32
}

// HasAlpha says whether the last band is transparency.
func (im *Image) HasAlpha() bool { return C.vips_image_hasalpha(im.ptr) != 0 }

// Profile is the embedded ICC profile, or nil.
func (im *Image) Profile() []byte {
	name := C.CString(C.VIPS_META_ICC_NAME)
	defer C.free(unsafe.Pointer(name))
	var data unsafe.Pointer
	var size C.size_t
	if C.shim_blob(im.ptr, name, &data, &size) != 0 || size == 0 {
		return nil
	}
	return C.GoBytes(data, C.int(size))
}

// Pixels copies the samples out: interleaved, rows without padding, 8 bits or 16 bits in
// the machine's byte order.
func (im *Image) Pixels() ([]byte, error) {
	var size C.size_t
	buf := C.vips_image_write_to_memory(im.ptr, &size)
	if buf == nil {
		return nil, lastError("pixels")
	}
	defer C.g_free(C.gpointer(buf))
	pix := make([]byte, int(size))
	copy(pix, unsafe.Slice((*byte)(buf), int(size)))
	runtime.KeepAlive(im)
	return pix, nil
}

// View gives the samples without copying. They are valid until Close and must not be
// written to.
func (im *Image) View() ([]byte, error) {
	data := C.vips_image_get_data(im.ptr)
	if data == nil {
		return nil, lastError("view")
	}
	return unsafe.Slice((*byte)(data), im.Width()*im.Height()*im.Bands()*im.Depth()/8), nil
}

// result turns a shim call that makes a picture into a Go result.
func result(what string, call func(out **C.VipsImage) C.int) (*Image, error) {
	var out *C.VipsImage
	if call(&out) != 0 || out == nil {
		return nil, lastError(what)
	}
	return &Image{ptr: out}, nil
}

// bytesOf turns a shim call that writes a file into a Go result.
func bytesOf(what string, call func(buf *unsafe.Pointer, size *C.size_t) C.int) ([]byte, error) {
	var buf unsafe.Pointer
	var size C.size_t
	if call(&buf, &size) != 0 {
		return nil, lastError(what)
	}
	defer C.g_free(C.gpointer(buf))
	return C.GoBytes(buf, C.int(size)), nil
}

// lastError takes libvips' words. They may name files, so they are a cause, never a
// message for the client. Refused memory is worker-timeout: it says nothing about the
// file, and must end the job rather than one attempt, or the limit would choose the winner.
func lastError(what string) error {
	text := strings.TrimSpace(C.GoString(C.vips_error_buffer()))
	C.vips_error_clear()
	if text == "" {
		return errors.New("vips " + what + " failed")
	}
	err := fmt.Errorf("vips %s: %s", what, text)
	lower := strings.ToLower(text)
	for _, words := range outOfMemory {
		if strings.Contains(lower, words) {
			return problem.New(problem.WorkerTimeout).Because(err)
		}
	}
	return err
}

// outOfMemory are the words of libvips, libjpeg and libpng for it.
var outOfMemory = [...]string{"out of memory", "insufficient memory", "unable to allocate", "cannot allocate"}
