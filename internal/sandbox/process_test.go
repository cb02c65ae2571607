package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// features are those of this machine's strong cage, or of what it has.
func features(t *testing.T) Features {
	t.Helper()
	return Features{Landlock: landlockABI(), Seccomp: true}
}

func start(t *testing.T, role string, edit func(*Spec)) *Process {
	t.Helper()
	folder := t.TempDir()
	out := filepath.Join(folder, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	spec := Spec{Role: role, Folder: folder, Writable: out, Features: features(t)}
	if edit != nil {
		edit(&spec)
	}
	process, err := Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Kill(); process.Wait() })
	return process
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestTalk(t *testing.T) {
	before := descriptors(t)
	process := start(t, "echo", nil)
	for _, want := range []string{"one", strings.Repeat("long ", 100_000), "three"} {
		var got string
		if err := errors.Join(process.Send(want), process.Receive(&got)); err != nil || got != want {
			t.Fatalf("%.20q came back as %.20q, %v", want, got, err)
		}
	}
	process.Kill()
	var nothing string
	if err := process.Receive(&nothing); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
	death := process.Wait()
	if death.Cause != Killed || death.Signal != unix.SIGKILL || death.CPU <= 0 || death.MaxRSS < 1<<20 {
		t.Errorf("%+v", death)
	}
	if len(death.Stderr) > stderrCap+10 || !strings.HasSuffix(death.Stderr, "log: three\n") {
		t.Errorf("its last words: %.100q of %d bytes", death.Stderr, len(death.Stderr))
	}
	process.Kill() // once more does nothing
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	if err := process.Send("x"); err == nil {
		t.Error("a line could be sent to a dead process")
	}
}

