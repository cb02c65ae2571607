package photometa

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/bep/imagemeta"
)

const (
	maxTags  = 500  // tags of one group
	maxText  = 1024 // bytes of a text
	maxItems = 64   // values of a list
	maxRead  = 4096 // bytes of a text that are looked at
)

// Report gives the readable metadata for the report, as groups "exif", "xmp", "iptc" and
// "icc"; a group is absent if its block is. Everything in it can be written as JSON.
//
// EXIF and IPTC tags have exiftool's names, XMP properties their prefixed names
// ("dc:rights"). Values are raw as those of "exiftool -n": fractions as numbers, choices
// as their numbers, dates as written. Exceptions: coordinates are in degrees, north and
// east positive; apertures and shutter speeds are f-numbers and seconds instead of APEX
// units. Binary values are {"bytes": n}; texts are cut at 1 KiB, lists at 64 values,
// groups at 500 tags. A block that cannot be read has the group {"bytes": n, "note": "…"}.
func Report(b Blocks) map[string]any {
	groups := map[string]any{}
	for _, g := range []struct {
		name  string
		block []byte
		read  func([]byte) map[string]any
	}{
		{"exif", trimEXIF(b.EXIF), reportEXIF},
		{"xmp", b.XMP, reportXMP},
		{"iptc", b.IPTC, reportIPTC},
		{"icc", b.ICC, reportICC},
	} {
		if len(g.block) == 0 {
			continue
		}
		group := g.read(g.block)
		if group == nil {
			group = map[string]any{"bytes": len(g.block), "note": "cannot be read"}
		}
		groups[g.name] = group
	}
	return groups
}

func reportEXIF(block []byte) map[string]any {
	t, ok := parseTIFF(block)
	if !ok {
		return nil
	}
	group := map[string]any{}
	for _, d := range []struct {
		directory
		name func(uint16) string
	}{
		{t.main, mainName}, {t.exif, mainName}, {t.gps, gpsName}, {t.interop, interopName},
	} {
		for _, f := range d.fields {
			if !f.readable() || isPointer(f.tag) || len(group) >= maxTags {
				continue
			}
			name := d.name(f.tag)
			if _, taken := group[name]; taken {
				continue
			}
			if v := t.value(name, f); v != nil {
				group[name] = v
			}
		}
	}
	t.signCoordinates(group)
	for _, s := range t.pictureSpans(t.thumb) {
		group["Thumbnail"] = binarySize(s.to - s.from)
		break
	}
	return group
}

// isPointer says whether a tag leads to other directories or repeats other blocks.
func isPointer(tag uint16) bool {
	switch tag {
	case tagExifIFD, tagGPSIFD, tagInteropIFD, tagSubIFDs, tagStripOffsets, tagThumbnailOffset, 0x02bc, 0x83bb:
		return true
	}
	return false
}

// mainName names a tag of the first or the EXIF directory. The library has one table for
// all directories, in which the GPS tags hide the few others of the same numbers.
func mainName(tag uint16) string {
	switch {
	case tag == 0x000b:
		return "ProcessingSoftware"
	case tag == 0x927c:
		return "MakerNote" // the library would guess a maker
	case tag <= gpsLast:
		return unknownName(tag)
	}
	return libraryName(tag)
}

func gpsName(tag uint16) string {
	if tag > gpsLast {
		return unknownName(tag)
	}
	return libraryName(tag)
}

func interopName(tag uint16) string {
	switch tag {
	case 1:
		return "InteropIndex"
	case 2:
		return "InteropVersion"
	}
	return unknownName(tag)
}

func unknownName(tag uint16) string { return fmt.Sprintf("%s0x%x", imagemeta.UnknownPrefix, tag) }

// libraryName asks the library for its name of a tag, by way of a block with nothing but
// this tag; its table is not exported.
func libraryName(tag uint16) string {
	name := unknownName(tag)
	b := builder{order: binary.BigEndian}
	b.put(&b.main, b.short(tag, 1))
	decode(b.bytes(), imagemeta.EXIF, func(t imagemeta.TagInfo) { name = t.Tag })
	return name
}

