package webhook

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/egress"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// bubble runs f in a bubble of false time, with a bench of its own.
func bubble(t *testing.T, f func(t *testing.T, b *bench)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir)
		defer b.db.Close()
		f(t, b)
	})
}

const address = "https://user:pass@hooks.example/in?token=t0ken"

// TestSchedule: a receiver that always fails gets eight tries at the documented times, all
// under one id and each signed for its own time; the result stays from the first to two
// hours after the last.
func TestSchedule(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hooks.does[address] = always(500)
		start := time.Now()
		j := b.ends("k", Order{URL: address}, nil)
		stop := b.run(Options{})
		var at []time.Duration
		total := time.Duration(0)
		for _, pause := range append([]time.Duration{0}, DefaultPauses()...) {
			total += pause
			at = append(at, total)
		}
		for i, when := range at {
			time.Sleep(time.Until(start.Add(when + time.Second)))
			synctest.Wait()
			got := b.hooks.requests(address)
			if len(got) != i+1 {
				t.Fatalf("%d tries after %v, want %d", len(got), when, i+1)
			}
			if late := got[i].at.Sub(start) - when; late < 0 || late > 500*time.Millisecond {
				t.Errorf("try %d after %v instead of %v", i+1, got[i].at.Sub(start), when)
			}
			told := string(got[i].Body)
			if want := got[i].at.Add(keep).UTC().Format(time.RFC3339); told != j.ID+" "+want {
				t.Errorf("try %d promises %q, want %s", i+1, told, want)
			}
			if got[i].Own["Webhook-Id"] != got[0].Own["Webhook-Id"] || got[i].Own["Webhook-Timestamp"] != fmt.Sprint(got[i].at.Unix()) {
				t.Errorf("try %d has the headers %v", i+1, got[i].Own)
			}
			row := b.job(j.ID)
			if last := i == len(at)-1; row.Noticing == last || !row.Available(time.Now()) {
				t.Errorf("after try %d: noticing %v, available %v", i+1, row.Noticing, row.Available(time.Now()))
			}
			if left, err := b.jobs.Expired(t.Context(), 10); err != nil || len(left) > 0 {
				t.Errorf("the sweeper may have %v, %v", left, err)
			}
		}
		stop()
		row, last := b.job(j.ID), b.hooks.requests(address)[7].at
		if !row.Expires.Equal(last.Add(keep).Truncate(time.Millisecond)) {
			t.Errorf("the result stays until %v, the last try was at %v", row.Expires, last)
		}
		d := b.only("k")
		if d.State != Failed || len(d.Tries) != 8 || d.Tries[7].Status != 500 || d.Tries[7].Error != "The receiver answered with status 500." {
			t.Errorf("the log has %+v", d)
		}
		time.Sleep(keep)
		if left, err := b.jobs.Expired(t.Context(), 10); err != nil || len(left) != 1 {
			t.Errorf("then the sweeper may have %v, %v", left, err)
		}
	})
}

// after answers the first n tries badly, and then well.
func after(n int, bad answers) answers {
	return func(ctx context.Context, i int) (egress.Answer, error) {
		if i <= n {
			return bad(ctx, i)
		}
		return egress.Answer{Status: 204}, nil
	}
}

// busy answers that it is, with a Retry-After.
func busy(header string) answers {
	return func(context.Context, int) (egress.Answer, error) {
		return egress.Answer{Status: 503, RetryAfter: header}, nil
	}
}

// fails does not answer.
func fails(err error) answers {
	return func(context.Context, int) (egress.Answer, error) { return egress.Answer{}, err }
}

// outcome is what a kind of answer leads to.
type outcome struct {
	name  string
	does  answers
	wait  time.Duration // until it has ended
	tries int
	state State
	said  string // of the first try
}

// TestAnswers: what each kind of answer leads to.
func TestAnswers(t *testing.T) {
	unknown := problem.Newf(problem.SourceFailed, "The name of the remote server could not be resolved.")
	for _, c := range []outcome{
		{"good", always(200), 0, 1, Delivered, ""},
		{"any 2xx", always(299), 0, 1, Delivered, ""},
		{"three failures", after(3, always(500)), 155 * time.Second, 4, Delivered, "The receiver answered with status 500."},
		{"redirect", after(1, always(302)), 5 * time.Second, 2, Delivered, "The receiver answered with status 302."},
		{"gone", always(410), 0, 1, Failed, "The receiver wants no more of this (410)."},
		{"gone later", func(ctx context.Context, i int) (egress.Answer, error) {
			return egress.Answer{Status: []int{500, 410}[i-1]}, nil
		}, 5 * time.Second, 2, Failed, "The receiver answered with status 500."},
		{"hangs", after(1, hang), 15 * time.Second, 2, Delivered, "The receiver did not answer in time."},
		{"name unknown", after(1, fails(unknown)), 5 * time.Second, 2, Delivered, "The name of the remote server could not be resolved."},
		{"private", after(1, fails(problem.New(problem.SourceForbidden))), 5 * time.Second, 2, Delivered, "Webhooks may not be sent to that address."},
		{"Retry-After", after(1, busy("100")), 110 * time.Second, 2, Delivered, "The receiver answered with status 503."},
		{"a short Retry-After", after(1, busy("1")), 5 * time.Second, 2, Delivered, "The receiver answered with status 503."},
		{"a mad Retry-After", after(1, busy("9999999")), 6*time.Hour + 36*time.Minute, 2, Delivered, "The receiver answered with status 503."},
	} {
		t.Run(c.name, func(t *testing.T) { bubble(t, c.check) })
	}
}

