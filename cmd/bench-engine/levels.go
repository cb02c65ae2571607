package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"compressor/internal/blob"
	"compressor/internal/raster"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// levels are those that lose something, gentle first, and the one that does not.
func levels() []recipe.Compression {
	return []recipe.Compression{recipe.CompressionMedium, recipe.CompressionHigh, recipe.CompressionUltra, recipe.CompressionLossless}
}

// levelRow sums up what a level did to the files of a kind.
type levelRow struct {
	files, untouched int
	before, after    int64
	megapixels       float64
	scores           []float64
	encodes          []int
	cost             cost
}

// cells are the row's, under levelColumns.
func (r *levelRow) cells(kind string, level recipe.Compression) []any {
	lowest, mean := 100.0, 100.0
	if len(r.scores) > 0 {
		lowest, mean = slices.Min(r.scores), average(r.scores)
	}
	return []any{kind, string(level), r.files, r.before, r.after, saved(r.after, r.before), lowest, mean,
		quantile(r.encodes, 0.5), quantile(r.encodes, 0.95), r.cost.cpu.Seconds() / max(r.megapixels, 1e-9)}
}

func levelColumns() []string {
	return []string{"files", "level", "number", "before", "after", "saved", "score, lowest", "score, mean",
		"encodes, median", "p95", "CPU s/MP"}
}

func average(list []float64) float64 {
	var sum float64
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}

// measureLevels compresses every file as it was found, in its own format, at every level.
func measureLevels(ctx context.Context, b *bench) (part, error) {
	p := part{Title: "the levels and what they cost, files as they were found, each in its own format"}
	t := table{Columns: levelColumns()}
	untouched := 0
	for _, kind := range []struct {
		name string
		ext  []string
		list []picture
	}{{"JPEG", nil, b.photos}, {"PNG", nil, b.graphics}, {"WebP", []string{".webp"}, nil}, {"AVIF", []string{".avif"}, nil}} {
		list := kind.list
		if kind.ext != nil {
			var err error
			if list, err = b.filesOf(kind.ext...); err != nil {
				return p, err
			}
		}
		for _, level := range levels() {
			row, err := b.level(ctx, list, level)
			if err != nil {
				return p, fmt.Errorf("%s at %s: %w", kind.name, level, err)
			}
			if row.files > 0 {
				t.Rows = append(t.Rows, row.cells(kind.name, level))
			}
			if level == recipe.CompressionHigh {
				untouched += row.untouched
			}
		}
	}
	p.Tables = []table{t}
	p.Notes = []string{fmt.Sprintf("The score is 100 where the pixels are equal. %d files that the engine leaves alone are not counted.", untouched)}
	return p, nil
}

// level compresses the files at a level.
func (b *bench) level(ctx context.Context, list []picture, level recipe.Compression) (levelRow, error) {
	var row levelRow
	for _, f := range list {
		got, err := b.compress(ctx, f.blob, f.name, atLevel(level))
		if err != nil {
			return row, err
		}
		if got.reason == report.NotHandled {
			row.untouched++
			continue
		}
		im, err := raster.Open(f.blob)
		if err != nil {
			return row, err
		}
		row.megapixels += float64(im.Width()) * float64(im.Height()) / 1e6
		im.Close()
		row.files++
		row.before += f.blob.Size
		row.after += got.bytes
		row.scores = append(row.scores, got.score)
		row.encodes = append(row.encodes, got.cost.encodes)
		row.cost.add(got.cost)
	}
	return row, nil
}

// filesOf lists the files of the corpus with such endings.
func (b *bench) filesOf(endings ...string) ([]picture, error) {
	var list []picture
	err := filepath.WalkDir(b.options.corpus, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains(endings, strings.ToLower(filepath.Ext(path))) ||
			b.options.limit > 0 && len(list) >= b.options.limit {
			return err
		}
		found, err := blob.Of(path)
		list = append(list, picture{name: filepath.Base(path), blob: found})
		return err
	})
	return list, err
}
