package recipe_test

import (
	"encoding/json"
	"slices"
	"testing"

	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
)

// n makes an option of a number; 0 leaves it out.
func n(v int) *int {
	if v == 0 {
		return nil
	}
	return &v
}

func messages(fields []problem.Field) []string {
	var list []string
	for _, f := range fields {
		list = append(list, f.Message)
	}
	return list
}

const (
	oneSide   = "When mode='auto', at least one of 'width' or 'height' must be specified."
	rectSides = "When mode='rect', both 'width' and 'height' must be specified."
	together  = "'x' and 'y' must be specified together."
	either    = "Specify either 'x' and 'y' or 'gravity', not both."
	noRatio   = "'ratio' is for mode='ratio' only."
	needRatio = "When mode='ratio', 'ratio' must be specified."
	noSides   = "'width', 'height', 'x' and 'y' are for mode='rect' only."
)

func TestResizeCheck(t *testing.T) {
	bothFor := func(mode string) string {
		return "When mode='" + mode + "', both 'width' and 'height' must be specified."
	}
	for name, test := range map[string]struct {
		resize recipe.Resize
		want   []string
	}{
		"auto, width":      {recipe.Resize{Mode: "auto", Width: n(1)}, nil},
		"auto, height":     {recipe.Resize{Mode: "auto", Height: n(1)}, nil},
		"auto, both":       {recipe.Resize{Mode: "auto", Width: n(1), Height: n(1)}, nil},
		"auto, none":       {recipe.Resize{Mode: "auto"}, []string{oneSide}},
		"fit, both":        {recipe.Resize{Mode: "fit", Width: n(1), Height: n(1)}, nil},
		"fit, one":         {recipe.Resize{Mode: "fit", Width: n(1)}, []string{bothFor("fit")}},
		"pad, one":         {recipe.Resize{Mode: "pad", Height: n(1)}, []string{bothFor("pad")}},
		"exact, none":      {recipe.Resize{Mode: "exact"}, []string{bothFor("exact")}},
		"exact, all right": {recipe.Resize{Mode: "exact", Width: n(1), Height: n(1)}, nil},
	} {
		if got := messages(test.resize.Check()); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestCropCheck(t *testing.T) {
	zero := 0
	for name, test := range map[string]struct {
		crop recipe.Crop
		want []string
	}{
		"rect, by gravity":        {recipe.Crop{Mode: "rect", Width: n(1), Height: n(1), Gravity: "top"}, nil},
		"rect, at a place":        {recipe.Crop{Mode: "rect", Width: n(1), Height: n(1), X: &zero, Y: n(5)}, nil},
		"rect, one side":          {recipe.Crop{Mode: "rect", Width: n(1)}, []string{rectSides}},
		"rect, x alone":           {recipe.Crop{Mode: "rect", Width: n(1), Height: n(1), X: &zero}, []string{together}},
		"rect, place and gravity": {recipe.Crop{Mode: "rect", Width: n(1), Height: n(1), X: &zero, Y: &zero, Gravity: "top"}, []string{either}},
		"rect, everything wrong":  {recipe.Crop{Mode: "rect", X: &zero, Gravity: "top", Ratio: "4:3"}, []string{rectSides, together, either, noRatio}},
		"ratio":                   {recipe.Crop{Mode: "ratio", Ratio: "4:3", Gravity: "smart"}, nil},
		"ratio, missing":          {recipe.Crop{Mode: "ratio"}, []string{needRatio}},
		"ratio, with a place":     {recipe.Crop{Mode: "ratio", Ratio: "4:3", Y: &zero}, []string{noSides}},
		"ratio, with a side":      {recipe.Crop{Mode: "ratio", Width: n(3)}, []string{needRatio, noSides}},
	} {
		if got := messages(test.crop.Check()); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestEnlarges(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		mode    string
		upscale *bool
		want    bool
	}{
		{"auto", nil, false}, {"fit", nil, true}, {"pad", nil, true}, {"exact", nil, true},
		{"auto", &yes, true}, {"fit", &no, false},
	} {
		if got := (recipe.Resize{Mode: test.mode, Upscale: test.upscale}).Enlarges(); got != test.want {
			t.Errorf("%s, upscale %v: %t", test.mode, test.upscale, got)
		}
	}
}

// TestFloors: a gentler level never allows more loss than a harder one.
func TestFloors(t *testing.T) {
	levels := []recipe.Compression{recipe.CompressionFixed, recipe.CompressionUltra, recipe.CompressionHigh, recipe.CompressionMedium, recipe.CompressionLossless}
	for i, level := range levels[1:] {
		if before := levels[i]; level.Floor() <= before.Floor() {
			t.Errorf("the floor of %s, %g, is not above that of %s, %g", level, level.Floor(), before, before.Floor())
		}
	}
	for _, level := range []recipe.Compression{recipe.CompressionLossless, recipe.CompressionNone, "unknown"} {
		if level.Floor() <= 100 {
			t.Errorf("%s allows loss", level)
		}
	}
	if f := recipe.CompressionMedium.Floor(); f > recipe.VisuallyLossless {
		t.Errorf("medium, %g, is above visually lossless", f)
	}
}

func TestCompression(t *testing.T) {
	quality := 50
	high := recipe.Recipe{Image: recipe.Image{Compression: recipe.CompressionUltra},
		Archive: recipe.Archive{Compression: recipe.CompressionMedium}}
	fixed := high
	fixed.Image.Quality = &quality
	video := high
	video.Video = &recipe.Video{Compression: recipe.CompressionMedium}
	for _, test := range []struct {
		recipe recipe.Recipe
		family format.Family
		want   recipe.Compression
	}{
		{high, recipe.FamilyImage, recipe.CompressionUltra},
		{fixed, recipe.FamilyImage, recipe.CompressionFixed},
		{fixed, recipe.FamilyVideo, recipe.CompressionHigh},
		{video, recipe.FamilyVideo, recipe.CompressionMedium},
		{video, recipe.FamilyArchive, recipe.CompressionMedium},
		{video, "document", recipe.CompressionHigh},
	} {
		if got := test.recipe.Compression(test.family); got != test.want {
			t.Errorf("%s: %s, want %s", test.family, got, test.want)
		}
	}
}

func TestFormats(t *testing.T) {
	for text, want := range map[string][]format.ID{
		`"keep"`: {"png"}, `"jpeg"`: {"jpeg"}, `["keep","jpeg"]`: {"png", "jpeg"},
		`["jpeg","png","keep"]`: {"jpeg", "png"}, `["png","keep","png"]`: {"png"}, `[]`: {"png"},
	} {
		var f recipe.Formats
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		if got := f.Resolve("png"); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
		again, err := json.Marshal(f)
		var back recipe.Formats
		if err != nil || json.Unmarshal(again, &back) != nil || !slices.Equal(back, f) {
			t.Errorf("%s became %s, %v", text, again, err)
		}
		r := recipe.Recipe{Image: recipe.Image{Format: f}}
		if got := r.MayBe(recipe.FamilyImage, "png"); !slices.Equal(got, want) {
			t.Errorf("%s: MayBe %v, want %v", text, got, want)
		}
		if got := r.MayBe("archive", "zip"); !slices.Equal(got, []format.ID{"zip"}) {
			t.Errorf("image.format %s decides on an archive: %v", text, got)
		}
	}
	if err := json.Unmarshal([]byte(`{"a":1}`), new(recipe.Formats)); err == nil {
		t.Error("an object is no format")
	}
}

func TestIgnored(t *testing.T) {
	r := recipe.Recipe{}
	for _, test := range []struct {
		family format.Family
		named  []string
		want   []string
	}{
		{recipe.FamilyImage, nil, nil},
		{recipe.FamilyImage, []string{"image", "metadata"}, nil},
		{recipe.FamilyImage, []string{"image", "video"}, []string{"video"}},
		{recipe.FamilyVideo, []string{"image", "video"}, []string{"image"}},
		{recipe.FamilyImage, []string{"archive", "image"}, []string{"archive"}},
		{recipe.FamilyArchive, []string{"image", "video"}, nil}, // its members may be of any kind
		{"document", []string{"image", "video"}, []string{"image", "video"}},
	} {
		if got := r.Ignored(test.family, test.named); !slices.Equal(got, test.want) {
			t.Errorf("%s, %v: %v, want %v", test.family, test.named, got, test.want)
		}
	}
	r.Image = recipe.Image{Format: recipe.Formats{recipe.Keep, "webp"}, Resize: &recipe.Resize{}, Crop: &recipe.Crop{}, Downscale: true}
	want := []string{"image.format", "image.resize", "image.crop", "image.allow_downscale"}
	if got := r.Ignored(recipe.FamilyArchive, []string{"image"}); !slices.Equal(got, want) {
		t.Errorf("members: %v, want %v", got, want)
	}
	r.Image = recipe.Image{Format: recipe.Formats{recipe.Keep}}
	if got := r.Ignored(recipe.FamilyArchive, []string{"image"}); got != nil {
		t.Errorf("members: %v", got)
	}
}

func TestPreserves(t *testing.T) {
	for _, test := range []struct {
		preserve []string
		kind     string
		want     bool
	}{
		{nil, "location", false}, {[]string{"location"}, "location", true}, {[]string{"location"}, "copyright", false},
		{[]string{"all"}, "copyright", true}, {[]string{"copyright"}, "all", false},
	} {
		if got := (recipe.Image{Preserve: test.preserve}).Preserves(test.kind); got != test.want {
			t.Errorf("%v, %s: %t", test.preserve, test.kind, got)
		}
	}
	side := 3
	if (recipe.Image{}).Geometry() || !(recipe.Image{Resize: &recipe.Resize{Width: &side}}).Geometry() || !(recipe.Image{Crop: &recipe.Crop{}}).Geometry() {
		t.Error("Geometry")
	}
}
