package sandbox

import "sync"

// ring keeps the last bytes written to it, at most its capacity. It is safe for use by
// several goroutines.
type ring struct {
	mu      sync.Mutex
	kept    []byte
	max     int
	dropped bool
}

// Write keeps the end of p and never fails.
func (r *ring) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, p...)
	if over := len(r.kept) - r.max; over > 0 {
		r.kept = append(r.kept[:0], r.kept[over:]...)
		r.dropped = true
	}
	return len(p), nil
}

// String is what was kept, with a mark where the beginning is missing.
func (r *ring) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dropped {
		return "[...]" + string(r.kept)
	}
	return string(r.kept)
}
