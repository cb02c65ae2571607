package photometa

import (
	"encoding/binary"
	"math"
	"testing"
	"unicode/utf16"
)

// iccTag is a tag to put into a profile.
type iccTag struct {
	name string
	data []byte
}

// makeICC writes a profile by hand.
func makeICC(class, space, connection string, tags ...iccTag) []byte {
	out := make([]byte, 128, 1024)
	out[8] = 4
	copy(out[12:], class)
	copy(out[16:], space)
	copy(out[20:], connection)
	copy(out[36:], "acsp")
	out = binary.BigEndian.AppendUint32(out, uint32(len(tags)))
	at := 132 + 12*len(tags)
	var body []byte
	for _, t := range tags {
		out = append(out, t.name...)
		out = binary.BigEndian.AppendUint32(out, uint32(at+len(body)))
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.data)))
		body = append(body, t.data...)
		body = append(body, make([]byte, (4-len(body)%4)%4)...)
	}
	out = append(out, body...)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}

func s15f16(v ...float64) (b []byte) {
	for _, x := range v {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(x*65536))))
	}
	return b
}

func para(kind byte, v ...float64) []byte {
	return append([]byte{'p', 'a', 'r', 'a', 0, 0, 0, 0, 0, kind, 0, 0}, s15f16(v...)...)
}

func curv(v ...uint16) []byte {
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), uint32(len(v)))
	for _, x := range v {
		b = binary.BigEndian.AppendUint16(b, x)
	}
	return b
}

// srgbTable is sRGB's curve in n samples, by IEC 61966-2-1.
func srgbTable(n int) []byte {
	v := make([]uint16, n)
	for i := range v {
		x, y := float64(i)/float64(n-1), 0.0
		if x <= 0.04045 {
			y = x / 12.92
		} else {
			y = math.Pow((x+0.055)/1.055, 2.4)
		}
		v[i] = uint16(math.Round(y * 65535))
	}
	return curv(v...)
}

// rgb is a display profile with one curve for all and the given colorants.
func rgb(curve []byte, colorants [3][3]float64, more ...iccTag) []byte {
	tags := more
	for i, c := range []string{"r", "g", "b"} {
		tags = append(tags, iccTag{c + "TRC", curve},
			iccTag{c + "XYZ", append([]byte("XYZ \x00\x00\x00\x00"), s15f16(colorants[i][:]...)...)})
	}
	return makeICC("mntr", "RGB ", "XYZ ", tags...)
}

// The colorants as published: sRGB IEC61966-2.1 by HP, Adobe RGB (1998), Display P3.
var (
	hpColorants    = [3][3]float64{{0.4361, 0.2225, 0.0139}, {0.3851, 0.7169, 0.0971}, {0.1431, 0.0606, 0.7141}}
	adobeColorants = [3][3]float64{{0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}}
	p3Colorants    = [3][3]float64{{0.51512, 0.24120, -0.00105}, {0.29198, 0.69225, 0.04189}, {0.15710, 0.06657, 0.78407}}
)