func (c outcome) check(t *testing.T, b *bench) {
	b.hooks.does[address] = c.does
	start := time.Now()
	j := b.ends("k", Order{URL: address}, problem.New(problem.FileCorrupt))
	defer b.run(Options{})()
	if c.wait > 0 {
		time.Sleep(c.wait - 500*time.Millisecond)
		synctest.Wait()
		if d := b.only("k"); !d.Ended.IsZero() {
			t.Errorf("it has ended after %v: %+v", d.Ended.Sub(start), d)
		}
	}
	time.Sleep(2 * time.Second)
	synctest.Wait()
	d := b.only("k")
	if d.State != c.state || len(d.Tries) != c.tries || d.Tries[0].Error != c.said || d.Next != (time.Time{}) {
		t.Errorf("%+v", d)
	}
	if row := b.job(j.ID); row.Noticing || row.State != job.Failed || row.Problem.Code != problem.FileCorrupt {
		t.Errorf("a webhook changed its job: %+v", row)
	}
}

// TestDelayAndEvents: the first try comes after the delay, and only of the ends asked for.
func TestDelayAndEvents(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		start := time.Now()
		defer b.run(Options{})()
		j := b.ends("k", Order{URL: address, Delay: 7 * 24 * time.Hour, Events: []job.State{job.Completed}}, nil)
		none := b.ends("other", Order{URL: address, Events: []job.State{job.Completed}}, problem.New(problem.FileCorrupt))
		if none.Noticing || none.Notice != nil {
			t.Errorf("an end that is not told of: %+v", none)
		}
		if d := b.only("k"); d.State != Scheduled || !j.Noticing || j.Notice != nil {
			t.Errorf("%+v of %+v", d, j)
		}
		time.Sleep(7*24*time.Hour - time.Minute)
		if n, err := b.jobs.DeleteOld(t.Context(), time.Now()); err != nil || n != 1 {
			t.Errorf("%d records removed, %v; one of the two is needed still", n, err)
		}
		if len(b.hooks.got) != 0 || !b.job(j.ID).Available(time.Now()) {
			t.Error("too early, or the result is gone")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		got := b.hooks.requests(address)
		if len(got) != 1 || got[0].at.Sub(start).Round(time.Second) != 7*24*time.Hour {
			t.Fatalf("%d requests: %v", len(got), got)
		}
		if _, total, err := b.List(t.Context(), "other", "", 0, 10); err != nil || total != 0 {
			t.Errorf("%d deliveries of an end not asked for, %v", total, err)
		}
	})
}

// TestSlowReceiver: one that hangs holds up nobody else, and neither does a key that names
// many such.
func TestSlowReceiver(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		const slow = "https://slow.example/"
		b.hooks.does[slow] = hang
		for range 12 {
			b.ends("k", Order{URL: slow}, nil)
		}
		for i := range 70 {
			u := fmt.Sprintf("https://slow%d.example/", i)
			b.hooks.does[u] = hang
			b.ends("many", Order{URL: u}, nil)
		}
		start := time.Now()
		defer b.run(Options{})()
		time.Sleep(time.Second)
		synctest.Wait()
		b.ends("k", Order{URL: "https://quick.example/"}, nil)
		synctest.Wait()
		got := b.hooks.requests("https://quick.example/")
		if len(got) != 1 || got[0].at.Sub(start) > 2*time.Second {
			t.Errorf("the quick one got %v", got)
		}
		if n := len(b.hooks.requests(slow)); n != atOnceReceiver {
			t.Errorf("%d tries of one receiver at once, want %d", n, atOnceReceiver)
		}
		b.hooks.mu.Lock()
		many := 0
		for u, n := range b.hooks.now {
			if strings.HasPrefix(u, "https://slow") && u != slow {
				many += n
			}
		}
		b.hooks.mu.Unlock()
		if many != atOncePerKey {
			t.Errorf("%d tries of one key at once, want %d", many, atOncePerKey)
		}
	})
}

