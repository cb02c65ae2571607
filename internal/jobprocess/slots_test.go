package jobprocess

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"compressor/internal/problem"
	"compressor/internal/turns"

	"golang.org/x/sys/unix"
)

// spares waits until the pool has n spares ready, and returns them.
func spares(t *testing.T, pool *Pool, n int) []*worker {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		pool.mu.Lock()
		idle := slices.Clone(pool.idle)
		pool.mu.Unlock()
		if len(idle) == n {
			return idle
		}
	}
	t.Fatalf("there never were %d spares", n)
	return nil
}

func TestSpares(t *testing.T) {
	pool := newPool(t, func(c *Config) { c.Slots, c.Spares = 1, 2 })
	first := spares(t, pool, 2)
	input := newInput(t, "x")
	result, err := pool.Run(t.Context(), input, Request{Name: "upper"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	result.Close()
	if <-first[0].process.Done(); !first[1].alive() {
		t.Error("the second spare died without a job")
	}
	second := spares(t, pool, 2)
	if second[0] != first[1] {
		t.Error("the oldest spare is not the next")
	}
	// A spare that dies while waiting costs no job.
	for _, w := range second {
		if err := unix.Kill(w.process.PID(), unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-w.process.Done()
	}
	if result, err = pool.Run(t.Context(), input, Request{Name: "keep"}, nil); err != nil {
		t.Fatal(err)
	}
	result.Close()
	spares(t, pool, 2)
}

func TestFiftyAtOnce(t *testing.T) {
	before, orphans := descriptors(t), len(children(t))
	pool := newPool(t, func(c *Config) { c.Slots, c.Spares = 4, 1 })
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			text := fmt.Sprintf("job %d", i)
			result, err := pool.Run(t.Context(), newInput(t, text), Request{Name: "upper"}, nil)
			if err != nil {
				t.Error(err, errors.Unwrap(err))
				return
			}
			got, err := io.ReadAll(result.File)
			if err != nil || string(got) != strings.ToUpper(text) {
				t.Errorf("%q became %q, %v", text, got, err)
			}
			result.Close()
		})
	}
	group.Wait()
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	if after := len(children(t)); after != orphans {
		t.Errorf("%d children before, %d after", orphans, after)
	}
}

func TestSlots(t *testing.T) {
	pool := newPool(t, func(c *Config) { c.Slots = 1 })
	full := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		slot, err := pool.Acquire(ctx, turns.Turn{})
		if err == nil {
			slot.Release()
		} else if !problem.Has(err, problem.Canceled) {
			t.Error(err)
		}
		return err != nil
	}
	slot, err := pool.Acquire(t.Context(), turns.Turn{})
	if err != nil {
		t.Fatal(err)
	}
	if !full() {
		t.Error("two slots of one")
	}
	slot.Release()
	slot.Release() // twice is once
	again, err := pool.Acquire(t.Context(), turns.Turn{})
	if err != nil {
		t.Fatal(err)
	}
	if !full() {
		t.Error("a slot released twice became two")
	}
	again.Release()
}

// TestDrain: background jobs that wait for a slot are sent away, others are not.
func TestDrain(t *testing.T) {
	pool := newPool(t, func(c *Config) { c.Slots = 1 })
	slot, err := pool.Acquire(t.Context(), turns.Turn{})
	if err != nil {
		t.Fatal(err)
	}
	ended := map[bool]chan error{true: make(chan error, 1), false: make(chan error, 1)}
	for background, end := range ended {
		go func() {
			slot, err := pool.Acquire(t.Context(), turns.Turn{Background: background})
			if err == nil {
				slot.Release()
			}
			end <- err
		}()
	}
	pool.Drain()
	pool.Drain()
	if err := <-ended[true]; !problem.Has(err, problem.Draining) {
		t.Errorf("in the background: %v", err)
	}
	slot.Release()
	if err := <-ended[false]; err != nil {
		t.Errorf("waited for: %v", err)
	}
}

// TestPriority: a background job runs at nice 10 more than the service, and so does what it
// starts; the next job that somebody waits for does not.
func TestPriority(t *testing.T) {
	pool := newPool(t, func(c *Config) { c.Slots = 1 })
	own, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	own = 20 - own // as the system call has it, see getpriority(2)
	for _, background := range []bool{true, false, true} {
		slot, err := pool.Acquire(t.Context(), turns.Turn{Background: background})
		if err != nil {
			t.Fatal(err)
		}
		result, err := slot.Run(t.Context(), newInput(t, "x"), Request{Name: "priority"}, nil)
		slot.Release()
		if err != nil {
			t.Fatal(err)
		}
		want := own
		if background {
			want = min(own+turns.BackgroundNice, 19)
		}
		var got []int
		if err := json.Unmarshal(result.Report, &got); err != nil || len(got) < 3 {
			t.Errorf("%v: %s", err, result.Report)
		}
		for _, nice := range got {
			if nice != want {
				t.Errorf("background %v: threads at %v instead of %d", background, got, want)
				break
			}
		}
		if err := result.Close(); err != nil {
			t.Error(err)
		}
	}
}
