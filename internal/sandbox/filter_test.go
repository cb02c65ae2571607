package sandbox

import (
	"encoding/binary"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
)

// The prelude is run here by another implementation of classic BPF than the kernel's:
// not every machine has a 32-bit entry through which it could be tried.
func TestPreludeProgram(t *testing.T) {
	raw := make([]bpf.RawInstruction, 0)
	for _, i := range preludeProgram(uint32(arch.X86_64.ID)) {
		raw = append(raw, bpf.RawInstruction{Op: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K})
	}
	program, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the prelude holds something that is not BPF")
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	const kill, allow, absent = 0x80000000, 0x7fff0000, 0x00050000 | 38
	tests := []struct {
		name         string
		number, arch uint32
		want         uint32
	}{
		{"read", 0, uint32(arch.X86_64.ID), allow},
		{"the last known call", 451, uint32(arch.X86_64.ID), allow},
		{"fchmodat2", 452, uint32(arch.X86_64.ID), absent},
		{"setxattrat", 463, uint32(arch.X86_64.ID), absent},
		{"a call of the future", 9999, uint32(arch.X86_64.ID), absent},
		{"x32 socket", 1<<30 | 41, uint32(arch.X86_64.ID), absent},
		{"i386 socket", 359, uint32(arch.I386.ID), kill},
		{"arm64 read", 63, uint32(arch.AARCH64.ID), kill},
	}
	for _, test := range tests {
		data := make([]byte, 64) // struct seccomp_data; this VM loads in network order
		binary.BigEndian.PutUint32(data[0:], test.number)
		binary.BigEndian.PutUint32(data[4:], test.arch)
		got, err := vm.Run(data)
		if err != nil || uint32(got) != test.want {
			t.Errorf("%s: %#x, want %#x (%v)", test.name, got, test.want, err)
		}
	}
}

// A name misspelt would be left out of the filter in silence.
func TestDeniedNamesExist(t *testing.T) {
	spec := Spec{Features: Features{Seccomp: true}}
	for _, name := range append(absentCalls(), spec.deniedCalls()...) {
		_, amd64 := arch.X86_64.SyscallNames[name]
		_, i386 := arch.I386.SyscallNames[name]
		if !amd64 && !i386 {
			t.Errorf("%s is no system call", name)
		}
		if number, ok := arch.X86_64.SyscallNames[name]; ok && number >= firstNewCall {
			t.Errorf("%s (%d) is refused by the prelude already", name, number)
		}
	}
	for _, info := range []*arch.Info{arch.X86_64, arch.AARCH64} {
		for _, name := range []string{"socket", "fchmodat", "utimensat", "ptrace", "execve", "mount"} {
			if len(known(info, []string{name})) != 1 {
				t.Errorf("%s: %s is not in the filter", info.Name, name)
			}
		}
	}
}
