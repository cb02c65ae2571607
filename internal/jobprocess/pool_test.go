package jobprocess

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"compressor/internal/problem"
	"compressor/internal/sandbox"
	"compressor/internal/turns"

	"golang.org/x/sys/unix"
)

// machine are the features of this machine, found once.
var machine = sync.OnceValue(strongest)

// newPool makes a pool that, at the end of the test, must leave nothing behind.
func newPool(t *testing.T, edit func(*Config)) *Pool {
	t.Helper()
	config := Config{WorkDir: t.TempDir(), Slots: 2, Spares: 1, Features: machine()}
	config.Limits.Wall = 5 * time.Minute // so that a slow machine does not fail the tests
	if edit != nil {
		edit(&config)
	}
	pool, err := NewPool(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(config.WorkDir); err != nil || len(left) != 0 {
			t.Errorf("the pool left %v, %v", left, err)
		}
	})
	return pool
}

func newInput(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, []byte(text), 0o400); err != nil {
		t.Fatal(err)
	}
	return path
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// children are the processes whose parent this test is, zombies included.
func children(t *testing.T) []string {
	t.Helper()
	var found []string
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range tasks {
		text, _ := os.ReadFile(path) // a thread may end meanwhile
		found = append(found, strings.Fields(string(text))...)
	}
	return found
}

func TestRun(t *testing.T) {
	pool := newPool(t, nil)
	var seen []Progress
	request := Request{Name: "upper", Recipe: json.RawMessage(`{"a":1}`), Limits: EngineLimits{Pixels: 7}}
	result, err := pool.Run(t.Context(), newInput(t, "hello"), request, func(p Progress) { seen = append(seen, p) })
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	text, err := io.ReadAll(result.File)
	if err != nil || string(text) != "HELLO" || result.Size != 5 {
		t.Errorf("%q of %d bytes, %v", text, result.Size, err)
	}
	if want := `{"name":"upper","pixels":7,"recipe":{"a":1}}`; string(result.Report) != want {
		t.Errorf("report %s, want %s", result.Report, want)
	}
	if len(seen) != 1 || seen[0] != (Progress{Phase: "working", Done: 1, Total: 2, Percent: 50}) {
		t.Errorf("progress %+v", seen)
	}
	if used := result.Death(); used.CPU <= 0 || used.MaxRSS < 1<<20 {
		t.Errorf("used %v and %d bytes", used.CPU, used.MaxRSS)
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := errors.Join(os.Rename(result.Path, moved), result.Close(), result.Close()); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(moved); err != nil || string(text) != "HELLO" {
		t.Errorf("moved away: %q, %v", text, err)
	}
}

// act is one behaviour of a job process and what the service makes of it.
type expectation struct {
	act  string
	code problem.Code
	log  string // in the cause, for the log
}

func TestOutcomes(t *testing.T) {
	tests := []expectation{
		{"corrupt", problem.FileCorrupt, "byte 7"},
		{"plain", problem.Internal, "unforeseen"},
		{"panic", problem.Internal, "engine bug"},
		{"throw", problem.WorkerDied, "in another goroutine"},
		{"stack", problem.WorkerDied, "stack"},
		{"memory", problem.WorkerTimeout, "out of memory"},
		{"exit", problem.WorkerDied, "no outcome"},
		{"foreign", problem.WorkerDied, "crashed"},
		{"write-in", problem.FormatUnsafe, "denied"},
		{"wild-name", problem.WorkerDied, "a result named"},
		{"no-file", problem.WorkerDied, "no such file"},
		{"folder", problem.WorkerDied, "not a regular file"},
		{"wild-code", problem.WorkerDied, "unknown code"},
		{"both", problem.WorkerDied, "both a problem and a result"},
		{"chatter", problem.WorkerDied, "neither"},
		{"full", problem.StorageFull, "no space left"},
	}
	pool := newPool(t, func(c *Config) { c.Limits.Memory = 512 << 20 })
	input := newInput(t, "hello")
	for _, test := range tests {
		if test.act == "write-in" && machine().Landlock == 0 {
			continue // nothing refuses it here; it gets a copy
		}
		result, err := pool.Run(t.Context(), input, Request{Name: test.act}, nil)
		if err == nil {
			result.Close()
			t.Errorf("%s: no error", test.act)
			continue
		}
		found := problem.From(err)
		if found.Code != test.code || !strings.Contains(fmt.Sprint(found.Cause()), test.log) {
			t.Errorf("%s: %v, because %v", test.act, err, found.Cause())
		}
		if text := err.Error(); strings.Contains(text, pool.config.WorkDir) || len(text) > 1200 || strings.Contains(text, "\x1b") {
			t.Errorf("%s: unfit for a client: %q", test.act, text)
		}
		if strings.Contains(fmt.Sprint(found.Cause()), pool.home.path) {
			t.Errorf("%s: the log names the folder", test.act)
		}
	}
	if text, err := os.ReadFile(input); err != nil || string(text) != "hello" {
		t.Errorf("the input became %q, %v", text, err)
	}
}

func TestKept(t *testing.T) {
	pool := newPool(t, nil)
	result, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "keep"}, nil)
	if err != nil || result.File != nil || result.Path != "" || string(result.Report) != `{"kept":true}` {
		t.Fatalf("%+v, %v", result, err)
	}
	if err := result.Close(); err != nil {
		t.Error(err)
	}
}

