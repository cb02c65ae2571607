package e2e

import (
	"net/http"
	"testing"
	"time"
)

// bombs are the archives that are made to harm. See [archived].
func bombs() []string {
	return []string{"zeros", "overlapping", "quoting", "quine", "deep", "many", "lying"}
}

// BenchmarkBombs: what a bomb costs a server, from the request to the refusal, and the most
// that a job process held meanwhile, as seen every few milliseconds. A job process that has
// nothing to do holds what the line "nothing" says.
func BenchmarkBombs(b *testing.B) {
	s := start(b, "COMPRESSOR_SLOTS=1", "COMPRESSOR_SPARES=1")
	c := &http.Client{Timeout: time.Minute}
	b.Run("nothing", func(b *testing.B) {
		for range b.N {
			time.Sleep(20 * time.Millisecond)
		}
		b.ReportMetric(float64(s.heldMost())/1024, "MiB")
	})
	for _, kind := range bombs() {
		data, err := archived(kind)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(kind, func(b *testing.B) {
			over, most := make(chan struct{}), make(chan int)
			go func() {
				held := 0
				for {
					held = max(held, s.heldMost())
					select {
					case <-over:
						most <- held
						return
					case <-time.After(5 * time.Millisecond):
					}
				}
			}()
			for range b.N {
				if f := s.mustUpload(c, kind+".zip", data, "", http.StatusUnprocessableEntity); f.Code != "limit-exceeded" {
					b.Fatalf("%+v", f)
				}
			}
			close(over)
			b.ReportMetric(float64(len(data))/1e3, "kB")
			b.ReportMetric(float64(<-most)/1024, "MiB")
		})
	}
}

// heldMost is the most that any living child of the server ever held, in KiB.
func (s *server) heldMost() int {
	most := 0
	for _, pid := range children(s.pid()) {
		held, err := heldBy(pid, "VmHWM")
		if err == nil { // it has not ended meanwhile
			most = max(most, held)
		}
	}
	return most
}
