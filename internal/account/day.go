package account

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"compressor/internal/database"
)

// Day is what a key used on one day in UTC: requests and bytes on the day on which they were
// answered, jobs on that on which they ended.
type Day struct {
	Date      time.Time // its midnight
	Usage               // of a download without a key, only the bytes
	Completed int64     // jobs
	Failed    int64     // jobs, canceled ones too
}

const (
	daysTold = 31
	daysKept = 400
	oneDay   = 24 * time.Hour // in UTC every day is as long
)

func midnight(t time.Time) time.Time { return t.UTC().Truncate(oneDay) }

func dayOf(t time.Time) int64 { return database.Millis(midnight(t)) }

// addDay adds what d says to the day of s.
func addDay(ctx context.Context, tx *sql.Tx, s spent, d Day) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO usage_day (key_id, day, requests, bytes_in, bytes_out, completed, failed)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (key_id, day) DO UPDATE SET requests = usage_day.requests + excluded.requests,
		bytes_in = usage_day.bytes_in + excluded.bytes_in, bytes_out = usage_day.bytes_out + excluded.bytes_out,
		completed = usage_day.completed + excluded.completed, failed = usage_day.failed + excluded.failed`,
		s.key, s.day, d.Requests, d.BytesIn, d.BytesOut, d.Completed, d.Failed)
	if err != nil {
		return fmt.Errorf("use of a day: %w", err)
	}
	return nil
}

// EndedTx counts, within tx, jobs of the key that end now. It is exact: the count is written
// if and only if the end of the jobs is.
func (k *Keys) EndedTx(ctx context.Context, tx *sql.Tx, keyID string, completed, failed int) error {
	return addDay(ctx, tx, spent{keyID, dayOf(k.now())}, Day{Completed: int64(completed), Failed: int64(failed)})
}

// Days tells what key used in the last 31 days, today among them, up to this moment: the
// newest first, without days on which it was not used.
func (m *Meter) Days(ctx context.Context, keyID string) ([]Day, error) {
	m.flushing.Lock() // as in Usage
	defer m.flushing.Unlock()
	first := dayOf(m.now().Add(-(daysTold - 1) * oneDay))
	days := map[int64]Day{}
	rows, err := m.db.Read().QueryContext(ctx, `SELECT day, requests, bytes_in, bytes_out, completed, failed
		FROM usage_day WHERE key_id = $1 AND day >= $2`, keyID, first)
	if err != nil {
		return nil, fmt.Errorf("use by day: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d Day
		var day int64
		if err := rows.Scan(&day, &d.Requests, &d.BytesIn, &d.BytesOut, &d.Completed, &d.Failed); err != nil {
			return nil, fmt.Errorf("use by day: %w", err)
		}
		days[day] = d
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("use by day: %w", err)
	}
	m.mu.Lock()
	for s, p := range m.used {
		if d := days[s.day]; s.key == keyID && s.day >= first {
			d.Usage = d.plus(p.Usage)
			days[s.day] = d
		}
	}
	m.mu.Unlock()
	var out []Day
	for day, d := range days {
		d.Date = database.Time(day)
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Day) int { return cmp.Compare(b.Date.Unix(), a.Date.Unix()) })
	return out, nil
}

// ForgetDays removes days that are more than 400 days old.
func (m *Meter) ForgetDays(ctx context.Context) error {
	_, err := m.db.Exec(ctx, `DELETE FROM usage_day WHERE day < $1`, dayOf(m.now().Add(-daysKept*oneDay)))
	if err != nil {
		return fmt.Errorf("use by day: %w", err)
	}
	return nil
}
