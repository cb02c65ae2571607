package sandbox

import (
	"fmt"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// Rights are spelled out bit by bit: landlock.RWDirs and RODirs would also grant execute,
// and with it any program written into the process's own folder.
const (
	rightsRead  = ll.AccessFSReadFile | ll.AccessFSReadDir
	rightsWrite = rightsRead | ll.AccessFSWriteFile | ll.AccessFSRemoveDir | ll.AccessFSRemoveFile |
		ll.AccessFSMakeDir | ll.AccessFSMakeReg | ll.AccessFSTruncate
	rightsTool   = ll.AccessFSReadFile | ll.AccessFSExecute
	rightsDevice = ll.AccessFSReadFile | ll.AccessFSWriteFile
)

// restrictFiles allows the granted paths and nothing else, on all threads and for good.
// It asks for exactly the rules of the given ABI and fails where the kernel has less,
// instead of weakening them (no BestEffort). From ABI 4 on it also refuses TCP, from ABI 6
// on signals to processes outside.
func (s Spec) restrictFiles() error {
	config, err := landlockConfig(s.Features.Landlock)
	if err != nil {
		return err
	}
	grant := func(rights landlock.AccessFSSet, paths ...string) landlock.Rule {
		return landlock.PathAccess(rights&config.HandledAccessFS, paths...)
	}
	rules := []landlock.Rule{
		grant(rightsRead, s.Folder), grant(rightsWrite, s.Writable), grant(rightsDevice, devNull),
	}
	if len(s.Grants.ReadDirs) > 0 {
		rules = append(rules, grant(rightsRead, s.Grants.ReadDirs...))
	}
	if len(s.Grants.ReadFiles) > 0 { // rights over folders are EINVAL on a plain file
		rules = append(rules, grant(ll.AccessFSReadFile, s.Grants.ReadFiles...))
	}
	if len(s.Grants.Tools) > 0 {
		rules = append(rules, grant(rightsTool, s.Grants.Tools...))
	}
	return config.Restrict(rules...)
}

// landlockConfig is everything Landlock can refuse at an ABI version.
func landlockConfig(abi int) (landlock.Config, error) {
	versions := [...]landlock.Config{
		landlock.V1, landlock.V2, landlock.V3, landlock.V4, landlock.V5, landlock.V6,
		landlock.V7, landlock.V8, landlock.V9, landlock.V10, landlock.V11,
	}
	if abi < 1 || abi > len(versions) {
		return landlock.Config{}, fmt.Errorf("no rules for ABI %d", abi)
	}
	return versions[abi-1], nil
}

// newestABI is the newest Landlock ABI whose rules this package knows.
const newestABI = 11

// landlockABI is the ABI this kernel offers and this package knows, 0 for none.
func landlockABI() int {
	version, err := ll.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return min(version, newestABI)
}
