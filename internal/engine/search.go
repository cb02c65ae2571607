package engine

import (
	"context"
	"fmt"
	"math"
	"slices"

	"compressor/internal/codec"
	"compressor/internal/problem"
)

// maxSteps bounds one search, whatever happens. Effort is bounded by steps, never by the
// clock: load must not choose the winner.
const maxSteps = 9

// search looks for the smallest level of c's knob whose finished file reaches the floor.
//
// It is a bisection steered by interpolation: scores rise smoothly with level, so two
// measured points predict where the floor is crossed to within a level or two. Every
// step is encoded and scored whole. It ends when neighbours are known, when what is left
// is already too large to win, or after maxSteps. If the steps were drafts, the level it
// settled on is then to be made in full, by finish, and scored like any other finished file.
func (t *trial) search(ctx context.Context, c codec.Candidate) error {
	k := c.Knob
	step := k.At
	if k.Draft != nil {
		step = k.Draft
	}
	s := span{low: k.Low - 1, high: k.High + 1}
	level, hope, err := t.sketch(ctx, k)
	if err != nil || !hope {
		return err
	}
	for i := range maxSteps {
		level = s.alike(k, level)
		a, err := t.encode(ctx, step(level), k.Draft != nil)
		if err != nil {
			return err
		}
		switch {
		case a.failure != nil:
			return nil // the next level would fail in the same way
		case a.score == nil && k.Sketch != nil && s.lowScore == nil && i > 0:
			return nil // larger than the input where sketches cross the floor, and a level below
		case a.score == nil:
			s.above(level, 0, nil) // larger than the input: only lower levels can win
		case t.beaten(k, a):
			return nil
		case a.score.Mean >= t.floor:
			s.above(level, a.blob.Size, &a.score.Mean)
		default:
			s.below(level, a.blob.Size, a.score.Mean)
		}
		if s.high-s.low <= 1 || s.settled(t.floor, k) {
			break
		}
		if level = s.next(t.floor, k); k.Sketch != nil && s.lowScore == nil && s.highScore == nil {
			level = s.high - 1 // sketches led here, and to a level too high at most
		}
	}
	return t.settle(ctx, k, s)
}

// beaten says whether nothing of a search can win any more, after a step of it: a file that
// is not good enough is already too large, or one like it did better. The latter goes by
// what the search of the same kind before found: at its score, this one would be larger.
func (t *trial) beaten(k *codec.Knob, a *attempt) bool {
	slack := 1.0
	if k.Draft != nil {
		slack = k.Slack
	}
	if a.score.Mean < t.floor && float64(a.blob.Size) >= slack*float64(t.bound()) {
		return true
	}
	return k.Draft != nil && t.follows(k) && t.rival.at(a.score.Mean) < float64(a.blob.Size)*(1-chance)
}

// chance is how much smaller than foreseen a candidate may still come out.
const chance = 0.03

// rival is the draft that a search settled on: another search of the same kind has to come
// out smaller than it.
type rival struct{ size, score, rate float64 }

// at foresees the size of the rival at another score, rather too large: what is said to be
// larger than that is.
func (r rival) at(score float64) float64 {
	rate := r.rate
	if score < r.score {
		rate = leastRate
	}
	return r.size * math.Exp((score-r.score)*rate)
}

// The rate at which sizes grow with scores, per point: what photos and graphics alike have
// at least, the usual one, and what a measured one is taken to be at most: two drafts may
// lie close together.
const (
	leastRate = 0.012
	usualRate = 0.03
	mostRate  = 0.06
)

// rival is what the search settled on.
func (s *span) rival() rival {
	r := rival{size: float64(s.highSize), score: *s.highScore, rate: usualRate}
	if s.lowScore != nil && *s.highScore > *s.lowScore {
		measured := math.Log(float64(s.highSize)/float64(s.lowSize)) / (*s.highScore - *s.lowScore)
		r.rate = min(max(measured, usualRate), mostRate)
	}
	return r
}

// maxSketches bounds the cheap steps before a search.
const maxSketches = 5

// sketch gives the level to begin a search with: where cheap files cross the floor, if the
// codec can make such. A search before has found a better one. There is no hope if even a
// sketch that is not good enough is Slack times as large as something good.
func (t *trial) sketch(ctx context.Context, k *codec.Knob) (level int, hope bool, err error) {
	level, hope, err = t.start(ctx, k)
	if err != nil || k.Sketch == nil || t.hint != 0 {
		return level, hope, err
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
			s.above(level, 0, nil)
		case a.score.Mean < t.floor && k.Slack > 0 && float64(a.blob.Size) >= k.Slack*float64(t.bound()):
			return level, false, nil
		case math.Abs(a.score.Mean-t.floor) < inReach*slopeOf(k):
			level += int(math.Ceil((t.floor - a.score.Mean) / slopeOf(k)))
			return min(max(level, s.low+1), s.high-1), true, nil
		case a.score.Mean >= t.floor:
			s.above(level, a.blob.Size, &a.score.Mean)
		default:
			s.below(level, a.blob.Size, a.score.Mean)
		}
		if s.tooHigh(t.floor, k) {
			return level, false, nil
		}
		if s.high-s.low <= 1 {
			return min(s.high, k.High), true, nil
		}
		level = s.next(t.floor, k)
	}
	return level, true, nil
}

// inReach is how many levels' worth of score a sketch may be off the floor for its level and
// the slope to tell where files in full cross it as well as another sketch would: the scores
// of sketches are as far from those of full files.
const inReach = 2

