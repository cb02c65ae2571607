package queue

import (
	"context"
	"slices"
	"testing"
	"time"

	"compressor/internal/job"
)

// BenchmarkLatency is the time from the commit of a ticket to its handler, one at a time,
// with a pause between that leaves the queue idle.
func BenchmarkLatency(b *testing.B) {
	db := openDB(b)
	q := newQueue(b, db, Config{Workers: 2})
	got := make(chan time.Time, 1)
	begin(b, q, func(context.Context, job.Ticket) error {
		got <- time.Now()
		return nil
	})
	var took []time.Duration
	n := int64(0)
	for b.Loop() {
		time.Sleep(30*time.Millisecond + time.Duration(n%50)*time.Millisecond)
		n++
		start := time.Now()
		enqueue(b, db, q, job.Ticket{Job: "a", Epoch: n})
		q.Wake()
		took = append(took, next(b, got).Sub(start))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[(len(took)-1)*99/100].Seconds()*1000, "p99-ms")
}
