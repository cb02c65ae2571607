package metric

import (
	"testing"

	"compressor/internal/ssimulacra2"
)

func TestMirrored(t *testing.T) {
	for _, test := range []struct{ width, height, toWidth, toHeight int }{
		{256, 256, 256, 256}, {300, 4000, 300, 4000}, {255, 256, 510, 256}, {48, 44, 288, 264},
		{1, 1, 256, 256}, {3, 100, 258, 300}, {16383, 1, 16383, 256},
		{1, 1 << 20, 4, 1 << 20}, {1 << 23, 1, 1 << 23, 1},
	} {
		in := ssimulacra2.Picture{Width: test.width, Height: test.height, Channels: 1, Stride: test.width, Pix: make([]byte, test.width*test.height)}
		got := mirrored(in)
		if got.Width != test.toWidth || got.Height != test.toHeight || len(got.Pix) != got.Stride*got.Height {
			t.Errorf("%d×%d became %d×%d with %d bytes", test.width, test.height, got.Width, got.Height, len(got.Pix))
		}
	}
	in := ssimulacra2.Picture{Width: 2, Height: 3, Channels: 2, Stride: 5, Pix: []byte("aabb.ccdd.eeff.")}
	got := mirrored(in)
	row := func(y int) string { return string(got.Pix[y*got.Stride:][:12]) }
	if row(0) != "aabbbbaaaabb" || row(2) != "eeffffeeeeff" || row(3) != row(2) || row(5) != row(0) || row(6) != row(0) {
		t.Errorf("rows %q, %q, %q, %q", row(0), row(2), row(3), row(5))
	}
}
