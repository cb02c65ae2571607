package photometa

import (
	"bytes"
	"encoding/binary"
	"path"
	"strings"

	"github.com/bep/imagemeta"
)

// maxXMP bounds a packet that is read: reading makes a tree of it, some hundred times as
// large for the most hostile packets. Larger ones are still kept whole by Preserve.
const maxXMP = 256 << 10

// property is one value of an XMP packet: name with the usual prefix ("dc:rights"); value
// a string, a float64 or a []string.
type property struct {
	name  string
	value any
}

// readXMP reads the properties of a packet in their order. It says no if the packet is
// too large or cannot be read; simple properties and lists are read, structures are not.
func readXMP(packet []byte) ([]property, bool) {
	if len(packet) == 0 {
		return nil, true
	}
	if len(packet) > maxXMP {
		return nil, false
	}
	packet = bytes.Trim(packet, "\x00")
	if !bytes.Contains(packet, []byte("RDF")) { // UTF-16, or no XMP at all
		return nil, false
	}
	if !bytes.Contains(packet, []byte("xmpmeta")) && !bytes.Contains(packet, []byte("xapmeta")) {
		// A bare rdf:RDF is legal; the library looks for it inside a wrapper.
		packet = wrap("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">", packet, "</x:xmpmeta>")
	}
	var out []property
	err := safely(func() error {
		_, err := imagemeta.Decode(imagemeta.Options{
			R:            bytes.NewReader(riff("XMP ", packet)),
			ImageFormat:  imagemeta.WebP,
			Sources:      imagemeta.XMP,
			LimitNumTags: maxTags,
			HandleTag: func(t imagemeta.TagInfo) error {
				out = append(out, property{xmpName(t.Namespace, t.Tag), t.Value})
				return nil
			},
		})
		return err
	})
	return out, err == nil
}

// wrap puts text around a packet.
func wrap(before string, middle []byte, after string) []byte {
	return append(append([]byte(before), middle...), after...)
}

// riff makes a WebP file of a single chunk, the plainest container that the library reads.
func riff(chunk string, data []byte) []byte {
	out := append(make([]byte, 0, len(data)+21), "RIFF"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(4+8+len(data)))
	out = append(append(out, "WEBP"...), chunk...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
	out = append(out, data...)
	return append(out, make([]byte, len(data)%2)...)
}

// xmpName gives a property its usual prefix. The library raises the first letter of
// names; Dublin Core's are all lower case.
func xmpName(namespace, local string) string {
	prefix := xmpPrefix(namespace)
	if prefix == "dc" && local != "" {
		local = strings.ToLower(local[:1]) + local[1:]
	}
	return prefix + ":" + local
}

// xmpPrefix gives the prefix that a namespace usually has (XMP part 1 and 2, IPTC photo
// metadata standard, exiftool's tables), or else the last word of its address.
func xmpPrefix(namespace string) string {
	switch namespace {
	case "http://purl.org/dc/elements/1.1/":
		return "dc"
	case "http://ns.adobe.com/xap/1.0/":
		return "xmp"
	case "http://ns.adobe.com/xap/1.0/mm/":
		return "xmpMM"
	case "http://ns.adobe.com/xap/1.0/rights/":
		return "xmpRights"
	case "http://ns.adobe.com/xmp/1.0/DynamicMedia/":
		return "xmpDM"
	case "http://ns.adobe.com/xmp/note/":
		return "xmpNote"
	case "http://ns.adobe.com/camera-raw-settings/1.0/":
		return "crs"
	case "http://ns.adobe.com/exif/1.0/aux/":
		return "aux"
	case "http://cipa.jp/exif/1.0/":
		return "exifEX"
	case "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/":
		return "Iptc4xmpCore"
	case "http://iptc.org/std/Iptc4xmpExt/2008-02-29/":
		return "Iptc4xmpExt"
	case "http://ns.useplus.org/ldf/xmp/1.0/":
		return "plus"
	case "http://ns.adobe.com/hdr-gain-map/1.0/":
		return "hdrgm"
	case "adobe:ns:meta/":
		return "x"
	}
	// http://ns.adobe.com/tiff/1.0/, http://ns.adobe.com/photoshop/1.0/
	trimmed := strings.TrimSuffix(strings.TrimRight(namespace, "/#"), "/1.0")
	return path.Base(trimmed)
}

// correctXMP makes a kept packet true to the output: tiff:Orientation is that of the
// pixels, and previews go once they show something else. Everything else stays as it is.
// It works on the text, in one pass over it, since a packet may be too large to be read.
func correctXMP(packet []byte, k Keep) (out []byte, dropped bool) {
	if k.Redrawn {
		packet, dropped = dropXMPThumbnails(packet)
	}
	return orientXMP(packet, byte('0'+k.Orientation)), dropped
}

// orientXMP gives the packet with every tiff:Orientation, attribute or element, set to a
// digit.
func orientXMP(packet []byte, digit byte) []byte {
	name := []byte("tiff:Orientation")
	out := packet
	for at := 0; ; {
		next := bytes.Index(packet[at:], name)
		if next < 0 {
			return out
		}
		start := at + next
		at = start + len(name)
		if start == 0 || !bytes.ContainsRune([]byte(" \t\r\n<"), rune(packet[start-1])) {
			continue
		}
		value := xmpValue(packet, at)
		if value == len(packet) || packet[value] < '1' || packet[value] > '8' || packet[value] == digit {
			continue
		}
		if &out[0] == &packet[0] {
			out = bytes.Clone(packet)
		}
		out[value] = digit
	}
}

// xmpValue is where the value of the attribute or element starts whose name ends at an
// offset: behind ">" or an equals sign and a quote, and white space.
func xmpValue(packet []byte, at int) int {
	space := func() {
		for at < len(packet) && bytes.IndexByte([]byte(" \t\r\n"), packet[at]) >= 0 {
			at++
		}
	}
	space()
	if at < len(packet) && packet[at] == '=' {
		at++
		space()
	}
	if at < len(packet) && bytes.IndexByte([]byte(`"'>`), packet[at]) >= 0 {
		at++
		space()
		return at
	}
	return len(packet)
}

// dropXMPThumbnails cuts the elements xmp:Thumbnails out and leaves a space in the place
// of each, so that what is left and right of one cannot join to another.
func dropXMPThumbnails(packet []byte) (out []byte, dropped bool) {
	opening, closing := []byte("<xmp:Thumbnails"), []byte("</xmp:Thumbnails>")
	copied, at, tagEnd := 0, 0, -1
	for {
		next := bytes.Index(packet[at:], opening)
		if next < 0 {
			break
		}
		start := at + next
		at = start + len(opening)
		if tagEnd < at { // else the ">" that was found last is this one's, too
			next = bytes.IndexByte(packet[at:], '>')
			if next < 0 {
				break
			}
			tagEnd = at + next
		}
		if packet[tagEnd-1] == '/' || bytes.IndexByte([]byte(" \t\r\n>"), packet[at]) < 0 {
			continue // empty, or another element whose name starts like this
		}
		next = bytes.Index(packet[tagEnd:], closing)
		if next < 0 {
			break
		}
		out = append(append(out, packet[copied:start]...), ' ')
		copied = tagEnd + next + len(closing)
		at, dropped = copied, true
	}
	if !dropped {
		return packet, false
	}
	return append(out, packet[copied:]...), true
}
