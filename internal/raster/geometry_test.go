package raster_test

import (
	"strings"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/raster"
	"compressor/internal/recipe"
)

// n makes an option of a number; 0 leaves it out.
func n(v int) *int {
	if v == 0 {
		return nil
	}
	return &v
}

func TestPlanResize(t *testing.T) {
	yes, no := true, false
	for name, test := range map[string]struct {
		width, height int // of the picture
		resize        recipe.Resize
		want          raster.Steps
	}{
		"auto by width":         {400, 300, recipe.Resize{Mode: "auto", Width: n(200)}, raster.Steps{Scale: raster.Rect{Width: 200, Height: 150}, Width: 200, Height: 150}},
		"auto by height":        {400, 300, recipe.Resize{Mode: "auto", Height: n(75)}, raster.Steps{Scale: raster.Rect{Width: 100, Height: 75}, Width: 100, Height: 75}},
		"auto in a box":         {400, 300, recipe.Resize{Mode: "auto", Width: n(200), Height: n(30)}, raster.Steps{Scale: raster.Rect{Width: 40, Height: 30}, Width: 40, Height: 30}},
		"auto rounds":           {101, 50, recipe.Resize{Mode: "auto", Width: n(50)}, raster.Steps{Scale: raster.Rect{Width: 50, Height: 25}, Width: 50, Height: 25}},
		"auto never enlarges":   {400, 300, recipe.Resize{Mode: "auto", Width: n(800)}, raster.Steps{Width: 400, Height: 300}},
		"auto enlarges if told": {400, 300, recipe.Resize{Mode: "auto", Width: n(800), Upscale: &yes}, raster.Steps{Scale: raster.Rect{Width: 800, Height: 600}, Width: 800, Height: 600}},
		"auto to the same":      {400, 300, recipe.Resize{Mode: "auto", Width: n(400)}, raster.Steps{Width: 400, Height: 300}},
		"auto keeps a pixel":    {1, 5000, recipe.Resize{Mode: "auto", Height: n(10)}, raster.Steps{Scale: raster.Rect{Width: 1, Height: 10}, Width: 1, Height: 10}},
		"auto of a row":         {5000, 1, recipe.Resize{Mode: "auto", Width: n(7)}, raster.Steps{Scale: raster.Rect{Width: 7, Height: 1}, Width: 7, Height: 1}},

		"fit cuts the sides": {400, 300, recipe.Resize{Mode: "fit", Width: n(100), Height: n(100), Gravity: "center"},
			raster.Steps{Scale: raster.Rect{Width: 133, Height: 100}, Cut: raster.Rect{X: 16, Width: 100, Height: 100}, Width: 100, Height: 100}},
		"fit by gravity": {300, 400, recipe.Resize{Mode: "fit", Width: n(150), Height: n(100), Gravity: "bottom-right"},
			raster.Steps{Scale: raster.Rect{Width: 150, Height: 200}, Cut: raster.Rect{Y: 100, Width: 150, Height: 100}, Width: 150, Height: 100}},
		"fit of equal proportions": {400, 300, recipe.Resize{Mode: "fit", Width: n(200), Height: n(150), Gravity: "center"},
			raster.Steps{Scale: raster.Rect{Width: 200, Height: 150}, Width: 200, Height: 150}},
		"fit enlarges": {40, 30, recipe.Resize{Mode: "fit", Width: n(80), Height: n(90), Gravity: "left"},
			raster.Steps{Scale: raster.Rect{Width: 120, Height: 90}, Cut: raster.Rect{Width: 80, Height: 90}, Width: 80, Height: 90}},
		"fit without enlarging keeps proportions": {40, 30, recipe.Resize{Mode: "fit", Width: n(100), Height: n(100), Gravity: "center", Upscale: &no},
			raster.Steps{Cut: raster.Rect{X: 5, Width: 30, Height: 30}, Width: 30, Height: 30}},
		"fit to the same": {400, 300, recipe.Resize{Mode: "fit", Width: n(400), Height: n(300), Gravity: "center"}, raster.Steps{Width: 400, Height: 300}},
		"fit smart": {400, 300, recipe.Resize{Mode: "fit", Width: n(300), Height: n(300), Gravity: "smart"},
			raster.Steps{Cut: raster.Rect{X: 50, Width: 300, Height: 300}, CutSmart: true, Width: 300, Height: 300}},
		"fit of a column": {1, 1000, recipe.Resize{Mode: "fit", Width: n(10), Height: n(10), Gravity: "top"},
			raster.Steps{Scale: raster.Rect{Width: 10, Height: 10000}, Cut: raster.Rect{Width: 10, Height: 10}, Width: 10, Height: 10}},

		"pad": {400, 300, recipe.Resize{Mode: "pad", Width: n(200), Height: n(200), Gravity: "center"},
			raster.Steps{Scale: raster.Rect{Width: 200, Height: 150}, Canvas: raster.Rect{Y: 25, Width: 200, Height: 200}, Width: 200, Height: 200}},
		"pad by gravity": {300, 400, recipe.Resize{Mode: "pad", Width: n(200), Height: n(200), Gravity: "top-right"},
			raster.Steps{Scale: raster.Rect{Width: 150, Height: 200}, Canvas: raster.Rect{X: 50, Width: 200, Height: 200}, Width: 200, Height: 200}},
		"pad without enlarging": {40, 30, recipe.Resize{Mode: "pad", Width: n(100), Height: n(100), Gravity: "bottom", Upscale: &no},
			raster.Steps{Canvas: raster.Rect{X: 30, Y: 70, Width: 100, Height: 100}, Width: 100, Height: 100}},
		"pad of equal proportions": {40, 30, recipe.Resize{Mode: "pad", Width: n(80), Height: n(60), Gravity: "center"},
			raster.Steps{Scale: raster.Rect{Width: 80, Height: 60}, Width: 80, Height: 60}},
		"pad of a pixel": {1, 1, recipe.Resize{Mode: "pad", Width: n(3), Height: n(2), Gravity: "center"},
			raster.Steps{Scale: raster.Rect{Width: 2, Height: 2}, Canvas: raster.Rect{Width: 3, Height: 2}, Width: 3, Height: 2}},

		"exact":                   {400, 300, recipe.Resize{Mode: "exact", Width: n(10), Height: n(500)}, raster.Steps{Scale: raster.Rect{Width: 10, Height: 500}, Width: 10, Height: 500}},
		"exact without enlarging": {400, 300, recipe.Resize{Mode: "exact", Width: n(10), Height: n(500), Upscale: &no}, raster.Steps{Scale: raster.Rect{Width: 10, Height: 300}, Width: 10, Height: 300}},
		"exact, as large as can be": {1, 1, recipe.Resize{Mode: "exact", Width: n(16384), Height: n(16384)},
			raster.Steps{Scale: raster.Rect{Width: 16384, Height: 16384}, Width: 16384, Height: 16384}},
	} {
		got, err := raster.Plan(test.width, test.height, recipe.Image{Resize: &test.resize})
		if err != nil || got != test.want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, test.want)
		}
		unchanged := got.Width == test.width && got.Height == test.height
		if got.Identity() != unchanged {
			t.Errorf("%s: identity %t", name, got.Identity())
		}
	}
}

