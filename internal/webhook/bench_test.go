package webhook

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"compressor/internal/database"
)

// fill puts n deliveries in that are due, without their jobs.
func fill(b *testing.B, db *database.DB, receiver string, n int) {
	b.Helper()
	_, err := db.Exec(b.Context(), `WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < $1)
		INSERT INTO delivery (`+columns+`) SELECT $2 || n, 'j', 'k', 'created', $2, '', '', '[]', 0, 1, 1, 0 FROM i`, n, receiver)
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLook: the search for what is due, with so many waiting for a receiver that has no
// place left.
func BenchmarkLook(b *testing.B) {
	for _, waiting := range []int{0, 10_000, 100_000} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			db, err := database.Open(b.Context(), b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			box, err := New(db, make([]byte, 32), anywhere{}, nil)
			if err != nil {
				b.Fatal(err)
			}
			if waiting > 0 {
				fill(b, db, "https://full", waiting)
			}
			c := NewCourier(box, nil, &receivers{}, Options{Log: slog.New(slog.DiscardHandler)})
			for range atOnceReceiver {
				c.enter(Delivery{KeyID: "k", from: "https://full"})
			}
			for b.Loop() {
				if next, err := c.nextDue(b.Context()); err != nil || !next.IsZero() {
					b.Fatal(next, err)
				}
			}
		})
	}
}

// BenchmarkDeliver: deliveries from the end of their jobs to the acknowledgement, of 16 keys
// to 16 receivers that answer at once.
func BenchmarkDeliver(b *testing.B) {
	x := newBench(b, b.TempDir())
	defer x.db.Close()
	for i := range b.N {
		x.ends(fmt.Sprint("k", i%16), Order{URL: fmt.Sprintf("https://h%d.example/", i%16)}, nil)
	}
	b.ResetTimer()
	stop := x.run(Options{})
	for {
		var left int
		err := x.db.Read().QueryRowContext(b.Context(), `SELECT COUNT(*) FROM delivery WHERE next_at > 0`).Scan(&left)
		if err != nil {
			b.Fatal(err)
		}
		if left == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	b.StopTimer()
	stop()
}
