package httpapi

import (
	"sync"

	"compressor/internal/problem"
)

// streams counts the open event streams of each key. The zero value is ready.
type streams struct {
	mu    sync.Mutex
	byKey map[string]int // no zeros, so it is never larger than the streams are
}

// open counts one more of key, unless there are most already.
func (s *streams) open(key string, most int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[key] >= most {
		return problem.Newf(problem.KeyBusy, "This API key has %d event streams open, which is the most. Close one first.", most)
	}
	if s.byKey == nil {
		s.byKey = map[string]int{}
	}
	s.byKey[key]++
	return nil
}

func (s *streams) close(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[key]--; s.byKey[key] == 0 {
		delete(s.byKey, key)
	}
}
