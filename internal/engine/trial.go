package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// contest is all that is tried for one file: a trial for each format it may come out as.
type contest struct {
	run     *run
	in      codec.Subject
	asked   recipe.Recipe
	target  recipe.Target
	parts   []report.Report // of a container's members
	changed bool            // the input is no possible result
	within  bool            // the input is within the size that was asked for: nothing need be lost
	exact   bool            // no loss is allowed, and something without loss is a possible result
	trials  []*trial
	tried   int // candidates of all plans
	total   int
	steps   int // encodes of the candidate that is tried
}

// trial holds the attempts of one plan and what they are measured against.
type trial struct {
	*contest
	plan     codec.Plan
	original codec.Subject // what results are compared with
	floor    float64       // the score that lossy results must reach
	metric   Metric
	ref      Reference // prepared at the first use
	hint     int       // the level that the last search settled on: a good start for the next one like it
	hintFrom kind      // of that search: unlike ones settle elsewhere
	rival    rival     // the smallest draft that a search of that kind settled on
	settled  []settled // what is to be made in full yet
	attempts []attempt
}

// attempt is one encoded candidate.
type attempt struct {
	candidate codec.Candidate
	draft     bool // measured on the way, never a result
	blob      blob.Blob
	score     *Score          // nil if not measured
	equal     bool            // decoded contents are the same, exactly
	parts     []report.Report // of a container: what it holds
	failure   error
	verdict   string
	took      time.Duration
}

// The verdicts of attempts; "failed: <code>" is the other one.
const (
	chosen      = "chosen"
	larger      = "larger"
	tooLarge    = "over-the-size"
	lowQuality  = "below-quality"
	notSmallest = "not-smallest"
	notEqual    = "not-lossless"
	draftOnly   = "draft"
	cannotWin   = "not-tried: cannot be smaller"
)

// add opens the trial of one plan.
func (c *contest) add(ctx context.Context, plan codec.Plan) (*trial, error) {
	row, _ := c.run.formats.Row(c.in.Format)
	t := &trial{contest: c, plan: plan, original: c.in, floor: c.in.Floor, metric: c.run.metrics[row.Family]}
	if c.fitting() {
		if t.floor = c.target.Score; t.floor == 0 {
			t.floor = math.Inf(-1) // none was asked for, and scores may be negative
		}
	} else if plan.Changed && !c.exact {
		// Another size or format cannot always be made without loss. Where none is
		// allowed, or was spent before, what the eye cannot tell apart is what is left;
		// a score that the client named stays what it is.
		t.floor = max(min(t.floor, recipe.VisuallyLossless), floorFor(c.target.Score, codec.Prior{}))
	}
	if plan.Floor > 0 {
		t.floor = max(t.floor, plan.Floor)
	}
	c.trials = append(c.trials, t)
	if plan.Reference == nil {
		return t, nil
	}
	b, err := t.write(t.prepared(ctx), plan.Reference)
	if err != nil {
		return nil, err
	}
	t.original = codec.Subject{Blob: b, Format: plan.ReferenceFormat}
	return t, nil
}

func (c *contest) close() {
	for _, t := range c.trials {
		if t.ref != nil {
			t.ref.Close()
		}
	}
}

// try makes one attempt of a plain candidate, or a search's worth of them.
func (t *trial) try(ctx context.Context, c codec.Candidate) error {
	switch {
	case c.Knob != nil && t.exact, t.within && !c.Lossless:
		return nil // a search is for loss
	case t.cannotWin(ctx, c):
		t.attempts = append(t.attempts, attempt{candidate: c, draft: true, verdict: cannotWin})
		return errors.Join(ctx.Err(), t.finish(ctx))
	case c.Knob != nil && t.fitting():
		return t.fit(ctx, c)
	case c.Knob != nil:
		if err := t.search(ctx, c); err != nil || t.leads(c.Knob) {
			return err
		}
		return t.finish(ctx)
	}
	_, err := t.encode(ctx, c, false)
	return err
}

// cannotWin says whether a cheap look tells that the candidate will be larger than what
// there is.
func (t *trial) cannotWin(ctx context.Context, c codec.Candidate) (cannot bool) {
	if c.AtLeast == nil {
		return false
	}
	defer func() {
		if recover() != nil {
			cannot = false // the attempt itself will fail, and tell
		}
	}()
	size, err := c.AtLeast(ctx)
	if t.fitting() {
		return err == nil && size > t.target.Bytes
	}
	return err == nil && size >= t.bound()
}

