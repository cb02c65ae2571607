package raster_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/raster"
	"compressor/internal/recipe"
	"compressor/internal/svgfile"
)

func drawing(t *testing.T, text string) blob.Blob {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drawing")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := blob.Of(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inch is half black, by a length in inches.
const inch = `<svg xmlns="http://www.w3.org/2000/svg" width="192" height="96"><rect width="1in" height="96"/></svg>`

// TestDrawings: a drawing comes out at exactly the size that is asked, sharp, and an inch
// is 96 pixels.
func TestDrawings(t *testing.T) {
	for _, width := range []int{10, 96, 192, 384, 1000} {
		src := raster.NewSource(drawing(t, inch), raster.Steps{Scale: raster.Rect{Width: width, Height: 60}, Width: width, Height: 60}, recipe.Image{}, true)
		im, err := src.Image()
		if err != nil {
			t.Fatal(err)
		}
		pix, err := im.View()
		if err != nil {
			t.Fatal(err)
		}
		if im.Width() != width || im.Height() != 60 || im.Bands() != 4 {
			t.Fatalf("%d×%d×%d", im.Width(), im.Height(), im.Bands())
		}
		row := pix[30*width*4:]
		if left, right := row[(width/2-1)*4+3], row[width/2*4+3]; left != 255 || right != 0 {
			t.Errorf("width %d: alpha %d, %d around the edge", width, left, right)
		}
		src.Close()
	}
}

// TestDrawingParts: cut out, before and after scaling.
func TestDrawingParts(t *testing.T) {
	src := raster.NewSource(drawing(t, inch), raster.Steps{
		Crop: raster.Rect{X: 90, Width: 12, Height: 12}, Scale: raster.Rect{Width: 120, Height: 120},
		Cut: raster.Rect{X: 50, Width: 20, Height: 120}, Width: 20, Height: 120,
	}, recipe.Image{}, true)
	defer src.Close()
	im, err := src.Image()
	if err != nil {
		t.Fatal(err)
	}
	pix, err := im.View()
	if err != nil {
		t.Fatal(err)
	}
	if im.Width() != 20 || pix[9*4+3] != 255 || pix[10*4+3] != 0 {
		t.Errorf("%d wide, alpha %d, %d around the edge", im.Width(), pix[9*4+3], pix[10*4+3])
	}
}

func TestJudgedSize(t *testing.T) {
	for size, want := range map[[2]string][2]int{
		{"16", "16"}: {768, 768}, {"24", "12"}: {768, 384}, {"500", "400"}: {500, 400}, {"4096", "2048"}: {1024, 512}, {"1", "1"}: {768, 768},
	} {
		doc, err := svgfile.Parse([]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="` + size[0] + `" height="` + size[1] + `"/>`))
		if err != nil {
			t.Fatal(err)
		}
		if w, h := raster.JudgedSize(doc); w != want[0] || h != want[1] {
			t.Errorf("%v: %d×%d, want %v", size, w, h, want)
		}
	}
}

// TestCostlyDrawings: what would take too long is told before it is drawn.
func TestCostlyDrawings(t *testing.T) {
	filters := `<filter id="f">` + strings.Repeat("<feTurbulence numOctaves='9'/>", 1000) + `</filter>`
	_, err := raster.Open(drawing(t, `<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="4000">`+filters+`<rect filter="url(#f)" width="9" height="9"/></svg>`))
	if !problem.Has(err, problem.LimitExceeded) {
		t.Errorf("%v, want limit-exceeded", err)
	}
	_, err = raster.Open(drawing(t, "<svg"))
	if !problem.Has(err, problem.FileCorrupt) {
		t.Errorf("%v, want file-corrupt", err)
	}
}
