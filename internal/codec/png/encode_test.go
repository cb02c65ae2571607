package png

import (
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
