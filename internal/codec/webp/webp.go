// Package webp reads and rewrites WebP files: the container by package webpfile, the pixels
// by libwebp through package vips. Animations are left as they are.
package webp

import (
	"context"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/photometa"
	"compressor/internal/picture"
	"compressor/internal/raster"
	"compressor/internal/recipe"
	"compressor/internal/webpfile"
)

// ID is the format's name.
const ID format.ID = "webp"

// Format is what there is to know about WebP files.
func Format() format.Row {
	return format.Row{
		ID: ID, Family: recipe.FamilyImage, Label: "WebP", MIME: "image/webp",
		Ext: []string{"webp"},
		Magic: []format.Magic{{
			Bytes: "RIFF\x00\x00\x00\x00WEBP",
			Mask:  "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff",
		}},
		Lossy: true, Alpha: true, Animates: true, Inline: true, Web: true, Effort: 6,
	}
}

// Codec handles WebP files.
type Codec struct{}

// Inspect reads the container and then decodes the picture: what ends early or cannot be
// decoded is file-corrupt. The size is looked at before anything is decoded.
func (Codec) Inspect(_ context.Context, src blob.Blob, limits codec.Limits) (codec.Facts, error) {
	data, err := picture.Read(src)
	if err != nil {
		return codec.Facts{}, err
	}
	f, err := webpfile.Parse(data, webpfile.Limits{Pixels: limits.Pixels, Frames: limits.Frames})
	if err != nil {
		return codec.Facts{}, err
	}
	facts := factsOf(f)
	if f.Trailing > 0 {
		// It is no part of the picture and goes, which is told.
		facts.Tags = append(facts.Tags, codec.Tag{Name: "trailing-data", Value: data[len(data)-f.Trailing:]})
	}
	if f.Animated {
		return facts, nil
	}
	im, err := raster.Open(src)
	if err != nil {
		return codec.Facts{}, err
	}
	facts.Alpha = im.HasAlpha()
	im.Close()
	return facts, nil
}

func factsOf(file *webpfile.File) codec.Facts {
	f := codec.Facts{
		Width: file.Width, Height: file.Height, Frames: file.Frames, Depth: 8,
		Alpha: file.Alpha, Animated: file.Animated,
		Subsampled: file.Kind == webpfile.VP8, // that bitstream knows 4:2:0 only
		Prior:      prior(file.Unknown), Tags: tags(file),
	}
	orientation := photometa.Orientation(file.EXIF)
	if orientation >= 5 {
		f.Width, f.Height = file.Height, file.Width
	}
	if file.Animated {
		f.NotHandled = "animation (WebP)"
	}
	coding := "lossy"
	if file.Kind == webpfile.VP8L {
		coding = "lossless"
	}
	pixels := map[string]any{
		"width": f.Width, "height": f.Height, "depth": f.Depth, "coding": coding,
		"alpha": f.Alpha, "orientation": orientation,
	}
	if file.Animated {
		pixels["frames"] = file.Frames
	}
	f.Metadata = picture.Metadata(f, pixels)
	return f
}

// tags gives what the file carries beside the picture.
func tags(f *webpfile.File) []codec.Tag {
	out := picture.Tags(photometa.Blocks{EXIF: f.EXIF, XMP: f.XMP, ICC: f.ICC})
	for _, c := range f.Unknown {
		if !isMark(c) {
			out = append(out, codec.Tag{Name: unknownTag, Value: append([]byte(c.ID), c.Data...)})
		}
	}
	return out
}

// unknownTag names chunks that readers skip. The value begins with the FourCC.
const unknownTag = "unknown-chunk"

// markID is the FourCC of the chunk that carries the mark. Lower case is what RIFF leaves to
// everybody.
const markID = "cmpr"

func isMark(c webpfile.Chunk) bool {
	_, ours := picture.ReadMark(string(c.Data))
	return ours && c.ID == markID
}

// prior reads the mark of an earlier pass.
func prior(unknown []webpfile.Chunk) codec.Prior {
	for _, c := range unknown {
		if p, ours := picture.ReadMark(string(c.Data)); ours && c.ID == markID {
			return p
		}
	}
	return codec.Prior{}
}
