package sandbox

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Cause says why a caged process is gone.
type Cause uint8

// The causes of death.
const (
	Exited      Cause = iota // by itself, with status 0
	Crashed                  // a fault, a panic, a forbidden call, a signal from elsewhere
	OutOfMemory              // its last words say so, or it crashed close to its limit
	OutOfCPU                 // the kernel ended it at its processor limit
	Killed                   // by us
)

// String names the cause for the log.
func (c Cause) String() string {
	return [...]string{"exited", "crashed", "out of memory", "out of processor time", "killed"}[c]
}

// Death is how a caged process ended.
type Death struct {
	Cause  Cause
	Status string        // "exit status 2", "signal: killed": of the group's leader
	Signal unix.Signal   // that ended the leader, or 0
	CPU    time.Duration // processor time of the whole group
	MaxRSS int64         // bytes of the largest resident set of one process of the group
	Stderr string        // the end of what it printed: for the log only
}

// reap waits for the leader, ends what is left of its group and collects all of it.
func (p *Process) reap(stderr *os.File) {
	// WNOWAIT leaves the leader a zombie, so that the id of the group cannot be given to
	// strangers before the group has been killed.
	for {
		err := unix.Waitid(unix.P_PID, p.pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	p.mu.Lock()
	p.ended = true
	killed := p.killed
	_ = unix.Kill(-p.pid, unix.SIGKILL)
	p.mu.Unlock()

	death, leader := p.collect()
	// All writers are dead, so the end comes at once; the deadline is for one that left
	// the group, which only the weakest level allows.
	_ = stderr.SetReadDeadline(time.Now().Add(time.Second))
	<-p.drained
	// The replies stay open: their last line may not have been read yet. See Wait.
	_ = p.replies.SetReadDeadline(time.Now().Add(10 * time.Second))
	closeAll(p.requests)
	death.Stderr = p.stderr.String()
	death.Status = describe(leader)
	if leader.Signaled() {
		death.Signal = leader.Signal()
	}
	death.Cause = p.cause(leader, killed, death)
	p.death = death
	close(p.done)
}

// collect reaps the group: children of the leader come to us when it dies (subreaper).
func (p *Process) collect() (death Death, leader syscall.WaitStatus) {
	for {
		var status unix.WaitStatus
		var usage unix.Rusage
		pid, err := unix.Wait4(-p.pid, &status, 0, &usage)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return death, leader // ECHILD: none left
		}
		if pid == p.pid {
			leader = syscall.WaitStatus(status)
		}
		death.CPU += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		death.MaxRSS = max(death.MaxRSS, usage.Maxrss<<10)
	}
}

// outOfMemory are the last words of those that died of it: the Go runtime, its cgo part,
// GLib, the C++ library and glibc's error text. Not all say so: the collector of Go 1.26
// can fault on a block it was refused, so a crash close to the limit counts as well.
var outOfMemory = [...]string{
	"out of memory", "cannot allocate memory", "failed to allocate", "std::bad_alloc",
	"pthread_create failed: resource temporarily unavailable", // no room for a stack
}

// closeTo is how near its limit a crashed process must have been for its crash to count as
// lack of memory. The limit counts what is mapped, we see only what was resident; stacks
// and the runtime's own tables, about 130 MB of a job with libvips, lie between.
const closeTo = 256 << 20

func (p *Process) cause(leader syscall.WaitStatus, killed bool, death Death) Cause {
	bySignal9 := leader.Signaled() && leader.Signal() == unix.SIGKILL
	switch {
	case leader.Exited() && leader.ExitStatus() == 0:
		return Exited
	case strings.Contains(death.Stderr, outOfCPU), bySignal9 && !killed && death.CPU > p.limits.CPU:
		return OutOfCPU
	case bySignal9 && death.CPU > max(p.limits.CPU, p.limits.LongCPU):
		// The kernel's kill at the hard limit. It may have been followed by ours.
		return OutOfCPU
	case bySignal9 && killed:
		return Killed // and not when it was dying by itself as we came
	}
	words := strings.ToLower(death.Stderr)
	for _, phrase := range outOfMemory {
		if strings.Contains(words, phrase) {
			return OutOfMemory
		}
	}
	limit := p.limits.Memory * shadowFactor
	if death.MaxRSS >= max(limit-closeTo, limit/2) {
		return OutOfMemory
	}
	return Crashed
}

// drain keeps the end of what the group prints.
func (p *Process) drain(stderr *os.File) {
	_, _ = io.Copy(p.stderr, stderr)
	stderr.Close()
	close(p.drained)
}
