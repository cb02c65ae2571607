package jobprocess

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"compressor/internal/problem"
	"compressor/internal/sandbox"

	"golang.org/x/sys/unix"
)

// TestMain lets the test binary be its own job process, its own attacker, and a service
// that can be killed: it branches on its role first.
func TestMain(m *testing.M) {
	if len(os.Args) >= 2 && !strings.HasPrefix(os.Args[1], "-") {
		roles := map[string]func() error{
			Role:               func() error { return Serve(context.Background(), os.Stderr, actor) },
			sandbox.AttackRole: sandbox.ServeAttack,
			serviceRole:        func() error { return service(os.Args[2], os.Stdout) },
		}
		if role, ok := roles[os.Args[1]]; !ok {
			os.Exit(2)
		} else if err := role(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// actor is the engine of these tests: the name of the request says what it does.
func actor(ctx context.Context, job Job) (Outcome, error) {
	act, ok := acts[job.Request.Name]
	if !ok {
		return Outcome{}, fmt.Errorf("no act %q", job.Request.Name)
	}
	return act(ctx, job)
}

var acts = map[string]func(context.Context, Job) (Outcome, error){
	"upper": actUpper,
	"keep": func(context.Context, Job) (Outcome, error) {
		return Outcome{Report: json.RawMessage(`{"kept":true}`)}, nil
	},
	"corrupt": func(context.Context, Job) (Outcome, error) {
		return Outcome{}, problem.New(problem.FileCorrupt).Because(errors.New("byte 7"))
	},
	"plain":     func(context.Context, Job) (Outcome, error) { return Outcome{}, errors.New("unforeseen") },
	"panic":     func(context.Context, Job) (Outcome, error) { panic("engine bug") },
	"throw":     actThrow,
	"stack":     func(context.Context, Job) (Outcome, error) { return Outcome{}, fmt.Errorf("%d", recurse(1)) },
	"memory":    actMemory,
	"loop":      actLoop,
	"exit":      func(context.Context, Job) (Outcome, error) { os.Exit(0); return Outcome{}, nil },
	"foreign":   actForeign,
	"wait":      actWait,
	"fall":      actFall,
	"creep":     actCreep,
	"write-in":  actWriteInput,
	"wild-name": func(context.Context, Job) (Outcome, error) { return Outcome{File: "../in"}, nil },
	"no-file":   func(context.Context, Job) (Outcome, error) { return Outcome{File: "nothing"}, nil },
	"folder":    actFolder,
	"wild-code": func(context.Context, Job) (Outcome, error) {
		return Outcome{Problem: &problem.Problem{Code: "no-such"}}, nil
	},
	"wild-text": func(context.Context, Job) (Outcome, error) {
		return Outcome{}, problem.Newf(problem.FileCorrupt, "\x1b[31m%s", strings.Repeat("é", 2000))
	},
	"too-large":   actTooLarge,
	"environment": actEnvironment,
	"both": func(context.Context, Job) (Outcome, error) {
		return Outcome{Problem: problem.New(problem.FileCorrupt), File: "result"}, nil
	},
	"chatter":  actChatter,
	"priority": actPriority,
	"full": func(_ context.Context, job Job) (Outcome, error) {
		return Outcome{}, &os.PathError{Op: "write", Path: job.Out, Err: unix.ENOSPC}
	},
}

func actUpper(_ context.Context, job Job) (Outcome, error) {
	data, err := os.ReadFile(job.Input)
	if err != nil {
		return Outcome{}, err
	}
	job.Progress(Progress{Phase: "working", Done: 1, Total: 2, Percent: 50})
	err = os.WriteFile(filepath.Join(job.Out, "result"), []byte(strings.ToUpper(string(data))), 0o600)
	report, _ := json.Marshal(map[string]any{"name": job.Request.Name, "recipe": job.Request.Recipe, "pixels": job.Request.Limits.Pixels})
	return Outcome{File: "result", Report: report}, err
}

func actThrow(context.Context, Job) (Outcome, error) {
	go func() { panic("in another goroutine") }()
	select {}
}

func recurse(n int) int {
	if n < 0 {
		return 0
	}
	var frame [256]int
	frame[n%256] = n
	return recurse(n+1) + frame[(n+1)%256]
}

func actMemory(context.Context, Job) (Outcome, error) {
	var hoard [][]byte
	for i := 0; len(hoard) == i; i++ {
		block := make([]byte, 4<<20)
		for i := 0; i < len(block); i += os.Getpagesize() {
			block[i] = 1
		}
		hoard = append(hoard, block)
	}
	return Outcome{}, nil
}

func actLoop(_ context.Context, job Job) (Outcome, error) {
	job.Progress(Progress{Phase: "looping"})
	for i := 0; ; i++ {
		if i < 0 {
			return Outcome{}, nil
		}
	}
}

// actForeign makes a call that no filter lets pass, with an answer that ends the process.
func actForeign(context.Context, Job) (Outcome, error) {
	_ = unix.Kill(unix.Getpid(), unix.SIGSYS)
	select {}
}

func actWait(_ context.Context, job Job) (Outcome, error) {
	if err := os.WriteFile(filepath.Join(job.Out, "begun"), nil, 0o600); err != nil {
		return Outcome{}, err
	}
	job.Progress(Progress{Phase: "waiting"})
	select {}
}

func actFall(_ context.Context, job Job) (Outcome, error) {
	for _, percent := range []float64{10, 60, 20, 170, 80} {
		job.Progress(Progress{Phase: fmt.Sprintf("at %v", percent), Percent: percent})
	}
	return Outcome{}, nil
}

// actCreep tells of less than a percent, for as long as three of its steps should be told.
func actCreep(_ context.Context, job Job) (Outcome, error) {
	for i := range 14 {
		job.Progress(Progress{Phase: "creeping", Percent: 10 + float64(i)/100})
		time.Sleep(100 * time.Millisecond)
	}
	return Outcome{}, nil
}

func actWriteInput(_ context.Context, job Job) (Outcome, error) {
	if err := os.WriteFile(job.Input, []byte("forged"), 0o600); err != nil {
		return Outcome{}, problem.New(problem.FormatUnsafe).Because(err)
	}
	return Outcome{}, nil
}

func actFolder(_ context.Context, job Job) (Outcome, error) {
	return Outcome{File: "result"}, os.Mkdir(filepath.Join(job.Out, "result"), 0o700)
}

func actTooLarge(_ context.Context, job Job) (Outcome, error) {
	file, err := os.Create(filepath.Join(job.Out, "result"))
	if err != nil {
		return Outcome{}, err
	}
	defer file.Close()
	if _, err := file.Write(make([]byte, 2<<20)); err != nil {
		return Outcome{}, problem.New(problem.LimitExceeded).Because(err)
	}
	return Outcome{File: "result"}, nil
}

func actEnvironment(_ context.Context, job Job) (Outcome, error) {
	report, err := json.Marshal(os.Environ())
	return Outcome{Report: report}, err
}

// actPriority tells the nice values of its threads, old ones and a new one.
func actPriority(context.Context, Job) (Outcome, error) {
	own := make(chan int)
	for range 3 {
		go func() {
			runtime.LockOSThread() // and so ends with its goroutine
			value, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
			if err != nil {
				value = -1
			}
			own <- 20 - value
		}()
	}
	report, err := json.Marshal([]int{<-own, <-own, <-own})
	return Outcome{Report: report}, err
}

// actChatter writes to the service past the protocol.
func actChatter(context.Context, Job) (Outcome, error) {
	_, _ = unix.Write(4, []byte("{}\n"))
	select {}
}

const serviceRole = "service"

// service is a service that runs one endless job and says so; the test kills it.
func service(workDir string, ready io.Writer) error {
	pool, err := NewPool(Config{WorkDir: workDir, Slots: 1, Spares: 1, Features: strongest()})
	if err != nil {
		return err
	}
	input := filepath.Join(workDir, "input")
	if err := os.WriteFile(input, []byte("x"), 0o600); err != nil {
		return err
	}
	_, err = pool.Run(context.Background(), input, Request{Name: "loop"}, func(Progress) {
		pool.mu.Lock()
		defer pool.mu.Unlock()
		var pids []int
		for w := range pool.live {
			pids = append(pids, w.process.PID())
		}
		_ = json.NewEncoder(ready).Encode(pids)
	})
	return err
}

// strongest are the features of this machine, without asking for namespaces.
func strongest() sandbox.Features {
	status, err := sandbox.Probe(context.Background(), sandbox.Options{WorkDir: os.TempDir()})
	if err != nil {
		panic(err)
	}
	return status.Features
}
