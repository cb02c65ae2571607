package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"compressor/internal/database"
	"compressor/internal/job"
)

func openDB(t testing.TB) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// queries are all shapes that a list has.
func queries() map[string]job.Query {
	out := map[string]job.Query{}
	when := time.Unix(1_000_000, 0)
	for _, s := range []job.State{"", job.Enqueued, job.Processing, job.Completed, job.Failed} {
		for _, tag := range []string{"", "t"} {
			for _, from := range []time.Time{{}, when} {
				q := job.Query{KeyID: "k", State: s, Tag: tag, Start: from, Limit: 50}
				out[fmt.Sprintf("state=%s tag=%s start=%v", s, tag, !from.IsZero())] = q
			}
		}
	}
	return out
}

// TestListPlan: each list is a walk on the index that holds no more than it asks for. Only
// jobs that have not ended, of which a key has few, are sorted.
func TestListPlan(t *testing.T) {
	db := openDB(t)
	for name, q := range queries() {
		index, sorted := "job_list (key_id=? AND created>? AND created<?)", false
		switch {
		case q.State == job.Enqueued || q.State == job.Processing:
			index, sorted = "job_open (key_id=? AND state=?)", true
		case q.Tag != "":
			index = "job_tag (key_id=? AND tag=? AND created>? AND created<?)"
		case q.State != "":
			index = "job_ended (key_id=? AND state=? AND created>? AND created<?)"
		}
		text, args := listing(q)
		plan := planOf(t, db, text, args)
		if !strings.HasPrefix(plan, "SEARCH job USING INDEX "+index) || strings.Contains(plan, "TEMP B-TREE") != sorted {
			t.Errorf("%s:\n%s\nwant %s", name, plan, index)
		}
	}
}

func planOf(t testing.TB, db *database.DB, text string, args []any) string {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "\n")
}

// BenchmarkList is a page of 50 among 100,000 jobs of one key: one in a hundred failed, one
// in ten thousand waits, one in a thousand has the tag.
func BenchmarkList(b *testing.B) {
	db := openDB(b)
	err := db.InTx(b.Context(), func(tx *sql.Tx) error { return fill(b.Context(), tx, 100_000) })
	if err != nil {
		b.Fatal(err)
	}
	s := New(db, nil, Options{})
	for _, c := range []struct {
		name string
		q    job.Query
	}{
		{"first", job.Query{}},
		{"offset=50000", job.Query{Offset: 50_000}},
		{"failed", job.Query{State: job.Failed}},
		{"enqueued", job.Query{State: job.Enqueued}},
		{"tag", job.Query{Tag: "t"}},
		{"tag,failed", job.Query{Tag: "t", State: job.Failed}},
		{"old", job.Query{End: time.UnixMilli(5000)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.q.KeyID, c.q.Limit = "k", 50
			for b.Loop() {
				if _, err := s.List(b.Context(), c.q, func(job.Job) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func fill(ctx context.Context, tx *sql.Tx, n int) error {
	report := `{"attempts":"` + strings.Repeat("x", 2000) + `"}`
	for i := range n {
		j := job.Job{ID: fmt.Sprintf("%08x", i*2654435761), KeyID: "k", State: job.Completed, Created: time.UnixMilli(int64(i + 1)), Request: []byte("{}")}
		switch {
		case i%10_000 == 0:
			j.State = job.Enqueued
		case i%100 == 0:
			j.State = job.Failed
		}
		if i%1000 == 0 {
			j.Tag = "t"
		}
		v := values(&j)
		v[10] = report
		if _, err := tx.ExecContext(ctx, insert, v...); err != nil {
			return err
		}
	}
	return nil
}
