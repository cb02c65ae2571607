package recipe_test

import (
	"strings"
	"testing"

	"compressor/internal/recipe"
)

// TestPatterns: * and ? stay within a folder, ** does not, **/ may also be no folder.
func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, path string
		want          bool
	}{
		{"a.png", "a.png", true}, {"a.png", "b/a.png", false}, {"a.png", "A.png", false}, {"a.png", "aXpng", false},
		{"*.png", "a.png", true}, {"*.png", ".png", true}, {"*.png", "b/a.png", false}, {"*.png", "a.png.txt", false},
		{"*", "a", true}, {"*", "a/b", false}, {"b/*", "b/a", true}, {"b/*", "b/c/a", false}, {"b/*", "b/", true},
		{"?.png", "a.png", true}, {"?.png", ".png", false}, {"?.png", "ä.png", true}, {"a?b", "a/b", false},
		{"**", "a/b/c", true}, {"b/**", "b/c/a", true}, {"b/**", "b", false}, {"b/**", "bc/a", false},
		{"**/a.png", "a.png", true}, {"**/a.png", "x/y/a.png", true}, {"**/a.png", "xa.png", false},
		{"b/**/a", "b/a", true}, {"b/**/a", "b/x/y/a", true}, {"b/**/a", "bx/a", false},
		{"b**/a", "b/a", true}, {"b**/a", "bx/y/a", true}, {"b**/a", "ba", false},
		{"**.png", "x/y.png", true}, {"[Content_Types].xml", "[Content_Types].xml", true}, {"a+(b)|c", "a+(b)|c", true},
		{"*", "line\nbreak", true}, {"a*a*a*a*a*a*a*a*a*a*b", strings.Repeat("a", 5000), false},
	} {
		r := recipe.Recipe{Archive: recipe.Archive{Contents: true, Include: []string{test.pattern}}}
		if got := r.PartRules(recipe.FamilyArchive).Touches(test.path); got != test.want {
			t.Errorf("%s, %.40s: %t", test.pattern, test.path, got)
		}
	}
}

func TestPatternsThatMatchNothing(t *testing.T) {
	a := recipe.Archive{
		Include: []string{"ok", "", "/etc/*", "a//b", "a***b"},
		Exclude: []string{"a\nb", "**/ok?.[x]"},
	}
	var got []string
	for _, f := range a.Check() {
		got = append(got, f.Path)
		if f.Message == "" {
			t.Errorf("%s: no message", f.Path)
		}
	}
	if s := strings.Join(got, " "); s != "include[1] include[2] include[3] include[4] exclude[0]" {
		t.Error(s)
	}
}

func TestPartRules(t *testing.T) {
	r := recipe.Recipe{Archive: recipe.Archive{Contents: true, Depth: 2, Include: []string{"*.png", "*.jpg"}, Exclude: []string{"b*"}}}
	rules := r.PartRules(recipe.FamilyArchive)
	for path, want := range map[string]bool{"a.png": true, "a.jpg": true, "b.png": false, "a.txt": false} {
		if rules.Touches(path) != want {
			t.Errorf("%s: %t", path, !want)
		}
	}
	for depth, want := range map[int]bool{0: true, 2: true, 3: false} {
		if rules.Opens(depth) != want {
			t.Errorf("depth %d: %t", depth, !want)
		}
	}
	if other := r.PartRules("document"); !other.Touches("b.txt") || !other.Opens(9) {
		t.Error("an archive's rules hold for documents")
	}
	r.Archive.Contents = false
	if r.PartRules(recipe.FamilyArchive).Touches("a.png") {
		t.Error("contents false, yet touched")
	}
}

func TestForParts(t *testing.T) {
	quality, score, size := 40, 60.0, int64(1000)
	for _, test := range []struct {
		level       recipe.Compression
		named       []string
		image       recipe.Compression // before: medium
		keepsOthers bool
	}{
		{recipe.CompressionUltra, nil, recipe.CompressionUltra, true},
		{recipe.CompressionHigh, []string{"archive"}, recipe.CompressionHigh, true},
		{recipe.CompressionUltra, []string{"archive", "image"}, recipe.CompressionMedium, true},
		{recipe.CompressionLossless, []string{"archive", "image"}, recipe.CompressionLossless, false},
		{recipe.CompressionNone, nil, recipe.CompressionLossless, false},
		{"", nil, recipe.CompressionMedium, true},
	} {
		r := recipe.Recipe{
			Image:   recipe.Image{Compression: recipe.CompressionMedium, Quality: &quality, MinScore: &score, MaxBytes: &size},
			Video:   &recipe.Video{Compression: recipe.CompressionMedium},
			Archive: recipe.Archive{Compression: test.level},
		}
		got := r.ForParts(recipe.FamilyArchive, test.named)
		if got.Image.Compression != test.image {
			t.Errorf("%s, %v: images at %s", test.level, test.named, got.Image.Compression)
		}
		if kept := got.Image.Quality != nil && got.Image.MinScore != nil && got.Image.MaxBytes != nil; kept != test.keepsOthers {
			t.Errorf("%s: quality, min_score and max_bytes kept: %t", test.level, kept)
		}
		if r.Video.Compression != recipe.CompressionMedium || r.Image.Compression != recipe.CompressionMedium {
			t.Errorf("%s: the original recipe was changed", test.level)
		}
		if same := r.ForParts("document", nil); same.Image.Compression != recipe.CompressionMedium {
			t.Error("an archive's level holds for documents")
		}
	}
}
