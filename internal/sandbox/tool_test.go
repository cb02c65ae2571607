package sandbox

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
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

// TestToolRunInTheCage: the same from within, where files outside are refused.
func TestToolRunInTheCage(t *testing.T) {
	process := start(t, "run", func(s *Spec) { s.Grants = resolved(t, toolGrants("/usr/bin/cat")) })
	var end string
	if err := errors.Join(process.Send([]string{"/dev/null"}), process.Receive(&end)); err != nil || end != "<nil>|" {
		t.Errorf("%q, %v, %s", end, err, process.Stderr())
	}
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
