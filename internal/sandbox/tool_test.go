package sandbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestToolRun: a tool says what it writes, and why it failed.
func TestToolRun(t *testing.T) {
	var out strings.Builder
	if err := (Tool{Path: "/usr/bin/printf", Args: []string{"%s", "words"}, Stdout: &out}).Run(t.Context()); err != nil || out.String() != "words" {
		t.Errorf("%q, %v", out.String(), err)
	}
	err := Tool{Path: "/usr/bin/cat", Args: []string{"/no/such/file"}}.Run(t.Context())
	var failed *ToolError
	if !errors.As(err, &failed) || failed.Status != "exit status 1" || !strings.Contains(failed.Stderr, "No such file") || failed.OutOfMemory() {
		t.Errorf("%v", err)
	}
	if err := (Tool{Path: "/no/such/tool"}).Run(t.Context()); err == nil || errors.As(err, &failed) && failed == nil {
		t.Errorf("a tool that is not there: %v", err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if err := (Tool{Path: "/usr/bin/sleep", Args: []string{"1000"}}).Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a tool whose time is over: %v", err)
	}
}

// TestToolAside: what a tool writes to its third descriptor is told apart from what it writes
// to its first, a reader who goes away is heard of, and a tool whose time is over is not
// waited for.
func TestToolAside(t *testing.T) {
	var out, aside strings.Builder
	tool := Tool{Path: "/bin/sh", Args: []string{"-c", "echo one; echo two >&3"}, Stdout: &out, Aside: &aside}
	if err := tool.Run(t.Context()); err != nil || out.String() != "one\n" || aside.String() != "two\n" {
		t.Errorf("%q, %q, %v", out.String(), aside.String(), err)
	}
	var failed *ToolError
	err := Tool{Path: "/bin/sh", Args: []string{"-c", "exec cat /dev/zero >&3"}, Aside: deaf{}}.Run(t.Context())
	if !errors.As(err, &failed) || failed.Status != "signal: broken pipe" {
		t.Errorf("nobody listens: %v", err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if err := (Tool{Path: "/usr/bin/sleep", Args: []string{"1000"}, Aside: &aside}).Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a tool whose time is over: %v", err)
	}
	if err := (Tool{Path: "/no/such/tool", Aside: &aside}).Run(t.Context()); err == nil {
		t.Error("a tool that is not there")
	}
}

// deaf keeps nothing.
type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, errors.New("not heard") }

// slow takes its time to begin with.
type slow struct{ bytes int }

func (s *slow) Write(p []byte) (int, error) {
	if s.bytes == 0 {
		time.Sleep(1200 * time.Millisecond)
	}
	s.bytes += len(p)
	return len(p), nil
}

// TestToolReadSlowly: what a tool wrote is read to its end, however late.
func TestToolReadSlowly(t *testing.T) {
	const size = 60_000 // less than the kernel holds, so that the tool ends at once
	out := new(slow)
	err := Tool{Path: "/usr/bin/head", Args: []string{"-c", strconv.Itoa(size), "/dev/zero"}, Stdout: out}.Run(t.Context())
	if err != nil || out.bytes != size {
		t.Errorf("%d of %d bytes, %v", out.bytes, size, err)
	}
}

// TestToolRunInTheCage: the same from within, where no process may signal another. A tool
// whose time is over is gone all the same, and it has the processor time of its process.
func TestToolRunInTheCage(t *testing.T) {
	for _, test := range []struct {
		tool string
		args []string
		long bool
		want string
	}{
		{"cat", []string{"/dev/null"}, false, "<nil>|"},
		{"sleep", []string{"1000"}, false, "context deadline exceeded|"},
		{"dash", []string{"-c", "ulimit -St; ulimit -Ht"}, false, "<nil>|7\n9\n"},
		{"dash", []string{"-c", "ulimit -St; ulimit -Ht"}, true, "<nil>|70\n72\n"},
	} {
		process := start(t, "run", func(s *Spec) {
			s.Grants = resolved(t, toolGrants("/usr/bin/"+test.tool))
			s.Limits.CPU, s.Limits.LongCPU = 7*time.Second, 70*time.Second
		})
		var ready, end string
		err := errors.Join(process.Receive(&ready), process.SettleCPU(test.long), process.Send(test.args), process.Receive(&end))
		if err != nil || end != test.want {
			t.Errorf("%s %q: %q, %v, %s", test.tool, test.args, end, err, process.Stderr())
		}
		if tools, err := filepath.Glob("/proc/[0-9]*/cmdline"); err == nil {
			for _, path := range tools {
				if line, _ := os.ReadFile(path); strings.Contains(string(line), "/"+test.tool+"\x00"+test.args[0]) && inGroup(path, process.PID()) {
					t.Errorf("%s still runs", test.tool)
				}
			}
		}
	}
}

// inGroup says whether the process of this file below /proc is of the group.
func inGroup(path string, group int) bool {
	pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
	if err != nil {
		return false
	}
	of, err := unix.Getpgid(pid)
	return err == nil && of == group
}

// TestGiveUpTools: afterwards no program starts any more, and threads still do.
func TestGiveUpTools(t *testing.T) {
	process := start(t, "bare", func(s *Spec) {
		s.Grants = resolved(t, toolGrants("/usr/bin/sleep"))
		s.Features.Seccomp = true
	})
	var refused bool
	if err := process.Receive(&refused); err != nil || !refused {
		t.Errorf("refused: %t, %v, %s", refused, err, process.Stderr())
	}
}
