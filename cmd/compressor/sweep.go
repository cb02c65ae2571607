package main

import (
	"context"
	"time"
)

// sweep removes what has expired, gives jobs of dead holders back, and keeps doing so
// until ctx ends.
func (n *node) sweep(ctx context.Context) {
	reap := time.NewTicker(lease / 3)
	defer reap.Stop()
	clean := time.NewTicker(n.config.Jobs.SweepEvery)
	defer clean.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-reap.C:
			n.keeper.Reap(ctx)
		case <-clean.C:
			n.keeper.Expired(ctx)
			n.uploads.Sweep(ctx)
			n.keeper.Records(ctx, n.config.Jobs.RecordTTL)
			if _, err := n.hooks.Forget(ctx, time.Now().Add(-n.config.Jobs.RecordTTL)); err != nil && ctx.Err() == nil {
				n.log.Error("old webhooks", "error", err)
			}
			if err := n.meter.ForgetDays(ctx); err != nil && ctx.Err() == nil {
				n.log.Error("old use by day", "error", err)
			}
			n.keeper.Orphans(ctx, 2*n.config.Sandbox.Wall+time.Hour)
		}
	}
}
