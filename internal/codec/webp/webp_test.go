package webp_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/codec/codectest"
	"compressor/internal/codec/webp"
	"compressor/internal/vips"
	"compressor/internal/webpfile"
	"compressor/test/decoders"
)

func suite(t testing.TB) codectest.Suite {
	return codectest.Suite{Format: webp.ID, Samples: samples(t), Decode: decoders.WebP, Rounds: true, Side: 16383}
}

func TestCodec(t *testing.T) { codectest.Run(t, suite(t)) }

func FuzzInspect(f *testing.F) { codectest.FuzzInspect(f, suite(f)) }

// TestInspectTells: what stands behind the RIFF chunk is no part of the picture; a lossless
// picture is not taken for one whose colour is halved; a mark is read.
func TestInspectTells(t *testing.T) {
	exact := encoded(t, codectest.Picture(20, 30), vips.WebPOptions{Lossless: true})
	lossy := encoded(t, codectest.Picture(20, 30), vips.WebPOptions{Quality: 50})
	marked := with(t, lossy, webpfile.File{Unknown: []webpfile.Chunk{{ID: "cmpr", Data: []byte("Compressor 75")}}})
	for name, test := range map[string]struct {
		data       []byte
		subsampled bool
		trailing   string
		prior      codec.Prior
	}{
		"trailing": {append(bytes.Clone(exact), "and then some"...), false, "and then some", codec.Prior{}},
		"lossy":    {lossy, true, "", codec.Prior{}},
		"marked":   {marked, true, "", codec.Prior{Floor: 75}},
	} {
		path := filepath.Join(t.TempDir(), "picture")
		if err := os.WriteFile(path, test.data, 0o600); err != nil {
			t.Fatal(err)
		}
		src, err := blob.Of(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := webp.Codec{}.Inspect(t.Context(), src, codec.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if f.Width != 20 || f.Height != 30 || f.Subsampled != test.subsampled || f.Prior != test.prior ||
			string(f.Tag("trailing-data")) != test.trailing {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
