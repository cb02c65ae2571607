package main

import (
	"context"
	"fmt"

	"compressor/internal/blob"
)

// paletteTargets are the scores that quantized files are compared at.
func paletteTargets() []float64 { return []float64{75, 85} }

// quantizer is one of the other side's ways to a palette.
type quantizer struct {
	name     string
	variants []variant
}

// comparePalettes sets the engine's lossy PNG files beside those of pngquant and sharp.
func comparePalettes(ctx context.Context, b *bench) (part, error) {
	p := part{Title: "PNG with loss at equal score: quality, colours and dithering of the other side searched"}
	names := []string{"ours"}
	for _, q := range b.quantizers(nil) {
		names = append(names, q.name)
	}
	for _, target := range paletteTargets() {
		p.Tables = append(p.Tables, table{Title: fmt.Sprintf("at %g", target), Columns: []string{"graphic", "MP", "ours", "score", "by"}})
		t := &p.Tables[len(p.Tables)-1]
		for _, name := range names[1:] {
			t.Columns = append(t.Columns, name, "by")
		}
		t.Columns = append(t.Columns, "to the best")
	}
	race := newRace(names)
	for i := range b.graphics {
		if err := b.quantized(ctx, &b.graphics[i], p.Tables, race); err != nil {
			return p, fmt.Errorf("%s: %w", b.graphics[i].name, err)
		}
	}
	p.Tables = append(p.Tables, race.totals())
	p.Notes = append(p.Notes, "Totals count those files that all sides make reach the score; others stand in brackets.")
	return p, nil
}

// race adds up what each side needs, at each target.
type race struct {
	names   []string
	bytes   map[float64][]int64
	costs   map[float64][]cost
	encodes map[float64][]int
	counted map[float64]int
}

func newRace(names []string) *race {
	return &race{names: names, bytes: map[float64][]int64{}, costs: map[float64][]cost{},
		encodes: map[float64][]int{}, counted: map[float64]int{}}
}

func (r *race) add(target float64, sides []outcome) {
	if r.bytes[target] == nil {
		r.bytes[target], r.costs[target] = make([]int64, len(sides)), make([]cost, len(sides))
	}
	r.encodes[target] = append(r.encodes[target], sides[0].cost.encodes)
	for _, s := range sides {
		if !s.fits {
			return
		}
	}
	r.counted[target]++
	for i, s := range sides {
		r.bytes[target][i] += s.bytes
		r.costs[target][i].add(s.cost)
	}
}

func (r *race) totals() table {
	t := table{Title: "totals", Columns: []string{"score", "files", "side", "bytes", "ours to it", "CPU s", "wall s", "our encodes, median", "p95"}}
	for _, target := range paletteTargets() {
		for i, name := range r.names {
			if r.bytes[target] == nil {
				continue
			}
			median, p95 := any(""), any("")
			if i == 0 {
				median, p95 = quantile(r.encodes[target], 0.5), quantile(r.encodes[target], 0.95)
			}
			c := r.costs[target][i]
			t.add(fmt.Sprintf("%g", target), r.counted[target], name, r.bytes[target][i],
				percent(r.bytes[target][0], r.bytes[target][i]), c.cpu.Seconds(), c.wall.Seconds(), median, p95)
		}
	}
	return t
}

// quantized measures one graphic at every target.
func (b *bench) quantized(ctx context.Context, g *picture, tables []table, race *race) error {
	file, err := bareOf(*g)
	if err != nil || file == nil {
		return err
	}
	if depthOf(file) > 8 {
		return nil // neither side is asked to take bits and colours away at once
	}
	if err := b.plainOf(g, min(b.options.megapixels, slowMost)); err != nil {
		return err
	}
	n, err := b.node()
	if err != nil {
		return err
	}
	load, err := n.do(ask{Op: "load", In: g.plain.Path()})
	if err != nil {
		return err
	}
	t, err := newTrials(ctx, g.plain, load)
	if err != nil {
		return err
	}
	defer t.close()
	for i, target := range paletteTargets() {
		ours, err := b.compress(ctx, g.plain, g.name, asking("png", target))
		if err != nil {
			return err
		}
		ours.fits = ours.score >= target
		sides := []outcome{ours}
		for _, q := range b.quantizers(g) {
			got, err := t.search(ctx, target, q.variants...)
			if err != nil {
				return err
			}
			sides = append(sides, got)
		}
		race.add(target, sides)
		tables[i].Rows = append(tables[i].Rows, paletteRow(g, sides))
	}
	return nil
}

func paletteRow(g *picture, sides []outcome) []any {
	row := []any{g.name, g.megapixels(), sides[0].bytes, sides[0].score, sides[0].label}
	best := int64(0)
	for _, s := range sides[1:] {
		switch {
		case !s.fits:
			row = append(row, fmt.Sprintf("(%s at %.1f)", thousands(s.bytes), s.score), s.label)
			continue
		case best == 0 || s.bytes < best:
			best = s.bytes
		}
		row = append(row, s.bytes, s.label)
	}
	return append(row, percent(sides[0].bytes, best))
}

// depthOf is the bits a sample of a PNG file.
func depthOf(file []byte) int { return int(file[24]) }

// quantizers are the other side's ways for a picture. It must be loaded already.
func (b *bench) quantizers(g *picture) []quantizer {
	pngquant := func(squeeze bool) []variant {
		var list []variant
		for _, dither := range []string{"1", "0"} {
			list = append(list, variant{low: 1, high: 100,
				label: func(q int) string { return fmt.Sprintf("q=%d dither=%s squeeze=%t", q, dither, squeeze) },
				make:  func(q int) (blob.Blob, cost, error) { return b.pngquant(g, q, dither, squeeze) },
			})
		}
		return list
	}
	return []quantizer{
		{"pngquant", pngquant(false)},
		{"pngquant+oxipng", pngquant(true)},
		{"sharp palette", b.sharpPalettes()},
	}
}

// pngquant runs the program at its default speed; squeeze lets oxipng finish its file.
func (b *bench) pngquant(g *picture, quality int, dither string, squeeze bool) (blob.Blob, cost, error) {
	out := b.fresh(".png")
	args := []string{"--quality", fmt.Sprintf("0-%d", quality), "--strip", "--output", out}
	if dither == "0" {
		args = append(args, "--nofs")
	}
	code, spent, err := tool("pngquant", append(args, g.plain.Path())...)
	if err != nil || code != 0 {
		return blob.Blob{}, spent, err
	}
	made, err := blob.Of(out)
	if err != nil || !squeeze {
		return made, spent, err
	}
	squeezed, more, err := b.made(ask{Op: "oxipng-fast", In: out}, ".png")
	spent.add(more)
	spent.encodes = 1
	return squeezed, spent, err
}

// sharpPalettes search the quality, and the number of colours, with dithering and without.
func (b *bench) sharpPalettes() []variant {
	var list []variant
	for _, dither := range []int{1, 0} {
		base := map[string]any{"palette": true, "effort": 10, "compressionLevel": 9, "dither": dither}
		for _, by := range []string{"quality", "colours"} {
			v := variant{low: 1, high: 100}
			if by == "colours" {
				v.low, v.high = 2, 256
			}
			v.label = func(n int) string { return fmt.Sprintf("%s=%d dither=%d", by, n, dither) }
			v.make = func(n int) (blob.Blob, cost, error) {
				o := map[string]any{by: n}
				for k, value := range base {
					o[k] = value
				}
				return b.made(ask{Op: "sharp", Format: "png", Options: o}, ".png")
			}
			list = append(list, v)
		}
	}
	return list
}
