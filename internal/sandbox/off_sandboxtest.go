//go:build sandboxtest

package sandbox

import (
	"os"
	"strings"
)

// forcedOff adds what COMPRESSOR_SANDBOX_OFF names, such as "landlock,namespaces". Only a
// build with the tag sandboxtest reads it, so that script tests can see the lower levels.
func forcedOff(asked Features) Features {
	for _, word := range strings.Split(os.Getenv("COMPRESSOR_SANDBOX_OFF"), ",") {
		switch strings.TrimSpace(word) {
		case "landlock":
			asked.Landlock = 1
		case "seccomp":
			asked.Seccomp = true
		case "namespaces":
			asked.Namespaces = true
		}
	}
	return asked
}
