package picture_test

import (
	"testing"

	"compressor/internal/codec"
	"compressor/internal/picture"
	"compressor/internal/recipe"
)

func TestMark(t *testing.T) {
	for text, want := range map[string]codec.Prior{
		"Compressor 75":   {Floor: 75},
		"Compressor 62.5": {Floor: 62.5},
		"Compressor 100":  {Floor: 100},
		"Compressor q80":  {Quality: 80},
		"Compressor q1":   {Quality: 1},
	} {
		got, ours := picture.ReadMark(text)
		if !ours || got != want {
			t.Errorf("%q: %+v, %t, want %+v", text, got, ours, want)
		}
		if back := picture.MarkOf(got); back != text {
			t.Errorf("%q became %q", text, back)
		}
	}
	for _, text := range []string{
		"", "Compressor", "Compressor ", "compressor 75", " Compressor 75", "Compressor 75 ", "Compressor 0", "Compressor -5",
		"Compressor 101", "Compressor 1e9", "Compressor NaN", "Compressor Inf", "Compressor q0", "Compressor q101",
		"Compressor q", "Compressor q8.5", "Compressor qq8", "Compressor seventy", "CREATOR: gd-jpeg v1.0",
	} {
		if got, ours := picture.ReadMark(text); ours {
			t.Errorf("%q was taken for a mark: %+v", text, got)
		}
	}
	if mark := picture.MarkOf(codec.Prior{}); mark != "" {
		t.Errorf("nothing to say, and yet %q", mark)
	}
}

// TestMarkOfWork: a result says what it was made to meet, and that reads back.
func TestMarkOfWork(t *testing.T) {
	quality := 40
	for name, test := range map[string]struct {
		level   recipe.Compression
		quality *int
		floor   float64
		want    string
	}{
		"high":                       {recipe.CompressionHigh, nil, 75, "Compressor 75"},
		"ultra after an earlier one": {recipe.CompressionUltra, nil, 85, "Compressor 60"},
		"fixed":                      {recipe.CompressionHigh, &quality, 0, "Compressor q40"},
		"lossless, yet changed":      {recipe.CompressionLossless, nil, recipe.NoLoss, "Compressor 100"},
	} {
		w := picture.Work{In: codec.Subject{Floor: test.floor}, Level: test.level, Img: recipe.Image{Quality: test.quality}}
		if got := w.Mark(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
