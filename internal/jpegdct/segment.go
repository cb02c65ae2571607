package jpegdct

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Kind says what an APPn or COM segment holds.
type Kind uint8

// The kinds told apart; everything else is Other.
const (
	Other       Kind = iota
	JFIF             // APP0, density and a raw thumbnail
	JFXX             // APP0, JFIF extension: a thumbnail
	EXIF             // APP1, a TIFF structure
	XMP              // APP1, the main XMP packet
	ExtendedXMP      // APP1, a piece of a long XMP packet
	ICC              // APP2, a piece of a colour profile
	MPF              // APP2, index of further pictures behind EOI (CIPA DC-007)
	GainMap          // APP2, ISO 21496-1 gain map metadata
	Photoshop        // APP13, image resources, among them IPTC
	Adobe            // APP14, colour transform
	Comment          // COM
)

// String is the kind's usual name.
func (k Kind) String() string {
	return [...]string{"other", "JFIF", "JFXX", "EXIF", "XMP", "extended XMP", "ICC", "MPF",
		"gain map", "Photoshop", "Adobe", "comment"}[k]
}

// Segment is one APPn or COM segment. Data is its payload, identifier included, without
// marker and length: at most 65533 bytes.
type Segment struct {
	Marker byte // 0xE0…0xEF or 0xFE
	Kind   Kind
	Data   []byte
}

// Identifiers at the start of a payload.
const (
	idJFIF        = "JFIF\x00"
	idJFXX        = "JFXX\x00"
	idEXIF        = "Exif\x00\x00"
	idXMP         = "http://ns.adobe.com/xap/1.0/\x00"
	idExtendedXMP = "http://ns.adobe.com/xmp/extension/\x00"
	idICC         = "ICC_PROFILE\x00"
	idMPF         = "MPF\x00"
	idGainMap     = "urn:iso:std:iso:ts:21496:-1\x00"
	idPhotoshop   = "Photoshop 3.0\x00"
	idAdobe       = "Adobe"
)

const maxPayload = 65533

// newSegment classifies a payload as read from a file.
func newSegment(marker byte, data []byte) Segment {
	s := Segment{Marker: marker, Data: data}
	is := func(id string) bool { return bytes.HasPrefix(data, []byte(id)) }
	switch {
	case marker == markerCOM:
		s.Kind = Comment
	case marker == markerAPP0 && is(idJFIF) && len(data) >= 12:
		s.Kind = JFIF
	case marker == markerAPP0 && is(idJFXX):
		s.Kind = JFXX
	case marker == markerAPP0+1 && is(idEXIF):
		s.Kind = EXIF
	case marker == markerAPP0+1 && is(idXMP):
		s.Kind = XMP
	case marker == markerAPP0+1 && is(idExtendedXMP):
		s.Kind = ExtendedXMP
	case marker == markerAPP0+2 && is(idICC):
		s.Kind = ICC
	case marker == markerAPP0+2 && is(idMPF):
		s.Kind = MPF
	case marker == markerAPP0+2 && is(idGainMap):
		s.Kind = GainMap
	case marker == markerAPP0+13 && is(idPhotoshop):
		s.Kind = Photoshop
	case marker == markerAPP0+14 && is(idAdobe) && len(data) >= 12:
		s.Kind = Adobe
	}
	return s
}

// Density is the resolution a JFIF header states. Unit 0 means that X and Y are only the
// pixel's aspect ratio, 1 dots per inch, 2 dots per centimetre.
type Density struct {
	Unit byte
	X, Y uint16
}

// JFIFSegment is a JFIF 1.01 header without thumbnail.
func JFIFSegment(d Density) Segment {
	if d.X == 0 || d.Y == 0 || d.Unit > 2 {
		d = Density{X: 1, Y: 1}
	}
	data := append([]byte(idJFIF), 1, 1, d.Unit)
	data = binary.BigEndian.AppendUint16(data, d.X)
	data = binary.BigEndian.AppendUint16(data, d.Y)
	return Segment{Marker: markerAPP0, Kind: JFIF, Data: append(data, 0, 0)}
}

