package mp4_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/codec/mp4"
	"compressor/internal/problem"
	"compressor/internal/recipe"
)

// planned asks for a size of a stored sample.
func planned(t *testing.T, name string, resize recipe.Resize) (codec.Plan, error) {
	t.Helper()
	src, err := blob.Of(filepath.Join("..", "..", "..", "testdata", "video", name))
	if err != nil {
		t.Fatal(err)
	}
	facts, err := mp4.Codec{}.Inspect(t.Context(), src, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r := recipe.Recipe{Video: &recipe.Video{Compression: recipe.CompressionMedium, FastStart: true, Resize: &resize}}
	return mp4.Codec{}.Plan(t.Context(), codec.Subject{Blob: src, Format: mp4.ID, Facts: facts, Floor: 70}, mp4.ID, r)
}

// TestCorners: a part of a film, or its place on a canvas, is meant as the film is shown,
// also where players turn it. A player that is not ours shows the same corner.
func TestCorners(t *testing.T) {
	side := func(n int) *int { return &n }
	for _, test := range []struct {
		name, gravity, filter string
		mode                  string
		width, height         int
	}{
		{"clip.mp4", "right", "scale=64:48,crop=24:48:40:0", "fit", 24, 48},
		{"turned.mp4", "top", "crop=48:24:0:0", "fit", 48, 24},
		{"turned.mp4", "bottom", "crop=48:24:0:40", "fit", 48, 24},
		{"turned.mp4", "left", "scale=48:64,crop=24:64:0:0", "fit", 24, 64},
		{"turned.mp4", "bottom-right", "pad=80:80:32:16:color=0xffffff", "pad", 80, 80},
	} {
		name := fmt.Sprintf("%s %s %s", test.name, test.mode, test.gravity)
		no := false
		plan, err := planned(t, test.name, recipe.Resize{Mode: test.mode, Width: side(test.width), Height: side(test.height), Gravity: test.gravity, Upscale: &no})
		if err != nil || len(plan.Candidates) != 1 || !plan.Changed {
			t.Fatalf("%s: %+v, %v", name, plan, err)
		}
		out := filepath.Join(t.TempDir(), "out.mp4")
		encodeTo(t, plan.Candidates[0].Knob.At(39), out)
		got := shown(t, out, "null")
		want := shown(t, filepath.Join("..", "..", "..", "testdata", "video", test.name), test.filter)
		if len(got) != len(want) || len(got) != 3*test.width*test.height {
			t.Errorf("%s: %d bytes of picture, want %d", name, len(got), len(want))
			continue
		}
		if far := apart(got, want); far > 8 {
			t.Errorf("%s: pictures are %g apart", name, far)
		}
	}
}

func encodeTo(t *testing.T, c codec.Candidate, path string) {
	t.Helper()
	w, err := blob.NewScratch(t.TempDir()).Create()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if err := c.Encode(context.Background(), w); err != nil {
		t.Fatal(err, problem.From(err).Cause())
	}
	b, err := w.Commit()
	if err == nil {
		err = os.Rename(b.Path(), path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// shown is the first frame as ffmpeg shows it: turned, then filtered.
func shown(t *testing.T, path, filter string) []byte {
	t.Helper()
	return []byte(run(t, "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-vf", filter, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"))
}

// apart is the mean difference of samples.
func apart(a, b []byte) float64 {
	sum := 0
	for i := range a {
		sum += max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return float64(sum) / float64(len(a))
}

// TestGeometryRefuses: what cannot be done is said, with the option's path.
func TestGeometryRefuses(t *testing.T) {
	side := func(n int) *int { return &n }
	for _, test := range []struct {
		resize recipe.Resize
		want   problem.Code
		path   string
	}{
		{recipe.Resize{Mode: "fit", Width: side(20), Height: side(20), Gravity: "smart"}, problem.OptionsInvalid, "video.resize.gravity"},
		{recipe.Resize{Mode: "exact", Width: side(16384), Height: side(16384)}, problem.LimitExceeded, "video.resize"},
	} {
		_, err := planned(t, "clip.mp4", test.resize)
		if !problem.Has(err, test.want) || len(problem.From(err).Fields) != 1 || problem.From(err).Fields[0].Path != test.path {
			t.Errorf("%+v: %v", test.resize, err)
		}
	}
	plan, err := planned(t, "clip.mp4", recipe.Resize{Mode: "auto", Width: side(200)})
	if err != nil || plan.Changed {
		t.Errorf("auto does not enlarge: %+v, %v", plan, err)
	}
}
