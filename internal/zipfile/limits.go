package zipfile

import (
	"fmt"
	"math"

	"compressor/internal/problem"
)

// What an archive may ask of us. Honest archives stay far below.
const (
	MaxMembers = 1<<16 - 1
	maxHeaders = 64 << 20 // bytes of the central directory, and again of local extra fields
	maxName    = 1024     // bytes

	// Deflate cannot shrink by more than 1032 to 1, and what is not made to harm shrinks
	// by less than 200 to 1 as soon as it is of some size.
	MaxRatio  = 200
	freeBytes = 64 << 20 // contents that are let through at any ratio

	maxContents = math.MaxInt64 >> 8 // of a member, so that sums of all do not overflow
)

// exceeded is the problem of an archive over a limit.
func exceeded(limit, value string, most any) error { return problem.Over(limit, value, most) }

// overlap is the problem of an archive whose members share bytes, as only bombs do.
func overlap() error {
	return problem.New(problem.LimitExceeded).With(problem.Field{Path: "overlap", Message: "Members must not share bytes."})
}

// checkRatio looks at what the headers declare. That they lie is found while reading.
func (a *Archive) checkRatio() error {
	var sum int64
	for i := range a.Members {
		m := &a.Members[i]
		if m.Size > maxContents/MaxMembers {
			return exceeded("ratio", fmt.Sprintf("a member of %d bytes", m.Size), maxContents/MaxMembers)
		}
		sum += m.Size
	}
	if sum > freeBytes && sum/MaxRatio > a.size {
		return exceeded("ratio", fmt.Sprintf("%d bytes in %d", sum, a.size), fmt.Sprintf("%d to 1", MaxRatio))
	}
	return nil
}
