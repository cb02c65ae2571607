package webpfile

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Assemble writes a still picture: in the simple form of RFC 9649 sections 2.5 and 2.6 where
// nothing but the bitstream is to be said, in the extended form of section 2.7 otherwise.
// Width, Height and Alpha of f are not looked at: they are what its bitstreams say.
//
// Unknown chunks come last, in either form: readers skip them. In the simple form a chunk
// behind the picture is more than the grammar of the RFC has, and every decoder that was
// tried ignores it; a VP8X for its sake would cost 18 bytes.
//
// It fails for an animation, for a bitstream without a sound head, and for what no RIFF file
// can hold.
func Assemble(f *File) ([]byte, error) {
	if f.Animated {
		return nil, fmt.Errorf("webp: an animation cannot be written")
	}
	pic, err := f.Kind.read(f.Image)
	if err != nil {
		return nil, err
	}
	out := make([]byte, riffHeader, riffHeader+len(f.Image)+len(f.ALPH)+len(f.ICC)+len(f.EXIF)+len(f.XMP)+256)
	copy(out, "RIFF\x00\x00\x00\x00WEBP")
	if flags := f.announced(pic); flags&^flagAlpha != 0 || len(f.ALPH) > 0 {
		canvas := make([]byte, 10)
		canvas[0] = flags
		putUint24(canvas[4:], pic.width-1)
		putUint24(canvas[7:], pic.height-1)
		out = appendChunk(out, "VP8X", canvas)
	}
	out = appendBlock(out, "ICCP", f.ICC)
	out = appendBlock(out, "ALPH", f.ALPH)
	out = appendChunk(out, string(f.Kind), f.Image)
	out = appendBlock(out, "EXIF", f.EXIF)
	out = appendBlock(out, "XMP ", f.XMP)
	for _, c := range f.Unknown {
		out = appendChunk(out, c.ID, c.Data)
	}
	size := int64(len(out)) - chunkHeader
	if size > math.MaxUint32-chunkHeader {
		return nil, fmt.Errorf("webp: %d bytes are more than a RIFF file can hold", size)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(size))
	return out, nil
}

// announced gives the flags of VP8X.
func (f *File) announced(pic picture) byte {
	var flags byte
	set := func(flag byte, on bool) {
		if on {
			flags |= flag
		}
	}
	set(flagICC, len(f.ICC) > 0)
	set(flagAlpha, len(f.ALPH) > 0 || pic.alpha)
	set(flagEXIF, len(f.EXIF) > 0)
	set(flagXMP, len(f.XMP) > 0)
	return flags
}

func appendBlock(out []byte, id string, data []byte) []byte {
	if len(data) == 0 {
		return out
	}
	return appendChunk(out, id, data)
}

// appendChunk writes a chunk with its padding.
func appendChunk(out []byte, id string, data []byte) []byte {
	out = append(out, id...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
	out = append(out, data...)
	return append(out, make([]byte, len(data)%2)...)
}

func putUint24(b []byte, v int) { b[0], b[1], b[2] = byte(v), byte(v>>8), byte(v>>16) }
