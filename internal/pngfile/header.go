package pngfile

import (
	"encoding/binary"
	"errors"
	"io"

	"compressor/internal/problem"
)

// Header is all that stands around the pixels.
type Header struct {
	Width, Height int
	Color         Color
	Depth         int // bits per sample or palette index: 1, 2, 4, 8 or 16
	Interlaced    bool
	Palette       []byte // R, G, B per entry; only of a palette image
	Trans         []byte // tRNS as stored: alpha per entry, or the transparent sample(s)
	Animated      bool   // an APNG: it has acTL
	Frames        int    // of an animation, otherwise 1
	Chunks        []Chunk
	Ancillary     Ancillary
	Unknown       []string // types of chunks noted and not read, in file order
	Damaged       []string // types of ancillary chunks that were dropped as damaged
	Trailing      int64    // bytes behind IEND
}

// Orientation is that of the Exif chunk, 1 to 8; 1 (upright) if there is none.
func (h *Header) Orientation() int { return exifOrientation(h.Ancillary.Exif) }

// ReadHeader walks a whole PNG file without decoding its pixels: it checks size limits first,
// then order and checksums of all chunks, and reads the metadata within its limit.
//
// Errors: file-empty; file-corrupt for a broken structure or a critical chunk with a wrong
// checksum; limit-exceeded naming the limit; format-unsupported for CgBI, Apple's private
// variant of PNG. Damaged ancillary chunks are only noted.
func ReadHeader(data []byte, limits Limits) (*Header, error) {
	h, _, err := read(data, limits)
	return h, err
}

// reader is the state of one walk.
type reader struct {
	h      *Header
	limits Limits
	budget int64 // bytes of metadata that may still be expanded
	idat   [][]byte
	ended  bool // the run of IDAT is over
}

// read is ReadHeader that also gives the parts of the compressed raster.
func read(data []byte, limits Limits) (*Header, [][]byte, error) {
	s, err := start(data)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{h: &Header{Frames: 1}, limits: limits.orDefaults()}
	r.budget = r.limits.Ancillary
	for first := true; ; first = false {
		at := s.at
		kind, body, sound, err := s.next()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, nil, corrupt("ends before IEND")
		}
		if err != nil {
			return nil, nil, err
		}
		if first != (kind == "IHDR") {
			return nil, nil, misplacedHeader(kind)
		}
		if err := r.note(Chunk{Type: kind, Size: int64(len(body)), Parts: 1, Sound: sound, offset: at}); err != nil {
			return nil, nil, err
		}
		if kind == "IEND" {
			r.h.Trailing = int64(len(data) - s.at)
			return r.h, r.idat, r.complete()
		}
		if err := r.take(kind, body, sound); err != nil {
			return nil, nil, err
		}
	}
}

func misplacedHeader(kind string) error {
	if kind == "CgBI" {
		return problem.Newf(problem.FormatUnsupported, "This is a PNG for Apple devices only, which is not handled.")
	}
	return corrupt("%s where IHDR must be, or the other way round", kind)
}

// note adds the chunk to the list. A wrong checksum is fatal where the pixels depend on it.
func (r *reader) note(c Chunk) error {
	if !c.Sound && (c.critical() || c.Type == "tRNS") {
		return corrupt("%s has a wrong checksum", c.Type)
	}
	list := r.h.Chunks
	if n := len(list); n > 0 && c.Type == "IDAT" && list[n-1].Type == "IDAT" {
		list[n-1].Size += c.Size
		list[n-1].Parts++
		return nil
	}
	if len(list) >= r.limits.Chunks {
		return problem.Over("image.chunks", int64(len(list))+1, int64(r.limits.Chunks))
	}
	r.h.Chunks = append(list, c)
	return nil
}

// take reads one chunk's content.
func (r *reader) take(kind string, body []byte, sound bool) error {
	if kind != "IDAT" && len(r.idat) > 0 {
		r.ended = true
	}
	switch kind {
	case "IHDR":
		return r.ihdr(body)
	case "PLTE":
		return r.plte(body)
	case "tRNS":
		return r.trns(body)
	case "IDAT":
		if r.ended {
			return corrupt("IDAT chunks are not in one run")
		}
		r.idat = append(r.idat, body)
		return nil
	}
	if kind[0]&0x20 == 0 {
		return corrupt("unknown critical chunk %s", kind)
	}
	if !sound {
		r.h.Damaged = append(r.h.Damaged, kind)
		return nil
	}
	return r.ancillary(kind, body)
}

// ihdr reads PNG 11.2.1. The pixel limit comes first: nothing else of the file is looked at
// when it does not hold.
func (r *reader) ihdr(body []byte) error {
	if len(body) != 13 {
		return corrupt("IHDR of %d bytes", len(body))
	}
	width, height := int64(binary.BigEndian.Uint32(body)), int64(binary.BigEndian.Uint32(body[4:]))
	if width == 0 || height == 0 || width > maxLength || height > maxLength {
		return corrupt("size %d×%d", width, height)
	}
	if width*height > r.limits.Pixels { // below 2^62: no overflow
		return problem.Over("image.pixels", width*height, r.limits.Pixels)
	}
	h := r.h
	h.Width, h.Height = int(width), int(height)
	h.Depth, h.Color = int(body[8]), Color(body[9])
	if !h.Color.allows(h.Depth) {
		return corrupt("colour type %d at %d bits", h.Color, h.Depth)
	}
	if body[10] != 0 || body[11] != 0 || body[12] > 1 {
		return corrupt("unknown compression, filter or interlace method")
	}
	h.Interlaced = body[12] == 1
	if raster := rasterSize(h.Width, h.Height, h.Color.Channels()*h.Depth); raster > r.limits.Raster {
		return problem.Over("image.raster", raster, r.limits.Raster)
	}
	return nil
}

// plte reads PNG 11.2.2. A suggested palette of a true-colour image is no part of its samples.
func (r *reader) plte(body []byte) error {
	if r.h.Color != Palette {
		r.h.Unknown = append(r.h.Unknown, "PLTE")
		return nil
	}
	entries := len(body) / 3
	if r.h.Palette != nil || len(r.idat) > 0 || len(body)%3 != 0 || entries == 0 || entries > 1<<r.h.Depth {
		return corrupt("PLTE of %d bytes, out of place or twice", len(body))
	}
	r.h.Palette = append([]byte(nil), body...)
	return nil
}

// trns reads PNG 11.3.1.1. Beside an alpha channel it has no meaning and is ignored.
func (r *reader) trns(body []byte) error {
	if r.h.Color == GrayAlpha || r.h.Color == RGBA {
		r.h.Unknown = append(r.h.Unknown, "tRNS")
		return nil
	}
	if len(r.idat) > 0 || r.h.Trans != nil {
		return corrupt("tRNS twice or behind IDAT")
	}
	switch r.h.Color {
	case Palette:
		if r.h.Palette == nil || len(body) > len(r.h.Palette)/3 {
			return corrupt("tRNS of %d entries for a palette of %d", len(body), len(r.h.Palette)/3)
		}
	default:
		if len(body) != 2*r.h.Color.Channels() {
			return corrupt("tRNS of %d bytes", len(body))
		}
	}
	r.h.Trans = append([]byte{}, body...)
	return nil
}

// complete checks that what every image needs was there.
func (r *reader) complete() error {
	if len(r.idat) == 0 {
		return corrupt("no IDAT")
	}
	if r.h.Color == Palette && r.h.Palette == nil {
		return corrupt("no PLTE")
	}
	return nil
}