// decode has the library read a TIFF structure, and ignores what it stumbles over.
func decode(block []byte, source imagemeta.Source, visit func(imagemeta.TagInfo)) {
	_ = safely(func() error {
		_, err := imagemeta.Decode(imagemeta.Options{
			R:           bytes.NewReader(block),
			ImageFormat: imagemeta.TIFF,
			Sources:     source,
			HandleTag:   func(t imagemeta.TagInfo) error { visit(t); return nil },
		})
		return err
	})
}

// safely runs a call of the library and turns a panic into an error.
func safely(call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return call()
}

// signCoordinates makes southern and western coordinates negative.
func (t tiff) signCoordinates(group map[string]any) {
	for _, name := range []string{"GPSLatitude", "GPSLongitude", "GPSDestLatitude", "GPSDestLongitude"} {
		v, isNumber := group[name].(float64)
		ref, _ := group[name+"Ref"].(string)
		if isNumber && (ref == "S" || ref == "W") {
			group[name] = -v
		}
	}
}

func reportXMP(packet []byte) map[string]any {
	properties, ok := readXMP(packet)
	if !ok {
		return nil
	}
	group := map[string]any{}
	for _, p := range properties {
		name := cleanText([]byte(p.name))
		if _, taken := group[name]; taken || len(group) >= maxTags {
			continue
		}
		switch v := p.value.(type) {
		case string:
			group[name] = cleanText([]byte(v))
		case []string:
			group[name] = cleanTexts(v)
		case float64:
			if isFinite(v) {
				group[name] = v
			}
		}
	}
	return group
}

func reportIPTC(block []byte) map[string]any {
	datasets := readIIM(block)
	if len(datasets) == 0 && !bytes.HasPrefix(block, []byte{0x1c}) {
		return nil
	}
	group := map[string]any{}
	for _, d := range datasets {
		name, value := iptcValue(d)
		switch before := group[name].(type) {
		case nil:
			group[name] = value
		case string:
			if again, ok := value.(string); ok {
				group[name] = []string{before, again}
			}
		case []string:
			if again, ok := value.(string); ok && len(before) < maxItems {
				group[name] = append(before, again)
			}
		}
	}
	return group
}

// iptcValue has the library name and read one dataset, alone, so that none disturbs
// another: it trusts the sizes of numbers.
func iptcValue(d dataset) (name string, value any) {
	name, value = fmt.Sprintf("Dataset%d:%d", d.record, d.number), cleanText([]byte(d.text))
	raw := []byte(cut(d.text, maxText))
	if len(d.raw) <= 4 {
		raw = d.raw // may be a number
	}
	iim := append([]byte{0x1c, 1, 90, 0, 3}, "\x1b%G"...)
	iim = append(iim, 0x1c, d.record, d.number, byte(len(raw)>>8), byte(len(raw)))
	iim = append(iim, raw...)
	b := builder{order: binary.BigEndian}
	b.put(&b.main, field{tag: 0x83bb, kind: typeUndefined, count: uint32(len(iim)), data: iim})
	decode(b.bytes(), imagemeta.IPTC, func(t imagemeta.TagInfo) {
		if t.Tag == "CodedCharacterSet" {
			return
		}
		if !strings.HasPrefix(t.Tag, imagemeta.UnknownPrefix) {
			name = t.Tag
		}
		switch v := t.Value.(type) {
		case string:
			if len(d.raw) > 4 {
				value = cleanText([]byte(v)) // dates are given colons
			}
		case uint8, uint16, uint32:
			value = v
		}
	})
	return name, value
}

// cleanText gives UTF-8 text without control characters, at most 1 KiB.
func cleanText(b []byte) string {
	return strings.TrimSpace(cut(strings.ToValidUTF8(strings.Map(dropControls, string(b)), ""), maxText))
}

func cleanTexts(v []string) []string {
	out := make([]string, 0, min(len(v), maxItems))
	for _, s := range v[:min(len(v), maxItems)] {
		out = append(out, cleanText([]byte(s)))
	}
	return slices.Clip(out)
}

func dropControls(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
		return -1
	}
	return r
}

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
