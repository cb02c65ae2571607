package engine

import (
	"context"
	"math"

	"compressor/internal/codec"
)

// maxSteps bounds one search, whatever happens. Effort is bounded by steps, never by the
// clock: load must not choose the winner.
const maxSteps = 9

// search looks for the smallest level of c's knob whose finished file reaches the floor.
//
// It is a bisection steered by interpolation: scores rise smoothly with level, so two
// measured points predict where the floor is crossed to within a level or two. Every
// step is encoded and scored whole. It ends when neighbours are known, when what is left
// is already too large to win, or after maxSteps. Then the level it settled on is made in
// full, if the steps were drafts, and scored like any other finished file.
func (t *trial) search(ctx context.Context, c codec.Candidate) error {
	k := c.Knob
	step, slack := k.At, 1.0
	if k.Draft != nil {
		step, slack = k.Draft, k.Slack
	}
	s := span{low: k.Low - 1, high: k.High + 1}
	level, hope, err := t.sketch(ctx, k)
	if err != nil || !hope {
		return err
	}
	for i := range maxSteps {
		a, err := t.encode(ctx, step(level), k.Draft != nil)
		if err != nil {
			return err
		}
		if a.failure != nil {
			return nil // the next level would fail in the same way
		}
		hopeless := float64(a.blob.Size) >= slack*float64(t.bound())
		switch {
		case a.score == nil && i == 0 && k.Sketch != nil:
			return nil // larger than the input where sketches cross the floor
		case a.score == nil:
			s.above(level, nil) // larger than the input: only lower levels can win
		case a.score.Mean >= t.floor:
			s.above(level, &a.score.Mean)
		case hopeless:
			return nil // any level that is good enough is larger still
		default:
			s.below(level, a.score.Mean)
		}
		if s.high-s.low <= 1 || s.settled(t.floor, k) {
			break
		}
		level = s.next(t.floor, k)
	}
	return t.settle(ctx, k, s)
}

// maxSketches bounds the cheap steps before a search.
const maxSketches = 5

// sketch gives the level to begin a search with: where cheap files cross the floor, if the
// codec can make such. A search before has found a better one. There is no hope if even a
// sketch that is not good enough is Slack times as large as something good.
func (t *trial) sketch(ctx context.Context, k *codec.Knob) (level int, hope bool, err error) {
	level = t.start(k)
	if k.Sketch == nil || t.hint != 0 {
		return level, true, nil
	}
	s := span{low: k.Low - 1, high: k.High + 1}
	for range maxSketches {
		a, err := t.encode(ctx, k.Sketch(level), true)
		switch {
		case err != nil:
			return 0, false, err
		case a.failure != nil:
			return level, true, nil
		case a.score == nil:
			s.above(level, nil)
		case a.score.Mean >= t.floor:
			s.above(level, &a.score.Mean)
		case k.Slack > 0 && float64(a.blob.Size) >= k.Slack*float64(t.bound()):
			return level, false, nil
		default:
			s.below(level, a.score.Mean)
		}
		if s.tooHigh(t.floor, k) {
			return level, false, nil
		}
		if s.high-s.low <= 1 || s.settled(t.floor, k) {
			return min(s.high, k.High), true, nil
		}
		level = s.next(t.floor, k)
	}
	return level, true, nil
}

// start is the level to begin with: where the search before ended, or what the codec says.
func (t *trial) start(k *codec.Knob) int {
	level := k.Start
	if t.hint != 0 && t.hintFrom == k.Start {
		level = t.hint
	}
	return min(max(level, k.Low), k.High)
}

// settle makes the lowest level that was good enough in full. If none was, the input is
// no possible result and nothing else is good enough either, it makes the closest.
func (t *trial) settle(ctx context.Context, k *codec.Knob, s span) error {
	level := s.high
	switch {
	case s.highScore != nil:
		t.hint, t.hintFrom = level, k.Start
	case t.changed && s.lowScore != nil && t.bound() == math.MaxInt64:
		level = s.low
	default:
		return nil
	}
	if k.Draft == nil {
		return nil
	}
	_, err := t.encode(ctx, k.At(level), false)
	return err
}

