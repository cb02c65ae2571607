package photometa

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// value reads the value of an EXIF tag for the report; nil if there is nothing to say,
// as for fractions over zero.
func (t tiff) value(name string, f field) any {
	switch f.kind {
	case typeASCII, typeUTF8:
		return exifText(f.data)
	case typeByte, typeUndefined:
		return t.bytesValue(name, f)
	}
	numbers := make([]any, 0, min(int(f.count), maxItems))
	size := typeSize(f.kind)
	for i := range min(int(f.count), maxItems) {
		numbers = append(numbers, t.one(f.kind, f.data[i*size:]))
	}
	if f.count > maxItems {
		return binarySize(len(f.data))
	}
	if special := specialNumbers(name, numbers); special != nil {
		return special
	}
	if len(numbers) == 1 {
		return numbers[0]
	}
	return numbers
}

// one reads a single number; nil for what is not finite.
func (t tiff) one(kind uint16, b []byte) any {
	switch kind {
	case typeSByte:
		return int8(b[0])
	case typeShort:
		return t.order.Uint16(b)
	case typeSShort:
		return int16(t.order.Uint16(b))
	case typeLong, typeIFD:
		return t.order.Uint32(b)
	case typeSLong:
		return int32(t.order.Uint32(b))
	case typeRational:
		return finite(float64(t.order.Uint32(b)) / float64(t.order.Uint32(b[4:])))
	case typeSRational:
		return finite(float64(int32(t.order.Uint32(b))) / float64(int32(t.order.Uint32(b[4:]))))
	case typeFloat:
		return finite(float64(math.Float32frombits(t.order.Uint32(b))))
	case typeDouble:
		return finite(math.Float64frombits(t.order.Uint64(b)))
	}
	return nil
}

// finite gives nil in place of a number that JSON has no form for.
func finite(f float64) any {
	if !isFinite(f) {
		return nil
	}
	return f
}

// specialNumbers reads the numbers of the tags that mean more than themselves (EXIF 3.0,
// sections 4.6.5 and 4.6.6); nil for all other tags.
func specialNumbers(name string, v []any) any {
	floats := make([]float64, len(v))
	for i := range v {
		f, ok := v[i].(float64)
		if !ok {
			return nil
		}
		floats[i] = f
	}
	switch name {
	case "GPSLatitude", "GPSLongitude", "GPSDestLatitude", "GPSDestLongitude":
		if len(floats) == 3 {
			return floats[0] + floats[1]/60 + floats[2]/3600
		}
	case "GPSTimeStamp":
		if len(floats) == 3 {
			return clock(floats)
		}
	case "ApertureValue", "MaxApertureValue":
		if len(floats) == 1 {
			return finite(math.Exp2(floats[0] / 2))
		}
	case "ShutterSpeedValue":
		if len(floats) == 1 {
			return finite(math.Exp2(-floats[0]))
		}
	}
	return nil
}

// clock writes hours, minutes and seconds, which may have a fraction.
func clock(v []float64) string {
	seconds := strconv.FormatFloat(v[2], 'f', -1, 64)
	if v[2] < 10 {
		seconds = "0" + seconds
	}
	return fmt.Sprintf("%02.0f:%02.0f:%s", v[0], v[1], seconds)
}

// bytesValue reads BYTE and UNDEFINED values.
func (t tiff) bytesValue(name string, f field) any {
	switch name {
	case "ExifVersion", "FlashpixVersion", "InteropVersion":
		return exifText(f.data)
	case "UserComment", "GPSProcessingMethod", "GPSAreaInformation":
		return t.codedText(f.data)
	case "XPTitle", "XPComment", "XPAuthor", "XPKeywords", "XPSubject":
		return utf16Text(binary.LittleEndian, f.data)
	}
	if len(f.data) == 1 {
		return f.data[0]
	}
	if len(f.data) <= 8 {
		list := make([]any, len(f.data))
		for i, b := range f.data {
			list[i] = b
		}
		return list
	}
	if f.kind == typeUndefined && isPrintable(f.data) {
		return exifText(f.data)
	}
	return binarySize(len(f.data))
}

// binarySize stands for a value that is not readable.
func binarySize(n int) any { return map[string]any{"bytes": n} }

// isPrintable says whether b is ASCII text, with NULs at its end.
func isPrintable(b []byte) bool {
	b = b[:min(len(b), maxRead)]
	text := strings.TrimRight(string(b), "\x00")
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return text != ""
}

// exifText reads ASCII values. Many writers put UTF-8 there, some Latin-1.
func exifText(b []byte) string {
	b = b[:min(len(b), maxRead)] // values may overlap, so reading all of each would cost too much
	if !utf8.Valid(b) {
		if latin, err := charmap.ISO8859_1.NewDecoder().Bytes(b); err == nil {
			b = latin
		}
	}
	// A single NUL parts the photographer's and the editor's copyright.
	return cleanText([]byte(strings.ReplaceAll(strings.Trim(string(b), "\x00 "), "\x00", "\n")))
}

// codedText reads text behind the name of its character code in eight bytes (EXIF 3.0,
// table "Character codes and their designation").
func (t tiff) codedText(b []byte) any {
	if len(b) < 8 {
		return exifText(b)
	}
	code, rest := string(b[:8]), b[8:]
	switch {
	case code == "UNICODE\x00":
		return utf16Text(t.order, rest)
	case code == "ASCII\x00\x00\x00", code == "\x00\x00\x00\x00\x00\x00\x00\x00":
		return exifText(rest)
	case isPrintable(b): // text without its code
		return exifText(b)
	}
	return binarySize(len(b))
}

// utf16Text reads UTF-16 in the given order, or in that of its byte order mark.
func utf16Text(order binary.ByteOrder, b []byte) string {
	b = b[:min(len(b), 2*maxText)]
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	if len(units) > 0 && units[0] == 0xfffe {
		for i, u := range units {
			units[i] = u<<8 | u>>8
		}
	}
	return cleanText([]byte(strings.Trim(string(utf16.Decode(units)), "\x00\ufeff ")))
}
