package photometa

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxCarried bounds a text carried from XMP or IPTC into EXIF, in bytes.
const maxCarried = 2000

// carrier looks into XMP and IPTC for what EXIF lacks, reading each at most once.
type carrier struct {
	blocks   Blocks
	xmp      []property
	datasets []dataset
	read     bool
}

func (c *carrier) load() {
	if !c.read {
		c.xmp, _ = readXMP(c.blocks.XMP)
		c.datasets = readIIM(c.blocks.IPTC)
		c.read = true
	}
}

// property gives the value of an XMP property ("dc:rights"): the items of a list, or one
// text.
func (c *carrier) property(name string) []string {
	c.load()
	for _, p := range c.xmp {
		if p.name != name {
			continue
		}
		switch v := p.value.(type) {
		case string:
			return []string{v}
		case []string:
			return v
		}
	}
	return nil
}

// dataset gives the values of a dataset of IIM's second record.
func (c *carrier) dataset(number uint8) []string {
	c.load()
	var values []string
	for _, d := range c.datasets {
		if d.record == 2 && d.number == number {
			values = append(values, d.text)
		}
	}
	return values
}

// carriedText cleans and bounds a text for an ASCII field.
func carriedText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || (unicode.IsControl(r) && r != '\n') {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(cut(s, maxCarried))
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// carryRights fills Copyright from dc:rights or IPTC 2:116, and Artist from dc:creator or
// the by-lines of IPTC 2:80, where EXIF has none.
func (s *selection) carryRights(other *carrier) {
	rights := other.property("dc:rights")
	if len(rights) == 0 {
		rights = other.dataset(116)
	}
	if len(rights) > 0 { // of several languages the default stands first
		s.putText(&s.main, tagCopyright, rights[0])
	}
	creators := other.property("dc:creator")
	if len(creators) == 0 {
		creators = other.dataset(80)
	}
	s.putText(&s.main, tagArtist, strings.Join(creators, "; "))
}

// putText adds an ASCII field unless the text is blank or the tag is there.
func (s *selection) putText(to *[]field, tag uint16, v string) {
	if v = carriedText(v); v != "" {
		s.put(to, text(tag, v))
	}
}

// replaceText puts an ASCII field of the EXIF directory in the place of what is there.
func (s *selection) replaceText(tag uint16, v string) {
	s.remove(&s.exif, tag)
	s.putText(&s.exif, tag, v)
}

// carryDates fills the three dates of EXIF where it has none, as the Metadata Working
// Group's guidelines (section "Date/Time") map them.
func (s *selection) carryDates(other *carrier) {
	for i, d := range []struct {
		to         *[]field
		tag        uint16
		properties []string
		date, time uint8 // IPTC datasets
	}{
		{&s.main, tagDateTime, []string{"xmp:ModifyDate", "tiff:DateTime"}, 0, 0},
		{&s.exif, tagDateTimeOriginal, []string{"photoshop:DateCreated", "exif:DateTimeOriginal"}, 55, 60},
		{&s.exif, tagDateTimeDigitized, []string{"xmp:CreateDate", "exif:DateTimeDigitized"}, 62, 63},
	} {
		if has(*d.to, d.tag) {
			continue
		}
		var when moment
		ok := false
		for _, name := range d.properties {
			if when, ok = parseXMPDate(first(other.property(name))); ok {
				break
			}
		}
		if !ok && d.date != 0 {
			when, ok = parseIIMDate(first(other.dataset(d.date)), first(other.dataset(d.time)))
		}
		if !ok {
			continue
		}
		s.put(d.to, text(d.tag, when.exif))
		// Offsets and fractions that stand in EXIF without their date do not belong to it.
		s.replaceText(tagOffsetTime+uint16(i), when.offset)
		s.replaceText(tagSubSecTime+uint16(i), when.fraction)
	}
}

// has says whether there is a field of this tag.
func has(fields []field, tag uint16) bool {
	for _, f := range fields {
		if f.tag == tag {
			return true
		}
	}
	return false
}

// first gives the first of the values, or nothing.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// coordinates gives what XMP says of the place, in degrees, north and east positive.
func (c *carrier) coordinates() (latitude, longitude float64, ok bool) {
	c.load()
	latitude, longitude = math.NaN(), math.NaN()
	for _, p := range c.xmp {
		v, isNumber := p.value.(float64)
		switch {
		case isNumber && p.name == "exif:GPSLatitude":
			latitude = v
		case isNumber && p.name == "exif:GPSLongitude":
			longitude = v
		}
	}
	return latitude, longitude, math.Abs(latitude) <= 90 && math.Abs(longitude) <= 180
}

// putCoordinates writes a GPS directory of version 2.3 with a place.
func (s *selection) putCoordinates(latitude, longitude float64) {
	s.put(&s.gps, field{tag: gpsVersionID, kind: typeByte, count: 4, data: []byte{2, 3, 0, 0}})
	s.putAngle(gpsLatitudeRef, gpsLatitude, latitude, "N", "S")
	s.putAngle(gpsLongitudeRef, gpsLongitude, longitude, "E", "W")
}

// putAngle writes degrees, minutes and seconds; seconds to 1/10000, some three millimetres.
func (s *selection) putAngle(refTag, tag uint16, degrees float64, positive, negative string) {
	ref := positive
	if degrees < 0 {
		ref, degrees = negative, -degrees
	}
	total := uint64(math.Round(degrees * 3600 * 10000))
	seconds := total % (60 * 10000)
	minutes := total / (60 * 10000)
	s.put(&s.gps, text(refTag, ref))
	s.put(&s.gps, s.rationals(tag, uint32(minutes/60), 1, uint32(minutes%60), 1, uint32(seconds), 10000))
}
