package metric_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/metric"
)

// derived makes a film out of the stored clip.
func derived(t *testing.T, args ...string) codec.Subject {
	t.Helper()
	out := filepath.Join(t.TempDir(), "film.mp4")
	all := append([]string{"-nostdin", "-v", "error", "-y", "-i", filepath.Join("..", "..", "testdata", "video", "clip.mp4")}, append(args, out)...)
	if text, err := exec.Command("ffmpeg", all...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %q: %v: %s", args, err, text)
	}
	b, err := blob.Of(out)
	if err != nil {
		t.Fatal(err)
	}
	return codec.Subject{Blob: b, Format: "mp4"}
}

// TestFilm: the score is 100 for equal frames and falls with loss; equality is one of
// packets; another size, another number of frames or no film is an error.
func TestFilm(t *testing.T) {
	clip, err := blob.Of(filepath.Join("..", "..", "testdata", "video", "clip.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := metric.Film{}.Reference(t.Context(), codec.Subject{Blob: clip, Format: "mp4"})
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	before := 100.5
	for _, film := range []codec.Subject{
		{Blob: clip}, derived(t, "-c:v", "libx264", "-crf", "15", "-an"), derived(t, "-c:v", "libx264", "-crf", "30", "-an"),
	} {
		score, err := ref.Score(t.Context(), film)
		if err != nil || score.Mean > before-0.5 || score.Worst > score.Mean {
			t.Errorf("score %+v after %g, %v", score, before, err)
		}
		before = score.Mean
	}
	if before < 20 || before > 80 {
		t.Errorf("at crf 30 the score is %g", before)
	}
	for name, test := range map[string]struct {
		film codec.Subject
		want bool
	}{
		"itself":          {codec.Subject{Blob: clip}, true},
		"encoded":         {derived(t, "-c:v", "libx264", "-crf", "15", "-c:a", "copy"), false},
		"without a sound": {derived(t, "-c", "copy", "-an"), false},
	} {
		if got, err := ref.Equal(t.Context(), test.film); got != test.want || err != nil {
			t.Errorf("%s: equal %t, %v", name, got, err)
		}
	}
	for name, film := range map[string]codec.Subject{
		"smaller": derived(t, "-vf", "scale=32:24"), "shorter": derived(t, "-frames:v", "5"),
	} {
		if score, err := ref.Score(t.Context(), film); err == nil {
			t.Errorf("%s: score %+v", name, score)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := blob.Of(empty)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (metric.Film{}).Reference(t.Context(), codec.Subject{Blob: b}); err == nil {
		t.Error("a reference that is no film")
	}
}

// TestFilmProgress: a comparison tells of each frame that is decoded of either film, also of
// those between two that are compared.
func TestFilmProgress(t *testing.T) {
	const rounds = 20
	var film codec.Subject
	clip := filepath.Join("..", "..", "testdata", "video", "clip.mp4")
	looped := filepath.Join(t.TempDir(), "looped.mp4")
	if text, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-stream_loop", strconv.Itoa(rounds-1), "-i", clip, "-an", "-c:v", "libx264", looped).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var err error
	if film.Blob, err = blob.Of(looped); err != nil {
		t.Fatal(err)
	}
	ref, err := metric.Film{}.Reference(t.Context(), film)
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	for name, compare := range map[string]func(context.Context) error{
		"score": func(ctx context.Context) error { _, err := ref.Score(ctx, film); return err },
		"equal": func(ctx context.Context) error { _, err := ref.Equal(ctx, film); return err },
	} {
		last, step, told := 0.0, 0.0, 0
		ctx := codec.WithProgress(t.Context(), func(share float64) {
			if share < last {
				t.Errorf("%s: progress fell from %g to %g", name, last, share)
			}
			last, step, told = share, max(step, share-last), told+1
		})
		if err := compare(ctx); err != nil {
			t.Fatal(err)
		}
		// The last of 24 samples lies in the middle of its share of the 240 frames.
		if frames := 12*rounds - 5; name == "score" && told < 2*frames {
			t.Errorf("%s: %d messages for %d frames of each film", name, told, frames)
		}
		if name == "score" && step > 1.0/3/48+1e-9 || last < 0.95 {
			t.Errorf("%s: a step of %g, and %g in the end", name, step, last)
		}
	}
}
