// Package photometa reads and rebuilds the metadata of pictures: EXIF, XMP, IPTC and ICC
// profiles. It knows no picture format: containers hand it raw blocks and store what it
// gives back.
//
// All blocks are hostile. Every count and offset is checked against the block, chains of
// directories are cut at their first repetition, values and numbers of tags are bounded,
// and nothing here panics or returns an error: what cannot be read is reported as such.
//
// Reading for the report leans on github.com/bep/imagemeta for the names of tags and for
// XMP; it is only ever given blocks that were rebuilt or bounded here first.
package photometa

import (
	"bytes"
	"slices"
)

// Blocks are the raw metadata of one picture, without the wrapping of its container.
type Blocks struct {
	EXIF []byte // a TIFF structure; a leading "Exif\0\0" is tolerated
	XMP  []byte // an XMP packet, UTF-8
	IPTC []byte // IIM datasets; see IPTCFromPhotoshop
	ICC  []byte // a whole ICC profile
}

// Keep says what Preserve has to keep.
type Keep struct {
	// Kinds says whether a kind is asked for: copyright, creation, location, profile,
	// orientation or all. Where it says yes to all it says yes to the others. Nil is no.
	Kinds func(kind string) bool

	// Orientation is the EXIF orientation (1 to 8) that the pixels of the output still
	// need: 1 once they have been turned. It is always written if it is not 1, because
	// leaving it out would change the look.
	Orientation int

	// Width and Height are those of the output as stored, where they differ from the
	// input's; 0 where they do not.
	Width, Height int

	// Redrawn says that the output does not show the input's pixels in their places any
	// more (resized, cropped, turned), so that previews inside the metadata are wrong.
	Redrawn bool
}

// The words by which Preserve names what was dropped. The list is closed.
const (
	LostEXIF          = "exif"
	LostEXIFThumbnail = "exif-thumbnail"
	LostGPS           = "gps"
	LostXMP           = "xmp"
	LostXMPThumbnail  = "xmp-thumbnail"
	LostIPTC          = "iptc"
	LostProfile       = "icc-profile (sRGB)"
)

// The kinds of metadata that a client may keep; "profile" and "orientation" need no name
// of their own in the results of Preserve.
const (
	kindCopyright = "copyright"
	kindCreation  = "creation"
	kindLocation  = "location"
	kindProfile   = "profile"
	kindAll       = "all"
)

// asked is a nil-safe Kinds.
func (k Keep) asked(kind string) bool { return k.Kinds != nil && k.Kinds(kind) }

// Preserve gives the blocks that the output is to carry, names what was dropped (in the
// words above) and names the kinds that were asked for and are in the input but are
// damaged beyond keeping.
//
// With the kind "all", every block stays byte for byte, but for what has become untrue:
// orientation and dimensions are corrected in place, and thumbnails are taken out once
// Redrawn. In place, because maker notes hold offsets and break when they move.
//
// Otherwise only EXIF and the profile survive. EXIF is rebuilt with nothing but the tags
// asked for: Copyright and Artist for "copyright"; DateTime, DateTimeOriginal,
// DateTimeDigitized with their fractions and offsets for "creation"; the GPS directory for
// "location". Where one of these stands only in XMP or IPTC it is carried into its EXIF
// tag, by the mapping of the Metadata Working Group's guidelines 2.0; so a result never
// needs two blocks to say one thing, and the whole packet can go. Rights beyond a notice
// and a creator (usage terms, licence links) have no EXIF tag and go with the packet.
//
// The profile stays unless it is sRGB's, which is what an untagged picture means anyway.
//
// The result is canonical: given back with the same Keep, it comes out unchanged, and
// nothing is lost. Blocks of the input are never written to, but may be shared.
func Preserve(b Blocks, k Keep) (kept Blocks, lost, impossible []string) {
	if k.Orientation < 1 || k.Orientation > 8 {
		k.Orientation = 1
	}
	b.EXIF = trimEXIF(b.EXIF)
	if k.asked(kindAll) {
		kept, lost = preserveWhole(b, k)
		return kept, lost, nil
	}
	kept.ICC, lost = preserveProfile(b.ICC, k)
	exif, lostEXIF, impossible := selectEXIF(b, k)
	kept.EXIF = exif
	lost = append(lost, lostEXIF...)
	if len(b.XMP) > 0 {
		lost = append(lost, LostXMP)
	}
	if len(b.IPTC) > 0 {
		lost = append(lost, LostIPTC)
	}
	slices.Sort(lost)
	return kept, lost, impossible
}

func preserveProfile(icc []byte, k Keep) (kept []byte, lost []string) {
	if len(icc) == 0 {
		return nil, nil
	}
	if !k.asked(kindProfile) && (IsSRGB(icc) || IsSGray(icc)) {
		return nil, []string{LostProfile}
	}
	return icc, nil
}

// preserveWhole is the kind "all".
func preserveWhole(b Blocks, k Keep) (kept Blocks, lost []string) {
	kept = b
	before := Orientation(b.EXIF)
	k.Redrawn = k.Redrawn || before != k.Orientation
	var dropped bool
	if kept.EXIF, dropped = correctEXIF(b.EXIF, k); dropped {
		lost = append(lost, LostEXIFThumbnail)
	}
	if kept.XMP, dropped = correctXMP(b.XMP, k); dropped {
		lost = append(lost, LostXMPThumbnail)
	}
	return kept, lost
}

// trimEXIF drops the prefix by which JPEG tells EXIF from XMP; some writers of PNG and
// WebP leave it in the block.
func trimEXIF(block []byte) []byte {
	return bytes.TrimPrefix(block, []byte("Exif\x00\x00"))
}

// Orientation is the EXIF orientation, 1 to 8; 1 where the block has none or is broken.
// As in browsers only a single SHORT in the first directory counts.
func Orientation(exif []byte) int {
	t, ok := parseTIFF(trimEXIF(exif))
	if !ok {
		return 1
	}
	if f, ok := t.main.find(tagOrientation); ok && f.kind == typeShort && f.count == 1 {
		if v := int(t.order.Uint16(f.data)); v >= 1 && v <= 8 {
			return v
		}
	}
	return 1
}