func TestProgressNeverFalls(t *testing.T) {
	pool := newPool(t, nil)
	var percents []float64
	result, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "fall"}, func(p Progress) { percents = append(percents, p.Percent) })
	if err != nil {
		t.Fatal(err)
	}
	result.Close()
	if !slices.Equal(percents, []float64{10, 60, 60, 100, 100}) {
		t.Errorf("%v", percents)
	}
}

// TestSlowProgress: what takes hours to come a percent further still tells, but not of
// every step.
func TestSlowProgress(t *testing.T) {
	pool := newPool(t, nil)
	told := 0
	result, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "creep"}, func(Progress) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	result.Close()
	if told < 3 || told > 13 {
		t.Errorf("told %d times", told)
	}
}

func TestOutputLimit(t *testing.T) {
	pool := newPool(t, func(c *Config) { c.Limits.Output = 1 << 20 })
	_, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "too-large"}, nil)
	if !problem.Has(err, problem.LimitExceeded) {
		t.Errorf("%v", err)
	}
}

func TestWallLimit(t *testing.T) {
	pool := newPool(t, func(c *Config) { c.Limits.Wall = 100 * time.Millisecond })
	for _, act := range []string{"wait", "loop"} {
		_, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: act}, nil)
		if !problem.Has(err, problem.WorkerTimeout) || !strings.Contains(fmt.Sprint(errors.Unwrap(err)), "wall clock") {
			t.Errorf("%s: %v, because %v", act, err, errors.Unwrap(err))
		}
	}
}

// TestFilms: a job that is known to take long may, by clock and by processor time.
func TestFilms(t *testing.T) {
	pool := newPool(t, func(c *Config) {
		c.Limits.Wall, c.LongWall = 100*time.Millisecond, 5*time.Minute
		c.Limits.CPU, c.Limits.LongCPU = time.Second, 3*time.Second
	})
	if _, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "loop"}, nil); !problem.Has(err, problem.WorkerTimeout) ||
		!strings.Contains(fmt.Sprint(errors.Unwrap(err)), "wall clock") {
		t.Errorf("no film: %v, because %v", err, errors.Unwrap(err))
	}
	_, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "loop", Long: true}, nil)
	var used float64
	_, text, _ := strings.Cut(fmt.Sprint(errors.Unwrap(err)), "processor time, signal: killed, ")
	if _, scanErr := fmt.Sscan(text, &used); !problem.Has(err, problem.WorkerTimeout) || scanErr != nil || used < 2 {
		t.Errorf("a film: %v, because %v", err, errors.Unwrap(err))
	}
}

func TestProcessorLimit(t *testing.T) {
	pool := newPool(t, func(c *Config) { c.Limits.CPU = time.Second })
	_, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "loop"}, nil)
	if !problem.Has(err, problem.WorkerTimeout) || !strings.Contains(fmt.Sprint(errors.Unwrap(err)), "processor time") {
		t.Errorf("%v, because %v", err, errors.Unwrap(err))
	}
}

func TestCancel(t *testing.T) {
	pool := newPool(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := pool.Run(ctx, newInput(t, "x"), Request{Name: "wait"}, func(Progress) { cancel() })
	if !problem.Has(err, problem.Canceled) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := pool.Run(ctx, newInput(t, "x"), Request{Name: "keep"}, nil); !problem.Has(err, problem.Canceled) {
		t.Errorf("canceled before: %v", err)
	}
}

func TestKilledFromOutside(t *testing.T) {
	pool := newPool(t, func(c *Config) { c.Slots, c.Spares = 1, 0 })
	_, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "wait"}, func(Progress) {
		pool.mu.Lock()
		defer pool.mu.Unlock()
		for w := range pool.live {
			if err := unix.Kill(w.process.PID(), unix.SIGKILL); err != nil {
				t.Error(err)
			}
		}
	})
	if !problem.Has(err, problem.WorkerDied) || !strings.Contains(fmt.Sprint(errors.Unwrap(err)), "signal: killed") {
		t.Errorf("%v, because %v", err, errors.Unwrap(err))
	}
}