func TestIsSRGB(t *testing.T) {
	exact := para(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	valid := rgb(exact, hpColorants)
	class := func(s string) []byte { b := rgb(exact, hpColorants); copy(b[12:], s); return b }
	swapped := [3][3]float64{hpColorants[1], hpColorants[0], hpColorants[2]}
	lut := iccTag{"A2B0", make([]byte, 32)}
	cicp := func(primaries, transfer byte) iccTag {
		return iccTag{"cicp", append([]byte("cicp\x00\x00\x00\x00"), primaries, transfer, 0, 1)}
	}
	for _, c := range []struct {
		name string
		icc  []byte
		want bool
	}{
		{"parametric 3", valid, true},
		{"parametric 4", rgb(para(4, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045, 0, 0), hpColorants), true},
		{"table of 1024", rgb(srgbTable(1024), hpColorants), true},
		{"table of 4096", rgb(srgbTable(4096), hpColorants), true},
		{"table of 26", rgb(srgbTable(26), hpColorants), true}, // its first piece is sRGB's straight part
		{"table of 12", rgb(srgbTable(12), hpColorants), false},
		{"scanner", class("scnr"), true},
		{"device link", class("link"), false},
		{"gamma 2.2", rgb(curv(563), hpColorants), false},
		{"gamma 2.2, parametric", rgb(para(0, 2.2), hpColorants), false},
		{"gamma 2.4 with an offset", rgb(para(2, 2.4, 1/1.055, 0.055/1.055, 0.01), hpColorants), false},
		{"BT.709's curve", rgb(para(3, 1/0.45, 1/1.099, 0.099/1.099, 1/4.5, 0.081), hpColorants), false},
		{"linear", rgb(curv(), hpColorants), false},
		{"Adobe RGB", rgb(curv(563), adobeColorants), false},
		{"Adobe RGB, sRGB's curve", rgb(exact, adobeColorants), false},
		{"Display P3", rgb(exact, p3Colorants), false},
		{"red and green swapped", rgb(exact, swapped), false},
		{"table for rendering", rgb(exact, hpColorants, lut), false},
		{"code points of sRGB", rgb(exact, hpColorants, cicp(1, 13)), true},
		{"code points of PQ", rgb(exact, hpColorants, cicp(9, 16)), false},
		{"not a number", rgb(para(4, 0, 0, -1, 0, 0, 0, 0), hpColorants), false},
		{"curve of no type", rgb([]byte("????\x00\x00\x00\x00\x00\x00\x00\x00"), hpColorants), false},
		{"table larger than its tag", rgb([]byte("curv\x00\x00\x00\x00\xff\xff\xff\xff"), hpColorants), false},
		{"no curves", makeICC("mntr", "RGB ", "XYZ "), false},
		{"CMYK", makeICC("prtr", "CMYK", "Lab "), false},
		{"header only", valid[:128], false},
		{"cut in its tags", valid[:300], false},
		{"empty", nil, false},
	} {
		if got := IsSRGB(c.icc); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if IsSGray(c.icc) {
			t.Errorf("%s: is no gray profile", c.name)
		}
	}
}

func TestRealProfiles(t *testing.T) {
	for _, c := range []struct {
		name, space, description string
		srgb, sgray              bool
	}{
		{"sRGB-v2-nano.icc", "RGB", "nRGB", true, false},
		{"sRGB-v2-micro.icc", "RGB", "uRGB", true, false},
		{"sRGB-v2-magic.icc", "RGB", "sRGB", true, false},
		{"sRGB-v4.icc", "RGB", "sRGB", true, false},
		{"sGrey-v2-micro.icc", "GRAY", "uGry", false, true},
		{"sGrey-v4.icc", "GRAY", "sGry", false, true},
		{"DisplayP3-v2-micro.icc", "RGB", "uP3", false, false},
		{"DisplayP3-v4.icc", "RGB", "sP3", false, false},
		{"AdobeCompat-v2.icc", "RGB", "A98C", false, false},
		{"ProPhoto-v4.icc", "RGB", "ROMM", false, false},
		{"Rec709-v4.icc", "RGB", "R709", false, false},
		{"Rec2020-v4.icc", "RGB", "2020", false, false},
		{"scRGB-v2.icc", "RGB", "cRGB", false, false},
	} {
		icc := sample(t, c.name)
		if IsSRGB(icc) != c.srgb || IsSGray(icc) != c.sgray {
			t.Errorf("%s: sRGB %v, sGray %v", c.name, IsSRGB(icc), IsSGray(icc))
		}
		if got := ColorSpace(icc); got != c.space {
			t.Errorf("%s: color space %q, want %q", c.name, got, c.space)
		}
		if got := Description(icc); got != c.description {
			t.Errorf("%s: description %q, want %q", c.name, got, c.description)
		}
	}
}

func TestIsSGray(t *testing.T) {
	gray := func(curve []byte) []byte { return makeICC("mntr", "GRAY", "XYZ ", iccTag{"kTRC", curve}) }
	for _, c := range []struct {
		name string
		icc  []byte
		want bool
	}{
		{"sRGB's curve", gray(srgbTable(1024)), true},
		{"gamma 2.2", gray(curv(563)), false},
		{"dot gain 20%, roughly", gray(curv(448)), false},
		{"no curve", makeICC("mntr", "GRAY", "XYZ "), false},
	} {
		if got := IsSGray(c.icc); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestDescription(t *testing.T) {
	mluc := func(records ...string) []byte { // language, text, language, text…
		n := len(records) / 2
		b := binary.BigEndian.AppendUint32([]byte("mluc\x00\x00\x00\x00"), uint32(n))
		b = binary.BigEndian.AppendUint32(b, 12)
		at := 16 + 12*n
		var body []byte
		for i := 0; i < len(records); i += 2 {
			b = append(b, records[i]...)
			var text []byte
			for _, u := range utf16.Encode([]rune(records[i+1])) {
				text = binary.BigEndian.AppendUint16(text, u)
			}
			b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
			b = binary.BigEndian.AppendUint32(b, uint32(at+len(body)))
			body = append(body, text...)
		}
		return append(b, body...)
	}
	outside := mluc("enUS", "Name")
	binary.BigEndian.PutUint32(outside[24:], 0xffffff00)
	for _, c := range []struct {
		name string
		tag  []byte
		want string
	}{
		{"version 2", []byte("desc\x00\x00\x00\x00\x00\x00\x00\x05Name\x00 and more"), "Name"},
		{"version 2, size beyond", []byte("desc\x00\x00\x00\x00\xff\xff\xff\xffName"), "Name"},
		{"English first", mluc("deDE", "Anzeige", "enUS", "Display"), "Display"},
		{"no English", mluc("deDE", "Größe", "frFR", "Taille"), "Größe"},
		{"offset outside", outside, ""},
		{"no text", []byte("XYZ \x00\x00\x00\x00\x00\x00\x00\x00"), ""},
		{"short", []byte("desc"), ""},
	} {
		if got := Description(makeICC("mntr", "RGB ", "XYZ ", iccTag{"desc", c.tag})); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if got := ColorSpace([]byte("?")) + Description([]byte("?")); got != "" {
		t.Errorf("no profile gives %q", got)
	}
}
