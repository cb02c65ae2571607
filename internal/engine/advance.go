package engine

import (
	"context"

	"compressor/internal/codec"
)

// Of a run's percents, candidates have those from beforeEncode on, encodeWidth of them in
// equal parts. Of one encode, writing the file counts for encodeShare, and measuring it for
// the rest.
const (
	beforeEncode = 10
	encodeWidth  = 80
	encodeShare  = 0.8
)

// encoding reports how far the contest is, with this share of its present step done. How
// many steps a search takes is not known before, so each has half of what the ones before
// it have left.
func (c *contest) encoding(share float64) {
	if c.in.Part {
		return
	}
	left := 1 / float64(int64(1)<<min(c.steps, 60))
	within := 1 - left + left/2*share
	c.run.progress("encode", int64(c.tried), int64(c.total), beforeEncode+encodeWidth*(float64(c.tried)+within)/float64(c.total))
}

// advancing gives a context through which a long step tells how far it is, of which the
// part from one share to another is to be done.
func (c *contest) advancing(ctx context.Context, from, to float64) context.Context {
	return codec.WithProgress(ctx, func(share float64) { c.encoding(from + (to-from)*share) })
}
