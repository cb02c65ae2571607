//go:build !amd64

package sandbox

// attackI386 has no way in: this architecture has no 32-bit entry of another numbering.
func attackI386(bait) error { return refusal("this architecture has no such entry") }

// attackX32 has no way in: x32 is a thing of amd64.
func attackX32(bait) error { return refusal("this architecture has no such numbers") }
