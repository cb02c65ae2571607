package png_test

import (
	"testing"

	stdpng "image/png"

	"compressor/internal/codec/codectest"
	"compressor/internal/codec/png"
)

func TestCodec(t *testing.T) {
	codectest.Run(t, codectest.Suite{Format: png.ID, Samples: samples(t), Decode: stdpng.Decode})
}

func FuzzInspect(f *testing.F) {
	codectest.FuzzInspect(f, codectest.Suite{Format: png.ID, Samples: samples(f), Decode: stdpng.Decode})
}
