package jpeg_test

import (
	"testing"

	stdjpeg "image/jpeg"

	"compressor/internal/codec/codectest"
	"compressor/internal/codec/jpeg"
)

func TestCodec(t *testing.T) {
	codectest.Run(t, codectest.Suite{Format: jpeg.ID, Samples: samples(t), Decode: stdjpeg.Decode, Rounds: true, Side: 65500})
}

func FuzzInspect(f *testing.F) {
	codectest.FuzzInspect(f, codectest.Suite{Format: jpeg.ID, Samples: samples(f), Decode: stdjpeg.Decode, Rounds: true, Side: 65500})
}
