package png

import (
	"bytes"
	"testing"

	"compressor/internal/pngfile"
)

// TestBound: only what decides the look, is not sRGB's and no profile replaces.
func TestBound(t *testing.T) {
	linear, plain := []byte{0, 1, 0x86, 0xa0}, []byte{0, 0, 0xb1, 0x8f}
	wide := []byte(srgbChroma[:31] + "\x71")
	for name, test := range map[string]struct {
		a    pngfile.Ancillary
		want string
	}{
		"nothing":               {pngfile.Ancillary{}, ""},
		"linear":                {pngfile.Ancillary{Gamma: linear}, "gAMA"},
		"linear with a profile": {pngfile.Ancillary{Gamma: linear, ICC: []byte("x")}, ""},
		"sRGB's figures":        {pngfile.Ancillary{Gamma: plain, Chroma: []byte(srgbChroma)}, ""},
		"wide":                  {pngfile.Ancillary{Gamma: plain, Chroma: wide}, "gAMA"},
		"only primaries":        {pngfile.Ancillary{Chroma: wide}, "cHRM"},
		"HDR":                   {pngfile.Ancillary{CICP: []byte{9, 16, 0, 1}}, "cICP"},
		"HDR with a profile":    {pngfile.Ancillary{CICP: []byte{9, 16, 0, 1}, ICC: []byte("x")}, "cICP"},
		"sRGB's code points":    {pngfile.Ancillary{CICP: []byte{1, 13, 0, 1}}, ""},
	} {
		if got := bound(test.a); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestLeast: no file is smaller than the bound by which lossy candidates are left out, and the
// smallest is near it.
func TestLeast(t *testing.T) {
	for _, mark := range []string{"", "Compressor 75"} {
		var a pngfile.Ancillary
		if mark != "" {
			a.Text = []pngfile.Entry{{Keyword: markKeyword, Text: mark}}
		}
		least := leastWith(mark)
		for name, colour := range map[string]string{
			"black": "\x00\x00\x00\xff", "white": "\xff\xff\xff\xff", "red": "\xff\x00\x00\xff", "clear": "\x00\x00\x00\x00",
		} {
			im, err := pngfile.New(1, 1, pngfile.Palette, 8, []byte{0}, []byte(colour))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := write(t.Context(), &out, im, a, pngfile.Normal); err != nil {
				t.Fatal(err)
			}
			if got := int64(out.Len()); got < least || name == "black" && got > least+2 {
				t.Errorf("%s with mark %q: %d bytes, the bound is %d", name, mark, got, least)
			}
		}
	}
}
