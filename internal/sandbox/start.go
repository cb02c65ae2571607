package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Descriptors of the child: standard input is the null device, standard output and error
// go to the parent's log, so nothing a library prints can disturb the two lines of talk.
const (
	requestFD = 3 // the child reads lines from its parent
	replyFD   = 4 // the child writes lines to its parent
)

const (
	maxLine   = 8 << 20  // bytes of one line either way; a report of a large container fits
	stderrCap = 64 << 10 // bytes of a child's last words kept for the log
)

// Process is one caged child as its parent sees it.
type Process struct {
	pid      int
	requests *os.File
	replies  *os.File
	lines    *bufio.Scanner
	stderr   *ring
	drained  chan struct{} // closed when standard error has been read to its end
	done     chan struct{} // closed when the whole group is gone
	death    Death         // valid once done is closed
	limits   Limits

	mu     sync.Mutex
	ended  bool // the leader is dead: its group must not be signalled any more
	killed bool // we ended it
}

// Start runs the own binary in spec.Role inside a cage. The child must call [Enter]
// first. ctx bounds the start only. The caller must call Kill and Wait.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	spec.Limits = spec.Limits.OrDefault()
	if err := errors.Join(spec.check(), ctx.Err()); err != nil {
		return nil, err
	}
	if os.Getenv(cagedMark) != "" {
		return nil, errors.New("sandbox: a caged process must not start another")
	}
	// Orphans of a dead child, such as a tool it had started, come to us to be reaped;
	// elsewhere they would stay zombies when PID 1 does not reap (prctl(2)).
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("sandbox: subreaper: %w", err)
	}
	var ends pipeEnds
	defer ends.closeChild()
	if err := ends.open(); err != nil {
		ends.closeParent()
		return nil, fmt.Errorf("sandbox: pipes: %w", err)
	}
	pid, err := syscall.ForkExec(own, []string{os.Args[0], spec.Role}, &syscall.ProcAttr{
		Dir: spec.Folder,
		Env: spec.environment(),
		Files: []uintptr{ends.null.Fd(), ends.childErr.Fd(), ends.childErr.Fd(),
			ends.childRequests.Fd(), ends.childReplies.Fd()},
		Sys: spec.attributes(),
	})
	if err != nil {
		ends.closeParent()
		return nil, fmt.Errorf("sandbox: start: %w", err)
	}
	p := &Process{
		pid: pid, requests: ends.requests, replies: ends.replies,
		lines: bufio.NewScanner(ends.replies), stderr: &ring{max: stderrCap},
		drained: make(chan struct{}), done: make(chan struct{}), limits: spec.Limits,
	}
	p.lines.Buffer(nil, maxLine)
	go p.drain(ends.stderr)
	go p.reap(ends.stderr)
	if err := p.Send(spec); err != nil {
		p.Kill()
		return nil, fmt.Errorf("sandbox: %w (%s)", err, p.Wait().Status)
	}
	return p, nil
}

// attributes puts the child into its own process group, and into its own namespaces when
// the spec says so. There it runs under an unprivileged id that stands for ours outside:
// same files, no capabilities, even when the server runs as root.
func (s Spec) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if s.Features.Namespaces {
		const nobody = 65534
		attr.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getegid(), Size: 1}}
	}
	return attr
}

// PID is the process id, which is also the id of its group.
func (p *Process) PID() int { return p.pid }

// Done is closed when the process and its whole group are gone.
func (p *Process) Done() <-chan struct{} { return p.done }

// Send writes v as one JSON line to the child.
func (p *Process) Send(v any) error { return writeLine(p.requests, v) }

// Receive reads one JSON line of the child into v. The error is io.EOF when the child
// ended; what it wrote is hostile, and only known to be JSON of at most 8 MiB.
func (p *Process) Receive(v any) error {
	if !p.lines.Scan() {
		if err := p.lines.Err(); err != nil && !errors.Is(err, os.ErrClosed) {
			return err
		}
		return io.EOF
	}
	return json.Unmarshal(p.lines.Bytes(), v)
}

// Kill ends the whole process group at once. It may be called at any time and by anyone.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.killed = true
		_ = unix.Kill(-p.pid, unix.SIGKILL) // the leader is unreaped, so the id is still ours
	}
}

// SettleCPU gives the process, and the tools it starts from then on, Limits.LongCPU of
// processor time if long is set, and Limits.CPU for good if not. The cage must be in force.
// The process could not do this itself: its cage refuses it to change its limits.
func (p *Process) SettleCPU(long bool) error {
	seconds, most := p.limits.processor()
	if long {
		seconds = most
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil // whoever talks to it will see
	}
	limit := unix.Rlimit{Cur: seconds, Max: seconds + unheeded}
	if err := unix.Prlimit(p.pid, unix.RLIMIT_CPU, &limit, nil); err != nil {
		return fmt.Errorf("sandbox: processor time: %w", err)
	}
	return nil
}

// Nice raises the nice value of every thread of the group by n, for good: only a process
// with privileges can lower it again. The cage itself lets no process change its own.
func (p *Process) Nice(n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return unix.ESRCH
	}
	has, err := unix.Getpriority(unix.PRIO_PGRP, p.pid) // the leader is unreaped, so the id is still ours
	if err != nil {
		return err
	}
	return unix.Setpriority(unix.PRIO_PGRP, p.pid, min(20-has+n, 19)) // the system call counts from 40 down
}

// Wait returns when the whole group is gone and reaped, and releases its pipes. Nothing
// can be received after it.
func (p *Process) Wait() Death {
	<-p.done
	closeAll(p.replies)
	return p.death
}

// Stderr is the end of what the process has printed so far, for the log only.
func (p *Process) Stderr() string { return p.stderr.String() }

func writeLine(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(line) >= maxLine {
		return fmt.Errorf("message of %d bytes is over the limit of %d", len(line), maxLine)
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// pipeEnds are the descriptors between parent and child.
type pipeEnds struct {
	null, childRequests, childReplies, childErr *os.File
	requests, replies, stderr                   *os.File
}

func (e *pipeEnds) open() (err error) {
	if e.null, err = os.Open(devNull); err != nil {
		return err
	}
	if e.childRequests, e.requests, err = os.Pipe(); err != nil {
		return err
	}
	if e.replies, e.childReplies, err = os.Pipe(); err != nil {
		return err
	}
	e.stderr, e.childErr, err = os.Pipe()
	return err
}

func (e *pipeEnds) closeChild()  { closeAll(e.null, e.childRequests, e.childReplies, e.childErr) }
func (e *pipeEnds) closeParent() { closeAll(e.requests, e.replies, e.stderr) }

func closeAll(files ...*os.File) {
	for _, file := range files {
		if file != nil {
			file.Close()
		}
	}
}

// describe names how a process ended, in the words of os/exec.
func describe(ws syscall.WaitStatus) string {
	if ws.Signaled() {
		return "signal: " + ws.Signal().String()
	}
	return "exit status " + strconv.Itoa(ws.ExitStatus())
}
