package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Tool is one run of another program, such as an encoder. In a cage it must be one of
// [Grants.Tools]; it inherits every restriction, stays in the group and dies with it.
type Tool struct {
	Path   string
	Args   []string
	Stdout io.Writer // may be nil; written to until all that the tool wrote is read
	Aside  io.Writer // may be nil; likewise, for what it writes to its file descriptor 3
}

// ToolError says that a tool did not do what it was started for.
type ToolError struct {
	Status string // "exit status 1"
	Stderr string // the end of what it printed: for the log only
}

// Error implements error.
func (e *ToolError) Error() string {
	return fmt.Sprintf("tool ended with %s: %s", e.Status, strings.TrimSpace(e.Stderr))
}

// OutOfMemory says whether the tool gave up for want of memory.
func (e *ToolError) OutOfMemory() bool {
	words := strings.ToLower(e.Stderr)
	for _, phrase := range outOfMemory {
		if strings.Contains(words, phrase) {
			return true
		}
	}
	return strings.Contains(words, "malloc of size") || strings.Contains(words, "malloc failed")
}

// toolWords are how many bytes of a tool's last words are kept.
const toolWords = 8 << 10

// mortal runs cmd until it has ended, or ctx: then it is killed. The cage lets no process
// signal another, so the kernel does that: the tool is to die with the thread that started
// it, and the thread ends when ctx does.
func mortal(ctx context.Context, cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return nil }
	started, ended := make(chan error, 1), make(chan struct{})
	defer close(ended)
	go onThread(func() bool {
		err := cmd.Start()
		started <- err
		if err != nil {
			return false
		}
		select {
		case <-ctx.Done():
			return true
		case <-ended:
			return false
		}
	})
	if err := <-started; err != nil {
		return err
	}
	return cmd.Wait()
}

// onThread runs f on a thread that does nothing else, and that ends with it if f says so.
// The process's first thread would not end, so another takes its place.
func onThread(f func() bool) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			onThread(f)
		}()
		<-done
		runtime.UnlockOSThread()
		return
	}
	if !f() {
		runtime.UnlockOSThread()
	}
}

// Run starts the tool and returns when it has ended. It has no input, and none of our
// environment. When ctx ends, it is killed; a Stdout that blocks must then let go.
func (t Tool) Run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	words := &ring{max: toolWords}
	cmd := exec.CommandContext(ctx, t.Path, t.Args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent", "TMPDIR=" + os.TempDir()}
	cmd.Stdout, cmd.Stderr = t.Stdout, words
	end, err := t.aside(cmd)
	if err != nil {
		return err
	}
	err = mortal(ctx, cmd)
	end()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &ToolError{Status: exit.Error(), Stderr: words.String()}
	}
	return err
}

// aside gives the tool its file descriptor 3, if anybody reads that. end, which is called when
// the tool has ended, returns when all of it is read.
func (t Tool) aside(cmd *exec.Cmd) (end func(), err error) {
	if t.Aside == nil {
		return func() {}, nil
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{in}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer out.Close() // if it cannot be kept, the tool is to hear of it rather than wait
		_, _ = io.Copy(t.Aside, out)
	}()
	return func() {
		in.Close()
		<-done
	}, nil
}
