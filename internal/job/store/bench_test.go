package store_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"compressor/internal/database"
	"compressor/internal/job"
	"compressor/internal/job/store"
	"compressor/internal/queue"
)

// benchStore is a store as a server has it, in a folder of the disk that TMPDIR names.
func benchStore(b *testing.B) *store.Store {
	db, err := database.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	q, err := queue.New(b.Context(), db.Write(), queue.Config{Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	return store.New(db, q, store.Options{Limits: store.DefaultLimits()})
}

// BenchmarkSync is what a synchronous request costs here: its row inserted as claimed, then
// finished with a report of 2 kB, both durable.
func BenchmarkSync(b *testing.B) {
	report := json.RawMessage(`{"attempts":"` + strings.Repeat("x", 2000) + `"}`)
	for _, clients := range []int{1, 4} {
		b.Run("clients="+string(rune('0'+clients)), func(b *testing.B) {
			s := benchStore(b)
			var mu sync.Mutex
			var inserts, finishes []time.Duration
			work := make(chan struct{})
			var wg sync.WaitGroup
			for range clients {
				wg.Go(func() {
					for range work {
						start := time.Now()
						j, err := s.InsertClaimed(b.Context(), job.Job{KeyID: "k", Request: report}, "n/p", lease)
						inserted := time.Now()
						if err == nil {
							_, err = s.Finish(b.Context(), j.Ticket(), job.Outcome{Result: report,
								Output: job.Output{LinkID: j.ID, Name: "a.jpg", MIME: "image/jpeg", Size: 1, Path: j.Ticket().ResultPath()}})
						}
						if err != nil {
							b.Error(err)
						}
						mu.Lock()
						inserts = append(inserts, inserted.Sub(start))
						finishes = append(finishes, time.Since(inserted))
						mu.Unlock()
					}
				})
			}
			for b.Loop() {
				work <- struct{}{}
			}
			close(work)
			wg.Wait()
			b.ReportMetric(ms(inserts, 50), "insert-p50-ms")
			b.ReportMetric(ms(finishes, 50), "finish-p50-ms")
			b.ReportMetric(ms(inserts, 99), "insert-p99-ms")
			b.ReportMetric(ms(finishes, 99), "finish-p99-ms")
		})
	}
}

const lease = 30 * time.Second

// ms is a percentile in milliseconds.
func ms(d []time.Duration, percent int) float64 {
	slices.Sort(d)
	return d[(len(d)-1)*percent/100].Seconds() * 1000
}

// BenchmarkEnqueue is an asynchronous submission: row and ticket in one transaction.
func BenchmarkEnqueue(b *testing.B) {
	s := benchStore(b)
	n := 0
	for b.Loop() {
		n++
		if _, err := s.Enqueue(b.Context(), job.Job{KeyID: string(rune('A' + n%1000))}); err != nil {
			b.StopTimer() // the queue is full: what follows would time refusals
			b.Fatal(err)
		}
	}
}

// BenchmarkGet is one look of a poll.
func BenchmarkGet(b *testing.B) {
	s := benchStore(b)
	j, err := s.InsertClaimed(b.Context(), job.Job{KeyID: "k"}, "n/p", lease)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Get(b.Context(), j.ID); err != nil {
			b.Fatal(err)
		}
	}
}
