package codectest

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"compressor/internal/engine"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// Probed is a film as another reader and decoder sees it.
type Probed struct {
	Width, Height int      // as shown, after any turn
	Times         []string // when each frame appears, as the reader writes it
	Pictures      string   // a digest of all decoded frames
	Sound         string   // a digest of the sound's packets; empty for none
	Packets       string   // a digest of all packets
}

// film checks what is promised of one video.
func (c *specimen) film(t *testing.T, first bool) {
	t.Run("levels", c.filmLevels)
	if len(c.Personal) > 0 {
		t.Run("metadata", c.filmMetadata)
	}
	if first {
		t.Run("geometry", c.filmGeometry)
		t.Run("equal bytes", c.filmEqualBytes)
		t.Run("damaged through the engine", c.filmDamaged)
		t.Run("cancellation", c.filmCanceled)
		t.Run("progress", c.filmProgress)
	}
}

// filmLevels runs each level, and each twice.
func (c *specimen) filmLevels(t *testing.T) {
	before := c.suite.Probe(t, c.src.Path())
	levels := []recipe.Compression{recipe.CompressionHigh, recipe.CompressionLossless, recipe.CompressionNone}
	if c.thorough {
		levels = append(levels, recipe.CompressionMedium, recipe.CompressionUltra)
	}
	for _, level := range levels {
		m := c.make(t, c.src, at(level))
		if level == recipe.CompressionNone {
			if !m.same() || m.out.Report.Reason != report.NotAsked {
				t.Errorf("none: %s, %s", m.out.Report.Chosen, m.out.Report.Reason)
			}
			continue
		}
		if !m.same() {
			m.stripped(t, c.Sample)
		}
		after := c.suite.Probe(t, m.out.Result.Path())
		if !slices.Equal(before.Times, after.Times) {
			t.Errorf("%s: frames appear at %v instead of %v", level, after.Times, before.Times)
		}
		if before.Sound != after.Sound || before.Width != after.Width || before.Height != after.Height {
			t.Errorf("%s: %+v became %+v", level, before, after)
		}
		if level == recipe.CompressionLossless && (before.Packets != after.Packets || before.Pictures != after.Pictures) {
			t.Errorf("lossless, and other packets or pictures")
		}
		if s := m.out.Report.Score; !m.same() && *s < min(100, at(level).Floor(c.row.Family)) {
			t.Errorf("%s: score %g", level, *s)
		}
		m.again(t)
	}
}

// filmMetadata asks for each kind that the sample has, and for all of it, with and without
// loss.
func (c *specimen) filmMetadata(t *testing.T) {
	for level, kinds := range map[recipe.Compression][]string{
		recipe.CompressionLossless: append(kindsOf(c.Personal), "all"), recipe.CompressionUltra: {"all"},
	} {
		for _, kind := range kinds {
			r := at(level)
			r.Video.Preserve = []string{kind}
			m := c.make(t, c.src, r)
			for other, word := range c.Personal {
				stays := kind == "all" || other == kind
				if !m.same() && bytes.Contains(m.after.data, []byte(word)) != stays {
					t.Errorf("%s, preserve %s: the %s %q is there: %t", level, kind, other, word, !stays)
				}
			}
			m.again(t)
		}
	}
}

