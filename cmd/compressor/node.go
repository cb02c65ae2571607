package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"compressor/internal/account"
	"compressor/internal/blob/disk"
	"compressor/internal/codec"
	"compressor/internal/codec/all"
	"compressor/internal/config"
	"compressor/internal/connector"
	"compressor/internal/database"
	"compressor/internal/deliver"
	"compressor/internal/egress"
	"compressor/internal/engine"
	"compressor/internal/format"
	"compressor/internal/job"
	"compressor/internal/job/store"
	"compressor/internal/jobprocess"
	"compressor/internal/problem"
	"compressor/internal/queue"
	"compressor/internal/resumable"
	"compressor/internal/sandbox"
	"compressor/internal/webhook"
	"compressor/internal/work"
)

// lease is how long a job is held without a sign of life. A server that dies gives its
// jobs back at its next start at once; only another node has to wait for the lease.
const lease = 30 * time.Second

// handed is how many tickets the queue hands out at once, at most (River's own limit). It
// knows no keys, so it hands out all: keys take turns among those that wait for theirs.
const handed = 10_000

// budget bounds what containers may make one job expand (security.md, section 3), and work
// on: 200 photos of 12 megapixels, or a tenth of that as PNG, take some 25 minutes of
// processor time.
func budget() engine.Budget {
	return engine.Budget{Depth: 8, Parts: 10_000, Bytes: 4 << 30, Ratio: 200, Work: 2_400_000_000}
}

// node is everything of a serving process but its HTTP side.
type node struct {
	config  config.Config
	log     *slog.Logger
	cage    sandbox.Status
	serving *database.Serving
	db      *database.DB
	keys    *account.Keys
	meter   *account.Meter
	store   *store.Store
	queue   *queue.Queue
	files   *disk.Store
	pool    *jobprocess.Pool
	worker  *work.Worker
	desk    *work.Desk
	keeper  *work.Keeper
	hooks   *webhook.Box
	post    *egress.Client // for webhooks
	uploads *resumable.Box
	formats *format.Table

	connectors *connector.Store
	stores     *deliver.Desk
}

// newNode puts a node together. What was opened is closed again if a later step fails.
func newNode(ctx context.Context, c config.Config, log *slog.Logger) (n *node, err error) {
	n = &node{config: c, log: log}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if n.serving, err = database.Serve(c.Server.Data); err != nil {
		return n, problem.Newf(problem.OptionsInvalid, "%v.", err)
	}
	if n.db, err = database.Open(ctx, c.Server.Data); err != nil {
		return n, err
	}
	if n.keys, err = account.Open(ctx, n.db, time.Now); err != nil {
		return n, err
	}
	limits := account.Limits{Window: c.Limits.Window, Requests: c.Limits.Rate, Reads: c.Limits.Polls}
	if n.meter, err = account.OpenMeter(ctx, n.db, limits, time.Now); err != nil {
		return n, err
	}
	if n.files, err = disk.New(c.Server.Data); err != nil {
		return n, err
	}
	if err = n.files.SweepIncoming(); err != nil {
		return n, err
	}
	jobs := filepath.Join(c.Server.Data, "jobs")
	if n.pool, n.cage, err = openPool(ctx, c, jobs, c.Jobs.Slots, c.Jobs.Spares); err != nil {
		return n, err
	}
	if n.formats, err = format.NewTable(all.Codecs().Rows()...); err != nil {
		return n, err
	}
	if err = n.openStores(ctx); err != nil {
		return n, err
	}
	if err = n.openJobs(ctx); err != nil {
		return n, err
	}
	return n, n.openUploads(ctx)
}

// openUploads finds the resumable uploads of earlier processes. Those that were complete
// become jobs at once.
func (n *node) openUploads(ctx context.Context) (err error) {
	c := n.config
	limits := resumable.Limits{Open: c.Upload.Open, Life: c.Upload.Life, MinFree: int64(c.Server.MinFree)}
	if n.uploads, err = resumable.Open(n.files, n.desk, limits, n.log, time.Now); err != nil {
		return err
	}
	n.uploads.Sweep(ctx)
	return nil
}

