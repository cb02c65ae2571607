package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attack is one thing a taken-over process would try.
type attack struct {
	name   string
	what   string
	needs  Level // the lowest level at which it must be refused
	lethal bool  // being refused may mean being ended
	try    func(bait) error
}

// attackList is all attacks in their order of report. With tools granted a process may
// start processes, so that attack falls away.
func attackList(tools bool) []attack {
	list := append(callAttacks(), metadataAttacks()...)
	list = append(list, processAttacks(tools)...)
	list = append(list, fileAttacks()...)
	list = append(list, programAttacks()...)
	return append(list, identityAttacks()...)
}

// refusal is said by an attack that found a wall by looking, not by an errno.
type refusal string

func (r refusal) Error() string { return string(r) }

// judge tells a refusal from anything else. An attack that failed for another reason than
// being forbidden has reached the kernel, and counts as not refused.
func judge(err error) (refused bool, detail string) {
	var wall refusal
	var errno syscall.Errno
	switch {
	case err == nil:
		return false, "succeeded"
	case errors.As(err, &wall):
		return true, string(wall)
	case !errors.As(err, &errno):
		return false, "not refused: " + err.Error()
	}
	switch errno {
	case unix.EPERM, unix.EACCES, unix.ENOSYS, unix.EXDEV: // EXDEV: Landlock, moving between folders
		return true, errno.Error()
	}
	return false, "not refused, the kernel said: " + errno.Error()
}

// call makes a system call with arguments that are good enough to be looked at by the
// kernel, which then answers something else than a refusal.
func call(number uintptr, args ...uintptr) error {
	var a [6]uintptr
	copy(a[:], args)
	result, _, errno := unix.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
	if errno != 0 {
		return errno
	}
	_ = result
	return nil
}

