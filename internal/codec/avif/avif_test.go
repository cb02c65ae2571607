package avif_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"compressor/internal/avifparts"
	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/codec/avif"
	"compressor/internal/codec/codectest"
	"compressor/internal/recipe"
	"compressor/internal/vips"
	"compressor/test/decoders"
)

func suite(t testing.TB) codectest.Suite {
	return codectest.Suite{Format: avif.ID, Samples: samples(t), Decode: decoders.AVIF, Rounds: true, Side: 16384}
}

func TestCodec(t *testing.T) { codectest.Run(t, suite(t)) }

func FuzzInspect(f *testing.F) { codectest.FuzzInspect(f, suite(f)) }

// inspected is a file in the engine's hands.
func inspected(t *testing.T, data []byte) codec.Subject {
	t.Helper()
	if err := vips.Start(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := blob.Of(path)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := avif.Codec{}.Inspect(t.Context(), src, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return codec.Subject{Blob: src, Format: avif.ID, Facts: facts, Floor: 75}
}

// encoded makes one candidate and takes it apart.
func encoded(t *testing.T, c codec.Candidate) (*avifparts.File, []byte) {
	t.Helper()
	w, err := blob.NewScratch(t.TempDir()).Create()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if err := c.Encode(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	b, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	data, err := b.Bytes(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	f, err := avifparts.Parse(data, avifparts.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f, data
}

// TestColours: code points that say what the colours are stay in every AVIF, and no other
// format is made of a picture whose colours they decide.
func TestColours(t *testing.T) {
	for _, test := range []struct {
		name                string
		primaries, transfer int
		bound               bool
	}{{"p3-cicp", 12, 13, true}, {"limited", 1, 1, false}, {"photo-444", 1, 13, false}} {
		in := inspected(t, sample(t, test.name))
		if (in.Facts.Bound != "") != test.bound || in.Facts.NotHandled != "" {
			t.Errorf("%s: bound by %q, not handled %q", test.name, in.Facts.Bound, in.Facts.NotHandled)
		}
		plan, err := avif.Codec{}.Plan(t.Context(), in, avif.ID, recipe.Recipe{Image: recipe.Image{Compression: recipe.CompressionHigh}})
		if err != nil || len(plan.Candidates) != 2 {
			t.Fatalf("%s: %d candidates, %v", test.name, len(plan.Candidates), err)
		}
		defer plan.Close()
		for _, c := range []codec.Candidate{plan.Candidates[0].Knob.At(30), plan.Candidates[1]} {
			if f, _ := encoded(t, c); f.CICP.Primaries != test.primaries || f.CICP.Transfer != test.transfer {
				t.Errorf("%s: %s has %+v", test.name, c.Label, f.CICP)
			}
		}
	}
}

// TestShape: results have 10 bits and full colour, the mark where no program shows it, no
// alpha if everything is opaque, and less around the bitstream than other writers leave.
func TestShape(t *testing.T) {
	in := inspected(t, sample(t, "alpha"))
	plan, err := avif.Codec{}.Plan(t.Context(), in, avif.ID, recipe.Recipe{Image: recipe.Image{
		Compression: recipe.CompressionHigh, Crop: &recipe.Crop{Mode: "rect", X: new(int), Y: new(int), Width: side(16), Height: side(16)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	f, data := encoded(t, plan.Candidates[0].Knob.At(30))
	if f.Color.Depth != 10 || f.Color.Subsampled || f.Alpha != nil || f.Name != "Compressor 75" {
		t.Errorf("%+v, alpha %t, named %q", f.Color, f.Alpha != nil, f.Name)
	}
	if around := len(data) - len(f.Color.Data); around > 290 {
		t.Errorf("%d bytes around the bitstream", around)
	}
}

// TestBetween: at low floors there is a file of 8 bits a sample between two levels, of a
// picture that has no more.
func TestBetween(t *testing.T) {
	in := inspected(t, sample(t, "photo-444"))
	for _, test := range []struct {
		floor  float64
		depth  int
		exists bool
	}{{60, 8, true}, {75, 8, true}, {85, 8, false}, {60, 10, false}} {
		in.Floor, in.Facts.Depth = test.floor, test.depth
		plan, err := avif.Codec{}.Plan(t.Context(), in, avif.ID, recipe.Recipe{Image: recipe.Image{Compression: recipe.CompressionUltra}})
		if err != nil {
			t.Fatal(err)
		}
		defer plan.Close()
		k := plan.Candidates[0].Knob
		if (k.Between != nil) != test.exists {
			t.Errorf("floor %g, %d bits: a file between: %t", test.floor, test.depth, k.Between != nil)
		}
		if k.Between == nil {
			continue
		}
		f, _ := encoded(t, k.Between(25))
		if f.Color.Depth != 8 || f.Color.Subsampled {
			t.Errorf("%+v", f.Color)
		}
	}
}

func side(n int) *int { return &n }

// TestLevels: each level of the search is another file, of another size.
func TestLevels(t *testing.T) {
	plan, err := avif.Codec{}.Plan(t.Context(), inspected(t, sample(t, "photo-444")), avif.ID,
		recipe.Recipe{Image: recipe.Image{Compression: recipe.CompressionHigh}})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	k := plan.Candidates[0].Knob
	var last []byte
	for level := k.Low; level <= k.High; level++ {
		_, data := encoded(t, k.Sketch(level))
		if bytes.Equal(data, last) {
			t.Errorf("level %d is the one below it", level)
		}
		last = data
	}
	if _, data := encoded(t, k.At(k.High)); len(data) < 2000 {
		t.Errorf("%d bytes at the highest level", len(data))
	}
}
