package avif_test

import (
	"os"
	"testing"

	"compressor/internal/codec/codectest"
)

// samples were made by avifenc, a writer that shares no code with ours:
// testdata/LICENSES.md.
func samples(t testing.TB) []codectest.Sample {
	t.Helper()
	words := codectest.Words()
	out := []codectest.Sample{
		{Name: "photo-444"}, {Name: "alpha"}, {Name: "photo-420-p3", Keeps: []string{"icc"}},
		{Name: "gray"}, {Name: "ten-bit"}, {Name: "twelve-bit"}, {Name: "grid"}, {Name: "limited"},
		{Name: "personal", Personal: words}, {Name: "turned", Personal: words},
		{Name: "sequence", Untouched: "animation (AVIF image sequence)"},
		{Name: "clap", Untouched: "a crop that programs treat differently (clap)"},
		{Name: "hdr", Untouched: "HDR"},
		{Name: "premultiplied", Untouched: "colours multiplied by their transparency"},
	}
	for i := range out {
		out[i].Data = sample(t, out[i].Name)
	}
	return out
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../testdata/image/avif/" + name + ".avif")
	if err != nil {
		t.Fatal(err)
	}
	return data
}
