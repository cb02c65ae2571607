//go:build race

package sandbox

// shadowFactor multiplies the memory limit: the race detector keeps several bytes of
// shadow for each byte the program uses, and RLIMIT_DATA counts them. Race builds are for
// tests; the memory they report as their limit is that of an ordinary build.
const shadowFactor = 8
