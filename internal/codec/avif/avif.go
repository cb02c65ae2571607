// Package avif reads and rewrites AVIF pictures: without loss by keeping the AV1
// bitstreams and writing the container anew (package avifparts), with loss by libaom
// (package vips), in a container that is ours in either case.
package avif

import (
	"context"
	"fmt"

	"compressor/internal/avifparts"
	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/photometa"
	"compressor/internal/picture"
	"compressor/internal/problem"
	"compressor/internal/raster"
	"compressor/internal/recipe"
)

// ID is the format's name.
const ID format.ID = "avif"

// Format is what there is to know about AVIF files.
func Format() format.Row {
	return format.Row{
		ID: ID, Family: recipe.FamilyImage, Label: "AVIF", MIME: "image/avif",
		Ext: []string{"avif", "avifs"}, Magic: magic(),
		Lossy: true, Alpha: true, Animates: true, Inline: true, Web: true, Effort: 7,
	}
}

// magic gives the file type boxes that name AVIF: as the major brand, or among the first
// of the others where the major one is that of HEIF in general. The brands before it are
// spelled out, so that no file of another HEIF kind can match.
func magic() []format.Magic {
	const at = 4 // behind the size of the box
	out := []format.Magic{{Offset: at, Bytes: "ftypavif"}, {Offset: at, Bytes: "ftypavis"}}
	for _, brands := range []string{"avif", "avis", "mif1avif", "miafavif", "mif1miafavif", "miafmif1avif"} {
		for _, major := range []string{"mif1", "miaf", "msf1"} {
			out = append(out, format.Magic{
				Offset: at, Bytes: "ftyp" + major + "\x00\x00\x00\x00" + brands,
				Mask: "\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00" + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"[:len(brands)],
			})
		}
	}
	return out
}

// Codec handles AVIF files.
type Codec struct{}

// Inspect takes the container apart and then decodes the picture: damage in the bitstream
// shows in no other way. Sizes are looked at before anything is decoded.
func (Codec) Inspect(_ context.Context, src blob.Blob, limits codec.Limits) (codec.Facts, error) {
	data, err := picture.Read(src)
	if err != nil {
		return codec.Facts{}, err
	}
	f, err := avifparts.Parse(data, avifparts.Limits{Pixels: limits.Pixels})
	if err != nil {
		return codec.Facts{}, err
	}
	facts := factsOf(f)
	if facts.NotHandled != "" {
		return facts, nil
	}
	im, err := raster.Open(src)
	if err != nil {
		return codec.Facts{}, err
	}
	defer im.Close()
	if im.Width() != facts.Width || im.Height() != facts.Height {
		return codec.Facts{}, problem.New(problem.FileCorrupt).Because(
			fmt.Errorf("avif: decodes to %d×%d instead of %d×%d", im.Width(), im.Height(), facts.Width, facts.Height))
	}
	return facts, nil
}

func factsOf(f *avifparts.File) codec.Facts {
	facts := codec.Facts{
		Frames: max(1, f.Frames), Alpha: f.Alpha != nil, Animated: f.Animated,
		NotHandled: f.Other, Tags: tags(f),
	}
	facts.Prior, _ = picture.ReadMark(f.Name)
	facts.Width, facts.Height = f.Shown()
	pixels := map[string]any{"width": facts.Width, "height": facts.Height, "alpha": facts.Alpha}
	if c := f.Color; c != nil {
		facts.Depth, facts.Gray, facts.Subsampled = c.Depth, c.Gray, c.Subsampled
		pixels["depth"], pixels["subsampled"], pixels["tiles"] = c.Depth, c.Subsampled, max(1, len(c.Tiles))
		pixels["primaries"], pixels["transfer"], pixels["matrix"] = f.CICP.Primaries, f.CICP.Transfer, f.CICP.Matrix
	}
	switch {
	case facts.NotHandled != "" || f.ICC == nil && likeSRGB(f.CICP):
	case f.ICC == nil:
		facts.Bound = fmt.Sprintf("colours beyond sRGB without a profile (CICP %d/%d)", f.CICP.Primaries, f.CICP.Transfer)
	case photometa.ColorSpace(f.ICC) != "RGB":
		facts.NotHandled = "a colour profile that is not one for RGB"
	}
	facts.Metadata = picture.Metadata(facts, pixels)
	return facts
}

// likeSRGB says whether programs show such code points as they show sRGB: its primaries or
// none named, and one of the transfer curves of television, or none named, which all are
// taken for sRGB's (ITU-T H.273 tables 2 and 3).
func likeSRGB(c avifparts.CICP) bool {
	switch c.Transfer {
	case 0, 1, 2, 6, 13, 14, 15:
		return c.Primaries <= 2
	}
	return false
}

// tags gives what the file carries beside the picture.
func tags(f *avifparts.File) []codec.Tag {
	out := picture.Tags(photometa.Blocks{EXIF: turned(f.EXIF), XMP: f.XMP, ICC: f.ICC})
	if len(f.Thumbnail) > 0 {
		out = append(out, codec.Tag{Name: "thumbnail", Value: f.Thumbnail})
	}
	return out
}

// turned gives EXIF whose orientation says upright. In HEIF files the container's own
// turns count, and what EXIF says of it is to be passed over (ISO/IEC 23000-22, 7.3.6.7);
// a result in another format would be turned twice.
func turned(exif []byte) []byte {
	if photometa.Orientation(exif) == 1 {
		return exif
	}
	all := func(string) bool { return true }
	kept, _, _ := photometa.Preserve(photometa.Blocks{EXIF: exif}, photometa.Keep{Kinds: all, Orientation: 1})
	return kept.EXIF
}
