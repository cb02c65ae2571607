package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"sync"
	"time"

	"compressor/cmd/internal/served"
)

// tiny is the smallest PNG there is: one black pixel, 67 bytes. The service looks at it, finds
// nothing smaller, and gives it back: a job with as little of the engine as a real one has.
func tiny() []byte {
	chunk := func(out []byte, kind, data string) []byte {
		n := len(data)
		out = append(out, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		from := len(out)
		out = append(append(out, kind...), data...)
		sum := crc32.ChecksumIEEE(out[from:])
		return append(out, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
	}
	out := []byte("\x89PNG\r\n\x1a\n")
	out = chunk(out, "IHDR", "\x00\x00\x00\x01\x00\x00\x00\x01\x01\x00\x00\x00\x00")
	out = chunk(out, "IDAT", "\x78\x9c\x63\x60\x00\x00\x00\x02\x00\x01")
	return chunk(out, "IEND", "")
}

// throughput: eight clients have 400 jobs done as fast as they are taken, before that one client
// has 100 done one after another.
func throughput(dir string) ([]figure, error) {
	const clients, jobs, single = 8, 400, 100
	s, err := startService(dir, "COMPRESSOR_QUEUED=100000", "COMPRESSOR_QUEUE_MAX=100000")
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	c := s.client(served.Key)
	data := tiny()
	first, err := c.upload("tiny.png", data, false)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); first.Output.SHA256 != hex.EncodeToString(sum[:]) {
		return nil, fmt.Errorf("the smallest PNG became another of %d bytes", first.Output.Size)
	}
	took, err := oneByOne(c, data, single)
	if err != nil {
		return nil, err
	}
	accepted, done, err := flood(s, data, clients, jobs)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("no-op jobs (a PNG of %d bytes, kept as it is), ", len(data))
	return []figure{
		{what + fmt.Sprintf("%d from %d clients: accepted", jobs, clients), fmt.Sprintf("%.0f a second", accepted), ""},
		{what + "from the first request to the last end: completed", fmt.Sprintf("%.0f a second", done), ""},
		{what + fmt.Sprintf("%d one by one on SQLite: from request to end as the client sees it", single),
			fmt.Sprintf("p50 %.0f ms, p99 %.0f ms", quantile(took, 0.5), quantile(took, 0.99)), ""},
	}, nil
}

// oneByOne has n jobs done, each from its request to the reply that tells of its end.
func oneByOne(c *client, data []byte, n int) ([]time.Duration, error) {
	var took []time.Duration
	for range n {
		begun := time.Now()
		j, err := c.upload("tiny.png", data, true)
		for err == nil && !j.ended() {
			j, err = c.poll(j.ID)
		}
		if err != nil {
			return nil, err
		}
		if j.Status != "completed" {
			return nil, fmt.Errorf("job %s: %v", j.ID, j.Status)
		}
		took = append(took, time.Since(begun))
	}
	return took, nil
}

// flood has n jobs taken, and gives how many a second were accepted and done.
func flood(s service, data []byte, clients, n int) (accepted, done float64, err error) {
	ids := make([][]string, clients)
	failed := make([]error, clients)
	var all sync.WaitGroup
	begun := time.Now()
	for i := range clients {
		all.Go(func() {
			c := s.client(served.Key)
			for range n / clients {
				j, err := c.upload("tiny.png", data, true)
				if err != nil {
					failed[i] = err
					return
				}
				ids[i] = append(ids[i], j.ID)
			}
		})
	}
	all.Wait()
	taken := time.Since(begun)
	c := s.client(served.Key)
	for i := range clients {
		if failed[i] != nil {
			return 0, 0, failed[i]
		}
		for _, id := range ids[i] { // the last to end decides; those before have ended then
			for j := (job{}); !j.ended(); {
				if j, err = c.poll(id); err != nil {
					return 0, 0, err
				}
			}
		}
	}
	return float64(n) / taken.Seconds(), float64(n) / time.Since(begun).Seconds(), nil
}
