package sandbox

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// firstNewCall is the first system call number that answers "no such call": fchmodat2, the
// first after those the deny list was written for. The list cannot name what does not
// exist yet, and new calls are ways around it (fchmodat2, setxattrat). x32 numbers, from
// 1<<30, fall under it as well. Numbers from 424 on are the same on all architectures.
const firstNewCall = 452

// preludeProgram is the filter that the library cannot express (classic BPF over struct
// seccomp_data, seccomp(2)): a call from a foreign architecture, such as int $0x80 on
// amd64, which would carry other numbers past the list, ends the process; a new call does
// not exist.
func preludeProgram(auditArch uint32) []unix.SockFilter {
	const (
		load, jumpEqual, jumpAtLeast, answer = 0x20, 0x15, 0x35, 0x06
		offsetNumber, offsetArch             = 0, 4
		killProcess, refuse, allow           = 0x80000000, 0x00050000, 0x7fff0000
	)
	return []unix.SockFilter{
		{Code: load, K: offsetArch},
		{Code: jumpEqual, Jt: 1, K: auditArch},
		{Code: answer, K: killProcess},
		{Code: load, K: offsetNumber},
		{Code: jumpAtLeast, Jf: 1, K: firstNewCall},
		{Code: answer, K: refuse | uint32(unix.ENOSYS)},
		{Code: answer, K: allow},
	}
}

// loadPrelude puts the prelude in force on all threads. It is the only place of this
// package that needs unsafe.
func loadPrelude(auditArch uint32) error {
	program := preludeProgram(auditArch)
	header := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	// no_new_privs is set on this thread; TSYNC carries it and the filter to all others.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&header)))
	runtime.KeepAlive(program)
	if errno != 0 {
		return errno
	}
	if thread != 0 {
		return unix.EAGAIN // a thread with another filter could not be brought along
	}
	return nil
}
