package ssimulacra2

import (
	"bufio"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// pair is a row of scores.tsv: two files and the score the reference program printed.
type pair struct {
	reference, compared string
	score               float64
}

func readPairs(t testing.TB, folder string) []pair {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, "scores.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var pairs []pair
	lines := bufio.NewScanner(f)
	lines.Scan() // column names
	for lines.Scan() {
		col := strings.Split(lines.Text(), "\t")
		score, err := strconv.ParseFloat(col[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, pair{filepath.Join(folder, col[0]), filepath.Join(folder, col[1]), score})
	}
	return pairs
}

// readPNG decodes with the standard library; RGBA when the file has any transparency.
func readPNG(t testing.TB, name string) Picture {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return pictureOf(m)
}

func pictureOf(m image.Image) Picture {
	b := m.Bounds()
	channels := 3
	if o, ok := m.(interface{ Opaque() bool }); ok && !o.Opaque() {
		channels = 4
	}
	p := Picture{Width: b.Dx(), Height: b.Dy(), Channels: channels, Stride: b.Dx() * channels}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
			p.Pix = append(p.Pix, c.R, c.G, c.B)
			if channels == 4 {
				p.Pix = append(p.Pix, c.A)
			}
		}
	}
	return p
}

func score(t testing.TB, a, b Picture, options ...Option) Score {
	t.Helper()
	r, err := NewReference(a, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s, err := r.Score(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestReferenceScores compares with scores printed by the reference program.
func TestReferenceScores(t *testing.T) {
	folders := []string{"testdata"}
	if more := filepath.Join("..", "..", "..", "shared", "metric"); exists(more) {
		folders = append(folders, more)
	}
	for _, folder := range folders {
		var worst, worstAll float64
		for _, p := range readPairs(t, folder) {
			a, b := readPNG(t, p.reference), readPNG(t, p.compared)
			got, all := score(t, a, b), score(t, a, b, WithAllPlanes())
			worst = max(worst, math.Abs(got.Mean-p.score))
			worstAll = max(worstAll, math.Abs(all.Mean-p.score))
			if math.Abs(got.Mean-p.score) > 0.001 || math.Abs(all.Mean-p.score) > 0.00001 {
				t.Errorf("%s: %.8f, all planes %.8f, want %.8f", filepath.Base(p.compared), got.Mean, all.Mean, p.score)
			}
		}
		t.Logf("%s: largest error %.2g, with all planes %.2g", folder, worst, worstAll)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