func kindsOf(personal map[string]string) []string {
	var kinds []string
	for kind := range personal {
		if kind == "location" || kind == "creation" {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// filmGeometry asks for other sizes: the outcome has them, to an even number.
func (c *specimen) filmGeometry(t *testing.T) {
	w, h := c.facts.Width, c.facts.Height
	side := func(n int) *int { return &n }
	before := c.suite.Probe(t, c.src.Path())
	for _, test := range []struct {
		resize        recipe.Resize
		width, height int
	}{
		{recipe.Resize{Mode: "auto", Width: side(w / 2)}, w / 2 / 2 * 2, h / 2 / 2 * 2},
		{recipe.Resize{Mode: "fit", Width: side(h/2 + 1), Height: side(h / 2)}, h / 2 / 2 * 2, h / 2 / 2 * 2},
		{recipe.Resize{Mode: "pad", Width: side(w), Height: side(w), Background: "#102030"}, w, w},
		{recipe.Resize{Mode: "exact", Width: side(w / 2), Height: side(h)}, w / 2 / 2 * 2, h},
	} {
		r := at(recipe.CompressionHigh)
		r.Video.Resize = &test.resize
		m := c.make(t, c.src, r)
		after := c.suite.Probe(t, m.out.Result.Path())
		if after.Width != test.width || after.Height != test.height {
			t.Errorf("%s: %d×%d, want %d×%d", test.resize.Mode, after.Width, after.Height, test.width, test.height)
		}
		if !slices.Equal(before.Times, after.Times) || before.Sound != after.Sound {
			t.Errorf("%s: other times or another sound", test.resize.Mode)
		}
		if m.out.Report.Reason != report.Fixed {
			t.Errorf("%s: reason %s, score %v", test.resize.Mode, m.out.Report.Reason, *m.out.Report.Score)
		}
	}
}

// filmEqualBytes makes each candidate twice in a row, and several at once.
func (c *specimen) filmEqualBytes(t *testing.T) {
	first := c.encodeAll(t)
	var wait sync.WaitGroup
	for n := range 2 * len(first) {
		wait.Go(func() {
			i := n % len(first)
			data, err := c.encodeOne(t, i)
			if err != nil || !bytes.Equal(data, first[i]) {
				t.Errorf("candidate %d gives other bytes beside others (%v)", i, err)
			}
		})
	}
	wait.Wait()
}

// filmDamaged sends damaged films through the engine, also to another size: the result is
// a problem with the file, or no larger.
func (c *specimen) filmDamaged(t *testing.T) {
	all := damaged(c.Data)
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i%5 != 0 {
			continue // each starts programs
		}
		data, r := all[name], at(recipe.CompressionUltra)
		if i%2 == 0 {
			width := c.facts.Width / 2
			r.Video.Resize = &recipe.Resize{Mode: "auto", Width: &width}
		}
		src := store(t, data)
		out, err := c.engine.Compress(t.Context(), c.request(src, r), scratch(t))
		switch {
		case err != nil && !expected(err):
			t.Errorf("%s: %v (%v)", name, err, problem.From(err).Cause())
		case err == nil && r.Video.Resize == nil && out.Result.Size > src.Size:
			t.Errorf("%s: %d bytes became %d", name, src.Size, out.Result.Size)
		}
	}
}

// filmCanceled ends runs early and late: each fails with it, and leaves nothing.
func (c *specimen) filmCanceled(t *testing.T) {
	for _, looks := range []int64{0, 1, 3, 6} {
		c.canceledAt(t, at(recipe.CompressionHigh), looks)
	}
	ctx, end := context.WithTimeout(t.Context(), 20*time.Millisecond) // within the tool's start
	defer end()
	if _, err := c.engine.Compress(ctx, c.request(c.src, at(recipe.CompressionHigh)), scratch(t)); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// filmProgress: encoding and comparing each tell how far they are at every frame, and nothing
// falls.
func (c *specimen) filmProgress(t *testing.T) {
	var last float64
	seen := map[string][]float64{}
	q := c.request(c.src, at(recipe.CompressionHigh))
	q.Progress = func(p engine.Progress) {
		if p.Percent < last {
			t.Errorf("progress fell from %g to %g", last, p.Percent)
		}
		last = p.Percent
		seen[p.Phase] = append(seen[p.Phase], p.Percent)
	}
	if _, err := c.engine.Compress(t.Context(), q, scratch(t)); err != nil {
		t.Fatal(err)
	}
	for _, phase := range []string{"encode", "compare"} {
		if distinct := slices.Compact(seen[phase]); len(distinct) < c.facts.Frames {
			t.Errorf("%s: progress was told at %v only, of %d frames", phase, distinct, c.facts.Frames)
		}
	}
}