func TestPlanCrop(t *testing.T) {
	for name, test := range map[string]struct {
		width, height int
		crop          recipe.Crop
		want          raster.Rect // zero: nothing changes
	}{
		"rect at a place":            {400, 300, recipe.Crop{Mode: "rect", Width: n(100), Height: n(50), X: n(300), Y: n(250)}, raster.Rect{X: 300, Y: 250, Width: 100, Height: 50}},
		"rect in the middle":         {400, 300, recipe.Crop{Mode: "rect", Width: n(101), Height: n(50)}, raster.Rect{X: 149, Y: 125, Width: 101, Height: 50}},
		"rect by gravity":            {400, 300, recipe.Crop{Mode: "rect", Width: n(100), Height: n(50), Gravity: "bottom-left"}, raster.Rect{Y: 250, Width: 100, Height: 50}},
		"rect, the whole":            {400, 300, recipe.Crop{Mode: "rect", Width: n(400), Height: n(300)}, raster.Rect{}},
		"rect, a pixel":              {400, 300, recipe.Crop{Mode: "rect", Width: n(1), Height: n(1), X: n(399), Y: n(299)}, raster.Rect{X: 399, Y: 299, Width: 1, Height: 1}},
		"ratio, wider":               {400, 300, recipe.Crop{Mode: "ratio", Ratio: "16:9"}, raster.Rect{Y: 37, Width: 400, Height: 225}},
		"ratio, taller":              {400, 300, recipe.Crop{Mode: "ratio", Ratio: "1:1", Gravity: "right"}, raster.Rect{X: 100, Width: 300, Height: 300}},
		"ratio, the same":            {400, 300, recipe.Crop{Mode: "ratio", Ratio: "4:3"}, raster.Rect{}},
		"ratio, extreme":             {400, 300, recipe.Crop{Mode: "ratio", Ratio: "1:99999"}, raster.Rect{X: 199, Width: 1, Height: 300}},
		"ratio, of a column":         {1, 900, recipe.Crop{Mode: "ratio", Ratio: "3:2"}, raster.Rect{Y: 449, Width: 1, Height: 1}},
		"ratio, rounds to the whole": {16384, 16384, recipe.Crop{Mode: "ratio", Ratio: "65535:65534"}, raster.Rect{}},
	} {
		got, err := raster.Plan(test.width, test.height, recipe.Image{Crop: &test.crop})
		if err != nil || got.Crop != test.want {
			t.Errorf("%s: %+v, %v, want %+v", name, got.Crop, err, test.want)
		}
		if r := got.Crop; r.X+r.Width > test.width || r.Y+r.Height > test.height {
			t.Errorf("%s: %+v leaves the picture", name, r)
		}
	}
}