// ICCSegments splits a colour profile into APP2 segments (ICC.1:2022 annex B.4). It
// returns nil for an empty profile and for one that does not fit into 255 segments.
func ICCSegments(profile []byte) []Segment {
	const room = maxPayload - len(idICC) - 2
	n := ceilDiv(len(profile), room)
	if n > math.MaxUint8 {
		return nil
	}
	var out []Segment
	for i := range n {
		piece := profile[i*room : min((i+1)*room, len(profile))]
		data := append([]byte(idICC), byte(i+1), byte(n))
		out = append(out, Segment{Marker: markerAPP0 + 2, Kind: ICC, Data: append(data, piece...)})
	}
	return out
}

// OrientationSegment is the smallest EXIF segment that states an orientation, 1…8 (EXIF
// tag 0x0112).
func OrientationSegment(orientation int) Segment {
	data := []byte(idEXIF + "MM\x00\x2a\x00\x00\x00\x08" + // big-endian TIFF, IFD at 8
		"\x00\x01" + "\x01\x12\x00\x03\x00\x00\x00\x01" + // one entry: SHORT × 1
		"\x00\x00\x00\x00" + "\x00\x00\x00\x00") // its value; no further IFD
	data[len(idEXIF)+19] = byte(orientation)
	return Segment{Marker: markerAPP0 + 1, Kind: EXIF, Data: data}
}

// CommentSegment is a COM segment; text is cut at 65533 bytes.
func CommentSegment(text string) Segment {
	return Segment{Marker: markerCOM, Kind: Comment, Data: []byte(text[:min(len(text), maxPayload)])}
}

// AdobeSegment is an Adobe marker with the given transform: 0 for RGB or CMYK, 1 for
// YCbCr, 2 for YCCK (Adobe Technical Note 5116, section 18).
func AdobeSegment(transform byte) Segment {
	return Segment{Marker: markerAPP0 + 14, Kind: Adobe,
		Data: append([]byte(idAdobe), 0, 100, 0, 0, 0, 0, transform)}
}

// joinICC puts the pieces of a profile together, or returns nil when one is missing,
// doubled or numbered wrongly.
func joinICC(segments []Segment) []byte {
	var pieces [256][]byte
	count, found := -1, 0
	for _, s := range segments {
		if s.Kind != ICC || len(s.Data) < len(idICC)+2 {
			continue
		}
		seq, n := s.Data[len(idICC)], int(s.Data[len(idICC)+1])
		if count >= 0 && n != count || seq == 0 || int(seq) > n || pieces[seq] != nil {
			return nil
		}
		count = n
		pieces[seq] = s.Data[len(idICC)+2:]
		found++
	}
	if found == 0 || found != count {
		return nil
	}
	return bytes.Join(pieces[1:count+1], nil)
}

// joinExtendedXMP puts the pieces of an extended XMP packet together by their offsets
// (XMP specification part 3, section 1.1.3.1), or returns nil when they do not fit.
func joinExtendedXMP(segments []Segment) []byte {
	const head = len(idExtendedXMP) + 32 + 8 // identifier, GUID, full length, offset
	var whole []byte
	for _, s := range segments {
		if s.Kind != ExtendedXMP || len(s.Data) < head {
			continue
		}
		offset := binary.BigEndian.Uint32(s.Data[head-4:])
		if int64(offset) != int64(len(whole)) {
			return nil
		}
		whole = append(whole, s.Data[head:]...)
	}
	return whole
}

// findIPTC returns image resource 0x0404 of the Photoshop segments, or nil.
func findIPTC(segments []Segment) []byte {
	for _, s := range segments {
		if s.Kind != Photoshop {
			continue
		}
		p := s.Data[len(idPhotoshop):]
		for len(p) >= 12 && string(p[:4]) == "8BIM" {
			id := binary.BigEndian.Uint16(p[4:])
			at := 6 + (int(p[6])+2)&^1 // the name is padded to an even length
			if at+4 > len(p) {
				break
			}
			size := int64(binary.BigEndian.Uint32(p[at:]))
			p = p[at+4:]
			if size > int64(len(p)) {
				break
			}
			if id == 0x0404 {
				return p[:size]
			}
			p = p[min((size+1)&^1, int64(len(p))):]
		}
	}
	return nil
}