// openJobs wires the rows, the queue and the worker.
func (n *node) openJobs(ctx context.Context) error {
	c := n.config
	owner := n.serving.Node() + "/" + uuid.NewString()
	var err error
	n.queue, err = queue.New(ctx, n.db.Write(), queue.Config{
		Workers: min(c.Jobs.QueueMax+c.Jobs.Slots+1, handed), Timeout: 12 * time.Hour, Logger: slog.New(atLeastWarn{n.log.Handler()}),
	})
	if err != nil {
		return err
	}
	if err := n.openWebhooks(ctx); err != nil {
		return err
	}
	notifier := job.NewNotifier()
	n.store = store.New(n.db, n.queue, store.Options{
		Limits: store.Limits{Admitted: c.Jobs.Concurrent, QueuedPerKey: c.Jobs.Queued, Queued: c.Jobs.QueueMax, BytesPerKey: int64(c.Jobs.KeyBytes)},
		Keep:   c.Jobs.ResultTTL, Now: time.Now, Notify: notifier.Notify, Outbox: n.hooks, Keys: admission{n.keys},
	})
	recovered, err := n.store.Recover(ctx, n.serving.Node())
	if err != nil {
		return err
	}
	if recovered > 0 {
		n.log.Info("jobs of an earlier process go on", "jobs", recovered)
	}
	space := disk.NewSpace(n.files.Free, int64(c.Server.MinFree))
	n.worker = work.NewWorker(work.Tools{
		Store: n.store, Files: n.files, Space: space, Pool: n.pool, Fetch: egress.New(fetchPolicy(c)),
		Stores: n.stores, Formats: n.formats, Log: n.log,
	}, work.Limits{
		File:   codec.Limits{Pixels: c.Sandbox.Pixels, Frames: c.Sandbox.Frames, Seconds: float64(c.Sandbox.Seconds)},
		Budget: budget(), Lease: lease, Sync: config.SyncBytes, Parallel: 2 * c.Jobs.Slots,
	}, owner)
	waiter := job.NewWaiter(notifier, n.store.Get)
	n.desk = work.NewDesk(n.store, waiter, n.files, space, n.worker)
	// Nothing is under way yet, so a file without a row is nobody's, however young.
	n.keeper = work.NewKeeper(n.store, n.files, n.log)
	n.keeper.Orphans(ctx, 0)
	return n.queue.Start(context.WithoutCancel(ctx), n.worker.Handle)
}

// fetchPolicy is where files may be fetched from.
func fetchPolicy(c config.Config) egress.Policy {
	p := egress.Policy{
		Allow: config.Prefixes(c.Egress.FetchAllow), MaxBytes: int64(c.Upload.MaxBytes),
		Connect: c.Fetch.Connect, Idle: c.Fetch.Idle, Total: c.Fetch.Total, UserAgent: c.Fetch.UserAgent,
	}
	p.Ports = openPorts(c)
	return p
}

// openPorts are those of public addresses.
func openPorts(c config.Config) []uint16 {
	var ports []uint16
	for _, port := range c.Egress.Ports {
		ports = append(ports, uint16(port))
	}
	return ports
}

// drain lets running jobs end, within the configured time. The queue stops handing out
// tickets first; what still runs at the end goes back to it.
func (n *node) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), n.config.Server.Drain)
	defer cancel()
	var stopping sync.WaitGroup
	stopping.Go(func() {
		if err := n.queue.Stop(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("queue not stopped cleanly", "error", err)
		}
	})
	n.desk.Close(ctx)
	stopping.Wait()
}

// close gives back what was opened, last first.
func (n *node) close() {
	var errs []error
	if n.pool != nil {
		errs = append(errs, n.pool.Close())
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	if n.serving != nil {
		errs = append(errs, n.serving.Release())
	}
	if err := errors.Join(errs...); err != nil {
		n.log.Error("not closed cleanly", "error", fmt.Sprint(err))
	}
}
