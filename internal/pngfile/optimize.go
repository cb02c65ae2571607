package pngfile

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"compressor/internal/deflate"
	"compressor/internal/redeflate"
)

// Optimize writes the picture as small as lossless coding allows at this effort: Equal(m,
// Decode of the result) holds, and the samples under full transparency are among those that
// stay. keep names the chunks to write; everything else of the input is gone. The result is a
// function of the RGBA samples, of keep and of effort alone: not of how m stores its samples,
// nor of load, time or the number of processors. It is not interlaced.
//
// Fields of m or keep that make no sense are an internal problem. When ctx ends, its error is
// returned.
func Optimize(ctx context.Context, m *Image, keep Ancillary, effort Effort) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if err := keep.check(); err != nil {
		return nil, err
	}
	f, m := analyse(m)
	list := layouts(m, &f, keep.profileSpace())
	widest := 0
	for _, l := range list {
		widest = max(widest, l.stride+1)
	}
	o := &optimizer{budget: effort.budget(widest * m.Height)}
	o.bands, o.whole = bandsOf(m.Height, o.budget.sample/widest)
	best, err := o.search(ctx, list)
	if err != nil {
		return nil, err
	}
	return assemble(m, best, &keep)
}

// optimizer is what one search works with.
type optimizer struct {
	budget budget
	bands  []band // the rows that estimates look at
	whole  bool   // they are all rows
}

// attempt is a layout with a filter for each row.
type attempt struct {
	layout   *layout
	strategy string
	choices  choices
	size     int    // estimated, later exact: deflated raster and overhead
	stream   []byte // the deflated raster, once it is final
}

// search screens the layouts, then the strategies of the best ones, then deflates the best
// few with full strength, and the best of these once more. All ties go to what comes first in
// the lists, so the outcome does not depend on which goroutine is done first.
func (o *optimizer) search(ctx context.Context, list []*layout) (*attempt, error) {
	list, err := o.screen(ctx, list)
	if err != nil {
		return nil, err
	}
	var all []*attempt
	for _, l := range list {
		tried, err := o.attempts(ctx, l, o.budget.strategies)
		if err != nil {
			return nil, err
		}
		all = append(all, tried...)
	}
	if err := o.estimate(ctx, all); err != nil {
		return nil, err
	}
	finals := o.best(all)
	err = parallel(ctx, len(finals), func(i int) error { return o.finish(ctx, finals[i]) })
	if err != nil {
		return nil, err
	}
	finals = o.different(finals)
	err = parallel(ctx, len(finals), func(i int) error { return o.again(ctx, finals[i]) })
	return slices.MinFunc(finals, bySize), err
}

// different gives the smallest final, and of a small picture the smallest of each other
// colour type: what is deflated once more shrinks by up to a tenth where pixels take four
// bytes, and by a hundredth where they are indices.
func (o *optimizer) different(finals []*attempt) []*attempt {
	slices.SortStableFunc(finals, bySize)
	kept := finals[:1]
	for _, a := range finals[1:] {
		alike := func(b *attempt) bool { return a.layout.color == b.layout.color }
		if o.budget.types && !slices.ContainsFunc(kept, alike) {
			kept = append(kept, a)
		}
	}
	return kept
}

func bySize(a, b *attempt) int { return cmp.Compare(a.size, b.size) }

// screen keeps the layouts that look best under two cheap strategies.
func (o *optimizer) screen(ctx context.Context, list []*layout) ([]*layout, error) {
	if len(list) <= o.budget.layouts {
		return list, nil
	}
	// One after the other, and packed again later where kept: the rows of all layouts
	// together may be many times the picture.
	sizes := make(map[*layout]int, len(list))
	for _, l := range list {
		tries, err := o.attempts(ctx, l, []string{strategyNone, strategyEntropy})
		if err != nil {
			return nil, err
		}
		if err := o.estimate(ctx, tries); err != nil {
			return nil, err
		}
		sizes[l] = min(tries[0].size, tries[1].size)
		l.unpack()
	}
	kept := slices.Clone(list)
	slices.SortStableFunc(kept, func(a, b *layout) int { return cmp.Compare(sizes[a], sizes[b]) })
	return kept[:o.budget.layouts], nil
}

