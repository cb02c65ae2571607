package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"

	"golang.org/x/sys/unix"
)

// Cell is the inside of a cage: what the caged process has to talk and to write with.
type Cell struct {
	Spec     Spec
	requests *bufio.Scanner
	mu       sync.Mutex
	replies  *os.File
}

// Enter cages the running process as its parent's first line says, and returns when all
// of it is in force; it must come before any hostile byte is read. From then on the
// process dies when its parent does. An error means that the cage is not complete: the
// process must end.
func Enter() (*Cell, error) {
	if os.Getenv(cagedMark) == "" {
		return nil, errors.New("sandbox: this role is started by the service itself, not by hand")
	}
	unix.CloseOnExec(requestFD) // tools must neither read requests
	unix.CloseOnExec(replyFD)   // nor forge replies
	lines := bufio.NewScanner(os.NewFile(requestFD, "requests"))
	lines.Buffer(nil, maxLine)
	if !lines.Scan() {
		return nil, fmt.Errorf("sandbox: no cage described: %w", errors.Join(lines.Err(), io.EOF))
	}
	var spec Spec
	if err := json.Unmarshal(lines.Bytes(), &spec); err != nil {
		return nil, fmt.Errorf("sandbox: cage description: %w", err)
	}
	go watchParent()
	if err := spec.confine(); err != nil {
		return nil, err
	}
	return &Cell{Spec: spec, requests: lines, replies: os.NewFile(replyFD, "replies")}, nil
}

// confine puts every restriction in force, the cheapest to explain first.
func (s Spec) confine() error {
	unix.Umask(0o077)
	if err := s.Limits.apply(); err != nil {
		return err
	}
	if s.Features.Landlock > 0 {
		if err := s.restrictFiles(); err != nil {
			return fmt.Errorf("sandbox: landlock: %w", err)
		}
	}
	if s.Features.Seccomp {
		if err := s.filterCalls(); err != nil {
			return fmt.Errorf("sandbox: seccomp: %w", err)
		}
	}
	return nil
}

// apply sets the resource limits of this process and of the tools it starts, and makes
// the Go runtime give up, or collect, well before the kernel says no.
func (l Limits) apply() error {
	seconds, most := l.processor()
	memory := uint64(l.Memory) * shadowFactor
	output, files := uint64(l.Output), uint64(l.OpenFiles)
	watchCPU()
	for _, limit := range []struct {
		name       string
		resource   int
		soft, hard uint64
	}{
		{"core", unix.RLIMIT_CORE, 0, 0},
		{"fsize", unix.RLIMIT_FSIZE, output, output},
		{"nofile", unix.RLIMIT_NOFILE, files, files},
		{"cpu", unix.RLIMIT_CPU, seconds, most + unheeded}, // see Process.SettleCPU
		// RLIMIT_AS cannot be used: the Go runtime reserves address space by the gigabyte.
		{"data", unix.RLIMIT_DATA, memory, memory},
	} {
		value := unix.Rlimit{Cur: limit.soft, Max: limit.hard}
		if err := unix.Setrlimit(limit.resource, &value); err != nil {
			return fmt.Errorf("sandbox: limit %s: %w", limit.name, err)
		}
	}
	debug.SetMaxStack(64 << 20) // a recursion bomb ends in 0.5 s instead of 2 s
	debug.SetMemoryLimit(l.Memory / 4 * 3)
	return nil
}

// processor gives CPU and LongCPU in the whole seconds that the kernel counts.
func (l Limits) processor() (seconds, most uint64) {
	seconds = max(1, uint64(l.CPU.Seconds()+0.999))
	return seconds, max(seconds, uint64(l.LongCPU.Seconds()+0.999))
}

// unheeded is how many seconds after SIGXCPU a process that does not heed it is killed.
const unheeded = 2

// watchParent ends the group when the parent is gone: then its end of the request pipe
// closes, which poll(2) reports whether or not lines are left to read. A death signal
// would not do: it fires when the thread that started the child ends, not its process.
func watchParent() {
	for {
		pipe := []unix.PollFd{{Fd: requestFD}}
		_, err := unix.Poll(pipe, -1)
		if err == nil || !errors.Is(err, unix.EINTR) {
			endGroup()
			return
		}
	}
}

// outOfCPU are the last words of a process that has used up its processor time.
const outOfCPU = "out of processor time"

// watchCPU ends the group at the soft limit, with words that tell the parent why: the Go
// runtime ignores SIGXCPU, and a SIGKILL at the hard limit looks like any other.
func watchCPU() {
	limit := make(chan os.Signal, 1)
	signal.Notify(limit, unix.SIGXCPU)
	go func() {
		<-limit
		_, _ = unix.Write(unix.Stderr, []byte("\n"+outOfCPU+"\n"))
		endGroup()
	}()
}

// endGroup ends this process and every tool it has started.
func endGroup() {
	if unix.Getpgrp() == unix.Getpid() {
		_ = unix.Kill(0, unix.SIGKILL)
	}
	_ = unix.Kill(unix.Getpid(), unix.SIGKILL)
}

// GiveUpTools takes away, for good, the tools that the cage grants: a job that needs none
// is then in the same cage as one that was granted none, but for what it may read.
func (c *Cell) GiveUpTools() error {
	if len(c.Spec.Grants.Tools) == 0 || !c.Spec.Features.Seccomp {
		return nil
	}
	if err := c.Spec.giveUpTools(); err != nil {
		return fmt.Errorf("sandbox: tools: %w", err)
	}
	return nil
}

// Receive waits for the parent's next line and reads it into v.
func (c *Cell) Receive(v any) error {
	if !c.requests.Scan() {
		return errors.Join(c.requests.Err(), io.EOF)
	}
	return json.Unmarshal(c.requests.Bytes(), v)
}

// Send writes v as one JSON line to the parent. It is safe for use by several goroutines.
func (c *Cell) Send(v any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return writeLine(c.replies, v)
}
