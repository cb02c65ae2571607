package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Limits bound one caged process. A zero field means the default.
type Limits struct {
	Memory    int64         // bytes of private writable memory (RLIMIT_DATA), per process
	Output    int64         // bytes of the largest file it may write (RLIMIT_FSIZE)
	CPU       time.Duration // processor time of each process (RLIMIT_CPU), in whole seconds
	LongCPU   time.Duration // the same after [Process.SettleCPU]; CPU, if that is more
	Wall      time.Duration // for the caller's clock: this package starts no timer
	OpenFiles int           // descriptors (RLIMIT_NOFILE)
	Threads   int           // GOMAXPROCS: a constant, so that no result depends on the machine
}

// DefaultLimits are those measured to be enough for a 24 megapixel picture in any format
// with headroom (AVIF: 718 MB).
func DefaultLimits() Limits {
	return Limits{
		Memory: 1 << 30, Output: 1 << 30, CPU: 2 * time.Minute, Wall: time.Minute,
		OpenFiles: 256, Threads: 2,
	}
}

// OrDefault fills the zero fields of l with the defaults.
func (l Limits) OrDefault() Limits {
	d := DefaultLimits()
	if l.Memory <= 0 {
		l.Memory = d.Memory
	}
	if l.Output <= 0 {
		l.Output = d.Output
	}
	if l.CPU <= 0 {
		l.CPU = d.CPU
	}
	if l.Wall <= 0 {
		l.Wall = d.Wall
	}
	if l.OpenFiles <= 0 {
		l.OpenFiles = d.OpenFiles
	}
	if l.Threads <= 0 {
		l.Threads = d.Threads
	}
	return l
}

// Grants are what the cage allows besides the process's own folder. Paths that do not
// exist are ignored, so that one list serves several distributions.
type Grants struct {
	ReadFiles []string // single files
	ReadDirs  []string // folders and all below
	Tools     []string // programs that may be executed, with the loader they name
}

// Features are what a cage is built from. [Enter] applies exactly these or fails; it
// never leaves one out in silence.
type Features struct {
	Landlock   int  // ABI version whose rules are applied, 0 for none
	Seccomp    bool // both system call filters
	Namespaces bool // own user, network, IPC and UTS namespaces
}

// Spec says how one process is caged. It crosses to the child as one JSON line.
type Spec struct {
	Role     string // first argument of the re-executed binary
	Folder   string // absolute path of its private folder: readable, and its working directory
	Writable string // absolute path of the folder below Folder it may write in
	Limits   Limits
	Grants   Grants
	Features Features
}

// check refuses a Spec that would cage wrongly.
func (s Spec) check() error {
	if s.Role == "" {
		return fmt.Errorf("sandbox: no role given")
	}
	if !filepath.IsAbs(s.Folder) || !filepath.IsAbs(s.Writable) {
		return fmt.Errorf("sandbox: folder and writable folder must be absolute paths")
	}
	if !strings.HasPrefix(s.Writable, s.Folder+string(filepath.Separator)) {
		return fmt.Errorf("sandbox: the writable folder must lie below the folder")
	}
	return nil
}

// Resolve returns g with symbolic links followed, missing paths dropped and the loader of
// each tool added, so that the child needs to look nothing up.
func (g Grants) Resolve() (Grants, error) {
	tools := resolve(g.Tools)
	for _, tool := range tools {
		loader, err := interpreter(tool)
		if err != nil {
			return Grants{}, fmt.Errorf("sandbox: tool %s: %w", filepath.Base(tool), err)
		}
		tools = append(tools, resolve([]string{loader})...)
	}
	return Grants{ReadFiles: resolve(g.ReadFiles), ReadDirs: resolve(g.ReadDirs), Tools: tools}, nil
}

func resolve(paths []string) []string {
	var out []string
	for _, path := range paths {
		if path == "" {
			continue
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			out = append(out, real)
		}
	}
	return out
}

// environment is everything a caged process sees of ours: nothing is inherited, since keys
// live in the server's environment.
func (s Spec) environment() []string {
	return []string{
		"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent", "TMPDIR=" + s.Writable,
		fmt.Sprintf("GOMAXPROCS=%d", s.Limits.Threads), "GOTRACEBACK=none", cagedMark + "=1",
	}
}

// cagedMark is set in the environment of every caged process, which must not start others:
// a program that does not know its role would otherwise start itself again and again.
const cagedMark = "COMPRESSOR_CAGED"

// own is the running binary; it survives an upgrade of the file on disk.
const own = "/proc/self/exe"

// devNull is the one device every cage may open: tools are started with it as input.
const devNull = os.DevNull
