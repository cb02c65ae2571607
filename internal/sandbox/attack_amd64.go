package sandbox

import "golang.org/x/sys/unix"

// int80 makes a system call through the 32-bit entry of amd64 kernels.
//
//go:noescape
func int80(number, a, b, c uint32) int32

// attackI386 asks for a socket by its number in the 32-bit table (socket is 359 there),
// which the numbers of a 64-bit filter do not mean.
func attackI386(bait) error {
	const socket = 359
	result := int80(socket, unix.AF_INET, unix.SOCK_STREAM, 0)
	if result < 0 {
		return unix.Errno(-result)
	}
	return unix.Close(int(result))
}

// attackX32 asks for a socket by its x32 number (bit 30 set).
func attackX32(bait) error {
	return call(1<<30|unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0)
}