// span is what is known of a search: the floor is crossed above low and at or below
// high. Scores are nil where they are not known.
type span struct {
	low, high           int
	lowScore, highScore *float64
	lowPull, highPull   float64 // see next
	rising              bool    // the last point was below the floor
	oneSided            int     // points so far, while all are on one side of the floor
}

func (s *span) above(level int, score *float64) {
	s.oneSided++
	if !s.rising {
		s.lowPull /= 2 // the second on this side in a row
	}
	s.high, s.highScore, s.highPull, s.rising = level, score, 1, false
}

func (s *span) below(level int, score float64) {
	s.oneSided++
	if s.rising {
		s.highPull /= 2
	}
	s.low, s.lowScore, s.lowPull, s.rising = level, &score, 1, true
}

// usualSlope is how much the score typically rises with a level, where the knob does not say.
// It only steers the second step; measured on photos with mozjpeg between 30 and 90.
const usualSlope = 0.45

// slopeOf is the codec's own figure, or else the typical one.
func slopeOf(k *codec.Knob) float64 {
	if k.Slope > 0 {
		return k.Slope
	}
	return usualSlope
}

// surely is the share of a level's worth of score that the best level so far may lie above
// the floor, if the one below it is not worth an encode: it would most likely fail. Half
// where the slope is only the typical one.
const surely = 0.6

// settled says whether the level below the best so far would, by the slope, miss the floor.
func (s *span) settled(floor float64, k *codec.Knob) bool {
	if s.highScore == nil {
		return false
	}
	rise := slopeOf(k) * surely / 2
	if s.lowScore != nil {
		rise = (*s.highScore - *s.lowScore) / float64(s.high-s.low) * surely
	}
	return *s.highScore-floor < rise
}

// tooHigh says whether the floor is crossed, even by twice the usual slope, only where files
// are too large to be scored.
func (s *span) tooHigh(floor float64, k *codec.Knob) bool {
	if s.highScore != nil || s.high > k.High || s.lowScore == nil {
		return false
	}
	steep := 2 * slopeOf(k)
	return s.high-s.low <= 1 || float64(s.low)+(floor-*s.lowScore)/steep >= float64(s.high)
}

// next picks the level to try: by interpolation between two known points, by the typical
// slope from one, in the middle of the span otherwise.
//
// Curves bend, so plain interpolation would creep up from one side. The Illinois rule
// (Dowell and Jarratt, 1971) halves the pull of a point that stays while the other side
// moves.
func (s *span) next(floor float64, k *codec.Knob) int {
	guess := float64(s.low+s.high) / 2
	slope := slopeOf(k)
	if k.Slope > 0 {
		// A second step that did not cross the floor shows that the curve is flatter than the
		// knob said: reach twice as far each time, rather than creep.
		slope /= float64(int(1) << max(s.oneSided-1, 0))
	}
	switch {
	case s.lowScore != nil && s.highScore != nil:
		below, above := s.lowPull*(floor-*s.lowScore), s.highPull*(*s.highScore-floor)
		guess = float64(s.low) + below/(below+above)*float64(s.high-s.low)
	case s.highScore != nil:
		guess = float64(s.high) - (*s.highScore-floor)/slope
	case s.lowScore != nil && s.high <= k.High:
		// The files from high on are too large to be scored. What is left may be, too.
		guess = min(guess, float64(s.low)+(floor-*s.lowScore)/slope)
	case s.lowScore != nil:
		guess = float64(s.low) + (floor-*s.lowScore)/slope
	}
	level := int(math.Ceil(guess))
	level = min(max(level, s.low+1), s.high-1)
	return min(max(level, k.Low), k.High)
}
