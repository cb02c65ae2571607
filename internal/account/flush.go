package account

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"time"

	"compressor/internal/database"
)

// Run writes what is counted to the database about every second until ctx ends, and then
// once more. failed is told of errors; what could not be written is tried again.
func (m *Meter) Run(ctx context.Context, failed func(error)) {
	const every, last = time.Second, 5 * time.Second
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := m.Flush(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), last)
			defer cancel()
			if err := m.Flush(ctx); err != nil {
				failed(err)
			}
			return
		}
	}
}

// Flush writes what has changed since the last time, in one transaction. Where nothing
// has, it does nothing.
func (m *Meter) Flush(ctx context.Context) error {
	m.flushing.Lock()
	defer m.flushing.Unlock()
	windows, use := m.take()
	if len(windows) == 0 && len(use) == 0 {
		return nil
	}
	err := m.db.InTx(ctx, func(tx *sql.Tx) error { return write(ctx, tx, windows, use) })
	if err != nil {
		m.putBack(windows, use)
	}
	return err
}

// take removes from memory what is to be written. Windows stay, marked clean.
func (m *Meter) take() (map[slot]window, map[spent]*used) {
	m.mu.Lock()
	defer m.mu.Unlock()
	windows := make(map[slot]window)
	for s, w := range m.windows {
		if w.dirty {
			windows[s] = *w
			w.dirty = false
		}
	}
	use := maps.Clone(m.used)
	clear(m.used)
	return windows, use
}

func (m *Meter) putBack(windows map[slot]window, use map[spent]*used) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range windows {
		m.windows[s].dirty = true
	}
	for s, u := range use {
		m.add(s, u)
	}
}

func write(ctx context.Context, tx *sql.Tx, windows map[slot]window, use map[spent]*used) error {
	for s, w := range windows {
		_, err := tx.ExecContext(ctx, `INSERT INTO rate (key_id, bucket, started, used) VALUES ($1, $2, $3, $4)
			ON CONFLICT (key_id, bucket) DO UPDATE SET started = excluded.started, used = excluded.used`,
			s.key, string(s.bucket), database.Millis(w.started), w.used)
		if err != nil {
			return fmt.Errorf("rate windows: %w", err)
		}
	}
	for s, u := range use {
		_, err := tx.ExecContext(ctx, `INSERT INTO usage (key_id, requests, bytes_in, bytes_out, last_used) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (key_id) DO UPDATE SET requests = usage.requests + excluded.requests,
			bytes_in = usage.bytes_in + excluded.bytes_in, bytes_out = usage.bytes_out + excluded.bytes_out,
			last_used = CASE WHEN excluded.last_used > usage.last_used THEN excluded.last_used ELSE usage.last_used END`,
			s.key, u.Requests, u.BytesIn, u.BytesOut, database.Millis(u.last))
		if err == nil {
			err = addDay(ctx, tx, s, Day{Usage: u.Usage})
		}
		if err != nil {
			return fmt.Errorf("usage: %w", err)
		}
	}
	return nil
}
