package disk

import (
	"fmt"
	"sync"

	"compressor/internal/problem"
)

// Space judges whether the disk has room for more. It is safe for concurrent use.
type Space struct {
	free func() (free, total int64, err error)
	min  int64

	mu  sync.Mutex
	low bool // the disk was low, and has not yet twice the least since
}

// NewSpace keeps min bytes of a disk free, of which free tells as Store.Free does.
func NewSpace(free func() (free, total int64, err error), min int64) *Space {
	return &Space{free: free, min: min}
}

// Room says whether something may be taken in that needs so many bytes. Once the disk was
// low, or full, nothing is until twice the least is free, so that the answer does not change
// with every file that goes. Error: storage-full.
func (s *Space) Room(need int64) error {
	free, _, err := s.free()
	if err != nil {
		return fmt.Errorf("free space: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case free < s.min:
		s.low = true
	case free > 2*s.min:
		s.low = false
	}
	if s.low || free < need {
		return problem.New(problem.StorageFull).Because(
			fmt.Errorf("%d bytes free, %d needed, %d to stay free, low before: %v", free, need, s.min, s.low))
	}
	return nil
}

// Note takes notice of an error: after one that says that the disk is full nothing more is
// taken in until there is room again. It returns err.
func (s *Space) Note(err error) error {
	if problem.Has(err, problem.StorageFull) || problem.Full(err) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.low = true
	}
	return err
}
