package queue_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"compressor/internal/database"
	"compressor/internal/job"
	"compressor/internal/job/store"
	"compressor/internal/queue"
)

// TestMain lets the test binary be the server of TestKill.
func TestMain(m *testing.M) {
	if dir := os.Getenv("QUEUE_TEST_SERVE"); dir != "" {
		if err := serve(context.Background(), dir); err != nil {
			fmt.Println("error:", err)
		}
		os.Exit(1) // it only ever ends by a kill
	}
	os.Exit(m.Run())
}

// serve is a server without HTTP: it recovers, claims, works a little and finishes. It
// says each job that it has finished, after the commit.
func serve(ctx context.Context, dir string) error {
	serving, err := database.Serve(dir)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, dir)
	if err != nil {
		return err
	}
	q, err := queue.New(ctx, db.Write(), queue.Config{Workers: 4})
	if err != nil {
		return err
	}
	s := store.New(db, q, store.Options{})
	if _, err := s.Recover(ctx, serving.Node()); err != nil {
		return err
	}
	owner := serving.Node() + "/" + uuid.NewString()
	err = q.Start(ctx, func(ctx context.Context, t job.Ticket) error {
		j, err := s.Claim(ctx, t, owner, time.Minute)
		if errors.Is(err, job.ErrStale) {
			return nil
		}
		if err != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond) // the work
		if _, err := s.Finish(ctx, j.Ticket(), job.Outcome{}); err != nil {
			return err
		}
		fmt.Println(j.ID)
		return nil
	})
	if err != nil {
		return err
	}
	select {}
}

// TestKill: a server is killed again and again while it works through its queue. No job is
// lost, and none ends twice.
func TestKill(t *testing.T) {
	const jobs, kills, between = 30, 4, 6
	dir := t.TempDir()
	db, err := database.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	q, err := queue.New(t.Context(), db.Write(), queue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := store.New(db, q, store.Options{})
	var ids []string
	for range jobs {
		j, err := s.Enqueue(t.Context(), job.Job{KeyID: "k"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, j.ID)
	}
	ended := map[string]int{}
	left := func() int {
		c, err := s.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c.Queued() + c.Processing
	}
	for range kills { // a killed server may have finished more than it could say
		run(t, dir, min(between, left()), ended)
	}
	run(t, dir, left(), ended)
	for _, id := range ids {
		if j, err := s.Get(t.Context(), id); err != nil || j.State != job.Completed || j.Attempts != 0 {
			t.Errorf("%s is %s after %d deaths of a job process, %v", id, j.State, j.Attempts, err)
		}
		if ended[id] > 1 { // 0: killed between the commit and its word
			t.Errorf("%s ended %d times", id, ended[id])
		}
	}
}

// run starts a server and kills it once it has said that it finished n jobs.
func run(t *testing.T, dir string, n int, ended map[string]int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "QUEUE_TEST_SERVE="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()         //nolint:errcheck // it was killed
	defer cmd.Process.Kill() //nolint:errcheck // it may be dead
	// A server that lost its way would say nothing: then the test ends it, and fails.
	guard := time.AfterFunc(60*time.Second, func() { cmd.Process.Kill() }) //nolint:errcheck // likewise
	defer guard.Stop()
	lines := bufio.NewScanner(out)
	said := 0
	for said < n && lines.Scan() {
		if strings.HasPrefix(lines.Text(), "error:") {
			t.Fatal(lines.Text())
		}
		ended[lines.Text()]++
		said++
	}
	cmd.Process.Kill() //nolint:errcheck // it may be dead
	rest, err := io.ReadAll(out)
	for _, id := range strings.Fields(string(rest)) {
		ended[id]++
	}
	for lines.Scan() { // what the scanner had read already
		ended[lines.Text()]++
	}
	if err != nil || said < n {
		t.Fatalf("the server finished %d of %d jobs, %v", said, n, err)
	}
}
