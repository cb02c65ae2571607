package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/report"
)

// entry is an attempt and the trial it belongs to.
type entry struct {
	*trial
	*attempt
}

// entries lists all attempts in the order they were made.
func (c *contest) entries() []entry {
	var all []entry
	for _, t := range c.trials {
		for i := range t.attempts {
			all = append(all, entry{t, &t.attempts[i]})
		}
	}
	return all
}

// choose takes the smallest good attempt that stands up to a look at the finished file,
// else the original where that is a possible result.
func (c *contest) choose(ctx context.Context, out Outcome) (Outcome, error) {
	for _, e := range c.ranking() {
		got, row, err := c.verify(ctx, e)
		if err != nil {
			if ctx.Err() != nil {
				return Outcome{}, err
			}
			e.failure = err
			continue
		}
		return c.take(e, got, row, out), nil
	}
	switch {
	case c.fitting():
		return Outcome{}, c.unreachable()
	case c.changed:
		return Outcome{}, c.firstFailure()
	}
	out = keep(out, c.whyKept())
	for _, t := range c.trials {
		out.Report.Notes = append(out.Report.Notes, t.plan.Notes...)
	}
	out.Report.Parts = asTheyWere(c.parts)
	out.Report.Attempts = c.lines()
	return out, nil
}

// take makes e the result.
func (c *contest) take(e entry, got codec.Subject, row format.Row, out Outcome) Outcome {
	e.verdict = chosen
	out.Result = e.blob
	out.Output = c.run.describe(got, row, row.Name(out.Input.Name))
	rep := &out.Report
	rep.Chosen = e.candidate.Label
	switch {
	case !e.good(e.attempt):
		rep.Reason = report.BelowQuality
	case c.fitting(), fitted(e.parts):
		rep.Reason = report.Fits
	case c.changed || e.candidate.Fixed:
		rep.Reason = report.Fixed
	default:
		rep.Reason = report.Smallest
	}
	rep.Notes = append(rep.Notes, e.plan.Notes...)
	rep.Parts = e.parts
	rep.Lost = append(slices.Concat(e.plan.Lost, e.candidate.Lost), lostBy(rep.Parts)...)
	rep.Metric = e.metric.Name()
	if e.score != nil {
		rep.Score, rep.Worst = rounded(e.score.Mean), rounded(e.score.Worst)
	}
	rep.SavedBytes = c.in.Blob.Size - e.blob.Size
	rep.SavedPercent = math.Round(float64(rep.SavedBytes)/float64(c.in.Blob.Size)*10000) / 100
	rep.Attempts = c.lines()
	return out
}

// fitted says whether a size instead of a floor decided on something within a container.
func fitted(parts []report.Report) bool {
	return slices.ContainsFunc(parts, func(r report.Report) bool { return r.Reason == report.Fits })
}

// ranking orders the attempts that may be the result, best first. Where the input is no
// possible result and nothing reached the floor, the closest one is what is left.
func (c *contest) ranking() []entry {
	var good, rest []entry
	for _, e := range c.entries() {
		switch {
		case e.good(e.attempt) && (c.changed || e.blob.Size < c.in.Blob.Size):
			good = append(good, e)
		case e.failure == nil && e.score != nil && !e.draft:
			rest = append(rest, e)
		}
	}
	slices.SortStableFunc(good, func(a, b entry) int { return cmp.Compare(a.blob.Size, b.blob.Size) })
	if c.fitting() {
		slices.SortStableFunc(good, func(a, b entry) int { return cmp.Compare(b.score.Mean, a.score.Mean) })
		return good
	}
	if len(good) > 0 || !c.changed {
		return good
	}
	slices.SortStableFunc(rest, func(a, b entry) int { return cmp.Compare(b.score.Mean, a.score.Mean) })
	return rest
}

// verify looks at a finished file as if it came from a stranger: it must be detected and
// inspected as what it claims to be. Its score was measured on this same file.
func (c *contest) verify(ctx context.Context, e entry) (codec.Subject, format.Row, error) {
	claimed, _ := c.run.formats.Row(e.candidate.Format) // formats without magic go by name
	got, row, err := c.run.inspect(ctx, file{blob: e.blob, name: claimed.Name(c.in.Name), recipe: c.asked})
	if err != nil {
		return got, row, fmt.Errorf("the result does not read back: %w", err)
	}
	if row.ID != e.candidate.Format || !slices.Contains(c.in.MayBe, row.ID) {
		return got, row, fmt.Errorf("the result is %s instead of %s", row.ID, e.candidate.Format)
	}
	return got, row, nil
}

// firstFailure is what to tell when something else than the input was asked for and
// every attempt failed.
func (c *contest) firstFailure() error {
	for _, e := range c.entries() {
		if e.failure != nil {
			return problem.From(e.failure)
		}
	}
	return problem.New(problem.Internal).Because(errors.New("no attempt could be judged"))
}

// whyKept tells why the original is the result.
func (c *contest) whyKept() report.Reason {
	for _, e := range c.entries() {
		if e.failure == nil && e.blob.Size < c.in.Blob.Size && e.blob.Size > 0 && (e.draft || !e.good(e.attempt)) {
			return report.BelowQuality
		}
	}
	return report.NothingWon
}

// lines turns the attempts into the report's.
func (c *contest) lines() []report.Attempt {
	var lines []report.Attempt
	for _, e := range c.entries() {
		line := report.Attempt{
			Label: e.candidate.Label, Size: e.blob.Size, Verdict: c.verdictOf(e),
			Milliseconds: e.took.Milliseconds(),
		}
		if e.score != nil {
			line.Score = rounded(e.score.Mean)
		}
		lines = append(lines, line)
	}
	return lines
}

// verdictOf says in a word what became of an attempt.
func (c *contest) verdictOf(e entry) string {
	switch {
	case e.verdict != "":
		return e.verdict
	case e.failure != nil:
		return "failed: " + string(problem.From(e.failure).Code)
	case c.fitting() && e.blob.Size > c.target.Bytes:
		return tooLarge
	case e.draft && (e.score == nil || e.score.Mean >= e.floor):
		return draftOnly
	case !c.changed && e.blob.Size >= c.in.Blob.Size:
		return larger
	case e.candidate.Lossless && !e.equal:
		return notEqual
	case !e.good(e.attempt):
		return lowQuality
	}
	return notSmallest
}
