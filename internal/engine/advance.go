package engine

import (
	"context"

	"compressor/internal/codec"
)

// Of a run's percents, what results are compared with has those from beforePrepare on, and
// candidates those from beforeEncode on, encodeWidth of them in equal parts. Of one encode,
// writing the file counts for encodeShare, and comparing it for the rest.
const (
	beforePrepare = 5
	beforeEncode  = 10
	encodeWidth   = 80
	encodeShare   = 0.8
)

// The phases in which a contest tells of its progress.
const (
	preparing = "prepare"
	encoding  = "encode"
	comparing = "compare"
)

// advance reports how far the contest is, with this share of its present step done. How
// many steps a search takes is not known before, so each has half of what the ones before
// it have left.
func (c *contest) advance(phase string, share float64) {
	if c.in.Part {
		return
	}
	left := 1 / float64(int64(1)<<min(c.steps, 60))
	within := 1 - left + left/2*share
	c.run.progress(phase, int64(c.tried), int64(c.total), beforeEncode+encodeWidth*(float64(c.tried)+within)/float64(c.total))
}

// advancing gives a context through which a long part of a step tells how far it is: that of
// the phase, which takes the step from one share to another.
func (c *contest) advancing(ctx context.Context, phase string, from, to float64) context.Context {
	return codec.WithProgress(ctx, func(share float64) { c.advance(phase, from+(to-from)*share) })
}

// prepared is the same for what results are compared with, before there is a step.
func (c *contest) prepared(ctx context.Context) context.Context {
	return codec.WithProgress(ctx, func(share float64) {
		if !c.in.Part {
			c.run.progress(preparing, 0, 0, beforePrepare+(beforeEncode-beforePrepare)*share)
		}
	})
}
