package webhook

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"time"

	"compressor/internal/database"
	"compressor/internal/egress"
	"compressor/internal/job"
	"compressor/internal/job/store"
	"compressor/internal/problem"
)

// keep is the life of a result in these tests.
const keep = 2 * time.Hour

// bench is a box over a real database, the real store of jobs, and a receiver of the test's
// making.
type bench struct {
	*Box
	t     testing.TB
	db    *database.DB
	jobs  *store.Store
	hooks *receivers
	log   *slog.Logger
}

// tickets is a queue that takes everything.
type tickets struct{}

func (tickets) EnqueueTx(context.Context, *sql.Tx, job.Ticket) error { return nil }
func (tickets) ForgetTx(context.Context, *sql.Tx) error              { return nil }
func (tickets) Wake()                                                {}

// anywhere is a guard that refuses one host.
type anywhere struct{}

func (anywhere) Refuses(u *url.URL) error {
	if u.Hostname() == "private.example" {
		return problem.New(problem.SourceForbidden)
	}
	return nil
}

// newBench opens everything in a folder; inside of a bubble the database must be opened, and
// closed, there as well.
func newBench(t testing.TB, dir string) *bench {
	t.Helper()
	db, err := database.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	key := make([]byte, 32)
	box, err := New(db, key, anywhere{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Box: box, t: t, db: db, hooks: &receivers{does: map[string]answers{}}, log: slog.New(slog.DiscardHandler)}
	b.jobs = store.New(db, tickets{}, store.Options{Keep: keep, Outbox: box})
	return b
}

// ends makes a job of key with an order and ends it, with a result unless p says why not.
func (b *bench) ends(key string, o Order, p *problem.Problem) job.Job {
	b.t.Helper()
	if o.Events == nil {
		o.Events = []job.State{job.Completed, job.Failed}
	}
	n, err := b.Notice(key, o)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx := b.t.Context()
	j, err := b.jobs.Enqueue(ctx, job.Job{KeyID: key, Notice: n})
	if err == nil {
		j, err = b.jobs.Claim(ctx, j.Ticket(), "n/p", time.Hour)
	}
	if err == nil && p != nil {
		j, err = b.jobs.Fail(ctx, j.Ticket(), p)
	} else if err == nil {
		j, err = b.jobs.Finish(ctx, j.Ticket(), job.Outcome{Output: job.Output{LinkID: j.ID, Path: j.Ticket().ResultPath(), Name: "x"}})
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return j
}

// the only delivery of a key.
func (b *bench) only(key string) Delivery {
	b.t.Helper()
	list, total, err := b.List(context.Background(), key, "", 0, 10)
	if err != nil || total != 1 || len(list) != 1 {
		b.t.Fatalf("%d deliveries of %s, %v", total, key, err)
	}
	return list[0]
}

func (b *bench) job(id string) job.Job {
	b.t.Helper()
	j, err := b.jobs.Get(context.Background(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return j
}

// run lets a courier work until stop is called.
func (b *bench) run(o Options) (stop func()) {
	if o.Render == nil {
		o.Render = func(_ context.Context, j job.Job) ([]byte, error) {
			return []byte(j.ID + " " + j.Expires.Format(time.RFC3339)), nil
		}
	}
	if o.Random == nil {
		o.Random = func() float64 { return 0.5 } // neither stretched nor shortened
	}
	o.Log = b.log
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		NewCourier(b.Box, b.jobs, b.hooks, o).Run(ctx)
	}()
	return func() { cancel(); <-done }
}

// answers is what a receiver does at its n-th request, counted from 1.
type answers func(ctx context.Context, n int) (egress.Answer, error)

// always answers with a status.
func always(status int) answers {
	return func(context.Context, int) (egress.Answer, error) { return egress.Answer{Status: status}, nil }
}

// receivers stand for the network, by URL. One that is not listed answers 200.
type receivers struct {
	mu   sync.Mutex
	does map[string]answers
	got  []request
	now  map[string]int // requests under way, by URL
	most map[string]int
}

type request struct {
	at time.Time
	egress.Message
}

var errCut = errors.New("cut off")

func (r *receivers) Post(ctx context.Context, m egress.Message) (egress.Answer, error) {
	r.mu.Lock()
	if r.now == nil {
		r.now, r.most = map[string]int{}, map[string]int{}
	}
	r.got = append(r.got, request{time.Now(), m})
	n := 0
	for _, q := range r.got {
		if q.URL == m.URL {
			n++
		}
	}
	do := r.does[m.URL]
	r.now[m.URL]++
	r.most[m.URL] = max(r.most[m.URL], r.now[m.URL])
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.now[m.URL]--
	}()
	if do == nil {
		do = always(200)
	}
	return do(ctx, n)
}

// hang answers nothing for as long as the service waits.
func hang(ctx context.Context, _ int) (egress.Answer, error) {
	select {
	case <-time.After(10 * time.Second):
		return egress.Answer{}, problem.New(problem.SourceTooSlow)
	case <-ctx.Done():
		return egress.Answer{}, errCut
	}
}

func (r *receivers) requests(url string) []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []request
	for _, q := range r.got {
		if q.URL == url {
			out = append(out, q)
		}
	}
	return out
}