func socket(family, kind int) func(bait) error {
	return func(bait) error {
		fd, err := unix.Socket(family, kind, 0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
}

func callAttacks() []attack {
	return []attack{
		{"socket-tcp", "open a TCP socket", LevelFiltered, false, socket(unix.AF_INET, unix.SOCK_STREAM)},
		{"socket-udp", "open a UDP socket over IPv6", LevelFiltered, false, socket(unix.AF_INET6, unix.SOCK_DGRAM)},
		{"socket-unix", "open a local socket", LevelFiltered, false, socket(unix.AF_UNIX, unix.SOCK_STREAM)},
		{"socket-netlink", "open a socket to the kernel", LevelFiltered, false, socket(unix.AF_NETLINK, unix.SOCK_RAW)},
		{"socket-i386", "open a socket through the 32-bit entry (int 0x80)", LevelFiltered, true, attackI386},
		{"socket-x32", "open a socket through the x32 numbers", LevelFiltered, false, attackX32},
		{"io-uring", "set up io_uring, which makes calls past filters", LevelFiltered, false,
			func(bait) error { return call(unix.SYS_IO_URING_SETUP, 1, 0) }},
		{"bpf", "load a kernel program", LevelFiltered, false,
			func(bait) error { return call(unix.SYS_BPF, 0, 0, 0) }},
		{"perf", "read the machine's performance counters", LevelFiltered, false,
			func(bait) error { return call(unix.SYS_PERF_EVENT_OPEN, 0, 0, ^uintptr(0), ^uintptr(0), 0) }},
		{"keyring", "read the kernel's key ring", LevelFiltered, false, func(bait) error {
			_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
			return err
		}},
		{"userfaultfd", "handle page faults of the kernel", LevelFiltered, false, func(bait) error {
			fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC, 0, 0)
			if errno != 0 {
				return errno
			}
			return unix.Close(int(fd))
		}},
		{"memfd", "make a file in memory, to execute it", LevelFiltered, false, func(bait) error {
			fd, err := unix.MemfdCreate("attack", 0)
			if err == nil {
				unix.Close(fd)
			}
			return err
		}},
		{"shared-memory", "leave shared memory behind for the next job", LevelFiltered, false, func(bait) error {
			id, err := unix.SysvShmGet(0, 4096, unix.IPC_CREAT|0o600) // key 0 is IPC_PRIVATE
			if err == nil {
				_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
			}
			return err
		}},
	}
}

// metadataAttacks change what Landlock does not police; new calls reach past a list.
func metadataAttacks() []attack {
	here := unix.AT_FDCWD
	return []attack{
		{"chmod", "change the permissions of the input", LevelFiltered, false,
			func(b bait) error { return unix.Chmod(b.Input, 0o777) }},
		{"chmod-new", "the same through the newer call fchmodat2", LevelFiltered, false,
			func(bait) error { return call(unix.SYS_FCHMODAT2, uintptr(here), 0, 0, 0) }},
		{"chown", "change the owner of the input", LevelFiltered, false,
			func(b bait) error { return unix.Lchown(b.Input, os.Geteuid(), os.Getegid()) }},
		{"touch", "change the times of the input", LevelFiltered, false,
			func(b bait) error { return os.Chtimes(b.Input, time.Unix(1, 0), time.Unix(1, 0)) }},
		{"xattr", "attach an attribute to the input", LevelFiltered, false,
			func(b bait) error { return unix.Setxattr(b.Input, "user.attack", []byte("x"), 0) }},
		{"xattr-new", "the same through the newer call setxattrat", LevelFiltered, false,
			func(bait) error { return call(sysSetxattrat, uintptr(here), 0, 0, 0, 0, 0) }},
		{"symlink", "leave a symbolic link for the service to follow", LevelFiltered, false,
			func(b bait) error { return os.Symlink("/etc/passwd", filepath.Join(b.Scratch, "link")) }},
		{"immutable", "make a file that cannot be removed any more", LevelFiltered, false, attackImmutable},
		{"hardlink", "link another job's file into the own folder", LevelFiltered, false, func(b bait) error {
			return os.Link(filepath.Join(b.Victim, "in"), filepath.Join(b.Scratch, "stolen"))
		}},
		{"fifo", "leave a pipe for the service to hang on", LevelFiltered, false,
			func(b bait) error { return unix.Mkfifo(filepath.Join(b.Scratch, "fifo"), 0o600) }},
	}
}

// attackImmutable sets the immutable flag (FS_IOC_SETFLAGS), and takes it off again.
func attackImmutable(b bait) error {
	file, err := os.Create(filepath.Join(b.Scratch, "immutable"))
	if err != nil {
		return err
	}
	defer file.Close()
	const immutable = 0x10
	if err := unix.IoctlSetPointerInt(int(file.Fd()), unix.FS_IOC_SETFLAGS, immutable); err != nil {
		return err
	}
	return unix.IoctlSetPointerInt(int(file.Fd()), unix.FS_IOC_SETFLAGS, 0)
}

// sysSetxattrat is setxattrat(2) of Linux 6.13, the same number on all architectures.
const sysSetxattrat = 463

func processAttacks(tools bool) []attack {
	list := []attack{
		{"leave-session", "leave the process group by setsid, to outlive it", LevelFiltered, false, attackSetsid},
		{"leave-group", "leave the process group by setpgid", LevelFiltered, false,
			func(bait) error { return unix.Setpgid(0, 0) }},
		{"signal-parent", "send a signal to the service", LevelStrong, false,
			func(b bait) error { return unix.Kill(b.Parent, unix.SIGURG) }}, // ignored by every Go program
		{"signal-init", "ask whether the machine's first process could be signalled", LevelStrong, false,
			func(bait) error { return unix.Kill(1, 0) }},
		{"ptrace", "seize the service with ptrace", LevelFiltered, false, func(b bait) error {
			const seize = 0x4206 // PTRACE_SEIZE does not stop it
			return call(unix.SYS_PTRACE, seize, uintptr(b.Parent), 0, 0)
		}},
		{"read-memory", "read the service's memory", LevelFiltered, false, func(b bait) error {
			local := make([]byte, 1)
			_, err := unix.ProcessVMReadv(b.Parent, []unix.Iovec{{Base: &local[0], Len: 1}},
				[]unix.RemoteIovec{{Base: 4096, Len: 1}}, 0)
			return err
		}},
		{"pidfd", "get a handle on the service", LevelFiltered, false, func(b bait) error {
			fd, err := unix.PidfdOpen(b.Parent, 0)
			if err == nil {
				unix.Close(fd)
			}
			return err
		}},
		{"limit-parent", "read and set the service's resource limits", LevelFiltered, false, func(b bait) error {
			var limit unix.Rlimit
			return unix.Prlimit(b.Parent, unix.RLIMIT_CORE, nil, &limit)
		}},
		{"raise-limits", "raise the own resource limits", LevelFiltered, false, attackRaise},
		{"slow-parent", "lower the service's priority", LevelFiltered, false, func(b bait) error {
			nice, err := unix.Getpriority(unix.PRIO_PROCESS, b.Parent)
			if err != nil {
				return err
			}
			return unix.Setpriority(unix.PRIO_PROCESS, b.Parent, 20-nice) // the value it has
		}},
	}
	if !tools {
		list = append(list, attack{"fork", "start a process, the first step of a fork bomb", LevelFiltered, false, attackFork})
	}
	return list
}

// attackRaise sets a limit to what it is, which shows that it could be set: raising it
// then is a matter of privileges, which the service may have.
func attackRaise(bait) error {
	var limit unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_CORE, nil, &limit); err != nil {
		return err
	}
	return unix.Prlimit(0, unix.RLIMIT_CORE, &limit, nil)
}

