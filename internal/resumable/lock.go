package resumable

import (
	"context"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"

	"compressor/internal/problem"
)

// NewLock implements handler.Locker by tusd's locks in memory, which do, since one process
// serves a data directory. Who wants an upload interrupts who has it: a client that comes
// again after its connection broke need not wait until the server has noticed.
func (b *Box) NewLock(id string) (handler.Lock, error) {
	inner, err := b.locks.NewLock(id)
	return &lock{inner: inner, box: b, id: id}, err
}

type lock struct {
	inner handler.Lock
	box   *Box
	id    string
}

// Lock implements handler.Lock. What it takes to make the holder give way is the call's own;
// tusd's way reads the body's field while the holder writes it.
func (l *lock) Lock(ctx context.Context, giveWay func()) error {
	if c, ok := ctx.Value(callKey{}).(*Call); ok {
		giveWay = func() {
			c.Fail(problem.Newf(problem.UploadLocked, "Another request has taken this upload over."))
			c.Interrupt()
		}
	}
	if err := l.inner.Lock(ctx, giveWay); err != nil {
		return fail(ctx, problem.New(problem.UploadLocked).Because(err))
	}
	l.box.hold(l.id, true)
	return nil
}

// Unlock implements handler.Lock.
func (l *lock) Unlock() error {
	l.box.hold(l.id, false)
	return l.inner.Unlock()
}

// hold notes whether somebody has the lock of an upload.
func (b *Box) hold(id string, held bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := b.open[id]; ok {
		e.held = held
	}
}

// lockTime is how long the sweeper waits for a holder to give way.
const lockTime = 5 * time.Second

// locked does something while it holds the lock of an upload, if that is still open then.
func (b *Box) locked(ctx context.Context, id string, do func() error) error {
	l, err := b.NewLock(id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	if err := l.Lock(ctx, func() {}); err != nil {
		return err
	}
	defer l.Unlock() //nolint:errcheck // it cannot fail
	b.mu.Lock()
	_, open := b.open[id]
	b.mu.Unlock()
	if !open {
		return nil
	}
	return do()
}

// Abandon removes an upload that nobody knows of, since the request that made it failed.
func (b *Box) Abandon(ctx context.Context, id string) error {
	return b.locked(ctx, id, func() error { return b.drop(id) })
}

// Sweep makes jobs of complete uploads that are none yet, and removes uploads whose time has
// passed, also from under who writes. What fails is logged and tried again the next time.
func (b *Box) Sweep(ctx context.Context) {
	var complete, expired []string
	b.mu.Lock()
	for id, e := range b.open {
		switch {
		case !b.now().Before(e.expires):
			expired = append(expired, id)
		case e.offset == e.size && !e.held: // who has it makes the job
			complete = append(complete, id)
		}
	}
	b.mu.Unlock()
	for _, id := range complete {
		if err := b.locked(ctx, id, func() error { return b.finish(ctx, id) }); err != nil {
			b.log.Warn("complete upload is no job yet", "upload", id, "error", err)
		}
	}
	for _, id := range expired {
		if err := b.locked(ctx, id, func() error { return b.drop(id) }); err != nil {
			b.log.Error("expired upload not removed", "upload", id, "error", err)
		}
	}
}
