// Package transfer is what the drivers of object stores share: trying again, cutting a file
// into parts with their digests, and telling why a connection failed.
package transfer

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"

	"compressor/internal/storage"
)

// Tries say how often an operation is tried, and how long the pauses between are. What fails
// for longer is for the job to try again, which outlives this process.
type Tries struct {
	Most    int           // in all
	First   time.Duration // the first pause; each further one is twice as long
	Longest time.Duration // also of what a store may ask for: one that asks for more gets its fault passed on
}

// DefaultTries takes at most about ten seconds of pauses, unless the store asks for more.
func DefaultTries() Tries { return Tries{Most: 4, First: time.Second, Longest: time.Minute} }

// Do calls do until it succeeds, fails for good, or was tried often enough, with the number of
// the try from 0. It returns the last error of do, or the cause why ctx ended.
func (t Tries) Do(ctx context.Context, do func(try int) error) error {
	pause := t.First
	for try := 0; ; try++ {
		err := do(try)
		if ctx.Err() != nil && err != nil {
			return context.Cause(ctx)
		}
		var fault *storage.Fault
		if err == nil || !errors.As(err, &fault) || !fault.Retry() || try+1 >= t.Most || fault.After > t.Longest {
			return err
		}
		if err := wait(ctx, max(fault.After, spread(pause))); err != nil {
			return err
		}
		pause = min(2*pause, t.Longest)
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// spread takes up to half of a pause away, so that what failed together does not come back
// together.
func spread(d time.Duration) time.Duration {
	var b [4]byte
	rand.Read(b[:]) // never fails
	return d - time.Duration(float64(d)/2*float64(binary.NativeEndian.Uint32(b[:]))/(1<<32))
}

// NoteNoACL is the note of Written for an ACL that nobody named and that the bucket does not take.
const NoteNoACL = "The bucket takes no ACLs, so the object was written without one."

// tidying is how long a store may take to forget what was half sent.
const tidying = 10 * time.Second

// Tidy returns a context for that, which goes on where ctx has ended.
func Tidy(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), tidying)
}
