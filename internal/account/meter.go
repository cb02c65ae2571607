package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"compressor/internal/database"
	"compressor/internal/problem"
)

// Bucket is what is counted by itself, so that polling does not eat the quota of work.
type Bucket string

// The buckets.
const (
	Requests Bucket = "requests"
	Reads    Bucket = "reads" // polls and downloads
)

// Limits of a window, per key. 0 requests or reads means without limit.
type Limits struct {
	Window   time.Duration
	Requests int
	Reads    int
}

// DefaultLimits are the documented ones: 100,000 requests in 15 minutes, and ten times
// that for reads.
func DefaultLimits() Limits {
	return Limits{Window: 15 * time.Minute, Requests: 100_000, Reads: 1_000_000}
}

// Window is where a key stands, as the three rate headers tell it. Limit is 0 when there
// is none.
type Window struct {
	Limit     int
	Remaining int
	Reset     int // whole seconds until the count starts anew, at least 1
}

// Exceeded is the error of a request that came too much.
func (w Window) Exceeded() *problem.Problem {
	return problem.Newf(problem.RateLimited, "Rate limit exceeded. Retry in %d seconds.", w.Reset)
}

// Usage is what a key has used since it was made.
type Usage struct {
	Requests int64
	BytesIn  int64
	BytesOut int64
}

// Meter counts what keys do, in memory: exact within one server. Run writes it to the
// database about every second, so that a restart forgets nothing and a kill at most the
// last second. It is safe for concurrent use.
type Meter struct {
	db     *database.DB
	limits Limits
	now    func() time.Time

	flushing sync.Mutex // held around a write, and before mu

	mu      sync.Mutex
	windows map[slot]*window
	used    map[spent]*used // not yet in the database
}

type slot struct {
	key    string
	bucket Bucket
}

// spent is on whose account something goes, and on which day.
type spent struct {
	key string
	day int64 // its midnight in UTC, Unix milliseconds
}

type window struct {
	started time.Time
	used    int
	dirty   bool
}

type used struct {
	Usage
	last time.Time
}

// OpenMeter returns a meter that goes on where the database says. now is the clock,
// time.Now when nil.
func OpenMeter(ctx context.Context, db *database.DB, l Limits, now func() time.Time) (*Meter, error) {
	if l.Window <= 0 {
		return nil, errors.New("the rate window must be longer than 0")
	}
	if now == nil {
		now = time.Now
	}
	m := &Meter{db: db, limits: l, now: now, windows: make(map[slot]*window), used: make(map[spent]*used)}
	rows, err := db.Read().QueryContext(ctx, `SELECT key_id, bucket, started, used FROM rate`)
	if err != nil {
		return nil, fmt.Errorf("rate windows: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var s slot
		var started int64
		var w window
		if err := rows.Scan(&s.key, &s.bucket, &started, &w.used); err != nil {
			return nil, fmt.Errorf("rate windows: %w", err)
		}
		w.started = database.Time(started)
		m.windows[s] = &w
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("rate windows: %w", err)
	}
	return m, nil
}

// Spend counts one request of key. ok is false, and nothing is counted, when its window is
// full. A window starts with the first request after the one before has ended.
func (m *Meter) Spend(key Key, b Bucket) (w Window, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	limit := m.limit(key, b, now)
	if limit <= 0 {
		return Window{}, true
	}
	s := slot{key.ID, b}
	cur := m.windows[s]
	if cur == nil || !m.runs(cur, now) {
		// Whole milliseconds, as they are stored: the anchor survives a restart exactly.
		cur = &window{started: database.Time(database.Millis(now))}
		m.windows[s] = cur
	}
	if cur.used < limit {
		cur.used++
		cur.dirty = true
		ok = true
	}
	return m.view(cur, limit, now), ok
}

// Peek tells where key stands and counts nothing.
func (m *Meter) Peek(key Key, b Bucket) Window {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	limit := m.limit(key, b, now)
	if limit <= 0 {
		return Window{}
	}
	cur := m.windows[slot{key.ID, b}]
	if cur == nil || !m.runs(cur, now) {
		cur = &window{started: now}
	}
	return m.view(cur, limit, now)
}

// runs says whether a window has not ended. One that starts in the future is the work of a
// clock that was set back, and counts as ended.
func (m *Meter) runs(w *window, now time.Time) bool {
	age := now.Sub(w.started)
	return age > -time.Millisecond && age < m.limits.Window
}

func (m *Meter) view(w *window, limit int, now time.Time) Window {
	left := m.limits.Window - now.Sub(w.started)
	seconds := int((left + time.Second - 1) / time.Second)
	return Window{Limit: limit, Remaining: max(0, limit-w.used), Reset: min(max(1, seconds), int(m.limits.Window/time.Second))}
}

// limit is that of a window of key. A limit of its own is for requests; the window of reads
// is the service's, and never the smaller one of the two.
func (m *Meter) limit(key Key, b Bucket, now time.Time) int {
	own := key.Own.At(now).Rate
	switch {
	case b == Reads && m.limits.Reads > 0:
		return max(m.limits.Reads, own)
	case b == Reads:
		return 0
	case own > 0:
		return own
	}
	return m.limits.Requests
}

// Count adds to what key has used, on the day in UTC that is now. The time of it becomes the
// key's LastUsed.
func (m *Meter) Count(keyID string, u Usage) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(spent{keyID, dayOf(now)}, &used{Usage: u, last: now})
}

func (m *Meter) add(s spent, u *used) {
	sum := m.used[s]
	if sum == nil {
		sum = &used{}
		m.used[s] = sum
	}
	sum.Usage = sum.plus(u.Usage)
	if u.last.After(sum.last) {
		sum.last = u.last
	}
}

func (u Usage) plus(o Usage) Usage {
	return Usage{u.Requests + o.Requests, u.BytesIn + o.BytesIn, u.BytesOut + o.BytesOut}
}

// Usage tells what key has used, up to this moment.
func (m *Meter) Usage(ctx context.Context, keyID string) (Usage, error) {
	m.flushing.Lock() // what is being written would be counted twice, or not at all
	defer m.flushing.Unlock()
	var u Usage
	err := m.db.Read().QueryRowContext(ctx, `SELECT requests, bytes_in, bytes_out FROM usage WHERE key_id = $1`, keyID).
		Scan(&u.Requests, &u.BytesIn, &u.BytesOut)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Usage{}, fmt.Errorf("usage: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for s, p := range m.used {
		if s.key == keyID {
			u = u.plus(p.Usage)
		}
	}
	return u, nil
}