func TestCloseEndsRunningJobs(t *testing.T) {
	pool := newPool(t, nil)
	begun, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "wait"}, func(Progress) { close(begun) })
		ended <- err
	}()
	<-begun
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !problem.Has(err, problem.Draining) {
		t.Errorf("%v", err)
	}
	if _, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "keep"}, nil); !problem.Has(err, problem.Draining) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := pool.Acquire(t.Context(), turns.Turn{}); !problem.Has(err, problem.Draining) {
		t.Errorf("a closed pool gave a slot: %v", err)
	}
}

func TestMissingInput(t *testing.T) {
	pool := newPool(t, nil)
	_, err := pool.Run(t.Context(), filepath.Join(t.TempDir(), "none"), Request{Name: "keep"}, nil)
	if !problem.Has(err, problem.Internal) {
		t.Errorf("%v", err)
	}
}

// A process that cannot be caged as asked fails the job; it never runs uncaged.
func TestCageThatCannotBeBuilt(t *testing.T) {
	pool := newPool(t, func(c *Config) { c.Features.Landlock = 99 })
	_, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "keep"}, nil)
	if !problem.Has(err, problem.Internal) || !strings.Contains(fmt.Sprint(errors.Unwrap(err)), "landlock") {
		t.Errorf("%v, because %v", err, errors.Unwrap(err))
	}
}

func TestLowerLevels(t *testing.T) {
	for _, features := range []sandbox.Features{{}, {Seccomp: true}} {
		pool := newPool(t, func(c *Config) { c.Features = features })
		input := newInput(t, "hello")
		result, err := pool.Run(t.Context(), input, Request{Name: "upper"}, nil)
		if err != nil {
			t.Fatal(err, errors.Unwrap(err))
		}
		result.Close()
		// Nothing keeps the job from its input here, so it must have been given a copy.
		if _, err := pool.Run(t.Context(), input, Request{Name: "write-in"}, nil); err != nil {
			t.Logf("%v", err)
		}
		if text, err := os.ReadFile(input); err != nil || string(text) != "hello" {
			t.Errorf("the input became %q, %v", text, err)
		}
	}
}

// A service that is killed takes its job processes with it, running or waiting.
func TestServiceGone(t *testing.T) {
	work := t.TempDir()
	command := exec.Command("/proc/self/exe", serviceRole, work)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Wait() }()
	var pids []int
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err = errors.Join(err, json.Unmarshal(line, &pids)); err != nil || len(pids) == 0 {
		command.Process.Kill()
		t.Fatalf("%s, %v", line, err)
	}
	handles := make([]int, len(pids))
	for i, pid := range pids {
		if handles[i], err = unix.PidfdOpen(pid, 0); err != nil {
			t.Fatal(err)
		}
		defer unix.Close(handles[i])
	}
	if swept, err := Sweep(work); swept != 0 || err != nil {
		t.Errorf("%d folders of a living service were swept, %v", swept, err)
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for i, pid := range pids { // a process handle becomes readable when the process ends
		ready, err := 0, error(unix.EINTR)
		for errors.Is(err, unix.EINTR) {
			ready, err = unix.Poll([]unix.PollFd{{Fd: int32(handles[i]), Events: unix.POLLIN}}, 60_000)
		}
		if err != nil || ready != 1 {
			t.Errorf("process %d lives on: %v", pid, err)
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
	_ = command.Wait()
	if swept, err := Sweep(work); swept != 1 || err != nil {
		t.Errorf("%d folders were swept, %v", swept, err)
	}
	if left, err := filepath.Glob(filepath.Join(work, "pool-*")); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestEnvironmentIsOurs(t *testing.T) {
	t.Setenv("COMPRESSOR_API_KEY", "canary-in-the-environment")
	pool := newPool(t, nil)
	result, err := pool.Run(t.Context(), newInput(t, "x"), Request{Name: "environment"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	if strings.Contains(string(result.Report), "canary") || !strings.Contains(string(result.Report), "HOME=/nonexistent") {
		t.Errorf("%s", result.Report)
	}
}
