package account

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/database"
	"compressor/internal/problem"
)

func openMeter(t *testing.T, db *database.DB, l Limits, now func() time.Time) *Meter {
	t.Helper()
	m, err := OpenMeter(t.Context(), db, l, now)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestWindow walks one key through its windows, with a clock that only the test moves.
func TestWindow(t *testing.T) {
	c := newClock()
	m := openMeter(t, openDB(t, t.TempDir()), Limits{Window: 15 * time.Minute, Requests: 3, Reads: 5}, c.Now)
	key := Key{ID: "k"}
	if w := m.Peek(key, Requests); w != (Window{3, 3, 900}) {
		t.Errorf("before the first request: %+v", w)
	}
	c.advance(10 * time.Minute) // a look starts no window
	for _, step := range []struct {
		wait time.Duration
		want Window
		ok   bool
	}{
		{0, Window{3, 2, 900}, true},
		{100 * time.Second, Window{3, 1, 800}, true},
		{500 * time.Millisecond, Window{3, 0, 800}, true}, // 799.5 s left: never say too little
		{499 * time.Millisecond, Window{3, 0, 800}, false},
		{799 * time.Second, Window{3, 0, 1}, false},
		{time.Millisecond, Window{3, 2, 900}, true}, // anchored anew at this request
		{0, Window{3, 1, 900}, true},
		{time.Hour, Window{3, 2, 900}, true},
		{-30 * time.Minute, Window{3, 2, 900}, true}, // the clock was set back
	} {
		c.advance(step.wait)
		if w, ok := m.Spend(key, Requests); w != step.want || ok != step.ok {
			t.Errorf("after %v more: %+v %v, want %+v %v", step.wait, w, ok, step.want, step.ok)
		}
	}
	if w, ok := m.Spend(key, Reads); w != (Window{5, 4, 900}) || !ok {
		t.Errorf("reads count apart: %+v %v", w, ok)
	}
	if w, ok := m.Spend(Key{ID: "other"}, Requests); w != (Window{3, 2, 900}) || !ok {
		t.Errorf("keys count apart: %+v %v", w, ok)
	}
	if w, _ := m.Spend(Key{ID: "big", Own: Own{Rate: 50}}, Requests); w.Limit != 50 {
		t.Errorf("a limit of its own: %+v", w)
	}
}

func TestExceeded(t *testing.T) {
	p := Window{3, 0, 778}.Exceeded()
	if p.Code != problem.RateLimited || p.Message != "Rate limit exceeded. Retry in 778 seconds." {
		t.Errorf("%v", p)
	}
}

func TestNoLimit(t *testing.T) {
	m := openMeter(t, openDB(t, t.TempDir()), Limits{Window: time.Minute}, nil)
	if w, ok := m.Spend(Key{ID: "k"}, Requests); w != (Window{}) || !ok {
		t.Errorf("%+v %v", w, ok)
	}
	if w := m.Peek(Key{ID: "k"}, Reads); w != (Window{}) {
		t.Errorf("%+v", w)
	}
	if _, err := OpenMeter(t.Context(), m.db, Limits{}, nil); err == nil {
		t.Error("a window of no length was taken")
	}
}

// TestSpendIsExact: of many at once exactly as many pass as the limit says.
func TestSpendIsExact(t *testing.T) {
	m := openMeter(t, openDB(t, t.TempDir()), Limits{Window: time.Hour, Requests: 1000}, newClock().Now)
	var wg sync.WaitGroup
	passed := make([]int, 8)
	for i := range passed {
		wg.Go(func() {
			for range 200 {
				if _, ok := m.Spend(Key{ID: "k"}, Requests); ok {
					passed[i]++
				}
				if i == 0 {
					if err := m.Flush(context.Background()); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range passed {
		sum += n
	}
	if sum != 1000 {
		t.Errorf("%d passed", sum)
	}
}

// TestRestart: windows and usage go on where they were, to the millisecond.
func TestRestart(t *testing.T) {
	c, dir := newClock(), t.TempDir()
	limits := Limits{Window: 15 * time.Minute, Requests: 10, Reads: 10}
	db := openDB(t, dir)
	m := openMeter(t, db, limits, c.Now)
	key := Key{ID: "k"}
	for range 7 {
		m.Spend(key, Requests)
	}
	m.Count("k", Usage{1, 20, 3})
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.Count("k", Usage{1, 20, 3})
	m.Count("k", Usage{1, 20, 3})
	if u, err := m.Usage(t.Context(), "k"); err != nil || u != (Usage{3, 60, 9}) {
		t.Errorf("written and not yet written: %+v %v", u, err)
	}
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.Close()
	c.advance(15*time.Minute - time.Millisecond)
	m = openMeter(t, openDB(t, dir), limits, c.Now)
	if w, ok := m.Spend(key, Requests); w != (Window{10, 2, 1}) || !ok {
		t.Errorf("after a restart: %+v %v", w, ok)
	}
	if u, err := m.Usage(t.Context(), "k"); err != nil || u != (Usage{3, 60, 9}) {
		t.Errorf("usage after a restart: %+v %v", u, err)
	}
	if u, err := m.Usage(t.Context(), "nobody"); err != nil || u != (Usage{}) {
		t.Errorf("usage of nobody: %+v %v", u, err)
	}
}

func TestLastUsed(t *testing.T) {
	c := newClock()
	db := openDB(t, t.TempDir())
	k, err := Open(t.Context(), db, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, key := create(t, k, "k")
	m := openMeter(t, db, DefaultLimits(), c.Now)
	c.advance(time.Hour)
	m.Count(key.ID, Usage{Requests: 1})
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys, err := k.List(t.Context()); err != nil || len(keys) != 1 || !keys[0].LastUsed.Equal(c.Now()) {
		t.Errorf("%+v %v", keys, err)
	}
}

// TestRun: once a second while something changes, and once more at the end; what could not
// be written is kept and tried again. Time is the bubble's.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db, err := database.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		m := openMeter(t, db, DefaultLimits(), nil)
		stored := func() (n int) {
			if err := db.Read().QueryRowContext(t.Context(), `SELECT COALESCE(SUM(used), 0) FROM rate`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		ctx, stop := context.WithCancel(t.Context())
		var failures []error
		done := make(chan struct{})
		go func() {
			m.Run(ctx, func(err error) { failures = append(failures, err) })
			close(done)
		}()
		key := Key{ID: "k"}
		m.Spend(key, Requests)
		if stored() != 0 {
			t.Error("written at once")
		}
		time.Sleep(1100 * time.Millisecond)
		if stored() != 1 {
			t.Error("not written within a second")
		}
		if _, err := db.Write().ExecContext(t.Context(), `ALTER TABLE rate RENAME TO hidden`); err != nil {
			t.Fatal(err)
		}
		m.Spend(key, Requests)
		time.Sleep(time.Second)
		if _, err := db.Write().ExecContext(t.Context(), `ALTER TABLE hidden RENAME TO rate`); err != nil {
			t.Fatal(err)
		}
		if stored() != 1 {
			t.Error("written without a table")
		}
		time.Sleep(time.Second)
		if stored() != 2 {
			t.Error("forgotten after a failure")
		}
		m.Spend(key, Requests)
		stop()
		<-done
		if stored() != 3 {
			t.Error("forgotten at the end")
		}
		if len(failures) != 1 || !strings.Contains(failures[0].Error(), "rate") {
			t.Errorf("failures: %v", failures)
		}
	})
}

func BenchmarkSpend(b *testing.B) {
	db, err := database.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	m, err := OpenMeter(b.Context(), db, Limits{Window: time.Hour, Requests: 1 << 40}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		m.Spend(Key{ID: "k"}, Requests)
	}
}
