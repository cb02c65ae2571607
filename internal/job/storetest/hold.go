package storetest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// verbs are all that a holder may do.
func verbs(s job.Store) map[string]func(context.Context, job.Ticket) error {
	return map[string]func(context.Context, job.Ticket) error{
		"Claim": func(ctx context.Context, t job.Ticket) error {
			_, err := s.Claim(ctx, t, "node9/p9", lease)
			return err
		},
		"Renew": func(ctx context.Context, t job.Ticket) error {
			return s.Renew(ctx, t, lease, job.Progress{Percent: 99})
		},
		"SetInput": func(ctx context.Context, t job.Ticket) error { return s.SetInput(ctx, t, "in/stale", 1) },
		"Finish": func(ctx context.Context, t job.Ticket) error {
			_, err := s.Finish(ctx, t, outcome("stale link", "stale path"))
			return err
		},
		"Fail": func(ctx context.Context, t job.Ticket) error {
			_, err := s.Fail(ctx, t, problem.New(problem.WorkerDied))
			return err
		},
		"Again": func(ctx context.Context, t job.Ticket) error {
			_, err := s.Again(ctx, t, lease)
			return err
		},
		"Release": func(ctx context.Context, t job.Ticket) error {
			_, err := s.Release(ctx, t)
			return err
		},
	}
}

// losses are all the ways a holder loses a job: each takes a held job away.
func losses() map[string]func(*testing.T, *Bench, job.Job) {
	return map[string]func(*testing.T, *Bench, job.Job){
		"finished": func(t *testing.T, b *Bench, j job.Job) {
			must(t)(b.Store.Finish(t.Context(), j.Ticket(), job.Outcome{}))
		},
		"failed": func(t *testing.T, b *Bench, j job.Job) {
			must(t)(b.Store.Fail(t.Context(), j.Ticket(), problem.New(problem.FileCorrupt)))
		},
		"canceled": func(t *testing.T, b *Bench, j job.Job) { must(t)(b.Store.Cancel(t.Context(), j.ID)) },
		"released": func(t *testing.T, b *Bench, j job.Job) { must(t)(b.Store.Release(t.Context(), j.Ticket())) },
		"again":    func(t *testing.T, b *Bench, j job.Job) { must(t)(b.Store.Again(t.Context(), j.Ticket(), lease)) },
		"reaped": func(t *testing.T, b *Bench, _ job.Job) {
			b.Clock.Advance(lease + time.Second)
			if n, err := b.Store.Reap(t.Context()); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		},
		"recovered": func(t *testing.T, b *Bench, _ job.Job) {
			if n, err := b.Store.Recover(t.Context(), "node1"); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		},
		"reaped and claimed": func(t *testing.T, b *Bench, j job.Job) {
			b.Clock.Advance(lease + time.Second)
			if n, err := b.Store.Reap(t.Context()); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			must(t)(b.Store.Claim(t.Context(), job.Ticket{Job: j.ID, Epoch: j.Epoch + 1}, "node1/p1", lease))
		},
		"old and deleted": func(t *testing.T, b *Bench, j job.Job) {
			must(t)(b.Store.Finish(t.Context(), j.Ticket(), job.Outcome{}))
			b.Clock.Advance(time.Second)
			if n, err := b.Store.DeleteOld(t.Context(), b.Clock.Now()); n < 1 || err != nil {
				t.Fatal(n, err)
			}
		},
	}
}

// testStale: whoever lost a job, in whatever way, changes nothing by any verb.
func testStale(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	for how, lose := range losses() {
		j := b.claim(t, b.enqueue(t, "k1"))
		lose(t, b, j)
		before, errBefore := b.Store.Get(t.Context(), j.ID)
		tickets := b.Tickets(t)
		for verb, do := range verbs(b.Store) {
			err := do(t.Context(), j.Ticket())
			if !errors.Is(err, job.ErrStale) {
				t.Errorf("%s after it was %s: %v, want ErrStale", verb, how, err)
			}
			if canceled := how == "canceled" && verb != "Claim"; errors.Is(err, job.ErrCanceled) != canceled {
				t.Errorf("%s after it was %s: %v", verb, how, err)
			}
		}
		after, errAfter := b.Store.Get(t.Context(), j.ID)
		if !reflect.DeepEqual(before, after) || (errBefore == nil) != (errAfter == nil) {
			t.Errorf("the row of a job that was %s changed:\n%+v\n%+v", how, before, after)
		}
		if got := b.Tickets(t); !reflect.DeepEqual(got, tickets) {
			t.Errorf("tickets changed after it was %s: %v", how, got)
		}
		drain(t, b)
	}
	// A ticket of the future is no better than one of the past.
	j := b.claim(t, b.enqueue(t, "k1"))
	for verb, do := range verbs(b.Store) {
		if err := do(t.Context(), job.Ticket{Job: j.ID, Epoch: j.Epoch + 1}); !errors.Is(err, job.ErrStale) {
			t.Errorf("%s with a later epoch: %v", verb, err)
		}
		if err := do(t.Context(), job.Ticket{Job: "unknown", Epoch: 1}); !errors.Is(err, job.ErrStale) {
			t.Errorf("%s of an unknown job: %v", verb, err)
		}
	}
	must(t)(b.Store.Finish(t.Context(), j.Ticket(), job.Outcome{}))
}

