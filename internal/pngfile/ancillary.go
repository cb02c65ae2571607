package pngfile

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"compressor/internal/deflate"
	"compressor/internal/problem"
)

// Ancillary is what stands beside the samples: colour meaning, print size and metadata. What
// ReadHeader found can be handed to Optimize whole, or with fields cleared to drop them. A nil
// field means the chunk is absent. The byte fields hold chunk contents as PNG stores them.
type Ancillary struct {
	ICCName    string  // Latin-1, 1 to 79 bytes; set when ICC is
	ICC        []byte  // iCCP, expanded
	Gamma      []byte  // gAMA, 4 bytes: encoding exponent × 100,000
	Chroma     []byte  // cHRM, 32 bytes
	SRGB       []byte  // sRGB, 1 byte: rendering intent
	CICP       []byte  // cICP, 4 bytes: H.273 code points
	Mastering  []byte  // mDCV, 24 bytes
	LightLevel []byte  // cLLI, 8 bytes
	Density    []byte  // pHYs, 9 bytes
	Exif       []byte  // eXIf: a TIFF stream without "Exif\0\0"
	Text       []Entry // tEXt, zTXt and iTXt, in file order
}

// Entry is one text of the file.
type Entry struct {
	Keyword       string // Latin-1, 1 to 79 bytes
	Text          string // UTF-8 if International, otherwise Latin-1
	International bool   // iTXt
	Language      string // iTXt only
	Translated    string // iTXt only: the keyword in Language, UTF-8
}

// xmpKeyword is the iTXt keyword the XMP specification (part 3, 1.1.5) reserves.
const xmpKeyword = "XML:com.adobe.xmp"

// XMP is the XMP packet of the file, or "".
func (a *Ancillary) XMP() string {
	for _, e := range a.Text {
		if e.International && e.Keyword == xmpKeyword {
			return e.Text
		}
	}
	return ""
}

// fixed gives the field that holds chunks of this type, and their only legal size (0: any).
func (a *Ancillary) fixed(kind string) (field *[]byte, size int) {
	switch kind {
	case "gAMA":
		return &a.Gamma, 4
	case "cHRM":
		return &a.Chroma, 32
	case "sRGB":
		return &a.SRGB, 1
	case "cICP":
		return &a.CICP, 4
	case "mDCV":
		return &a.Mastering, 24
	case "cLLI":
		return &a.LightLevel, 8
	case "pHYs":
		return &a.Density, 9
	case "eXIf":
		return &a.Exif, 0
	}
	return nil, 0
}

// ancillary reads one sound ancillary chunk. What does not follow the specification is noted
// as damaged; only a limit is an error.
func (r *reader) ancillary(kind string, body []byte) error {
	if field, size := r.h.Ancillary.fixed(kind); field != nil {
		if *field != nil || len(body) == 0 || size > 0 && len(body) != size {
			r.damaged(kind)
			return nil
		}
		*field = slices.Clone(body)
		return nil
	}
	switch kind {
	case "acTL":
		r.animation(body)
		return nil
	case "iCCP":
		return r.iccp(body)
	case "tEXt", "zTXt", "iTXt":
		return r.text(kind, body)
	}
	if !slices.Contains(r.h.Unknown, kind) {
		r.h.Unknown = append(r.h.Unknown, kind)
	}
	return nil
}

func (r *reader) damaged(kind string) { r.h.Damaged = append(r.h.Damaged, kind) }

// animation reads acTL (PNG 11.3.6.1), which counts only before IDAT.
func (r *reader) animation(body []byte) {
	if len(body) != 8 || len(r.idat) > 0 || r.h.Animated || binary.BigEndian.Uint32(body) == 0 {
		r.damaged("acTL")
		return
	}
	r.h.Animated = true
	r.h.Frames = int(min(binary.BigEndian.Uint32(body), maxLength))
}

// iccp reads PNG 11.3.2.3: name, method, zlib stream.
func (r *reader) iccp(body []byte) error {
	name, rest, ok := keyword(body)
	if !ok || len(rest) < 1 || rest[0] != 0 || r.h.Ancillary.ICC != nil {
		r.damaged("iCCP")
		return nil
	}
	profile, err := r.expand("iCCP", rest[1:])
	if err == nil && profile != nil {
		r.h.Ancillary.ICCName, r.h.Ancillary.ICC = name, profile
	}
	return err
}

// text reads PNG 11.3.3.2 to 11.3.3.4.
func (r *reader) text(kind string, body []byte) error {
	e := Entry{International: kind == "iTXt"}
	var rest []byte
	var ok bool
	if e.Keyword, rest, ok = keyword(body); !ok {
		r.damaged(kind)
		return nil
	}
	packed := kind == "zTXt"
	if e.International {
		packed, rest, ok = internationalHead(&e, rest)
	} else if packed {
		ok = len(rest) > 0 && rest[0] == 0
		rest = rest[min(1, len(rest)):]
	}
	if !ok {
		r.damaged(kind)
		return nil
	}
	if packed {
		plain, err := r.expand(kind, rest)
		if err != nil || plain == nil {
			return err
		}
		rest = plain
	}
	if e.International && !utf8.Valid(rest) {
		r.damaged(kind)
		return nil
	}
	e.Text = string(rest)
	r.h.Ancillary.Text = append(r.h.Ancillary.Text, e)
	return nil
}

// internationalHead reads what stands between the keyword and the text of iTXt.
func internationalHead(e *Entry, rest []byte) (packed bool, text []byte, ok bool) {
	if len(rest) < 2 || rest[0] > 1 || rest[1] != 0 {
		return false, nil, false
	}
	packed = rest[0] == 1
	language, rest, found := bytes.Cut(rest[2:], []byte{0})
	translated, text, also := bytes.Cut(rest, []byte{0})
	e.Language, e.Translated = string(language), string(translated)
	return packed, text, found && also && utf8.Valid(translated)
}

// keyword splits off the 1 to 79 bytes that lead iCCP and all texts.
func keyword(body []byte) (word string, rest []byte, ok bool) {
	head, rest, found := bytes.Cut(body, []byte{0})
	return string(head), rest, found && len(head) >= 1 && len(head) <= 79
}

// expand inflates compressed metadata within what is left of the budget. It gives nil for a
// damaged or empty stream, which is noted, and an error for one that is too long.
func (r *reader) expand(kind string, stream []byte) ([]byte, error) {
	plain, err := deflate.Decompress(stream, int(r.budget))
	switch {
	case err == deflate.ErrTooLong:
		return nil, problem.Over("image.metadata", "more bytes", r.limits.Ancillary)
	case err == deflate.ErrMemory:
		return nil, err
	case err != nil || len(plain) == 0:
		r.damaged(kind)
		return nil, nil
	}
	r.budget -= int64(len(plain))
	return plain, nil
}

// exifOrientation finds tag 0x0112 in the first directory of a TIFF stream (Exif 2.32, 4.6.4;
// TIFF 6.0, section 2). Anything odd reads as 1, upright.
func exifOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return 1
		}
		const tag, short = 0x0112, 3
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short && order.Uint32(entries[4:]) == 1 {
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}
