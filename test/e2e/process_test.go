package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pids lists the processes of the machine.
func pids() []int {
	var out []int
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// processesOf lists the processes that work in the folder data, or were started for it:
// servers by their command line, job processes by their working folder.
func processesOf(data string) []int {
	var out []int
	for _, pid := range pids() {
		line, err := os.ReadFile(procFile(pid, "cmdline"))
		if err != nil {
			continue // ended meanwhile
		}
		cwd, _ := os.Readlink(procFile(pid, "cwd")) // unreadable for a zombie, which is none of ours
		if bytes.Contains(line, []byte(data)) || strings.HasPrefix(cwd, data+"/") {
			out = append(out, pid)
		}
	}
	return out
}

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

// children lists the living children of a process.
func children(parent int) []int {
	var out []int
	for _, pid := range pids() {
		text, err := os.ReadFile(procFile(pid, "stat"))
		if err != nil {
			continue
		}
		// After the name in brackets, which may hold anything: state and parent (proc(5)).
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 1 && fields[0] != "Z" && fields[1] == strconv.Itoa(parent) {
			out = append(out, pid)
		}
	}
	return out
}

// killJob waits for a job process at work and kills it. The server must run one job at a
// time and keep no spares. It returns false once done says that there is nothing to wait for.
func (s *server) killJob(done func() bool) bool {
	s.t.Helper()
	killed := 0
	err := eventually(patience, func() error {
		if done() {
			return nil
		}
		// The input lies in the folder of a process that is ready and has the job.
		inputs, _ := filepath.Glob(filepath.Join(s.data, "jobs", "pool-*", "job-*", "in")) // the pattern is good
		working := children(s.pid())
		if len(inputs) != 1 || len(working) != 1 {
			return fmt.Errorf("%d inputs and %d processes", len(inputs), len(working))
		}
		killed = working[0]
		return syscall.Kill(killed, syscall.SIGKILL)
	})
	if err != nil {
		s.t.Fatalf("no job process at work: %v", err)
	}
	if killed == 0 {
		return false
	}
	err = eventually(30*time.Second, func() error {
		if _, err := os.Stat(procFile(killed, "")); err == nil {
			return fmt.Errorf("process %d is still there", killed)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return true
}

// footprint is what a process holds.
type footprint struct {
	rss int // KiB
	fds int
}

func footprintOf(t testing.TB, pid int) footprint {
	t.Helper()
	var f footprint
	var err error
	if f.rss, err = heldBy(pid, "VmRSS"); err != nil {
		t.Fatal(err)
	}
	open, err := os.ReadDir(procFile(pid, "fd"))
	if err != nil {
		t.Fatal(err)
	}
	f.fds = len(open)
	return f
}

// heldBy reads one line of what a process holds, in KiB (proc(5), status): VmRSS is what it
// holds now, VmHWM the most that it ever held.
func heldBy(pid int, name string) (int, error) {
	text, err := os.ReadFile(procFile(pid, "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			var held int
			_, err := fmt.Sscan(rest, &held)
			return held, err
		}
	}
	return 0, fmt.Errorf("process %d: no %s", pid, name) // of one that is ending
}
