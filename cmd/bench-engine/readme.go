package main

import (
	"context"
	"fmt"
	"image"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"compressor/internal/blob"
	"compressor/internal/recipe"
)

// readmeFiles are the files of README.md with a word on each.
func readmeFiles() [][2]string {
	return [][2]string{
		{"larch.jpg", ", photo, 960×640"},
		{"red-panda.jpg", ", photo, 1600×647"},
		{"photo-2592x1728.jpg", ", photo"},
		{"screenshot-chart.png", ", 568×448"},
		{"screenshot-document.png", ", 375×563"},
		{"screenshot-spreadsheet.png", ", 612×453"},
	}
}

// readmeStrips are the picture of README.md, one under the other.
func readmeStrips() []strip {
	return []strip{
		{from: "red-panda.jpg", crop: image.Rect(860, 150, 1235, 376), zoom: 1, plain: true},
		{from: "screenshot-document.png", crop: image.Rect(0, 0, 375, 226), zoom: 1, plain: true},
	}
}

// find gives the path of a file of the corpus by its name, empty if it is not there.
func (b *bench) find(name string) (path string, err error) {
	err = filepath.WalkDir(b.options.corpus, func(at string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() == name {
			path = at
			return filepath.SkipAll
		}
		return err
	})
	return path, err
}

// writeReadme compresses the files of README.md at every level and writes its table, the
// longer one of images.md, and the picture. Without those files nothing is written.
func (b *bench) writeReadme(ctx context.Context, folder string) error {
	short := table{Columns: []string{"file", "before", "after", "saved", "score"}}
	long := table{Columns: []string{"file", "original"}}
	for _, level := range levels() {
		long.Columns = append(long.Columns, "`"+string(level)+"`")
	}
	var before int64
	after := make([]int64, len(levels()))
	for _, f := range readmeFiles() {
		path, err := b.find(f[0])
		if err != nil || path == "" {
			return err
		}
		src, err := blob.Of(path)
		if err != nil {
			return err
		}
		before += src.Size
		row := []any{"`" + f[0] + "`", src.Size}
		for i, level := range levels() {
			got, err := b.compress(ctx, src, f[0], atLevel(level))
			if err != nil {
				return err
			}
			after[i] += got.bytes
			row = append(row, levelCell(got, level))
			if level == recipe.CompressionHigh {
				short.add("`"+f[0]+"`"+f[1], src.Size, got.bytes, saved(got.bytes, src.Size), fmt.Sprintf("%.1f", got.score))
			}
		}
		long.Rows = append(long.Rows, row)
	}
	total := []any{"together", before}
	for _, sum := range after {
		total = append(total, fmt.Sprintf("%s (−%.0f %%)", thousands(sum), 100*(1-float64(sum)/float64(before))))
	}
	long.Rows = append(long.Rows, total)
	if err := replace(filepath.Join(folder, "images.md"), "before and after", long.markdown()); err != nil {
		return err
	}
	if err := replace(filepath.Join(folder, "..", "README.md"), "before and after", short.markdown()); err != nil {
		return err
	}
	return b.writeReadmePicture(ctx, filepath.Join(folder, "images"))
}

func saved(after, before int64) string {
	return fmt.Sprintf("%.1f %%", 100*(1-float64(after)/float64(before)))
}

// levelCell is the bytes of a result, with its score and the quality that was found.
func levelCell(got outcome, level recipe.Compression) string {
	if level == recipe.CompressionLossless {
		return thousands(got.bytes)
	}
	words := []string{fmt.Sprintf("%.1f", got.score)}
	if quality := regexp.MustCompile(`q=[0-9.]+`).FindString(got.label); quality != "" {
		words = append(words, quality)
	}
	return fmt.Sprintf("%s (%s)", thousands(got.bytes), strings.Join(words, ", "))
}

// writeReadmePicture draws crops of two files before and after.
func (b *bench) writeReadmePicture(ctx context.Context, folder string) error {
	var drawn []*image.RGBA
	for _, s := range readmeStrips() {
		path, err := b.find(s.from)
		if err != nil {
			return err
		}
		src, err := blob.Of(path)
		if err != nil {
			return err
		}
		got, result, err := b.result(ctx, src, s.from, atLevel(recipe.CompressionHigh), b.fresh(""))
		if err != nil {
			return err
		}
		for _, c := range []stripCell{
			{title: "before: " + thousands(src.Size) + " bytes", detail: s.from},
			{title: "after: " + thousands(got.bytes) + " bytes", detail: saved(got.bytes, src.Size) + " saved, score " + fmt.Sprintf("%.1f", got.score)},
		} {
			from := []blob.Blob{src, result}[len(s.cells)]
			if c.picture, err = pictureOf(from); err != nil {
				return err
			}
			s.cells = append(s.cells, c)
		}
		im, err := s.render()
		if err != nil {
			return err
		}
		drawn = append(drawn, im)
	}
	_, err := b.packed(ctx, stacked(drawn), "before-after", folder, "png")
	return err
}