// attempts makes the attempts of these strategies, with filters for the sampled rows.
func (o *optimizer) attempts(ctx context.Context, l *layout, names []string) ([]*attempt, error) {
	var all []*attempt
	wanted := map[string]choices{}
	for _, name := range names {
		wanted[name] = make(choices, l.height)
		all = append(all, &attempt{layout: l, strategy: name, choices: wanted[name]})
	}
	return all, choose(ctx, l.pack(), wanted, o.bands)
}

// estimate fills in the sizes that the attempts would have, judged by the sampled rows.
func (o *optimizer) estimate(ctx context.Context, all []*attempt) error {
	return parallel(ctx, len(all), func(i int) error {
		a := all[i]
		var sample []byte
		for _, b := range o.bands {
			sample = a.layout.rows.filtered(sample, a.choices, b)
		}
		stream, err := deflate.Compress(nil, sample, o.budget.probe)
		if err != nil {
			return err
		}
		seen := len(sample) / (a.layout.stride + 1)
		a.size = int(int64(len(stream))*int64(a.layout.height)/int64(seen)) + a.layout.overhead()
		return nil
	})
}

// best gives the attempts that shall be deflated whole: the smallest and those near it, each
// choice once.
func (o *optimizer) best(all []*attempt) []*attempt {
	slices.SortStableFunc(all, bySize)
	var finals []*attempt
	for _, a := range all {
		twin := slices.ContainsFunc(finals, a.twin)
		near := a.size-all[0].size <= all[0].size/1000*o.budget.margin
		if !twin && near && len(finals) < o.budget.finals {
			finals = append(finals, a)
		}
	}
	return finals
}

// twin says whether b would deflate to about the same bytes as a: the same filters, or no
// filters and palettes in two orders, since without differences a renaming changes no match.
func (a *attempt) twin(b *attempt) bool {
	if a.layout == b.layout {
		return bytes.Equal(a.choices, b.choices)
	}
	return a.layout.color == Palette && b.layout.color == Palette && a.layout.depth == b.layout.depth &&
		a.strategy == strategyNone && b.strategy == strategyNone
}

// finish chooses filters for all rows of a, deflates them and sets its exact size.
func (o *optimizer) finish(ctx context.Context, a *attempt) error {
	l := a.layout
	if !o.whole {
		err := choose(ctx, l.rows, map[string]choices{a.strategy: a.choices}, halves(l.height))
		if err != nil {
			return err
		}
	}
	rows := l.rows.filtered(make([]byte, 0, (l.stride+1)*l.height), a.choices, band{0, l.height})
	for _, level := range o.budget.levels {
		if err := ctx.Err(); err != nil {
			return err
		}
		stream, err := deflate.Compress(nil, rows, level)
		if err != nil {
			return err
		}
		if a.stream == nil || len(stream) < len(a.stream) {
			a.stream = bytes.Clone(stream)
		}
	}
	a.size = len(a.stream) + l.overhead()
	return nil
}

// denseAgain is the share of the raster, 1/denseAgain, above which a stream is taken as it is:
// what is hard to deflate, such as a photo, has few matches to choose among. Measured, 1.5 to
// 2.8 % of screenshots and drawings are gained, and 0.0 to 0.1 % of photos. A small raster is
// tried in any case.
const denseAgain = 3

// again deflates a finished attempt once more, slower and better, if that may pay.
func (o *optimizer) again(ctx context.Context, a *attempt) error {
	l := a.layout
	size := (l.stride + 1) * l.height
	if size > o.budget.again || size > smallRaster && len(a.stream) > size/denseAgain {
		return nil
	}
	rows := l.rows.filtered(make([]byte, 0, size), a.choices, band{0, l.height})
	stream, err := redeflate.AppendZlib(ctx, nil, rows)
	if err == nil && len(stream) < len(a.stream) {
		a.size -= len(a.stream) - len(stream)
		a.stream = stream
	}
	return err
}
