package decoders

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// drawn is a PNG of a slope, made anew by change, with an EXIF orientation.
func drawn(t *testing.T, w, h, orientation int, change func(x, y int) color.NRGBA) *Picture {
	t.Helper()
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			im.SetNRGBA(x, y, change(x, y))
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, im); err != nil {
		t.Fatal(err)
	}
	p, err := Open(out.Bytes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exif := append([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01"), 0, byte(orientation), 0, 0)
	p.orientation = orientationOf(exif)
	return p
}

func slope(x, y int) color.NRGBA { return color.NRGBA{uint8(6 * x), uint8(8 * y), 90, 255} }

func TestCompare(t *testing.T) {
	const w, h = 40, 30
	plain := drawn(t, w, h, 1, slope)
	for _, test := range []struct {
		name string
		p    *Picture
		same bool
		near bool
	}{
		{"itself", plain, true, true},
		{"a quarter turn that is noted", drawn(t, h, w, 6, func(x, y int) color.NRGBA { return slope(w-1-y, x) }), true, true},
		{"a quarter turn the other way", drawn(t, h, w, 8, func(x, y int) color.NRGBA { return slope(w-1-y, x) }), false, false},
		{"mirrored", drawn(t, w, h, 2, slope), false, false},
		{"larger", drawn(t, w+1, h, 1, slope), false, false},
		{"one pixel", drawn(t, w, h, 1, func(x, y int) color.NRGBA {
			c := slope(x, y)
			if x == 7 && y == 9 {
				c.B++
			}
			return c
		}), false, true},
		{"transparent", drawn(t, w, h, 1, func(x, y int) color.NRGBA {
			c := slope(x, y)
			c.A = 200
			return c
		}), false, false},
	} {
		if got := Same(plain, test.p); got != test.same {
			t.Errorf("%s: same %t", test.name, got)
		}
		if got := Distance(plain, test.p); (got <= 8) != test.near {
			t.Errorf("%s: %g apart", test.name, got)
		}
	}
}

// TestProfile: chunks are found, and sRGB is told from wider spaces.
func TestProfile(t *testing.T) {
	chunk := func(id string, body []byte) []byte {
		out := append([]byte(id), binary.LittleEndian.AppendUint32(nil, uint32(len(body)))...)
		return append(out, body...)
	}
	body := append([]byte("....WEBP"), chunk("VP8X", make([]byte, 10))...)
	body = append(body, chunk("ICCP", []byte("a profile"))...)
	if got := webpChunk(append([]byte("RIFF"), body...), "ICCP"); string(got) != "a profile" {
		t.Errorf("profile %q", got)
	}
	for name, want := range map[string]bool{"": true, "sRGB IEC61966": true, "\x00s\x00R\x00G\x00B": true, "Display P3": false} {
		if got := (&Picture{ICC: []byte(name)}).Narrow(); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}