// start is the level to begin with: where the search before ended, or what the codec says,
// at best of these very contents. There is no hope if the codec says so after that search.
// It errs only where memory has run out.
func (t *trial) start(ctx context.Context, k *codec.Knob) (level int, hope bool, err error) {
	level, hope = k.Start, true
	switch {
	case t.follows(k) && k.Follow != nil:
		level, hope = k.Follow(t.hint)
	case t.follows(k):
		level = t.hint
	case k.Seed != nil:
		seed, err := seeded(ctx, k)
		if problem.Has(err, problem.WorkerTimeout) {
			return 0, false, err // as in encode: the machine must not choose the winner
		}
		if err == nil {
			level = seed
		}
	}
	return min(max(level, k.Low), k.High), hope, nil
}

// seeded asks the codec to look at the contents. Where it cannot, or panics, encoding them
// will fail in the same way, and tell.
func seeded(ctx context.Context, k *codec.Knob) (level int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("codec panicked: %v", p)
		}
	}()
	return k.Seed(ctx)
}

// kind is what searches that follow one another have in common.
type kind struct {
	name  string
	start int
}

func kindOf(k *codec.Knob) kind {
	if k.Kind != "" {
		return kind{name: k.Kind}
	}
	return kind{start: k.Start}
}

// follows says whether a search of the same kind has settled before.
func (t *trial) follows(k *codec.Knob) bool { return t.hint != 0 && t.hintFrom == kindOf(k) }

// settle hands the lowest level that was good enough to finish, if it is a draft. If none
// was, the input is no possible result and nothing else is good enough either, it is the
// closest. Of files that are no drafts, it tries what lies between that level and the next.
func (t *trial) settle(ctx context.Context, k *codec.Knob, s span) error {
	level := s.high
	switch {
	case s.highScore != nil:
		if r := s.rival(); !t.follows(k) || r.size < t.rival.at(r.score) {
			t.rival = r
		}
		t.hint, t.hintFrom = level, kindOf(k)
	case t.changed && s.lowScore != nil && t.bound() == math.MaxInt64:
		level = s.low
	default:
		return nil
	}
	if k.Draft != nil {
		t.settled = append(t.settled, settled{candidate: k.At(level), size: float64(s.highSize), good: s.highScore != nil})
		return nil
	}
	worth := s.highScore != nil && *s.highScore-t.floor >= halfway*slopeOf(k) && s.highSize <= t.bound()
	if k.Between != nil && level > k.Low && worth {
		_, err := t.encode(ctx, k.Between(level), false)
		return err
	}
	return nil
}

// settled is a level that a search of drafts settled on.
type settled struct {
	candidate codec.Candidate
	size      float64 // of its draft, if that was good
	good      bool    // if not, it is the closest, where nothing else is
}

// leads says whether the candidate after that of k is a search that follows it. What k
// settled on then waits for that.
func (t *trial) leads(k *codec.Knob) bool {
	list := t.plan.Candidates
	i := slices.IndexFunc(list, func(c codec.Candidate) bool { return c.Knob == k })
	if i < 0 || i+1 == len(list) || list[i+1].Knob == nil {
		return false
	}
	return list[i+1].Knob.Follow != nil && kindOf(list[i+1].Knob) == kindOf(k)
}

// astray is how much a draft may be larger than another and still be the smaller in full.
const astray = 0.06

// finish makes in full what searches settled on: the one with the smallest draft, and those
// that come close to it; if no draft was good, all.
func (t *trial) finish(ctx context.Context) error {
	waiting := t.settled
	t.settled = nil
	least := math.Inf(1)
	for _, w := range waiting {
		if w.good {
			least = min(least, w.size)
		}
	}
	for _, w := range waiting {
		if w.good && w.size*(1-astray) > least || !w.good && !math.IsInf(least, 1) {
			continue
		}
		if _, err := t.encode(ctx, w.candidate, false); err != nil {
			return err
		}
	}
	return nil
}

// halfway is the share of a level's worth of score that must be left over for what lies
// between it and the level below to be worth an encode.
const halfway = 0.6

// span is what is known of a search: the floor is crossed above low and at or below
// high. Scores are nil where they are not known.
type span struct {
	low, high           int
	lowScore, highScore *float64
	lowSize, highSize   int64   // bytes, where the scores are known
	lowPull, highPull   float64 // see next
	rising              bool    // the last point was below the floor
	oneSided            int     // points so far, while all are on one side of the floor
}

// alike gives the level to try for one that is alike to others: the lowest of them, which
// is the smallest; if that is known to miss the floor, the highest, which says whether any
// of them reaches it; if that is known to, the level itself.
func (s *span) alike(k *codec.Knob, level int) int {
	if k.Alike == nil {
		return level
	}
	switch first, last := k.Alike(level); {
	case first > s.low:
		return min(first, level)
	case last < s.high:
		return max(last, level)
	}
	return level
}

func (s *span) above(level int, size int64, score *float64) {
	s.oneSided++
	if !s.rising {
		s.lowPull /= 2 // the second on this side in a row
	}
	s.high, s.highSize, s.highScore, s.highPull, s.rising = level, size, score, 1, false
}

func (s *span) below(level int, size int64, score float64) {
	s.oneSided++
	if s.rising {
		s.highPull /= 2
	}
	s.low, s.lowSize, s.lowScore, s.lowPull, s.rising = level, size, &score, 1, true
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
// where the slope is only the typical one, and more where it was measured close by.
const (
	surely  = 0.6
	closely = 0.8
	nearby  = 3 // levels
)

// settled says whether the level below the best so far would, by the slope, miss the floor.
func (s *span) settled(floor float64, k *codec.Knob) bool {
	if s.highScore == nil {
		return false
	}
	rise := slopeOf(k) * surely / 2
	if s.lowScore != nil {
		share := surely
		if s.high-s.low <= nearby {
			share = closely
		}
		rise = (*s.highScore - *s.lowScore) / float64(s.high-s.low) * share
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
