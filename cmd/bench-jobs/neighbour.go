package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"compressor/cmd/internal/served"
)

// picture is what the neighbours have compressed.
const picture = "testdata/image/jpeg/progressive-cat.jpg"

// neighbour: one key's requests, 300 one after another and each waited for, alone, and then beside
// another key that has 2,000 jobs in the queue and 50 requests waiting at any time.
func neighbour(dir string) ([]figure, error) {
	const requests, queued, parallel = 300, 2000, 50
	s, err := startService(dir, "COMPRESSOR_QUEUED=100000", "COMPRESSOR_DRAIN=0s")
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	data, err := os.ReadFile(picture)
	if err != nil {
		return nil, err
	}
	keyB, err := s.newKey("B")
	if err != nil {
		return nil, err
	}
	b := s.client(keyB)
	if _, err := oneAfterAnother(b, data, 10); err != nil { // warm
		return nil, err
	}
	alone, err := oneAfterAnother(b, data, requests)
	if err != nil {
		return nil, err
	}
	a := s.client(served.Key)
	for range queued {
		if _, err := a.upload("a.jpg", data, true); err != nil {
			return nil, err
		}
	}
	stop := keepWaiting(a, data, parallel)
	time.Sleep(3 * time.Second) // until all of them wait
	beside, err := oneAfterAnother(b, data, requests)
	answered, failed := stop()
	if err := errors.Join(failed, err); err != nil {
		return nil, err
	}
	ratio := func(p float64) float64 { return quantile(beside, p) / quantile(alone, p) }
	return []figure{
		{fmt.Sprintf("a JPEG of %d bytes, %d requests of key B one by one, alone", len(data), requests),
			fmt.Sprintf("p50 %.0f ms, p99 %.0f ms", quantile(alone, 0.5), quantile(alone, 0.99)), ""},
		{fmt.Sprintf("the same beside key A with %d jobs queued and %d requests waiting (%d of these answered meanwhile)", queued, parallel, answered),
			fmt.Sprintf("p50 %.0f ms, p99 %.0f ms", quantile(beside, 0.5), quantile(beside, 0.99)), ""},
		{"noisy neighbour: ratio of the two", fmt.Sprintf("p50 %.2f, p99 %.2f", ratio(0.5), ratio(0.99)), "p99 at most 2"},
	}, nil
}

// keepWaiting keeps so many requests waiting. stop ends that, and tells how many were answered.
func keepWaiting(c *client, data []byte, parallel int) (stop func() (answered int64, err error)) {
	over := make(chan struct{})
	failed := make([]error, parallel)
	var flooding sync.WaitGroup
	var answered atomic.Int64
	for i := range parallel {
		flooding.Go(func() {
			for failed[i] == nil {
				select {
				case <-over:
					return
				default:
				}
				_, failed[i] = c.upload("a.jpg", data, false)
				answered.Add(1)
			}
		})
	}
	return func() (int64, error) {
		close(over)
		flooding.Wait()
		return answered.Load(), errors.Join(failed...)
	}
}

func oneAfterAnother(c *client, data []byte, n int) ([]time.Duration, error) {
	var took []time.Duration
	for range n {
		begun := time.Now()
		if _, err := c.upload("b.jpg", data, false); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begun))
	}
	return took, nil
}