// drain ends every open job, so that the next case counts its own only.
func drain(t *testing.T, b *Bench) {
	t.Helper()
	for _, ticket := range b.Tickets(t) {
		if _, err := b.Store.Cancel(t.Context(), ticket.Job); err != nil && !problem.Has(err, problem.NotFound) {
			t.Fatal(err)
		}
	}
	if c, err := b.Store.Counts(t.Context()); err != nil || c != (job.Counts{}) {
		t.Fatal(c, err)
	}
}

// race runs f ten times at once and returns how often it succeeded; every other outcome
// must be ErrStale.
func race(t *testing.T, f func(i int) error) int {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, 10)
	begin := make(chan struct{})
	for i := range errs {
		wg.Go(func() {
			<-begin
			errs[i] = f(i)
		})
	}
	close(begin)
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, job.ErrStale) {
			t.Error(err)
		}
	}
	return won
}

func testClaimRace(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	for range 5 {
		j := b.enqueue(t, "k1")
		owners := make([]string, 10)
		if n := race(t, func(i int) error {
			c, err := b.Store.Claim(t.Context(), j.Ticket(), "node"+string(rune('0'+i)), lease)
			owners[i] = c.Owner
			return err
		}); n != 1 {
			t.Errorf("%d claimed one job", n)
		}
		if got := b.get(t, j.ID).Owner; owners[got[len(got)-1]-'0'] != got {
			t.Errorf("the row says %s, the winners %v", got, owners)
		}
	}
}

func testFinishRace(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	for range 5 {
		j := b.claim(t, b.enqueue(t, "k1"))
		if n := race(t, func(i int) error {
			switch i % 3 {
			case 0:
				_, err := b.Store.Finish(t.Context(), j.Ticket(), job.Outcome{})
				return err
			case 1:
				_, err := b.Store.Fail(t.Context(), j.Ticket(), problem.New(problem.Internal))
				return err
			default:
				_, err := b.Store.Again(t.Context(), j.Ticket(), lease)
				return err
			}
		}); n != 1 {
			t.Errorf("%d of ten had the last word", n)
		}
	}
}

func testAgain(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	j := b.claim(t, b.enqueue(t, "k1"))
	if err := b.Store.Renew(t.Context(), j.Ticket(), lease, job.Progress{Percent: 50}); err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(time.Minute) // the lease is over, but nobody took the job
	a := must(t)(b.Store.Again(t.Context(), j.Ticket(), lease))
	if a.State != job.Processing || a.Epoch != j.Epoch+1 || a.Attempts != 1 || a.Owner != j.Owner ||
		a.Progress != (job.Progress{Percent: 50}) || !a.LeaseUntil.Equal(b.Clock.Now().Add(lease)) {
		t.Errorf("again: %+v", a)
	}
	b.has(t, j.Ticket()) // no ticket: it goes on where it was
	must(t)(b.Store.Finish(t.Context(), a.Ticket(), job.Outcome{}))
}

func testRelease(t *testing.T, mk Make) {
	b := mk(t, Limits{})
	j := b.claim(t, b.enqueue(t, "k1"))
	p := job.Progress{Percent: 50, Phase: "search", Done: 1, Total: 2}
	if err := b.Store.Renew(t.Context(), j.Ticket(), lease, p); err != nil {
		t.Fatal(err)
	}
	r := must(t)(b.Store.Release(t.Context(), j.Ticket()))
	if r.State != job.Enqueued || r.Progress != p || r.Epoch != 2 || r.Owner != "" || r.Attempts != 0 || !r.LeaseUntil.IsZero() {
		t.Errorf("released: %+v", r)
	}
	b.has(t, j.Ticket(), r.Ticket())
	must(t)(b.Store.Claim(t.Context(), r.Ticket(), "node2/p1", lease))
}
