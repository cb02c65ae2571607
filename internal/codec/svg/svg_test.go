package svg_test

import (
	"testing"

	"compressor/internal/codec/codectest"
	"compressor/internal/codec/svg"
	"compressor/test/decoders"
)

func TestCodec(t *testing.T) {
	codectest.Run(t, codectest.Suite{Format: svg.ID, Samples: samples(t), Decode: newResvg(t).Decode, Rounds: true})
}

func TestCodecZipped(t *testing.T) {
	codectest.Run(t, codectest.Suite{Format: svg.IDZ, Samples: zippedSamples(t), Decode: newResvg(t).Decode, Rounds: true})
}

func FuzzInspect(f *testing.F) {
	codectest.FuzzInspect(f, codectest.Suite{Format: svg.ID, Samples: samples(f)})
}

func FuzzInspectZipped(f *testing.F) {
	codectest.FuzzInspect(f, codectest.Suite{Format: svg.IDZ, Samples: zippedSamples(f)})
}

// newResvg draws by a process that lasts as long as the test.
func newResvg(t *testing.T) *decoders.Resvg {
	t.Helper()
	r, err := decoders.StartResvg()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}
