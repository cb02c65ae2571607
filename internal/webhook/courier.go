package webhook

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"time"

	"compressor/internal/database"
	"compressor/internal/egress"
	"compressor/internal/job"
)

// Bounds of what is under way at once. A receiver that hangs costs its own places only, and
// so does a key that names many such.
const (
	atOnce         = 256
	atOncePerKey   = 64
	atOnceReceiver = 8
)

const (
	lostAfter = time.Minute           // a try that was not noted by then is made again
	longest   = 10 * time.Minute      // between two looks, in case nobody rang
	shortest  = 20 * time.Millisecond // likewise, when a look found nothing to take
	broken    = time.Second           // after a look that failed
	grace     = 3 * time.Second       // for tries under way when the service stops
	noteLimit = 10 * time.Second      // for what must be noted even then
)

// Sender makes one request. egress.Client is one.
type Sender interface {
	Post(ctx context.Context, m egress.Message) (egress.Answer, error)
}

// Jobs is what a courier needs to know of jobs, and to tell of them.
type Jobs interface {
	Get(ctx context.Context, id string) (job.Job, error)

	// HoldTx says, within tx, until when a result stays, and whether its notice is over.
	HoldTx(ctx context.Context, tx *sql.Tx, id string, until time.Time, over bool) error

	// Keep is the life of a result.
	Keep() time.Duration
}

// Options of NewCourier.
type Options struct {
	Render func(context.Context, job.Job) ([]byte, error) // what GET /1.0/jobs/{id} answers
	Pauses []time.Duration                                // after each failed try but the last; DefaultPauses when nil
	Random func() float64                                 // from 0 up to 1, for the jitter; of crypto/rand when nil
	Log    *slog.Logger
}

// Courier makes the tries of a box's deliveries.
type Courier struct {
	box    *Box
	jobs   Jobs
	send   Sender
	render func(context.Context, job.Job) ([]byte, error)
	when   schedule
	log    *slog.Logger

	mu   sync.Mutex // of what is under way, by whose it is
	all  int
	keys map[string]int
	from map[string]int
}

// NewCourier returns a courier for box that tells of jobs.
func NewCourier(box *Box, jobs Jobs, send Sender, o Options) *Courier {
	c := &Courier{
		box: box, jobs: jobs, send: send, render: o.Render, log: o.Log,
		when: schedule{pauses: o.Pauses, random: o.Random}, keys: map[string]int{}, from: map[string]int{},
	}
	if c.when.pauses == nil {
		c.when.pauses = DefaultPauses()
	}
	if c.when.random == nil {
		c.when.random = unit
	}
	return c
}

// Run delivers until ctx ends. Tries under way then have a moment to end; those that do not
// are made again at the next start.
func (c *Courier) Run(ctx context.Context) {
	trying, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var tries sync.WaitGroup
	for ctx.Err() == nil {
		began := time.Now()
		due, wait := c.look(ctx)
		for _, d := range due {
			tries.Go(func() { c.try(trying, d) })
		}
		// A look takes all that may begin, so looking half of the time at most costs nothing
		// when many wait, and spares a core.
		pause(ctx, nil, min(time.Since(began), broken))
		pause(ctx, c.box.bell, wait)
	}
	last := time.AfterFunc(grace, cut)
	defer last.Stop()
	tries.Wait()
}

// pause waits for d, or until the bell rings or ctx ends.
func pause(ctx context.Context, bell <-chan struct{}, d time.Duration) {
	sleep := time.NewTimer(d)
	defer sleep.Stop()
	select {
	case <-ctx.Done():
	case <-bell:
	case <-sleep.C:
	}
}

// look takes what is due and may begin, and says when to look again unless the bell rings.
func (c *Courier) look(ctx context.Context) ([]Delivery, time.Duration) {
	next, err := c.nextDue(ctx)
	if err == nil && (next.IsZero() || next.After(c.box.now())) {
		return nil, c.until(next)
	}
	var due []Delivery
	if err == nil {
		due, err = c.take(ctx)
	}
	switch {
	case err != nil && ctx.Err() == nil:
		c.log.Error("webhooks not looked up", "error", err)
		return nil, broken
	case len(due) == 0:
		return nil, shortest
	}
	return due, 0
}

// until is how long to wait for a time, zero for none.
func (c *Courier) until(next time.Time) time.Duration {
	if next.IsZero() {
		return longest
	}
	return min(max(next.Sub(c.box.now()), shortest), longest)
}

// done gives the places of a delivery free.
func (c *Courier) done(d Delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	drop(c.keys, d.KeyID)
	drop(c.from, d.from)
	c.box.Wake()
}

func drop(counts map[string]int, name string) {
	if counts[name]--; counts[name] <= 0 {
		delete(counts, name)
	}
}

// enter takes the places of a delivery, if there are.
func (c *Courier) enter(d Delivery) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= atOnce || c.keys[d.KeyID] >= atOncePerKey || c.from[d.from] >= atOnceReceiver {
		return false
	}
	c.all++
	c.keys[d.KeyID]++
	c.from[d.from]++
	return true
}

// full lists the receivers and the keys that have no place left, and how many places there
// are in all.
func (c *Courier) full() (receivers, keys []string, room int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, n := range c.from {
		if n >= atOnceReceiver {
			receivers = append(receivers, name)
		}
	}
	for name, n := range c.keys {
		if n >= atOncePerKey {
			keys = append(keys, name)
		}
	}
	return receivers, keys, atOnce - c.all
}

// note ends what a try came to, in one transaction: what becomes of the delivery and how
// long the result stays. A try that was given up for lost meanwhile notes nothing.
func (c *Courier) note(d Delivery, held time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), noteLimit)
	defer cancel()
	err := c.box.db.InTx(ctx, func(tx *sql.Tx) error {
		n, err := update(ctx, tx, d)
		if err != nil || n == 0 {
			return err
		}
		return c.jobs.HoldTx(ctx, tx, d.JobID, held, d.Next.IsZero())
	})
	if err != nil {
		c.log.Error("webhook's try not noted; it will be made again", "delivery", d.ID, "error", err)
	}
}

// release gives a try back whose end nobody waited for.
func (c *Courier) release(d Delivery) {
	ctx, cancel := context.WithTimeout(context.Background(), noteLimit)
	defer cancel()
	_, err := c.box.db.Exec(ctx, `UPDATE delivery SET state = 'scheduled', next_at = $1
		WHERE id = $2 AND state = 'dispatched' AND next_at = $3`,
		database.Millis(c.box.now()), d.ID, database.Millis(d.lost))
	if err != nil {
		c.log.Error("webhook not given back", "delivery", d.ID, "error", err)
	}
}
