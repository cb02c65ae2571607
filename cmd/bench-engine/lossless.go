package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"compressor/internal/blob"
	"compressor/internal/recipe"
)

// optimiser is a tool of the other side that shrinks PNG files without loss.
type optimiser struct {
	name string
	run  func(in string) (blob.Blob, cost, error)
}

func (b *bench) optimisers() []optimiser {
	external := func(name string, args func(in, out string) []string) optimiser {
		return optimiser{name, func(in string) (blob.Blob, cost, error) {
			out := b.fresh(".png")
			code, spent, err := tool(name, args(in, out)...)
			if err == nil && code != 0 {
				err = fmt.Errorf("%s ended with code %d", name, code)
			}
			if err != nil {
				return blob.Blob{}, spent, err
			}
			made, err := blob.Of(out)
			if errors.Is(err, os.ErrNotExist) {
				made, err = blob.Of(in) // it found nothing to gain
			}
			return made, spent, err
		}}
	}
	return []optimiser{
		external("zopflipng", func(in, out string) []string { return []string{"-y", in, out} }),
		{"oxipng", func(in string) (blob.Blob, cost, error) { return b.made(ask{Op: "oxipng", In: in}, ".png") }},
		external("optipng", func(in, out string) []string { return []string{"-quiet", "-o5", "-out", out, in} }),
	}
}

// compareLossless sets the engine's lossless PNG files beside those of the optimisers.
func compareLossless(ctx context.Context, b *bench) (part, error) {
	p := part{Title: "PNG without loss, metadata stripped beforehand"}
	tools := b.optimisers()
	files := table{Columns: []string{"graphic", "MP", "input", "ours"}}
	for _, o := range tools {
		files.Columns = append(files.Columns, o.name)
	}
	files.Columns = append(files.Columns, "to the best")
	sums, costs := make([]int64, len(tools)+3), make([]cost, len(tools)+1)
	for i := range b.graphics {
		row, err := b.lossless(ctx, b.graphics[i], tools, sums, costs)
		if err != nil {
			return p, fmt.Errorf("%s: %w", b.graphics[i].name, err)
		}
		if row != nil {
			files.Rows = append(files.Rows, row)
		}
	}
	totals := table{Title: "totals", Columns: []string{"", "bytes", "ours to it", "CPU s", "wall s"}}
	totals.add("input", sums[0], percent(sums[1], sums[0]), "", "")
	totals.add("ours", sums[1], "", costs[0].cpu.Seconds(), costs[0].wall.Seconds())
	for i, o := range tools {
		totals.add(o.name, sums[2+i], percent(sums[1], sums[2+i]), costs[1+i].cpu.Seconds(), costs[1+i].wall.Seconds())
	}
	best := sums[len(sums)-1]
	totals.add("best of them per file", best, percent(sums[1], best), "", "")
	p.Tables = append(p.Tables, files, totals)
	return p, nil
}

// lossless measures one file. sums are those of the input, ours, the tools, and the best
// of the tools.
func (b *bench) lossless(ctx context.Context, g picture, tools []optimiser, sums []int64, costs []cost) ([]any, error) {
	file, err := bareOf(g)
	if err != nil || file == nil {
		return nil, err
	}
	path := b.fresh(".png")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return nil, err
	}
	in, err := blob.Of(path)
	if err != nil {
		return nil, err
	}
	ours, err := b.compress(ctx, in, g.name, recipe.Recipe{Image: recipe.Image{Compression: recipe.CompressionLossless, Format: recipe.Formats{recipe.Keep}}})
	if err != nil {
		return nil, err
	}
	if ours.score < 100 {
		return nil, fmt.Errorf("scores %g at lossless", ours.score)
	}
	sizes := []int64{in.Size, ours.bytes}
	costs[0].add(ours.cost)
	best := in.Size
	for i, o := range tools {
		made, spent, err := o.run(path)
		if err != nil {
			return nil, err
		}
		costs[1+i].add(spent)
		sizes = append(sizes, made.Size)
		best = min(best, made.Size)
	}
	sizes = append(sizes, best)
	row := []any{g.name, megapixelsOf(file)}
	for i, size := range sizes {
		sums[i] += size
		if i < len(sizes)-1 {
			row = append(row, size)
		}
	}
	return append(row, percent(ours.bytes, best)), nil
}

// megapixelsOf reads the size from a PNG file's IHDR.
func megapixelsOf(file []byte) float64 {
	side := func(at int) float64 {
		return float64(int(file[at])<<24 | int(file[at+1])<<16 | int(file[at+2])<<8 | int(file[at+3]))
	}
	return side(16) * side(20) / 1e6
}