// encode makes and judges one attempt. An error means that the run is over; a candidate
// that fails is an attempt that failed.
func (t *trial) encode(ctx context.Context, c codec.Candidate, draft bool) (*attempt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	start := time.Now()
	a := attempt{candidate: c, draft: draft}
	a.blob, a.failure = t.write(t.advancing(ctx, encoding, 0, encodeShare), c.Encode)
	if a.failure == nil {
		a.failure = t.measure(t.advancing(ctx, comparing, encodeShare, 1), &a)
	}
	t.steps++
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if problem.Has(a.failure, problem.WorkerTimeout) {
		// Out of memory: the job ends. Going on without this candidate would let the
		// machine choose the winner.
		return nil, a.failure
	}
	a.took = time.Since(start)
	if draft && a.failure == nil {
		t.run.scratch.Remove(a.blob) // its size and score are all that is needed
	}
	t.attempts = append(t.attempts, a)
	return &t.attempts[len(t.attempts)-1], nil
}

// measure compares an attempt with the original, unless it is too large to win.
func (t *trial) measure(ctx context.Context, a *attempt) error {
	limit := float64(t.in.Blob.Size)
	if a.draft {
		limit *= draftSlack
	}
	if !t.changed && float64(a.blob.Size) >= limit || t.fitting() && a.blob.Size > t.target.Bytes {
		return nil
	}
	if t.ref == nil {
		ref, err := t.metric.Reference(ctx, t.original)
		if err != nil {
			return fmt.Errorf("reference: %w", err)
		}
		t.ref = ref
	}
	got := codec.Subject{Blob: a.blob, Format: a.candidate.Format}
	if a.candidate.Lossless {
		equal, err := t.ref.Equal(ctx, got)
		a.equal = equal
		if equal {
			a.parts = t.partsIn() // equal, that is, to the container with these parts
			lowest := lowestOf(a.parts)
			a.score = &lowest
		}
		return err
	}
	score, err := t.ref.Score(ctx, got)
	if err != nil {
		return err
	}
	a.score = &score
	return nil
}

// draftSlack is how much larger than the input a draft may be and still be measured.
const draftSlack = 1.5

// write runs one encoder into a new blob. A panic in a codec is a failed attempt; its
// stack is the cause, for the log.
func (t *trial) write(ctx context.Context, encode func(context.Context, *blob.Writer) error) (b blob.Blob, err error) {
	w, err := t.run.scratch.Create()
	if err != nil {
		return blob.Blob{}, err
	}
	defer w.Discard()
	defer func() {
		if p := recover(); p != nil {
			err = problem.New(problem.Internal).Because(fmt.Errorf("codec panicked: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := encode(ctx, w); err != nil {
		return blob.Blob{}, err
	}
	if w.Size() == 0 {
		return blob.Blob{}, errors.New("the encoder wrote nothing")
	}
	return w.Commit()
}

// good says whether a may be the result as far as quality goes.
func (t *trial) good(a *attempt) bool {
	switch {
	case a.failure != nil || a.draft || t.fitting() && a.blob.Size > t.target.Bytes:
		return false
	case a.candidate.Lossless:
		return a.equal
	case a.candidate.Fixed:
		return a.score != nil
	}
	return a.score != nil && a.score.Mean >= t.floor && (t.plan.Worst == 0 || a.score.Worst >= t.plan.Worst)
}

// bound is the size that an attempt must stay below to be of use: that of the smallest
// good one so far, or of the input where that is a possible result.
func (c *contest) bound() int64 {
	least := int64(math.MaxInt64)
	if !c.changed {
		least = c.in.Blob.Size
	}
	for _, t := range c.trials {
		for i := range t.attempts {
			if a := &t.attempts[i]; t.good(a) {
				least = min(least, a.blob.Size)
			}
		}
	}
	return least
}

// rounded keeps three decimals: more is noise, and the report is read by people.
func rounded(score float64) *float64 {
	v := math.Round(score*1000) / 1000
	return &v
}
