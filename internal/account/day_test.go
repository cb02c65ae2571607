package account

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"compressor/internal/database"
)

// days writes the use of a key by day in short.
func days(t *testing.T, m *Meter, key string) string {
	t.Helper()
	list, err := m.Days(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprint(d.Date.Format(time.DateOnly), " ", d.Requests, " ", d.BytesIn, " ", d.BytesOut, " ", d.Completed, " ", d.Failed))
	}
	return strings.Join(out, ", ")
}

func ended(t *testing.T, db *database.DB, k *Keys, key string, completed, failed int) {
	t.Helper()
	if err := db.InTx(t.Context(), func(tx *sql.Tx) error { return k.EndedTx(t.Context(), tx, key, completed, failed) }); err != nil {
		t.Fatal(err)
	}
}

func flush(t *testing.T, m *Meter) {
	t.Helper()
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestDays(t *testing.T) {
	c, dir := newClock(), t.TempDir() // 4 March 2026, 05:06:07.089
	db := openDB(t, dir)
	k, err := Open(t.Context(), db, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	m := openMeter(t, db, DefaultLimits(), c.Now)
	if got := days(t, m, "k"); got != "" {
		t.Error(got)
	}
	m.Count("k", Usage{1, 20, 3})
	flush(t, m)
	c.advance(18*time.Hour + 53*time.Minute + 52*time.Second + 910*time.Millisecond) // 23:59:59.999
	m.Count("k", Usage{1, 20, 3})
	ended(t, db, k, "k", 1, 0)
	if got := days(t, m, "k"); got != "2026-03-04 2 40 6 1 0" {
		t.Errorf("written and not yet written: %s", got)
	}
	c.advance(time.Millisecond) // midnight; what is not written yet is yesterday's all the same
	m.Count("k", Usage{1, 0, 1})
	m.Count("other", Usage{5, 5, 5})
	ended(t, db, k, "k", 0, 2)
	const want = "2026-03-05 1 0 1 0 2, 2026-03-04 2 40 6 1 0"
	if got := days(t, m, "k"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	flush(t, m)
	m.Count("k", Usage{1, 1, 1}) // a kill: this was not written
	m = openMeter(t, openDB(t, dir), DefaultLimits(), c.Now)
	if got := days(t, m, "k"); got != want {
		t.Errorf("after a kill: %s, want %s", got, want)
	}
	if u, err := m.Usage(t.Context(), "k"); err != nil || u != (Usage{3, 40, 7}) {
		t.Errorf("in all: %+v %v", u, err)
	}
	c.advance(30 * 24 * time.Hour)
	if got := days(t, m, "k"); got != "2026-03-05 1 0 1 0 2" {
		t.Errorf("30 days later: %s", got)
	}
	c.advance(24 * time.Hour)
	if got := days(t, m, "k"); got != "" {
		t.Errorf("31 days later: %s", got)
	}
}

// TestForgetDays: after 400 days.
func TestForgetDays(t *testing.T) {
	c := newClock()
	db := openDB(t, t.TempDir())
	m := openMeter(t, db, DefaultLimits(), c.Now)
	m.Count("k", Usage{Requests: 1})
	flush(t, m)
	left := func() (n int) {
		t.Helper()
		if err := m.ForgetDays(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Read().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM usage_day`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	c.advance(400 * 24 * time.Hour)
	if left() != 1 {
		t.Error("gone after 400 days")
	}
	c.advance(24 * time.Hour)
	if left() != 0 {
		t.Error("there after 401 days")
	}
	if u, err := m.Usage(t.Context(), "k"); err != nil || u.Requests != 1 {
		t.Errorf("the sum went with the day: %+v %v", u, err)
	}
}

// TestEndedTxRollsBack: a job that did not end is not counted.
func TestEndedTxRollsBack(t *testing.T) {
	c := newClock()
	db := openDB(t, t.TempDir())
	k, err := Open(t.Context(), db, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	undone := errors.New("undone")
	err = db.InTx(t.Context(), func(tx *sql.Tx) error {
		return errors.Join(k.EndedTx(t.Context(), tx, "k", 1, 0), undone)
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	if got := days(t, openMeter(t, db, DefaultLimits(), c.Now), "k"); got != "" {
		t.Error(got)
	}
}

// BenchmarkRequest is all that keys cost a request: the look at the key, its rate, the count.
func BenchmarkRequest(b *testing.B) {
	db, err := database.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	k, err := Open(b.Context(), db, nil)
	if err != nil {
		b.Fatal(err)
	}
	m, err := OpenMeter(b.Context(), db, Limits{Window: time.Hour, Requests: 1 << 40}, nil)
	if err != nil {
		b.Fatal(err)
	}
	secret, _, err := k.Create(b.Context(), "k")
	if err != nil {
		b.Fatal(err)
	}
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			key, err := k.Authenticate(b.Context(), secret)
			if err != nil {
				b.Error(err)
				return
			}
			if _, ok := m.Spend(key, Requests); !ok {
				b.Error("refused")
				return
			}
			m.Count(key.ID, Usage{1, 1000, 1000})
		}
	})
}
