package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"compressor/internal/blob"
	"compressor/internal/recipe"
)

// drawings is one set of SVG files.
type drawings struct {
	name   string
	folder string
}

// drawingSets are the corpus, the samples of the project and, below the folder of the
// bench, whole npm packages of icons: strokes, fills, and flags in colour.
func (b *bench) drawingSets() []drawings {
	const packages = "cmd/bench-engine/node_modules/"
	sets := []drawings{{"corpus", b.options.corpus}}
	if filepath.Clean(b.options.corpus) != "testdata" {
		sets = append(sets, drawings{"testdata", "testdata"})
	}
	return append(sets,
		drawings{"bootstrap-icons", packages + "bootstrap-icons/icons"},
		drawings{"feather-icons", packages + "feather-icons/dist/icons"},
		drawings{"flag-icons", packages + "flag-icons/flags"})
}

// pair is one drawing before and after, ours and svgo's.
type pair struct {
	name                 string
	before, ours, theirs string
}

// compareSVG sets the engine's SVG files beside those of svgo, by bytes and as a browser
// draws them.
func compareSVG(ctx context.Context, b *bench) (part, error) {
	if !b.formats["svg"] {
		return missing("svg"), nil
	}
	look, err := newBrowser(b.dir)
	if err != nil {
		return part{}, err
	}
	p := part{Title: "SVG against svgo, its defaults in several passes"}
	bytes := table{Columns: []string{"files", "number", "before", "ours", "svgo", "difference", "our CPU s", "svgo CPU s", "kept by us"}}
	drawn := table{
		Title: fmt.Sprintf("after against before, both drawn by %s: root of the mean squared difference of a drawing, 8-bit samples", look.version(ctx)),
		Columns: []string{"files", "pixels", "drawn", "blank", "ours, largest", "above 1", "other size",
			"svgo, largest", "above 1", "other size"}}
	for _, set := range b.drawingSets() {
		row, pairs, err := b.svgFolder(ctx, set)
		if err != nil {
			return p, err
		}
		bytes.Rows = append(bytes.Rows, row)
		rows, notes, err := lookAt(ctx, look, set.name, pairs)
		if err != nil {
			return p, fmt.Errorf("%s: %w", set.name, err)
		}
		drawn.Rows = append(drawn.Rows, rows...)
		p.Notes = append(p.Notes, notes...)
	}
	p.Tables = []table{bytes, drawn}
	p.Notes = append(p.Notes, "Pixels: the side of the square that each drawing is fitted into. Blank: nothing is seen before, so nothing is compared."+
		" Other size: the drawing has another width or height by itself than before, or cannot be shown.")
	return p, nil
}

// svgPaths lists the SVG files of a folder in order.
func (b *bench) svgPaths(folder string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.ToLower(filepath.Ext(path)) == ".svg" && (b.options.limit == 0 || len(paths) < b.options.limit) {
			paths = append(paths, path)
		}
		return err
	})
	return paths, err
}

// svgFolder measures the SVG files of a set.
func (b *bench) svgFolder(ctx context.Context, set drawings) ([]any, []pair, error) {
	paths, err := b.svgPaths(set.folder)
	if err != nil {
		return nil, nil, err
	}
	var before, ours, theirs int64
	var ourCost, theirCost cost
	var pairs []pair
	kept := 0
	for _, path := range paths {
		src, err := blob.Of(path)
		if err != nil {
			return nil, nil, err
		}
		got, result, err := b.result(ctx, src, filepath.Base(path), atLevel(recipe.CompressionHigh), b.fresh(""))
		if err != nil {
			return nil, nil, err
		}
		made, spent, err := b.made(ask{Op: "svgo", In: path}, ".svg")
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		shown, err := b.named(result, ".svg")
		if err != nil {
			return nil, nil, err
		}
		if got.label == "original" {
			kept++
		}
		before += src.Size
		ours += got.bytes
		theirs += min(made.Size, src.Size)
		ourCost.add(got.cost)
		theirCost.add(spent)
		pairs = append(pairs, pair{name: filepath.Base(path), before: path, ours: shown, theirs: made.Path()})
	}
	return []any{set.name, len(paths), before, ours, theirs, percent(ours, theirs),
		ourCost.cpu.Seconds(), theirCost.cpu.Seconds(), kept}, pairs, nil
}

