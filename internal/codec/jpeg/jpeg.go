// Package jpeg reads and rewrites JPEG files: without loss on the DCT coefficients
// (package jpegdct), with loss by a quantizer of our own (package jpegquant) or mozjpeg's
// (package vips), always finished by the same canonical entropy coder, so that a second pass
// finds nothing left to do.
package jpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/jpegdct"
	"compressor/internal/photometa"
	"compressor/internal/picture"
	"compressor/internal/recipe"
)

// ID is the format's name.
const ID format.ID = "jpeg"

// Format is what there is to know about JPEG files.
func Format() format.Row {
	return format.Row{
		ID: ID, Family: recipe.FamilyImage, Label: "JPEG", MIME: "image/jpeg",
		Ext:   []string{"jpeg", "jpg", "jpe", "jfif"},
		Magic: []format.Magic{{Bytes: "\xff\xd8\xff"}},
		Lossy: true, Inline: true, Web: true, Effort: 1,
	}
}

// Codec handles JPEG files.
type Codec struct{}

// Inspect reads the markers and checks the entropy-coded data to its end: a file that
// ends early, or cannot be decoded, is file-corrupt.
func (Codec) Inspect(_ context.Context, src blob.Blob, limits codec.Limits) (codec.Facts, error) {
	data, err := picture.Read(src)
	if err != nil {
		return codec.Facts{}, err
	}
	h, err := jpegdct.ReadHeader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return codec.Facts{}, err
	}
	facts := factsOf(h)
	if facts.NotHandled != "" && h.Handled() != nil {
		return facts, nil
	}
	f, err := jpegdct.Parse(data, jpegdct.Limits{Pixels: limits.Pixels})
	if errors.Is(err, jpegdct.ErrNotHandled) {
		facts.NotHandled = "an uncommon kind of JPEG"
		return facts, nil
	}
	if err == nil && f.Trailing > 0 {
		// A motion photo's video, say. It is no part of the picture and goes, which is told.
		facts.Tags = append(facts.Tags, codec.Tag{Name: "trailing-data", Value: data[len(data)-f.Trailing:]})
	}
	return facts, err
}

func factsOf(h *jpegdct.Header) codec.Facts {
	f := codec.Facts{
		Width: h.Width, Height: h.Height, Frames: 1, Quality: h.Quality, Depth: h.Precision,
		Prior: prior(h.Segments), Tags: tags(h),
		Gray: h.Color == jpegdct.Gray, Subsampled: subsampling(h.Components) == "4:2:0",
	}
	if h.Orientation >= 5 {
		f.Width, f.Height = h.Height, h.Width
	}
	switch err := h.Handled(); {
	case err != nil:
		f.NotHandled = fmt.Sprintf("%s JPEG", h.Process)
	case h.GainMap:
		f.NotHandled = "HDR gain map"
	case h.MPF:
		f.NotHandled = "several pictures in one file (MPF)"
	case h.Color == jpegdct.CMYK || h.Color == jpegdct.YCCK:
		f.NotHandled = "CMYK"
	case h.Color == jpegdct.UnknownColor:
		f.NotHandled = "unknown colour model"
	}
	pixels := map[string]any{
		"width": f.Width, "height": f.Height, "depth": h.Precision,
		"color": h.Color.String(), "process": h.Process, "orientation": h.Orientation,
		"subsampling": subsampling(h.Components), "quality": h.Quality,
	}
	f.Metadata = picture.Metadata(f, pixels)
	return f
}

// tags gives what the file carries beside the picture.
func tags(h *jpegdct.Header) []codec.Tag {
	out := picture.Tags(photometa.Blocks{EXIF: h.EXIF, XMP: h.XMP, IPTC: h.IPTC, ICC: h.ICC})
	for _, s := range h.Segments {
		if _, ours := picture.ReadMark(string(s.Data)); s.Kind == jpegdct.Comment && !ours {
			out = append(out, codec.Tag{Name: "comment", Value: s.Data})
		}
	}
	return out
}

// subsampling is the usual J:a:b notation of the chroma sampling.
func subsampling(c []jpegdct.HeaderComponent) string {
	if len(c) < 3 {
		return "4:0:0"
	}
	h, v := c[0].H/max(1, c[1].H), c[0].V/max(1, c[1].V)
	switch {
	case h == 1 && v == 1:
		return "4:4:4"
	case h == 2 && v == 1:
		return "4:2:2"
	case h == 2 && v == 2:
		return "4:2:0"
	case h == 1 && v == 2:
		return "4:4:0"
	case h == 4 && v == 1:
		return "4:1:1"
	}
	return fmt.Sprintf("%d×%d", h, v)
}

// prior reads the mark of an earlier pass.
func prior(segments []jpegdct.Segment) codec.Prior {
	for _, s := range segments {
		if s.Kind != jpegdct.Comment {
			continue
		}
		if p, found := picture.ReadMark(string(s.Data)); found {
			return p
		}
	}
	return codec.Prior{}
}
