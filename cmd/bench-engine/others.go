package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/ssimulacra2"
)

// measureMetric times SSIMULACRA2 alone: no decoding, memory from a pool.
func measureMetric(_ context.Context, _ *bench) (part, error) {
	p := part{Title: "SSIMULACRA2 on one core, without decoding; memory from a pool"}
	t := table{Columns: []string{"picture", "reference, ms/MP", "each candidate, ms/MP", "bytes a pixel held", "working MB"}}
	for _, size := range [][2]int{{960, 640}, {1500, 1000}, {4000, 3000}} {
		reference, each, err := timeMetric(size[0], size[1])
		if err != nil {
			return p, err
		}
		held, working, err := ssimulacra2.Memory(size[0], size[1])
		if err != nil {
			return p, err
		}
		t.add(fmt.Sprintf("%d×%d", size[0], size[1]), reference, each, float64(held)/float64(size[0]*size[1]), float64(working)/1e6)
	}
	p.Tables = []table{t}
	p.Notes = []string{"Processor time, the median of the repetitions."}
	return p, nil
}

// timeMetric gives the medians in milliseconds of processor time a megapixel.
func timeMetric(width, height int) (reference, each float64, err error) {
	const pixels = 30e6 // to look at, about
	a, b := texture(width, height, 1), texture(width, height, 2)
	pool := ssimulacra2.NewPool(1 << 30)
	defer pool.Close()
	var references, candidates []float64
	perMegapixel := func(c cost) float64 { return c.cpu.Seconds() * 1e9 / float64(width*height) }
	for range max(3, int(pixels)/(width*height)) {
		var r *ssimulacra2.Reference
		spent, err := timed(func() (err error) { r, err = pool.NewReference(a); return err })
		if err != nil {
			return 0, 0, err
		}
		references = append(references, perMegapixel(spent))
		spent, err = timed(func() error { _, err := r.Score(b); return err })
		r.Close()
		if err != nil {
			return 0, 0, err
		}
		candidates = append(candidates, perMegapixel(spent))
	}
	return quantile(references, 0.5), quantile(candidates, 0.5), nil
}

// texture is the same on every run; other seeds are other pictures of the same kind.
func texture(width, height int, seed uint32) ssimulacra2.Picture {
	p := ssimulacra2.Picture{Width: width, Height: height, Channels: 3, Stride: 3 * width, Pix: make([]byte, 3*width*height)}
	for i := range p.Pix {
		seed = seed*1664525 + 1013904223
		p.Pix[i] = byte(i/7) ^ byte(seed>>29)
	}
	return p
}

// measureSpeed compresses every photo and graphic as it was found, at the default level.
func measureSpeed(ctx context.Context, b *bench) (part, error) {
	p := part{Title: "the engine at level high, files as they were found, one after another"}
	t := table{Columns: []string{"files", "number", "before", "after", "saved", "files/s", "wall s", "CPU s"}}
	r := atLevel(recipe.CompressionHigh)
	for _, kind := range []struct {
		name string
		list []picture
	}{{"JPEG", b.photos}, {"PNG", b.graphics}} {
		var spent cost
		var before, after int64
		for _, f := range kind.list {
			got, err := b.compress(ctx, f.blob, f.name, r)
			if err != nil {
				return p, err
			}
			spent.add(got.cost)
			before += f.blob.Size
			after += got.bytes
		}
		if len(kind.list) > 0 {
			t.add(kind.name, len(kind.list), before, after, percent(after, before),
				float64(len(kind.list))/spent.wall.Seconds(), spent.wall.Seconds(), spent.cpu.Seconds())
		}
	}
	p.Tables = []table{t}
	return p, nil
}

// measureTargets asks for five sizes of each photo and graphic.
func measureTargets(ctx context.Context, b *bench) (part, error) {
	p := part{Title: "max_bytes: five targets a picture, in its own format"}
	t := table{Columns: []string{"target", "files", "exceeded", "95 % used", "less, without loss", "less", "not reached", "share, median", "score, median"}}
	for _, share := range []float64{0.75, 0.5, 0.3, 0.2, 0.1} {
		row := targetRow{}
		for _, list := range [][]picture{b.photos, b.graphics} {
			for _, f := range list {
				if err := b.targeted(ctx, f, int64(share*float64(f.blob.Size)), &row); err != nil {
					return p, err
				}
			}
		}
		t.add(fmt.Sprintf("%g %% of the input", share*100), row.files, row.exceeded, row.used, row.equal, row.less, row.failed,
			quantile(row.shares, 0.5), quantile(row.scores, 0.5))
		if row.less > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("Less used at %g %%: %s.", share*100, strings.Join(row.names, ", ")))
		}
	}
	p.Tables = []table{t}
	return p, nil
}

// targetRow counts what came of one target.
type targetRow struct {
	files, exceeded, used, equal, less, failed int
	shares, scores                             []float64
	names                                      []string // of those in less
}

// targeted asks for one size. That it cannot be reached is an answer; any other error is not.
func (b *bench) targeted(ctx context.Context, f picture, most int64, row *targetRow) error {
	row.files++
	got, err := b.compress(ctx, f.blob, f.name, recipe.Recipe{Image: recipe.Image{
		Compression: recipe.CompressionHigh, Format: recipe.Formats{recipe.Keep}, MaxBytes: &most, Background: "#ffffff"}})
	var p *problem.Problem
	if errors.As(err, &p) && p.Code == problem.TargetUnreachable {
		row.failed++
		return nil
	}
	if err != nil {
		return err
	}
	share := float64(got.bytes) / float64(most)
	row.shares, row.scores = append(row.shares, share), append(row.scores, got.score)
	switch {
	case got.bytes > most:
		row.exceeded++
	case share >= 0.95:
		row.used++
	case got.score >= 100:
		row.equal++
	default:
		row.less++
		row.names = append(row.names, fmt.Sprintf("%s %.1f %%", f.name, 100*share))
	}
	return nil
}
