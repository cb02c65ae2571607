package photometa

import (
	"encoding/binary"
	"slices"
	"strings"
)

// maxValue bounds one kept value, but for those of the GPS directory, in bytes.
const maxValue = 16 << 10

// wanted are the tags of one kind. The EXIF tags of one date stand in a row: the date,
// its offset from UTC, its fraction of a second.
type wanted struct {
	kind string
	main []uint16
	exif []uint16
}

// wantedTags are the kinds whose tags are picked one by one.
func wantedTags() []wanted {
	return []wanted{
		{kind: kindCopyright, main: []uint16{tagArtist, tagCopyright}},
		{kind: kindCreation, main: []uint16{tagDateTime}, exif: []uint16{
			tagDateTimeOriginal, tagDateTimeDigitized,
			tagOffsetTime, tagOffsetTime + 1, tagOffsetTime + 2,
			tagSubSecTime, tagSubSecTime + 1, tagSubSecTime + 2,
		}},
	}
}

// selection is the making of a minimal EXIF block out of all blocks.
type selection struct {
	builder
	source tiff // empty if there is no EXIF, or a broken one
	keep   Keep

	impossible []string
}

// selectEXIF builds the minimal EXIF block of what is asked for. See Preserve.
func selectEXIF(b Blocks, k Keep) (exif []byte, lost, impossible []string) {
	s := selection{keep: k, builder: builder{order: binary.BigEndian}}
	source, ok := parseTIFF(b.EXIF)
	if ok {
		s.source, s.order = source, source.order
	}
	if k.Orientation != 1 {
		s.put(&s.main, s.short(tagOrientation, uint16(k.Orientation)))
	}
	other := carrier{blocks: b}
	for _, w := range wantedTags() {
		if k.asked(w.kind) {
			s.pick(w)
		}
	}
	if k.asked(kindCopyright) {
		s.carryRights(&other)
	}
	if k.asked(kindCreation) {
		s.carryDates(&other)
	}
	if k.asked(kindLocation) {
		s.pickLocation(&other)
	}
	if len(b.EXIF) > 0 && !ok {
		return s.bytes(), []string{LostEXIF}, s.unread()
	}
	s.checkDamage()
	return s.bytes(), s.lost(), s.impossible
}

// pick copies the wanted tags of one kind from the source.
func (s *selection) pick(w wanted) {
	for _, tag := range w.main {
		s.copyText(&s.main, s.source.main, tag)
	}
	for _, tag := range w.exif {
		s.copyText(&s.exif, s.source.exif, tag)
	}
}

// copyText copies the field of a tag that holds text, unless it is blank.
func (s *selection) copyText(to *[]field, from directory, tag uint16) {
	f, ok := from.find(tag)
	if !ok || typeSize(f.kind) != 1 || len(f.data) > maxValue {
		return
	}
	if strings.Trim(string(f.data), "\x00 ") != "" {
		s.put(to, f)
	}
}

// pickLocation copies the GPS directory, or else carries the coordinates of XMP.
func (s *selection) pickLocation(other *carrier) {
	if s.source.gps.present() && len(s.source.gps.fields) > 0 {
		for _, f := range s.source.gps.fields {
			if f.tag > gpsLast { // not a tag of this directory, however it came here
				continue
			}
			if !f.readable() || !s.put(&s.gps, f) {
				s.cannot(kindLocation)
			}
		}
		return
	}
	if latitude, longitude, ok := other.coordinates(); ok {
		s.putCoordinates(latitude, longitude)
	}
}

// cannot notes that something of this kind could not be kept.
func (s *selection) cannot(kind string) {
	if !slices.Contains(s.impossible, kind) {
		s.impossible = append(s.impossible, kind)
	}
}

// checkDamage finds wanted fields and directories that are announced but unreadable, and
// have not been replaced from another block.
func (s *selection) checkDamage() {
	damaged := func(announced bool, got []field, tag uint16) bool {
		return announced && !slices.ContainsFunc(got, func(f field) bool { return f.tag == tag })
	}
	for _, w := range wantedTags() {
		if !s.keep.asked(w.kind) {
			continue
		}
		for _, tag := range w.main {
			if damaged(s.source.main.unreadable(tag), s.main, tag) {
				s.cannot(w.kind)
			}
		}
		for _, tag := range w.exif {
			if damaged(s.source.exif.unreadable(tag), s.exif, tag) {
				s.cannot(w.kind)
			}
		}
	}
	if s.keep.asked(kindCreation) && s.source.main.has(tagExifIFD) && !s.source.exif.present() && len(s.exif) == 0 {
		s.cannot(kindCreation)
	}
	if s.keep.asked(kindLocation) && s.source.main.has(tagGPSIFD) && len(s.source.gps.fields) == 0 && len(s.gps) == 0 {
		s.cannot(kindLocation)
	}
}

// unreadable says that a tag is announced, with a value, but cannot be kept.
func (d directory) unreadable(tag uint16) bool {
	if f, ok := d.find(tag); ok {
		return typeSize(f.kind) != 1 || len(f.data) > maxValue
	}
	return slices.ContainsFunc(d.fields, func(f field) bool { return f.tag == tag && f.count > 0 })
}

// unread are the kinds that were asked for and that a block beyond reading may have held,
// so far as nothing else told them.
func (s *selection) unread() []string {
	var kinds []string
	for _, k := range []struct {
		kind  string
		found bool
	}{
		{kindCopyright, len(s.main) > 0},
		{kindCreation, len(s.exif) > 0},
		{kindLocation, len(s.gps) > 0},
	} {
		if s.keep.asked(k.kind) && !k.found {
			kinds = append(kinds, k.kind)
		}
	}
	return kinds
}

// lost names what the source holds and the result does not.
func (s *selection) lost() []string {
	var lost []string
	if s.source.main.loses(s.main) || s.source.exif.loses(s.exif) || len(s.source.interop.fields) > 0 {
		lost = append(lost, LostEXIF)
	}
	if s.source.gps.loses(s.gps) {
		lost = append(lost, LostGPS)
	}
	if s.source.thumb.present() {
		lost = append(lost, LostEXIFThumbnail)
	}
	return lost
}

// loses says whether d has tags that kept has not. Pointers, and the orientation, which
// is either kept or in the pixels, do not count.
func (d directory) loses(kept []field) bool {
	return slices.ContainsFunc(d.fields, func(f field) bool {
		switch f.tag {
		case tagOrientation, tagExifIFD, tagGPSIFD, tagInteropIFD:
			return false
		}
		return !slices.ContainsFunc(kept, func(g field) bool { return g.tag == f.tag })
	})
}
