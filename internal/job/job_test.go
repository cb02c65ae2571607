package job

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		state State
		word  string
		ended bool
	}{
		{Held, "enqueued", false},
		{Enqueued, "enqueued", false},
		{Processing, "processing", false},
		{Completed, "completed", true},
		{Failed, "failed", true},
	} {
		if c.state.Word() != c.word || c.state.Ended() != c.ended {
			t.Errorf("%s: word %s, ended %v", c.state, c.state.Word(), c.state.Ended())
		}
	}
}

func TestSlot(t *testing.T) {
	for _, c := range []struct{ unix, slot int64 }{{0, 0}, {299, 0}, {300, 300}, {1764028799, 1764028500}, {1764028800, 1764028800}} {
		if got := Slot(time.Unix(c.unix, 999)); got != c.slot {
			t.Errorf("Slot(%d) = %d, want %d", c.unix, got, c.slot)
		}
	}
}

func TestAvailable(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	good := Job{State: Completed, Output: Output{Path: "p"}, Expires: now.Add(time.Millisecond)}
	for name, change := range map[string]func(*Job){
		"":               func(*Job) {},
		"store-failed":   func(j *Job) { j.State = Failed },
		"no: running":    func(j *Job) { j.State = Processing },
		"no: removed":    func(j *Job) { j.Output.Path = "" },
		"no: its time":   func(j *Job) { j.Expires = now },
		"no: never kept": func(j *Job) { j.Expires = time.Time{} },
	} {
		j := good
		change(&j)
		if want := len(name) < 3 || name[:3] != "no:"; j.Available(now) != want {
			t.Errorf("%q: available %v", name, !want)
		}
	}
}

func TestTicket(t *testing.T) {
	a, b := Ticket{"j", 1}, Ticket{"j", 2}
	if a.ResultPath() != "results/j-1" || a.ResultPath() == b.ResultPath() {
		t.Errorf("result paths %s and %s", a.ResultPath(), b.ResultPath())
	}
	text, err := json.Marshal(b)
	if err != nil || string(text) != `{"job":"j","epoch":2}` {
		t.Errorf("a ticket is %s, %v", text, err)
	}
	if !errors.Is(ErrCanceled, ErrStale) || errors.Is(ErrStale, ErrCanceled) {
		t.Error("a canceled job is a stale one, not the other way round")
	}
}

// TestProgressAfter: what is told of progress never falls, over attempts either.
func TestProgressAfter(t *testing.T) {
	at := func(percent float64, phase string, done int64) Progress {
		return Progress{Percent: percent, Phase: phase, Done: done, Total: 9}
	}
	for _, c := range []struct{ before, now, want Progress }{
		{Progress{}, at(0, "read", 0), at(0, "read", 0)},
		{at(10, "search", 1), at(20, "search", 2), at(20, "search", 2)},
		{at(20, "search", 2), at(20, "pack", 0), at(20, "pack", 0)},
		{at(20, "search", 2), at(5, "read", 0), at(20, "search", 2)},
		{at(20, "search", 2), at(20, "search", 1), at(20, "search", 2)},
		{at(20, "search", 2), at(20, "search", 3), at(20, "search", 3)},
	} {
		if got := c.now.After(c.before); got != c.want {
			t.Errorf("%v after %v is %v", c.now, c.before, got)
		}
	}
}
