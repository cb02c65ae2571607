package httpapi

import (
	"bufio"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"compressor/internal/job"
)

// BenchmarkEvents opens 2,000 streams, each of a job of its own, tells what one costs in
// memory of this process, its client's socket included, and how long the end of a job takes
// to arrive at its reader while the others stay open. It needs 4,100 open files.
func BenchmarkEvents(b *testing.B) {
	const streams = 2000
	s := start(b, nil)
	ids := make([]string, streams)
	for i := range ids {
		ids[i] = fmt.Sprintf("5b1f2f0e-8f5c-4d3b-a1a7-%012x", i)
		s.desk.put(job.Job{ID: ids[i], KeyID: s.keyID, State: job.Processing, Request: []byte("{}"), Created: noon})
	}
	before := inUse()
	conns := make([]net.Conn, streams)
	for i, id := range ids {
		conns[i] = s.openStream(b, id)
	}
	after := inUse()
	var took []time.Duration
	n := 0
	for b.Loop() {
		if n == streams {
			b.Fatalf("more rounds than streams: use -benchtime %dx", streams)
		}
		begun := time.Now()
		s.desk.put(job.Job{ID: ids[n], KeyID: s.keyID, State: job.Failed, Request: []byte("{}"), Created: noon})
		awaitText(b, conns[n], "event: done")
		took = append(took, time.Since(begun))
		n++
	}
	b.ReportMetric(float64(after.bytes-before.bytes)/streams, "bytes/stream")
	b.ReportMetric(float64(after.goroutines-before.goroutines)/streams, "goroutines/stream")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	for _, c := range conns {
		c.Close()
	}
}

type held struct {
	bytes      int64
	goroutines int
}

// inUse is what this process holds after a collection: the heap and all stacks.
func inUse() held {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return held{int64(m.HeapInuse + m.StackInuse), runtime.NumGoroutine()}
}

// openStream asks for the events of a job, with no more of a client than a socket.
func (s *service) openStream(b *testing.B, id string) net.Conn {
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	_, err = fmt.Fprintf(c, "GET /1.0/jobs/%s/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", id, s.key)
	if err != nil {
		b.Fatal(err)
	}
	awaitText(b, c, "event: state")
	return c
}

func awaitText(b *testing.B, c net.Conn, text string) {
	b.Helper()
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	b.Fatalf("no %s came", text)
}