// TestRestart: what was under way when a courier ended is sent again, under the same id,
// and counts as no try.
func TestRestart(t *testing.T) {
	for _, clean := range []bool{true, false} {
		t.Run(fmt.Sprintf("clean %v", clean), func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.hooks.does[address] = func(ctx context.Context, n int) (egress.Answer, error) {
					if n == 1 {
						return hang(ctx, n)
					}
					return egress.Answer{Status: 200}, nil
				}
				b.ends("k", Order{URL: address}, nil)
				if clean {
					stop := b.run(Options{})
					time.Sleep(time.Second)
					stop()
					if d := b.only("k"); d.State != Scheduled || len(d.Tries) != 0 {
						t.Errorf("after the stop: %+v", d)
					}
				} else { // as a kill leaves it
					c := NewCourier(b.Box, b.jobs, b.hooks, Options{})
					if taken, err := c.take(t.Context()); err != nil || len(taken) != 1 {
						t.Fatal(taken, err)
					}
					if d := b.only("k"); d.State != Dispatched {
						t.Errorf("taken: %+v", d)
					}
					b.hooks.Post(t.Context(), egress.Message{URL: address}) //nolint:errcheck // it hangs
					if n, err := b.Recover(t.Context()); n != 1 || err != nil {
						t.Errorf("recovered %d, %v", n, err)
					}
				}
				defer b.run(Options{})()
				time.Sleep(time.Second)
				synctest.Wait()
				if d := b.only("k"); d.State != Delivered || len(d.Tries) != 1 || len(b.hooks.requests(address)) != 2 {
					t.Errorf("%+v after %d requests", d, len(b.hooks.requests(address)))
				}
			})
		})
	}
}

// TestLostTry: a try that nobody noted, since whoever made it is gone, is made again; and
// one that comes to itself late changes nothing.
func TestLostTry(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.ends("k", Order{URL: address}, nil)
		late := NewCourier(b.Box, b.jobs, b.hooks, Options{Render: func(context.Context, job.Job) ([]byte, error) { return nil, nil },
			Random: unit, Log: b.log})
		taken, err := late.take(t.Context())
		if err != nil || len(taken) != 1 {
			t.Fatal(taken, err)
		}
		b.hooks.does[address] = always(200)
		defer b.run(Options{})()
		time.Sleep(2 * lostAfter)
		synctest.Wait()
		before := b.only("k")
		if before.State != Delivered || len(b.hooks.requests(address)) != 1 {
			t.Fatalf("%+v", before)
		}
		b.hooks.mu.Lock()
		b.hooks.does[address] = always(500)
		b.hooks.mu.Unlock()
		late.try(t.Context(), taken[0])
		if after := b.only("k"); after.State != Delivered || len(after.Tries) != 1 {
			t.Errorf("a late try left %+v", after)
		}
	})
}

// TestReplay: a delivery that ended is sent again with all its tries, under the same id,
// with the job as it stands; the result's life is not lengthened.
func TestReplay(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hooks.does[address] = always(410)
		j := b.ends("k", Order{URL: address}, nil)
		defer b.run(Options{})()
		time.Sleep(time.Hour)
		synctest.Wait()
		d, expires := b.only("k"), b.job(j.ID).Expires
		b.hooks.mu.Lock()
		b.hooks.does[address] = always(200)
		b.hooks.mu.Unlock()
		if _, err := b.Replay(t.Context(), "other", d.ID); !problem.Has(err, problem.NotFound) {
			t.Errorf("a foreign one: %v", err)
		}
		if _, err := b.Replay(t.Context(), "k", d.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		got, after := b.hooks.requests(address), b.only("k")
		if after.State != Delivered || len(after.Tries) != 2 || len(got) != 2 || got[0].Own["Webhook-Id"] != got[1].Own["Webhook-Id"] {
			t.Errorf("%+v", after)
		}
		if now := b.job(j.ID); !now.Expires.Equal(expires) || now.Noticing {
			t.Errorf("the result stayed until %v, and now until %v", expires, now.Expires)
		}
		time.Sleep(keep)
		if err := b.jobs.MarkResultGone(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
		if n, err := b.jobs.DeleteOld(t.Context(), time.Now()); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if _, err := b.Replay(t.Context(), "k", d.ID); !problem.Has(err, problem.NotFound) {
			t.Errorf("without its job: %v", err)
		}
		if n, err := b.Forget(t.Context(), time.Now()); n != 1 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
	})
}

// TestRemovedResult: a client that removes its result while a notice is under way gets the
// notice, and the result does not come back.
func TestRemovedResult(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.hooks.does[address] = func(_ context.Context, n int) (egress.Answer, error) {
			return egress.Answer{Status: map[bool]int{true: 500, false: 200}[n == 1]}, nil
		}
		j := b.ends("k", Order{URL: address}, nil)
		defer b.run(Options{})()
		time.Sleep(time.Second)
		if _, err := b.jobs.Cancel(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
		if b.job(j.ID).Available(time.Now()) {
			t.Error("it is still there")
		}
		if left, err := b.jobs.Expired(t.Context(), 10); err != nil || len(left) != 1 {
			t.Errorf("the sweeper may have %v, %v", left, err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if row := b.job(j.ID); row.Available(time.Now()) || row.Noticing || b.only("k").State != Delivered {
			t.Errorf("%+v", row)
		}
	})
}
