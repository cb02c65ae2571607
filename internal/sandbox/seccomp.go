package sandbox

import (
	"fmt"
	"os"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// filterCalls loads two filters on all threads, for good: the prelude, then a list of
// calls that answer EPERM. It is a list of what is refused, not of what is allowed, and
// refuses with an error, not by killing, since every update of a C library tries new
// calls and falls back.
func (s Spec) filterCalls() error {
	info, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	if err := loadPrelude(uint32(info.ID)); err != nil {
		return fmt.Errorf("prelude: %w", err)
	}
	return seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true, Flag: seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls: []seccomp.SyscallGroup{
				{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: known(info, absentCalls())},
				{
					Action:             seccomp.ActionErrno | seccomp.Action(unix.EPERM),
					Names:              known(info, s.deniedCalls()),
					NamesWithCondtions: s.deniedArguments(info),
				},
			},
		},
	})
}

// startingCalls start programs.
var startingCalls = [...]string{"fork", "vfork", "execve"} // it is read only

// giveUpTools adds a filter to those in force, after which no program can be started any
// more: what [Spec.filterCalls] refuses where no tool is granted. Filters only ever add up.
func (s Spec) giveUpTools() error {
	info, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	bare := s
	bare.Grants.Tools = nil
	return seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true, Flag: seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls: []seccomp.SyscallGroup{{
				Action:             seccomp.ActionErrno | seccomp.Action(unix.EPERM),
				Names:              known(info, startingCalls[:]),
				NamesWithCondtions: bare.deniedArguments(info),
			}},
		},
	})
}

// absentCalls answer "no such call". clone3 hides its flags behind a pointer, where a
// filter cannot look; C libraries then use clone. setsid answers EPERM by itself in the
// leader of a group: another errno lets the probe tell the filter from that.
func absentCalls() []string { return []string{"clone3", "setsid"} }

// deniedCalls are refused whatever their arguments.
func (s Spec) deniedCalls() []string {
	names := append([]string{}, deniedAlways[:]...)
	if len(s.Grants.Tools) == 0 {
		// A job without tools starts no program: then no fork bomb either.
		names = append(names, startingCalls[:]...)
	}
	if s.Features.Landlock < 3 {
		names = append(names, "truncate") // by path: not policed by Landlock before ABI 3
	}
	return names
}

// deniedAlways, by what they could be used for. Landlock polices neither permissions,
// owners, times and attributes of files nor, before ABI 10, anything but TCP.
var deniedAlways = [...]string{
	// network and other ways to talk
	"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4",
	"shmget", "shmat", "shmctl", "shmdt", "msgget", "msgsnd", "msgrcv", "msgctl",
	"semget", "semop", "semtimedop", "semctl", "mq_open", "mq_unlink",
	// metadata of files
	"chmod", "fchmod", "fchmodat", "chown", "lchown", "fchown", "fchownat",
	"utime", "utimes", "futimesat", "utimensat",
	"setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
	"link", "linkat", "symlink", "symlinkat", "mknod", "mknodat",
	// flags of files (a file made immutable could not be removed any more), terminals, devices
	"ioctl",
	// own limits: with the superuser's privileges they could be raised again
	"setrlimit",
	// other processes
	"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease",
	"kcmp", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "rt_sigqueueinfo",
	"rt_tgsigqueueinfo", "tkill", "setpgid", "setpriority", "ioprio_set", "sched_setattr",
	"sched_setparam", "sched_setscheduler", "sched_setaffinity", "migrate_pages", "move_pages",
	// identity
	"setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups",
	"setfsuid", "setfsgid", "capset", "personality",
	// namespaces, mounts, machine
	"unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "fsopen",
	"fsconfig", "fsmount", "fspick", "open_tree", "move_mount", "mount_setattr", "quotactl",
	"quotactl_fd", "swapon", "swapoff", "acct", "reboot", "sethostname", "setdomainname",
	"settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "syslog", "vhangup",
	"sync", "syncfs",
	"iopl", "ioperm", "modify_ldt", "nfsservctl",
	"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
	// kernel surface no codec needs
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
	"io_uring_register", "add_key", "request_key", "keyctl", "lookup_dcookie",
	"name_to_handle_at", "open_by_handle_at", "fanotify_init", "fanotify_mark",
	"memfd_create", "memfd_secret", "execveat",
}

// deniedArguments are calls refused for some arguments only. Values are compared as 64
// bits, so junk above the 32 that the kernel looks at is refused too.
func (s Spec) deniedArguments(info *arch.Info) []seccomp.NameWithConditions {
	self := uint64(os.Getpid())
	other := func(allowed ...uint64) (all seccomp.ArgumentConditions) {
		for _, value := range allowed {
			all = append(all, seccomp.Condition{Argument: 0, Operation: seccomp.NotEqual, Value: value})
		}
		return all
	}
	const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS |
		unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	rules := []seccomp.NameWithConditions{
		{Name: "clone", Conditions: seccomp.ArgumentConditions{
			{Argument: 0, Operation: seccomp.BitsSet, Value: namespaces}}},
		{Name: "prlimit64", Conditions: other(0, self)},
		{Name: "prlimit64", Conditions: seccomp.ArgumentConditions{ // reading limits is harmless
			{Argument: 2, Operation: seccomp.NotEqual, Value: 0}}},
		// Signals to the job process and its group, to nobody else: a filter cannot know the
		// tools, and Landlock keeps signals inside from ABI 6 on only. See Tool.Run.
		{Name: "kill", Conditions: other(0, self)},
		{Name: "tgkill", Conditions: other(self)},
	}
	if len(s.Grants.Tools) == 0 {
		// Threads, no processes.
		rules = append(rules,
			seccomp.NameWithConditions{Name: "clone", Conditions: seccomp.ArgumentConditions{
				{Argument: 0, Operation: seccomp.BitsNotSet, Value: unix.CLONE_THREAD}}})
	}
	var present []seccomp.NameWithConditions
	for _, rule := range rules {
		if _, ok := info.SyscallNames[rule.Name]; ok {
			present = append(present, rule)
		}
	}
	return present
}

// known drops the names this architecture never had (arm64 has no chmod, only fchmodat);
// the library fails on them.
func known(info *arch.Info, names []string) []string {
	var present []string
	for _, name := range names {
		if _, ok := info.SyscallNames[name]; ok {
			present = append(present, name)
		}
	}
	return present
}
