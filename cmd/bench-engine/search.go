package main

import (
	"context"
	"slices"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/metric"
)

// trials remembers what the other side made of one picture, so that the searches of
// several targets share encodes. Each search is charged for all that it looked at, as if
// it had been alone.
type trials struct {
	ref  engine.Reference
	load cost // decoding the picture, once for each search
	done map[string]outcome
}

// newTrials prepares the reference of a picture.
func newTrials(ctx context.Context, ref blob.Blob, load cost) (*trials, error) {
	t := &trials{done: map[string]outcome{}}
	spent, err := timed(func() (err error) {
		t.ref, err = metric.Pixels{}.Reference(ctx, codec.Subject{Blob: ref})
		return err
	})
	load.encodes = 0
	load.add(spent)
	t.load = load
	return t, err
}

func (t *trials) close() { t.ref.Close() }

// encoder makes a file at one setting. No file and no error means that it declined.
type encoder func(setting int) (blob.Blob, cost, error)

// at gives the outcome of one setting, made and scored at the first call.
func (t *trials) at(ctx context.Context, label string, make encoder, setting int) (outcome, error) {
	if got, ok := t.done[label]; ok {
		return got, nil
	}
	file, spent, err := make(setting)
	if err != nil {
		return outcome{}, err
	}
	got := outcome{label: label, bytes: file.Size, cost: spent, encode: spent}
	if file.Size > 0 {
		var s engine.Score
		judged, err := timed(func() (err error) {
			s, err = t.ref.Score(ctx, codec.Subject{Blob: file})
			return err
		})
		if err != nil {
			return outcome{}, err
		}
		got.score = s.Mean
		got.cost.add(judged)
	}
	t.done[label] = got
	return got, nil
}

// variant is one integer setting of the other side to search, low to high.
type variant struct {
	low, high int
	label     func(setting int) string
	make      encoder
}

// search finds, by bisection in each variant, the lowest setting whose score is at least
// the target, and gives the smallest of them; the best score found where none is.
func (t *trials) search(ctx context.Context, target float64, variants ...variant) (outcome, error) {
	best := outcome{}
	total := t.load
	for _, v := range variants {
		for low, high := v.low, v.high; low <= high; {
			middle := (low + high) / 2
			got, err := t.at(ctx, v.label(middle), v.make, middle)
			if err != nil {
				return outcome{}, err
			}
			total.add(got.cost)
			got.fits = got.bytes > 0 && got.score >= target
			if got.fits {
				high = middle - 1
			} else {
				low = middle + 1
			}
			best = better(best, got)
		}
	}
	best.cost = total
	return best, nil
}

// better is the smaller of those that fit, else the one of the higher score.
func better(a, b outcome) outcome {
	switch {
	case a.bytes == 0, b.fits && !a.fits, a.fits && b.fits && b.bytes < a.bytes,
		!a.fits && !b.fits && b.score > a.score:
		return b
	}
	return a
}

// quantile is the value below which the part p of the values lies.
func quantile[T int | float64](values []T, p float64) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}
