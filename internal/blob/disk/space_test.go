package disk

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"compressor/internal/problem"
)

func TestSpace(t *testing.T) {
	var free int64
	var broken error
	s := NewSpace(func() (int64, int64, error) { return free, 1000, broken }, 100)
	for i, step := range []struct {
		free, need int64
		ok         bool
	}{
		{150, 0, true},
		{150, 151, false}, // that one is too large: others are not
		{150, 150, true},
		{100, 0, true},
		{99, 0, false}, // low
		{150, 0, false},
		{200, 0, false},
		{201, 0, true},
		{150, 0, true},
	} {
		free = step.free
		err := s.Room(step.need)
		if (err == nil) != step.ok || err != nil && !problem.Has(err, problem.StorageFull) {
			t.Errorf("step %d, %+v: %v", i, step, err)
		}
	}
	broken = errors.New("no such disk")
	if err := s.Room(0); err == nil || problem.Has(err, problem.StorageFull) {
		t.Errorf("a disk that cannot be asked: %v", err)
	}
}

// TestNote: what a write has met counts as much as what the disk says.
func TestNote(t *testing.T) {
	for _, full := range []error{
		unix.ENOSPC, fmt.Errorf("write: %w", unix.EDQUOT), problem.New(problem.StorageFull),
	} {
		free := int64(150)
		s := NewSpace(func() (int64, int64, error) { return free, 1000, nil }, 100)
		if s.Note(nil) != nil || s.Note(errors.New("other")) == nil || s.Room(0) != nil {
			t.Error("any error closes")
		}
		if err := s.Note(full); !errors.Is(err, full) {
			t.Errorf("%v became %v", full, err)
		}
		if err := s.Room(0); !problem.Has(err, problem.StorageFull) {
			t.Errorf("after %v: %v", full, err)
		}
		if free = 201; s.Room(0) != nil {
			t.Errorf("after %v it stays closed", full)
		}
	}
}
