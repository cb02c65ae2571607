package work

import (
	"context"
	"log/slog"
	"time"

	"compressor/internal/blob/disk"
	"compressor/internal/job"
)

// Keeper does the housekeeping of a node. Each method is one round; what fails is logged
// and tried again in the next.
type Keeper struct {
	store job.Keeper
	files *disk.Store
	log   *slog.Logger
}

// NewKeeper keeps house over store and files.
func NewKeeper(store job.Keeper, files *disk.Store, log *slog.Logger) *Keeper {
	return &Keeper{store: store, files: files, log: log}
}

// batch is how many results one round looks at before it looks again.
const batch = 500

// Reap gives jobs whose holder is silent back to the queue.
func (k *Keeper) Reap(ctx context.Context) {
	n, err := k.store.Reap(ctx)
	if err != nil && ctx.Err() == nil {
		k.log.Error("reaper", "error", err)
	}
	if n > 0 {
		k.log.Warn("jobs of a silent holder go on elsewhere", "jobs", n)
	}
}

// Expired removes results past their time: the file first, then the row's word of it.
func (k *Keeper) Expired(ctx context.Context) {
	for ctx.Err() == nil {
		left, err := k.store.Expired(ctx, batch)
		if err != nil {
			k.log.Error("sweeper", "error", err)
			return
		}
		var gone []string
		for _, l := range left {
			if err := k.files.Remove(l.Path); err != nil {
				k.log.Error("result not removed", "job", l.Job, "error", err)
				break
			}
			gone = append(gone, l.Job)
		}
		if err := k.store.MarkResultGone(ctx, gone...); err != nil {
			k.log.Error("results not marked", "error", err)
			return
		}
		if len(gone) < batch {
			return
		}
	}
}

// Records removes the records of jobs that ended longer than life ago, and forgets
// idempotency keys whose time is over.
func (k *Keeper) Records(ctx context.Context, life time.Duration) {
	if _, err := k.store.DeleteOld(ctx, time.Now().Add(-life)); err != nil && ctx.Err() == nil {
		k.log.Error("old records", "error", err)
	}
	if _, err := k.store.ForgetOnce(ctx); err != nil && ctx.Err() == nil {
		k.log.Error("old idempotency keys", "error", err)
	}
}

// Orphans removes stored files that no row names and that are older than age.
func (k *Keeper) Orphans(ctx context.Context, age time.Duration) {
	// The list is read before the folders: a file kept after that is young, or, at the
	// start, not there yet.
	inputs, results, err := k.store.References(ctx)
	if err != nil {
		k.log.Error("orphans", "error", err)
		return
	}
	used := map[string]bool{}
	for _, name := range append(inputs, results...) {
		used[name] = true
	}
	for _, folder := range []string{"inputs", "results"} {
		n, err := k.files.SweepOrphans(folder, used, age, time.Now())
		if err != nil {
			k.log.Error("orphans", "error", err)
		}
		if n > 0 {
			k.log.Info("files without a job removed", "folder", folder, "files", n)
		}
	}
}
