// Package e2e tests the built binary from outside: over HTTP, by signals, and by what it
// leaves on the disk and in the process table. It imports nothing of the service, so what
// it asserts is what a client and an operator see.
//
// The scripts in testdata/script read like a session with curl; script_test.go has their
// commands. Five variables widen the tests:
//
//	E2E_CORPUS=full     every picture of ../shared/corpus instead of the samples
//	E2E_KILLS=N         N kills in TestKill instead of 6
//	E2E_ORDERS=N        N orders in it instead of 5 for each kill, at least 40
//	E2E_OBJECTS=N       N objects in TestBucket instead of 200
//	E2E_BINARY=<file>   this binary instead of one built from the sources
package e2e
