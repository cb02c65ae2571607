package main

import (
	"context"
	"fmt"
	"maps"

	"compressor/internal/blob"
	"compressor/internal/format"
)

// photosAs compares the engine with sharp on photos, in one format.
func photosAs(id format.ID) func(context.Context, *bench) (part, error) {
	return func(ctx context.Context, b *bench) (part, error) {
		if !b.formats[id] {
			return missing(id), nil
		}
		duels := map[float64]*duel{}
		for _, target := range targets() {
			duels[target] = &duel{}
		}
		for _, p := range b.photos {
			p = p.resized()
			if err := b.photo(ctx, &p, id, duels); err != nil {
				return part{}, fmt.Errorf("%s: %w", p.name, err)
			}
		}
		return photoPart(b, id, duels), nil
	}
}

// settings are what sharp is asked for beside the quality: its defaults, with mozjpeg's
// encoder for JPEG.
func settings(id format.ID) map[string]any {
	switch id {
	case "jpeg":
		return map[string]any{"mozjpeg": true}
	default:
		return map[string]any{"effort": 4}
	}
}

// duel is both sides at one target over all photos.
type duel struct {
	rows         [][]any
	ours, theirs int64
	ourCost      cost
	theirCost    cost
	final        cost // one encode of sharp at the quality it settled on
	encodes      []int
	below        int // results of ours whose score is under the target
	unreached    int // photos where sharp does not reach the target at any quality
}

// photo measures one photo at every target.
func (b *bench) photo(ctx context.Context, p *picture, id format.ID, duels map[float64]*duel) error {
	most := b.options.megapixels
	if id == "avif" {
		most = min(most, slowMost)
	}
	if err := b.plainOf(p, most); err != nil {
		return err
	}
	n, err := b.node()
	if err != nil {
		return err
	}
	load, err := n.do(ask{Op: "load", In: p.plain.Path()})
	if err != nil {
		return err
	}
	t, err := newTrials(ctx, p.plain, load)
	if err != nil {
		return err
	}
	defer t.close()
	quality := variant{low: 1, high: 100,
		label: func(q int) string { return fmt.Sprintf("q=%d", q) },
		make: func(q int) (blob.Blob, cost, error) {
			o := maps.Clone(settings(id))
			o["quality"] = q
			return b.made(ask{Op: "sharp", Format: string(id), Options: o}, "."+string(id))
		},
	}
	for _, target := range targets() {
		theirs, err := t.search(ctx, target, quality)
		if err != nil {
			return err
		}
		ours, err := b.compress(ctx, p.plain, p.name+".png", asking(id, target))
		if err != nil {
			return err
		}
		duels[target].add(p, target, ours, theirs, t.done[theirs.label].encode)
	}
	return nil
}

func (d *duel) add(p *picture, target float64, ours, theirs outcome, final cost) {
	d.ours += ours.bytes
	d.theirs += theirs.bytes
	d.ourCost.add(ours.cost)
	d.theirCost.add(theirs.cost)
	d.final.add(final)
	d.encodes = append(d.encodes, ours.cost.encodes)
	if ours.score < target {
		d.below++
	}
	if !theirs.fits {
		d.unreached++
	}
	d.rows = append(d.rows, []any{p.name, p.megapixels(), ours.bytes, ours.score, ours.label,
		theirs.bytes, theirs.score, theirs.label, percent(ours.bytes, theirs.bytes)})
}

// photoPart turns the duels into tables.
func photoPart(b *bench, id format.ID, duels map[float64]*duel) part {
	p := part{Title: fmt.Sprintf("%s of photos at equal score, against sharp %v", id, settings(id))}
	sums := table{Title: "totals; time is for the search, and for one encode of sharp at the quality it ends at",
		Columns: []string{"score", "ours", "sharp", "difference", "our CPU s", "sharp CPU s", "one encode", "our wall s", "sharp wall s", "encodes, median", "p95"}}
	for _, target := range targets() {
		d := duels[target]
		sums.add(fmt.Sprintf("%g", target), d.ours, d.theirs, percent(d.ours, d.theirs),
			d.ourCost.cpu.Seconds(), d.theirCost.cpu.Seconds(), d.final.cpu.Seconds(),
			d.ourCost.wall.Seconds(), d.theirCost.wall.Seconds(),
			quantile(d.encodes, 0.5), quantile(d.encodes, 0.95))
		p.Tables = append(p.Tables, table{Title: fmt.Sprintf("at %g", target), Rows: d.rows,
			Columns: []string{"photo", "MP", "ours", "score", "by", "sharp", "score", "by", "difference"}})
		if d.below+d.unreached > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("At %g: %d of ours are below it; sharp does not reach it for %d.", target, d.below, d.unreached))
		}
	}
	p.Tables = append(p.Tables, sums)
	return p
}
