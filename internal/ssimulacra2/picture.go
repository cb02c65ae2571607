package ssimulacra2

import (
	"errors"
	"fmt"
)

// Errors of this package; use errors.Is. Their texts hold sizes only.
var (
	// ErrPicture: a picture whose size, stride or buffer cannot be right.
	ErrPicture = errors.New("ssimulacra2: malformed picture")
	// ErrTooLarge: more pixels than MaxPixels or a side above MaxSide.
	ErrTooLarge = errors.New("ssimulacra2: picture too large")
	// ErrSizeMismatch: the compared picture has another size than the reference.
	ErrSizeMismatch = errors.New("ssimulacra2: pictures differ in size")
	// ErrClosed: the reference was closed.
	ErrClosed = errors.New("ssimulacra2: reference is closed")
	// ErrMemory: the system gave no memory.
	ErrMemory = errors.New("ssimulacra2: out of memory")
	// ErrNoScore: the figures are not finite; no real picture is known to do this.
	ErrNoScore = errors.New("ssimulacra2: no finite score")
)

// Limits of a picture that can be scored. They keep every size computed here inside 63 bits;
// callers will want lower ones of their own (see Memory).
const (
	MaxSide   = 1 << 18
	MaxPixels = 1 << 28
)

// Picture is 8-bit sRGB, interleaved, without a profile: convert first.
type Picture struct {
	Width, Height int    // pixels
	Channels      int    // 3 (RGB) or 4 (RGBA, unassociated alpha)
	Pix           []byte // Height rows of Stride bytes; the last may end with its last pixel
	Stride        int    // bytes from one row to the next, at least Width*Channels
}

// check tells whether p can be read without leaving Pix.
func (p Picture) check() error {
	if err := checkSize(p.Width, p.Height); err != nil {
		return err
	}
	switch {
	case p.Channels < 3 || p.Channels > 4:
		return fmt.Errorf("%w: %d channels", ErrPicture, p.Channels)
	case p.Stride < p.Width*p.Channels || p.Stride > len(p.Pix):
		return fmt.Errorf("%w: stride %d for %d pixels", ErrPicture, p.Stride, p.Width)
	case p.Stride*(p.Height-1)+p.Width*p.Channels > len(p.Pix):
		return fmt.Errorf("%w: %d bytes for %dx%d", ErrPicture, len(p.Pix), p.Width, p.Height)
	}
	return nil
}

func checkSize(width, height int) error {
	switch {
	case width < 1 || height < 1:
		return fmt.Errorf("%w: %dx%d", ErrPicture, width, height)
	case width > MaxSide || height > MaxSide || width*height > MaxPixels:
		return fmt.Errorf("%w: %dx%d", ErrTooLarge, width, height)
	}
	return nil
}
