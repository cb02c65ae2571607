// Package sandbox is the cage: the only package that starts processes. It re-executes the
// own binary in a hidden role and confines it with resource limits, Landlock, two seccomp
// filters, its own process group and, when asked for, user namespaces. The parent side is
// [Start], the child side [Enter]; [Probe] lets such a child attack itself and tells from
// what was refused, not from version numbers, how strong the cage is on this machine.
//
// The cage assumes that the code inside has been taken over by the file it reads. What it
// then cannot do is listed, attack by attack, by [Attack]. What it still can do: use the
// memory, the time, the threads and the disk its [Limits] give it, learn whether a path
// exists (Landlock does not police stat), map code it wrote itself into its own memory,
// and answer nonsense. The disk is limited by file, not in sum.
//
// Linux only; the system call filters are written for amd64 and arm64.
package sandbox
