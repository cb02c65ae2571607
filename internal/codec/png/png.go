// Package png reads and rewrites PNG files: without loss by package pngfile, with loss by
// reducing to a palette (package quantize; imagequant at a fixed quality) and then the same
// optimiser.
package png

import (
	"context"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/photometa"
	"compressor/internal/picture"
	"compressor/internal/pngfile"
	"compressor/internal/recipe"
)

// ID is the format's name.
const ID format.ID = "png"

// Format is what there is to know about PNG files.
func Format() format.Row {
	return format.Row{
		ID: ID, Family: recipe.FamilyImage, Label: "PNG", MIME: "image/png",
		Ext:   []string{"png"},
		Magic: []format.Magic{{Bytes: "\x89PNG\r\n\x1a\n"}},
		Lossy: true, Alpha: true, Animates: true, Inline: true, Web: true, Effort: 12,
	}
}

// Codec handles PNG files.
type Codec struct{}

// Inspect walks the chunks and decodes the samples: what ends early or does not inflate
// is file-corrupt. The size is looked at before anything is decoded.
func (Codec) Inspect(_ context.Context, src blob.Blob, limits codec.Limits) (codec.Facts, error) {
	data, err := picture.Read(src)
	if err != nil {
		return codec.Facts{}, err
	}
	h, err := pngfile.ReadHeader(data, pngfile.Limits{Pixels: limits.Pixels})
	if err != nil {
		return codec.Facts{}, err
	}
	im, err := pngfile.Decode(data, pngfile.Limits{Pixels: limits.Pixels})
	if err != nil {
		return codec.Facts{}, err
	}
	return factsOf(h, im), nil
}

func factsOf(h *pngfile.Header, im *pngfile.Image) codec.Facts {
	f := codec.Facts{
		Width: h.Width, Height: h.Height, Frames: max(1, h.Frames),
		Alpha: im.HasAlpha(), Animated: h.Animated, Depth: h.Depth,
		Gray:  h.Color == pngfile.Gray || h.Color == pngfile.GrayAlpha,
		Prior: prior(h), Tags: tags(h),
	}
	if h.Orientation() >= 5 {
		f.Width, f.Height = h.Height, h.Width
	}
	f.Bound = bound(h.Ancillary)
	if h.Animated {
		f.NotHandled = "animation (APNG)"
	}
	pixels := map[string]any{
		"width": f.Width, "height": f.Height, "depth": h.Depth, "color": colorName(h.Color),
		"alpha": f.Alpha, "interlaced": h.Interlaced, "orientation": h.Orientation(),
	}
	f.Metadata = picture.Metadata(f, pixels)
	return f
}

// colorName is the colour type in words.
func colorName(c pngfile.Color) string {
	switch c {
	case pngfile.Gray:
		return "gray"
	case pngfile.GrayAlpha:
		return "gray with alpha"
	case pngfile.Palette:
		return "palette"
	case pngfile.RGBA:
		return "RGB with alpha"
	}
	return "RGB"
}

// tags gives what the file carries beside the picture.
func tags(h *pngfile.Header) []codec.Tag {
	out := picture.Tags(photometa.Blocks{EXIF: h.Ancillary.Exif, XMP: []byte(h.Ancillary.XMP()), ICC: h.Ancillary.ICC})
	for _, e := range h.Ancillary.Text {
		if e.Keyword != xmpKeyword && !isMark(e) {
			out = append(out, codec.Tag{Name: "comment", Value: []byte(e.Keyword + ": " + e.Text)})
		}
	}
	return out
}

// xmpKeyword is the iTXt keyword of an XMP packet (XMP specification part 3, 1.1.5).
const xmpKeyword = "XML:com.adobe.xmp"

// markKeyword is the text chunk that carries the mark.
const markKeyword = "Comment"

func isMark(e pngfile.Entry) bool {
	_, ours := picture.ReadMark(e.Text)
	return ours && e.Keyword == markKeyword
}

// prior reads the mark of an earlier pass.
func prior(h *pngfile.Header) codec.Prior {
	for _, e := range h.Ancillary.Text {
		if p, ours := picture.ReadMark(e.Text); ours && e.Keyword == markKeyword {
			return p
		}
	}
	return codec.Prior{}
}
