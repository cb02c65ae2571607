package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// roles are what a caged child of these tests does after [Enter].
var roles = map[string]func(*Cell) error{
	"echo":   roleEcho,
	"crash":  func(*Cell) error { panic("as asked") },
	"leave":  func(*Cell) error { return nil },
	"grow":   roleGrow,
	"spin":   func(*Cell) error { return spin() },
	"file":   roleFile,
	"calls":  roleCalls,
	"tool":   roleTool,
	"limits": roleLimits,
	"run":    roleRun,
	"bare":   roleBare,
}

// TestMain lets the test binary be the caged child: it branches on its role first.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && !strings.HasPrefix(os.Args[1], "-") {
		if err := act(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func act(name string) error {
	if name == AttackRole {
		return ServeAttack()
	}
	role, known := roles[name]
	if !known {
		return fmt.Errorf("no role %q", name)
	}
	cell, err := Enter()
	if err != nil {
		return err
	}
	return role(cell)
}

// roleEcho answers every line with itself.
func roleEcho(cell *Cell) error {
	for {
		var line string
		if err := cell.Receive(&line); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "log:", line)
		if err := cell.Send(line); err != nil {
			return err
		}
	}
}

func roleGrow(*Cell) error {
	var hoard [][]byte
	for i := 0; len(hoard) == i; i++ {
		block := make([]byte, 4<<20)
		for i := 0; i < len(block); i += os.Getpagesize() {
			block[i] = 1
		}
		hoard = append(hoard, block)
	}
	return nil
}

func spin() error {
	for i := 0; ; i++ {
		if i < 0 {
			return errors.New("overflow")
		}
	}
}

// roleFile writes more than it may and reports what the kernel says.
func roleFile(cell *Cell) error {
	file, err := os.Create(filepath.Join(cell.Spec.Writable, "big"))
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(make([]byte, cell.Spec.Limits.Output+1))
	return cell.Send(errors.Is(err, unix.EFBIG))
}

// roleCalls makes every call of the list with arguments that no call accepts, and reports
// those that were not refused.
func roleCalls(cell *Cell) error {
	info, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	open := map[string]string{}
	for _, name := range known(info, cell.Spec.deniedCalls()) {
		const junk = ^uintptr(0)
		err := call(uintptr(info.SyscallNames[name]), junk, junk, junk, junk, junk, junk)
		if !errors.Is(err, unix.EPERM) {
			open[name] = fmt.Sprint(err)
		}
	}
	return cell.Send(open)
}

// roleLimits reports its resource limits and what it sees of the parent's environment.
func roleLimits(cell *Cell) error {
	got := map[string]uint64{}
	for name, resource := range map[string]int{
		"core": unix.RLIMIT_CORE, "fsize": unix.RLIMIT_FSIZE, "nofile": unix.RLIMIT_NOFILE,
		"cpu": unix.RLIMIT_CPU, "data": unix.RLIMIT_DATA,
	} {
		var limit unix.Rlimit
		if err := unix.Getrlimit(resource, &limit); err != nil {
			return err
		}
		if limit.Cur != limit.Max && name != "cpu" {
			return fmt.Errorf("limit %s can be raised", name)
		}
		got[name] = limit.Cur
	}
	return cell.Send(limitsSeen{Limits: got, Environment: os.Environ()})
}

type limitsSeen struct {
	Limits      map[string]uint64
	Environment []string
}

// toolTime is how long roleRun lets a tool run.
const toolTime = 2 * time.Second

// roleRun says that its cage is in force, runs the first granted tool by [Tool.Run], and reports what it wrote and how it
// ended.
func roleRun(cell *Cell) error {
	var args []string
	if err := errors.Join(cell.Send("ready"), cell.Receive(&args)); err != nil {
		return err
	}
	var output strings.Builder
	ctx, stop := context.WithTimeout(context.Background(), toolTime)
	defer stop()
	err := Tool{Path: cell.Spec.Grants.Tools[0], Args: args, Stdout: &output}.Run(ctx)
	return cell.Send(fmt.Sprintf("%v|%s", err, output.String()))
}

// roleBare gives its tools up, reports what comes of starting one all the same, then runs
// some threads, which must still be possible.
func roleBare(cell *Cell) error {
	if err := cell.GiveUpTools(); err != nil {
		return err
	}
	err := exec.Command(cell.Spec.Grants.Tools[0], "0").Run()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			runtime.LockOSThread() // the thread ends with the goroutine: more must be made
			time.Sleep(time.Millisecond)
		})
	}
	wait.Wait()
	return cell.Send(errors.Is(err, unix.EPERM))
}

// roleTool starts the first granted tool with the arguments it is sent, reports how it
// ended, and its pid as soon as it runs.
func roleTool(cell *Cell) error {
	var args []string
	if err := cell.Receive(&args); err != nil {
		return err
	}
	var output strings.Builder
	tool := exec.Command(cell.Spec.Grants.Tools[0], args...)
	tool.Stdout, tool.Stderr = &output, &output
	if err := tool.Start(); err != nil {
		return cell.Send("start: " + err.Error())
	}
	if err := cell.Send(fmt.Sprint(tool.Process.Pid)); err != nil {
		return err
	}
	err := tool.Wait()
	return cell.Send(fmt.Sprintf("%v %s", err, output.String()))
}