func TestDeaths(t *testing.T) {
	tests := []struct {
		role  string
		edit  func(*Spec)
		cause Cause
		words string
	}{
		{"leave", nil, Exited, ""},
		{"crash", nil, Crashed, "as asked"},
		{"grow", func(s *Spec) { s.Limits.Memory = 512 << 20 }, OutOfMemory, ""},
		{"spin", func(s *Spec) { s.Limits.CPU = time.Second }, OutOfCPU, ""},
		{"no-such-role", nil, Crashed, "no role"},
	}
	for _, test := range tests {
		t.Run(test.role, func(t *testing.T) {
			t.Parallel()
			process := start(t, test.role, test.edit)
			<-process.Done()
			if death := process.Wait(); death.Cause != test.cause || !strings.Contains(death.Stderr, test.words) {
				t.Errorf("%s (%s) after %v: %s", death.Cause, death.Status, death.CPU, death.Stderr)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Setenv("COMPRESSOR_API_KEY", "a secret of the service")
	limits := Limits{Memory: 600 << 20, Output: 7 << 20, CPU: 90 * time.Second, OpenFiles: 99, Threads: 3}
	process := start(t, "limits", func(s *Spec) { s.Limits = limits })
	var got limitsSeen
	if err := process.Receive(&got); err != nil {
		t.Fatal(err, process.Wait().Stderr)
	}
	want := map[string]uint64{
		"core": 0, "fsize": 7 << 20, "nofile": 99, "cpu": 90, "data": 600 << 20 * shadowFactor,
	}
	for name, value := range want {
		if got.Limits[name] != value {
			t.Errorf("%s is %d, want %d", name, got.Limits[name], value)
		}
	}
	var names []string
	for _, entry := range got.Environment {
		name, _, _ := strings.Cut(entry, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	if text := strings.Join(names, " "); text != "COMPRESSOR_CAGED GOMAXPROCS GOTRACEBACK HOME LANG PATH TMPDIR" {
		t.Errorf("environment: %s", text)
	}
	var large bool
	process = start(t, "file", func(s *Spec) { s.Limits.Output = 1 << 20 })
	if err := process.Receive(&large); err != nil || !large {
		t.Errorf("a file over its limit: %v, %v", large, err)
	}
}

func TestEveryDeniedCall(t *testing.T) {
	process := start(t, "calls", nil)
	var open map[string]string
	if err := process.Receive(&open); err != nil {
		t.Fatal(err, process.Wait())
	}
	for name, answer := range open {
		t.Errorf("%s was not refused: %s", name, answer)
	}
}

// A tool inherits the cage, and dies with the process that started it, however it dies.
func TestToolsDieWithTheirGroup(t *testing.T) {
	for _, how := range []string{"killed by us", "leader killed from outside"} {
		t.Run(how, func(t *testing.T) {
			process := start(t, "tool", func(s *Spec) { s.Grants = resolved(t, toolGrants("/usr/bin/sleep")) })
			var pid string
			if err := errors.Join(process.Send([]string{"1000"}), process.Receive(&pid)); err != nil {
				t.Fatal(err, process.Stderr())
			}
			tool, err := strconv.Atoi(pid)
			if err != nil {
				t.Fatalf("the tool did not run: %s", pid)
			}
			if group, err := unix.Getpgid(tool); err != nil || group != process.PID() {
				t.Fatalf("the tool is in group %d, %v", group, err)
			}
			if how == "killed by us" {
				process.Kill()
			} else if err := unix.Kill(process.PID(), unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			process.Wait()
			if err := unix.Kill(tool, 0); !errors.Is(err, unix.ESRCH) {
				t.Errorf("the tool lives on, or is a zombie: %v", err)
			}
		})
	}
}

func TestToolIsCaged(t *testing.T) {
	if landlockABI() == 0 {
		t.Log("no Landlock here: tools may read what the service may")
		return
	}
	process := start(t, "tool", func(s *Spec) { s.Grants = resolved(t, toolGrants("/usr/bin/cat")) })
	var pid, end string
	err := errors.Join(process.Send([]string{"/etc/passwd"}), process.Receive(&pid), process.Receive(&end))
	if err != nil || !strings.Contains(end, "exit status 1") || !strings.Contains(end, "denied") {
		t.Errorf("%s, %v", end, err)
	}
}

func resolved(t *testing.T, grants Grants) Grants {
	t.Helper()
	out, err := grants.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Tools) < 2 {
		t.Fatalf("no tool with a loader in %v", grants.Tools)
	}
	return out
}

func TestStartRefuses(t *testing.T) {
	folder := t.TempDir()
	good := Spec{Role: "leave", Folder: folder, Writable: filepath.Join(folder, "out")}
	tests := map[string]func(*Spec){
		"no role":                  func(s *Spec) { s.Role = "" },
		"relative folder":          func(s *Spec) { s.Folder = "job" },
		"writable elsewhere":       func(s *Spec) { s.Writable = t.TempDir() },
		"writable is all":          func(s *Spec) { s.Writable = folder },
		"folder that is not there": func(s *Spec) { s.Folder += "/none"; s.Writable = s.Folder + "/out" },
	}
	before := descriptors(t)
	for name, edit := range tests {
		spec := good
		edit(&spec)
		if process, err := Start(t.Context(), spec); err == nil {
			process.Kill()
			process.Wait()
			t.Errorf("%s: started", name)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// A cage that cannot be built must end the child, never leave it half caged.
func TestEnterFailsWhole(t *testing.T) {
	tests := map[string]func(*Spec){
		"unknown ABI":           func(s *Spec) { s.Features.Landlock = newestABI + 1 },
		"writable is not there": func(s *Spec) { s.Features.Landlock = max(1, landlockABI()); s.Writable += "/none" },
	}
	for name, edit := range tests {
		process := start(t, "echo", edit)
		if death := process.Wait(); death.Cause != Crashed || !strings.Contains(death.Stderr, "landlock") {
			t.Errorf("%s: %s %s", name, death.Cause, death.Stderr)
		}
	}
}

func TestEnterByHand(t *testing.T) {
	output, err := exec.Command(own, "echo").CombinedOutput()
	if err == nil || !strings.Contains(string(output), "not by hand") {
		t.Errorf("%s, %v", output, err)
	}
}

func TestRing(t *testing.T) {
	r := &ring{max: 4}
	for _, part := range []string{"ab", "cd"} {
		fmt.Fprint(r, part)
	}
	if r.String() != "abcd" {
		t.Errorf("%q", r)
	}
	fmt.Fprint(r, "efghij")
	if r.String() != "[...]ghij" {
		t.Errorf("%q", r)
	}
}

func TestOutputAfterDeathIsKept(t *testing.T) {
	process := start(t, "limits", nil)
	<-process.Done() // it has written its line and gone
	var got limitsSeen
	if err := process.Receive(&got); err != nil || len(got.Limits) == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if death := process.Wait(); death.Cause != Exited {
		t.Errorf("%+v", death)
	}
}
