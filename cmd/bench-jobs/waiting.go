package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"compressor/cmd/internal/served"
	"compressor/internal/account"
	"compressor/internal/database"
)

// silence is a source that takes requests and never answers, so that a job which is fetched
// from it goes on until it is canceled.
func silence() (url string, end func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-ctx.Done():
		}
	})}
	go server.Serve(l)
	return "http://" + l.Addr().String() + "/", func() { cancel(); server.Close() }, nil
}

// endless are the settings under which a job from silence goes on.
func endless() []string {
	return []string{"COMPRESSOR_QUEUED=100000", "COMPRESSOR_QUEUE_MAX=100000", "COMPRESSOR_FETCH_IDLE=1h", "COMPRESSOR_DRAIN=0s"}
}

// wakeUp: how soon a waiting poll tells of an end. The end is a cancel, whose commit is part
// of the time.
func wakeUp(dir string) ([]figure, error) {
	const polls = 300
	s, err := startService(dir, endless()...)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	url, end, err := silence()
	if err != nil {
		return nil, err
	}
	defer end()
	c := s.client(served.Key)
	var took []time.Duration
	for range polls {
		d, err := wokenUp(c, url)
		if err != nil {
			return nil, err
		}
		took = append(took, d)
	}
	return []figure{{fmt.Sprintf("long poll, %d: from the request that ends a job to the reply of the poll that waits", polls),
		fmt.Sprintf("p50 %.1f ms, p99 %.1f ms", quantile(took, 0.5), quantile(took, 0.99)), "p99 at most 100 ms"}}, nil
}

func wokenUp(c *client, url string) (time.Duration, error) {
	j, err := c.fetch(url)
	for err == nil && j.Status != "processing" { // a poll that came late would wait for the end
		time.Sleep(2 * time.Millisecond)
		j, err = c.get(j.ID)
	}
	if err != nil {
		return 0, err
	}
	type told struct {
		job job
		at  time.Time
		err error
	}
	got := make(chan told, 1)
	go func() {
		j, err := c.poll(j.ID)
		got <- told{j, time.Now(), err}
	}()
	time.Sleep(20 * time.Millisecond) // so that it waits
	begun := time.Now()
	if err := c.cancel(j.ID); err != nil {
		return 0, err
	}
	end := <-got
	if end.err == nil && !end.job.ended() {
		end.err = fmt.Errorf("the poll said %v", end.job.Status)
	}
	return end.at.Sub(begun), end.err
}

// streams: what 2,000 open event streams, each of a job of its own, take of the service's
// memory, and how soon one tells of an end beside the others.
func streams(dir string) ([]figure, error) {
	const count, ends = 2000, 200
	s, err := startService(dir, endless()...)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	url, end, err := silence()
	if err != nil {
		return nil, err
	}
	defer end()
	c := s.client(served.Key)
	var ids []string
	for range count {
		j, err := c.fetch(url)
		if err != nil {
			return nil, err
		}
		ids = append(ids, j.ID)
	}
	time.Sleep(2 * time.Second) // what making them took is given back
	before := s.resident()
	readers := make([]*bufio.Reader, count)
	for i, id := range ids {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.Base, "http://"))
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /1.0/jobs/%s/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", id, served.Key)
		readers[i] = bufio.NewReader(conn)
		if err := await(readers[i], "event: state"); err != nil {
			return nil, err
		}
	}
	after := s.resident()
	var took []time.Duration
	for i := range ends {
		at := count - 1 - i // of jobs that wait: their end starts no other
		begun := time.Now()
		if err := c.cancel(ids[at]); err != nil {
			return nil, err
		}
		if err := await(readers[at], "event: done"); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begun))
	}
	return []figure{
		{fmt.Sprintf("%d open event streams: resident memory of the service, before and with them", count),
			fmt.Sprintf("%.0f MB, %.0f MB (%.0f kB each)", before/1000, after/1000, (after-before)/count), ""},
		{"beside them, from the request that ends a job to the event on its stream",
			fmt.Sprintf("p50 %.1f ms, p99 %.1f ms", quantile(took, 0.5), quantile(took, 0.99)), ""},
	}, nil
}

func await(r *bufio.Reader, text string) error {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return fmt.Errorf("no %s came: %w", text, err)
		}
		if strings.Contains(line, text) {
			return nil
		}
	}
}

// rateWindow: what counting a request costs, in this process, while counts are written to a
// database as the service does.
func rateWindow(dir string) ([]figure, error) {
	const requests, keys = 1_000_000, 100
	ctx, cancel := context.WithCancel(context.Background())
	db, err := database.Open(ctx, filepath.Join(dir, "data"))
	if err != nil {
		cancel()
		return nil, err
	}
	defer db.Close()
	meter, err := account.OpenMeter(ctx, db, account.Limits{Window: 15 * time.Minute, Requests: requests, Reads: requests}, time.Now)
	if err != nil {
		cancel()
		return nil, err
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		meter.Run(ctx, func(failed error) { err = failed })
	}()
	var all [keys]account.Key
	for i := range all {
		all[i].ID = fmt.Sprintf("key-%03d", i)
	}
	begun := time.Now()
	for i := range requests {
		key := all[i%keys]
		if _, ok := meter.Spend(key, account.Requests); !ok {
			err = fmt.Errorf("request %d was refused", i)
		}
		meter.Count(key.ID, account.Usage{Requests: 1, BytesIn: 1000, BytesOut: 1000})
	}
	took := time.Since(begun)
	cancel()
	<-written
	return []figure{{fmt.Sprintf("rate window and usage, %d requests of %d keys: for each", requests, keys),
		fmt.Sprintf("%.2f µs", float64(took.Microseconds())/requests), "at most 20 µs"}}, err
}
