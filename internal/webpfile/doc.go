// Package webpfile reads and writes the container of WebP files, without decoding them.
//
// It exists beside the picture library because three promises need more than "a picture":
// a file's size is known before anything is decoded, a file that ends early or contradicts
// itself is told from a whole one, and a bitstream can be kept as it is while what stands
// around it goes. Sources: RFC 9649 (the container, and the header of VP8L) and RFC 6386
// (the frame header of VP8), called by these names in the comments here.
package webpfile

import (
	"fmt"

	"compressor/internal/problem"
)

// MaxSide is the longest side of a picture, in pixels: both bitstreams have 14 bits for it
// (RFC 6386 section 9.1; RFC 9649 section 3.4). VP8 holds one pixel less than VP8L, so the
// smaller of the two stands here.
const MaxSide = 1<<14 - 1

// Limits bound what a hostile file may ask for. Zero means no bound.
type Limits struct {
	Pixels int64 // width × height of the canvas
	Frames int   // of an animation
}

// Bitstream is how the pixels are coded. Its value is the FourCC of its chunk.
type Bitstream string

// The two bitstreams.
const (
	VP8  Bitstream = "VP8 " // lossy
	VP8L Bitstream = "VP8L" // lossless
)

// Chunk is one chunk that this package does not know.
type Chunk struct {
	ID   string // the FourCC
	Data []byte
}

// File is what stands in a WebP file. Slices of a parsed File share the memory of its input.
type File struct {
	Width, Height int  // of the canvas, in pixels, as stored
	Alpha         bool // it may have transparency

	Animated bool
	Frames   int // 1 unless animated

	Kind  Bitstream // of the picture, or of the first frame
	Image []byte    // the bitstream; nil if animated
	ALPH  []byte    // transparency beside a lossy bitstream; nil if none

	ICC, EXIF, XMP []byte
	Unknown        []Chunk // in the order of the file
	Trailing       int     // bytes behind the RIFF chunk
}

// corrupt is the problem of a damaged file; what it says about the damage goes to the log.
func corrupt(format string, args ...any) error {
	return problem.New(problem.FileCorrupt).Because(fmt.Errorf("webp: "+format, args...))
}