// attackSetsid counts only "no such call" as a refusal: the leader of a group gets EPERM
// from the kernel whatever the filter says.
func attackSetsid(bait) error {
	if _, err := unix.Setsid(); !errors.Is(err, unix.ENOSYS) {
		return unix.EINVAL
	}
	return unix.ENOSYS
}

// attackFork starts a program that does not exist, so that only the fork itself can succeed.
func attackFork(b bait) error {
	_, err := syscall.ForkExec(filepath.Join(b.Scratch, "nothing"), []string{"nothing"}, &syscall.ProcAttr{})
	return err
}

func readable(path func(bait) string) func(bait) error {
	return func(b bait) error {
		file, err := os.Open(path(b))
		if err != nil {
			return err
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			_, err = file.ReadDir(1)
			return err
		}
		_, err = file.Read(make([]byte, 16))
		return err
	}
}

func creatable(path func(bait) string) func(bait) error {
	return func(b bait) error {
		file, err := os.OpenFile(path(b), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		return file.Close()
	}
}

func fixed(path string) func(bait) string { return func(bait) string { return path } }

func fileAttacks() []attack {
	return []attack{
		{"read-passwd", "read /etc/passwd", LevelStrong, false, readable(fixed("/etc/passwd"))},
		{"read-own-environment", "read /proc/self/environ", LevelStrong, false, readable(fixed("/proc/self/environ"))},
		{"read-service-environment", "read the service's environment", LevelStrong, false,
			readable(func(b bait) string { return "/proc/" + strconv.Itoa(b.Parent) + "/environ" })},
		{"read-service-binary", "read the service's own program", LevelStrong, false, readable(fixed(own))},
		{"list-root", "list the root folder", LevelStrong, false, readable(fixed("/"))},
		{"list-service-folder", "list the service's folder", LevelStrong, false,
			readable(func(b bait) string { return b.Outside })},
		{"read-other-job", "read another job's file", LevelStrong, false,
			readable(func(b bait) string { return filepath.Join(b.Victim, "in") })},
		{"write-other-job", "write into another job's folder", LevelStrong, false,
			creatable(func(b bait) string { return filepath.Join(b.Victim, "planted") })},
		{"write-outside", "write into the service's folder", LevelStrong, false,
			creatable(func(b bait) string { return filepath.Join(b.Outside, "planted") })},
		{"write-temp", "write into the machine's temporary folder", LevelStrong, false, attackTemp},
		{"overwrite-input", "open the input for writing", LevelStrong, false, func(b bait) error {
			file, err := os.OpenFile(b.Input, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			return file.Close()
		}},
		{"truncate-input", "truncate the input", LevelStrong, false, func(b bait) error {
			info, err := os.Stat(b.Input)
			if err != nil {
				return err
			}
			return os.Truncate(b.Input, info.Size())
		}},
		{"move-input", "move the input away", LevelStrong, false, func(b bait) error {
			moved := filepath.Join(b.Scratch, "moved")
			if err := os.Rename(b.Input, moved); err != nil {
				return err
			}
			return os.Rename(moved, b.Input) // later attacks need it
		}},
		{"replace-folder", "put something else in the place of the output folder", LevelStrong, false, func(b bait) error {
			if err := os.Rename(b.Scratch, b.Scratch+"-moved"); err != nil {
				return err
			}
			return os.Rename(b.Scratch+"-moved", b.Scratch)
		}},
		{"mount", "mount a file system over the own folder", LevelFiltered, false, func(b bait) error {
			err := unix.Mount("none", b.Scratch, "tmpfs", 0, "")
			if err == nil {
				_ = unix.Unmount(b.Scratch, unix.MNT_DETACH)
			}
			return err
		}},
	}
}

func attackTemp(bait) error {
	file, err := os.CreateTemp("/tmp", "compressor-attack-")
	if errors.Is(err, fs.ErrNotExist) {
		return refusal("there is no /tmp on this machine")
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func programAttacks() []attack {
	return []attack{
		{"execute-program", "execute a program of this machine", LevelStrong, false, func(b bait) error {
			if b.Program == "" {
				return refusal("there is no such program on this machine")
			}
			return execute(b.Program)
		}},
		{"execute-by-loader", "execute it through the dynamic loader", LevelStrong, false, func(b bait) error {
			if b.Program == "" || b.Loader == "" {
				return refusal("there is no loader on this machine")
			}
			return execute(b.Loader, b.Program)
		}},
		{"execute-own-copy", "write a program into the own folder and execute it", LevelStrong, false, attackOwnCopy},
		{"execute-service", "execute the service's own program", LevelStrong, false,
			func(bait) error { return execute(own, "no-such-role") }},
	}
}

// execute reports nil if the program ran. The dynamic loader may run and itself be
// refused the program: it then ends with status 127 or 126.
func execute(program string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	output, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err // nil, or the refusal of the start itself
	}
	if exit.ExitCode() == 127 && strings.Contains(string(output), "denied") {
		return refusal("the loader was refused the program")
	}
	return nil // it ran, whatever it ended with
}

func attackOwnCopy(b bait) error {
	program, err := os.ReadFile(b.Input)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(program), elfMagic) {
		return unix.ENOEXEC
	}
	path := filepath.Join(b.Scratch, "program")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		return err
	}
	return execute(path)
}

func identityAttacks() []attack {
	return []attack{
		{"setuid", "become another user", LevelFiltered, false,
			func(bait) error { return call(unix.SYS_SETUID, uintptr(os.Geteuid())) }},
		{"unshare", "make a user namespace, to be root in it", LevelFiltered, false,
			func(bait) error { return unix.Unshare(unix.CLONE_NEWUSER) }},
		{"clone-namespace", "the same with clone", LevelFiltered, false, func(bait) error {
			// CLONE_FS makes it invalid, so that it cannot succeed where nothing refuses it.
			return call(unix.SYS_CLONE, unix.CLONE_NEWUSER|unix.CLONE_FS|uintptr(unix.SIGCHLD))
		}},
		{"clone-new", "the same with the newer call clone3", LevelFiltered, false,
			func(bait) error { return call(unix.SYS_CLONE3, 0, 0) }},
		{"capabilities", "hold privileges of the superuser", LevelFull, false, attackCapabilities},
		{"host-network", "stand in the machine's network", LevelFull, false, attackNetwork},
	}
}

func attackCapabilities(bait) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return err
	}
	if sets[0].Effective|sets[1].Effective|sets[0].Permitted|sets[1].Permitted == 0 {
		return refusal("it has none")
	}
	return nil
}

func attackNetwork(b bait) error {
	network, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return err
	}
	if network != b.Network {
		return refusal("it has a network of its own, with nothing in it")
	}
	return nil
}
