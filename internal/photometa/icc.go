package photometa

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

const (
	iccHeader  = 128
	maxICCTags = 200
)

// profile is a parsed ICC profile (ICC.1:2022, section 7): its header and where its tags
// lie. Tags outside the block are left out.
type profile struct {
	header []byte
	tags   map[string][]byte
}

// parseProfile says no if the block has no ICC header.
func parseProfile(block []byte) (profile, bool) {
	if len(block) < iccHeader+4 || string(block[36:40]) != "acsp" {
		return profile{}, false
	}
	p := profile{header: block[:iccHeader], tags: map[string][]byte{}}
	n := min(int64(binary.BigEndian.Uint32(block[iccHeader:])), maxICCTags, int64(len(block)-iccHeader-4)/12)
	for i := range int(n) {
		e := block[iccHeader+4+12*i:]
		name := string(e[:4])
		at, size := int64(binary.BigEndian.Uint32(e[4:])), int64(binary.BigEndian.Uint32(e[8:]))
		if _, again := p.tags[name]; again || at < iccHeader || at+size > int64(len(block)) {
			continue
		}
		p.tags[name] = block[at : at+size]
	}
	return p, true
}

func (p profile) class() string   { return string(p.header[12:16]) }
func (p profile) space() string   { return string(p.header[16:20]) }
func (p profile) connect() string { return string(p.header[20:24]) }

// ColorSpace is the space of a profile's device values: "RGB", "GRAY", "CMYK", "Lab" …;
// empty if the block is no profile.
func ColorSpace(icc []byte) string {
	p, ok := parseProfile(icc)
	if !ok {
		return ""
	}
	return cleanText([]byte(p.space()))
}

// Description is the name of a profile, such as "Display P3"; empty if it has none.
func Description(icc []byte) string {
	p, ok := parseProfile(icc)
	if !ok {
		return ""
	}
	return p.text("desc")
}

// text reads a tag of one of the three types of texts.
func (p profile) text(tag string) string {
	t := p.tags[tag]
	if len(t) < 12 {
		return ""
	}
	switch string(t[:4]) {
	case "desc": // version 2: size of the ASCII name, then the name
		n := min(int64(binary.BigEndian.Uint32(t[8:])), int64(len(t)-12))
		return cleanText([]byte(strings.TrimRight(string(t[12:12+n]), "\x00")))
	case "text":
		return cleanText([]byte(strings.TrimRight(string(t[8:]), "\x00")))
	case "mluc":
		return localized(t)
	}
	return ""
}

// localized reads a multiLocalizedUnicodeType: English if there is any, else the first.
func localized(t []byte) string {
	if len(t) < 16 {
		return ""
	}
	n := min(int64(binary.BigEndian.Uint32(t[8:])), int64(len(t)-16)/12, maxItems)
	name := ""
	for i := range int(n) {
		r := t[16+12*i:]
		size, at := int64(binary.BigEndian.Uint32(r[4:])), int64(binary.BigEndian.Uint32(r[8:]))
		if at+size > int64(len(t)) {
			continue
		}
		english := string(r[:2]) == "en"
		if name == "" || english {
			name = utf16Text(binary.BigEndian, t[at:at+size])
		}
		if english {
			break
		}
	}
	return name
}

func reportICC(block []byte) map[string]any {
	p, ok := parseProfile(block)
	if !ok {
		return nil
	}
	group := map[string]any{
		"size":    len(block),
		"version": fmt.Sprintf("%d.%d", p.header[8], p.header[9]>>4),
		"srgb":    IsSRGB(block) || IsSGray(block),
	}
	for name, v := range map[string]string{
		"description":      p.text("desc"),
		"copyright":        p.text("cprt"),
		"class":            cleanText([]byte(p.class())),
		"color_space":      cleanText([]byte(p.space())),
		"connection_space": cleanText([]byte(p.connect())),
	} {
		if v != "" {
			group[name] = v
		}
	}
	return group
}

// fixed reads an s15Fixed16Number.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// xyz reads an XYZType of one value.
func (p profile) xyz(tag string) (v [3]float64, ok bool) {
	t := p.tags[tag]
	if len(t) < 20 || string(t[:4]) != "XYZ " {
		return v, false
	}
	return [3]float64{fixed(t[8:]), fixed(t[12:]), fixed(t[16:])}, true
}

// curve is the tone curve of a tag, from device values to light, both 0 to 1.
func (p profile) curve(tag string) (func(float64) float64, bool) {
	t := p.tags[tag]
	if len(t) < 12 {
		return nil, false
	}
	switch string(t[:4]) {
	case "curv":
		return sampledCurve(t)
	case "para":
		return parametricCurve(t)
	}
	return nil, false
}

// sampledCurve reads a curveType: identity, a gamma or a table to interpolate in.
func sampledCurve(t []byte) (func(float64) float64, bool) {
	n := int64(binary.BigEndian.Uint32(t[8:]))
	if n > int64(len(t)-12)/2 {
		return nil, false
	}
	switch n {
	case 0:
		return func(x float64) float64 { return x }, true
	case 1:
		gamma := float64(binary.BigEndian.Uint16(t[12:])) / 256
		return func(x float64) float64 { return math.Pow(x, gamma) }, true
	}
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(t[12+2*i:])) / 65535 }
	return func(x float64) float64 {
		pos := x * float64(n-1)
		i := min(int(pos), int(n-2))
		return at(i) + (at(i+1)-at(i))*(pos-float64(i))
	}, true
}

// parametricCurve reads a parametricCurveType, functions 0 to 4 (ICC.1:2022, table 68).
func parametricCurve(t []byte) (func(float64) float64, bool) {
	kind := int(binary.BigEndian.Uint16(t[8:]))
	if kind > 4 {
		return nil, false
	}
	count := [...]int{1, 3, 4, 5, 7}[kind]
	if len(t) < 12+4*count {
		return nil, false
	}
	var v [7]float64
	for i := range count {
		v[i] = fixed(t[12+4*i:])
	}
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind { // the earlier kinds in terms of the last
	case 0:
		a, b, c, d, e, f = 1, 0, 0, 0, 0, 0
	case 1, 2:
		if a == 0 {
			return nil, false
		}
		c, d, e, f = 0, -b/a, v[3], v[3]
	}
	return func(x float64) float64 {
		if x >= d {
			return math.Pow(a*x+b, g) + e
		}
		return c*x + f
	}, true
}