// lookAt compares the pairs as the browser draws them, at the size of an icon and large.
func lookAt(ctx context.Context, look *browser, name string, pairs []pair) (rows [][]any, notes []string, err error) {
	column := func(get func(pair) string) []string {
		var list []string
		for _, p := range pairs {
			list = append(list, get(p))
		}
		return list
	}
	before := column(func(p pair) string { return p.before })
	sides := [][]string{column(func(p pair) string { return p.ours }), column(func(p pair) string { return p.theirs })}
	was, err := look.sizes(ctx, before)
	if err != nil {
		return nil, nil, err
	}
	resized := make([]int, len(sides))
	for i, side := range sides {
		is, err := look.sizes(ctx, side)
		if err != nil {
			return nil, nil, err
		}
		for j := range is {
			if is[j] != was[j] {
				resized[i]++
			}
		}
	}
	for _, cell := range []int{64, 256} {
		far, empty, err := apart(ctx, look, before, sides, cell)
		if err != nil {
			return nil, nil, err
		}
		row := []any{name, cell, len(pairs), empty}
		for i, side := range far {
			above := farthest(side)
			largest := 0.0
			if len(side) > 0 {
				largest = slices.Max(side)
			}
			row = append(row, largest, len(above), resized[i])
			if i == 0 && len(above) > 0 {
				notes = append(notes, fmt.Sprintf("Ours above 1 at %d pixels, %s: %s.", cell, name, named(pairs, side, above)))
			}
		}
		rows = append(rows, row)
	}
	return rows, notes, nil
}

// farthest gives the numbers of the drawings that differ by more than 1, the farthest first.
func farthest(far []float64) []int {
	var above []int
	for i, d := range far {
		if d > 1 {
			above = append(above, i)
		}
	}
	slices.SortStableFunc(above, func(i, j int) int { return cmp.Compare(far[j], far[i]) })
	return above
}

// named lists drawings with their differences, ten at most.
func named(pairs []pair, far []float64, which []int) string {
	var list []string
	for _, i := range which[:min(10, len(which))] {
		list = append(list, fmt.Sprintf("%s %.2f", pairs[i].name, far[i]))
	}
	if len(which) > len(list) {
		list = append(list, fmt.Sprintf("and %d more", len(which)-len(list)))
	}
	return strings.Join(list, ", ")
}

// apart gives for each side the difference of each drawing from before, and how many were
// blank. Pages are drawn side by side, one a core.
func apart(ctx context.Context, look *browser, before []string, sides [][]string, cell int) (far [][]float64, empty int, err error) {
	for range sides {
		far = append(far, make([]float64, len(before)))
	}
	var guard sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, runtime.NumCPU())
	for from := 0; from < len(before); from += perPage {
		to := min(from+perPage, len(before))
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			none, failed := page(ctx, look, from, to, before, sides, far, cell)
			guard.Lock()
			defer guard.Unlock()
			empty += none
			err = cmp.Or(err, failed)
		})
	}
	all.Wait()
	return far, empty, err
}

// page compares the drawings from one number up to another, which fit on one page.
func page(ctx context.Context, look *browser, from, to int, before []string, sides [][]string, far [][]float64, cell int) (empty int, err error) {
	was, err := look.draw(ctx, before[from:to], cell)
	if err != nil {
		return 0, err
	}
	for i := range to - from {
		if blank(was, cellAt(i, cell)) {
			empty++
		}
	}
	for s, side := range sides {
		is, err := look.draw(ctx, side[from:to], cell)
		if err != nil {
			return 0, err
		}
		for i := range to - from {
			far[s][from+i] = difference(was, is, cellAt(i, cell))
		}
	}
	return empty, nil
}