func TestPlanCropThenResize(t *testing.T) {
	got, err := raster.Plan(400, 300, recipe.Image{
		Crop:   &recipe.Crop{Mode: "ratio", Ratio: "1:1"},
		Resize: &recipe.Resize{Mode: "auto", Width: n(100)},
	})
	want := raster.Steps{Crop: raster.Rect{X: 50, Width: 300, Height: 300}, Scale: raster.Rect{Width: 100, Height: 100}, Width: 100, Height: 100}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestPlanRefuses(t *testing.T) {
	yes := true
	for name, test := range map[string]struct {
		width, height int
		img           recipe.Image
		field, says   string
	}{
		"a crop wider than the picture": {400, 300, recipe.Image{Crop: &recipe.Crop{Mode: "rect", Width: n(401), Height: n(1)}}, "image.crop", "400×300"},
		"a crop beside it":              {400, 300, recipe.Image{Crop: &recipe.Crop{Mode: "rect", Width: n(10), Height: n(10), X: n(391), Y: n(1)}}, "image.crop", "10×10 at 391,1"},
		"a crop below it":               {400, 300, recipe.Image{Crop: &recipe.Crop{Mode: "rect", Width: n(10), Height: n(10), X: n(1), Y: n(65535)}}, "image.crop", "at 1,65535"},
		"a column grown to a width":     {1, 30000, recipe.Image{Resize: &recipe.Resize{Mode: "auto", Width: n(16384), Upscale: &yes}}, "image.resize", "16384×491520000"},
		"a column grown, to be cut":     {1, 30000, recipe.Image{Resize: &recipe.Resize{Mode: "fit", Width: n(16384), Height: n(16384), Gravity: "center"}}, "image.resize", "16384×491520000"},
	} {
		_, err := raster.Plan(test.width, test.height, test.img)
		p := problem.From(err)
		if p.Code != problem.OptionsInvalid || len(p.Fields) != 1 || p.Fields[0].Path != test.field || !strings.Contains(p.Fields[0].Message, test.says) {
			t.Errorf("%s: %v, want options-invalid on %s that says %q", name, err, test.field, test.says)
		}
	}
}
