//go:build !sandboxtest

package sandbox

// forcedOff is what a test asked to leave out. No ordinary build reads the environment.
func forcedOff(asked Features) Features { return asked }
