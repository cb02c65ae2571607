package ssimulacra2

// #cgo CFLAGS: -O3 -std=c11 -Wall -Wno-psabi -Wno-unknown-pragmas
// #include "ssim.h"
import "C"

import (
	"sync"
	"unsafe"
)

// block is memory outside of Go's heap, aligned for vectors.
type block struct {
	at   unsafe.Pointer
	size int64
}

// Pool lends out memory and keeps what comes back, up to a limit, because fresh memory costs
// as much as scoring does. Safe for concurrent use. A nil *Pool keeps nothing.
type Pool struct {
	limit int64 // bytes kept while unused

	mu   sync.Mutex
	idle []block
	kept int64
}

// NewPool returns a pool that keeps at most limit bytes of unused memory.
func NewPool(limit int64) *Pool { return &Pool{limit: limit} }

// Close frees all unused memory. The pool stays usable.
func (p *Pool) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.idle {
		b.free()
	}
	p.idle, p.kept = nil, 0
}

// take gives a block of at least size bytes, its contents undefined.
func (p *Pool) take(size int64) (block, error) {
	if b, ok := p.reuse(size); ok {
		return b, nil
	}
	at := C.ssim_alloc(C.size_t(size))
	if at == nil {
		return block{}, ErrMemory
	}
	return block{at, size}, nil
}

// reuse finds the smallest idle block that fits without wasting half of it.
func (p *Pool) reuse(size int64) (block, bool) {
	if p == nil {
		return block{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	best := -1
	for i, b := range p.idle {
		if b.size >= size && b.size/2 <= size && (best < 0 || b.size < p.idle[best].size) {
			best = i
		}
	}
	if best < 0 {
		return block{}, false
	}
	b := p.idle[best]
	p.idle = append(p.idle[:best], p.idle[best+1:]...)
	p.kept -= b.size
	return b, true
}

// give takes a block back; the oldest idle ones make room for it.
func (p *Pool) give(b block) {
	if p == nil || b.size > p.limit {
		b.free()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.kept+b.size > p.limit {
		p.idle[0].free()
		p.kept -= p.idle[0].size
		p.idle = p.idle[1:]
	}
	p.idle = append(p.idle, b)
	p.kept += b.size
}

func (b block) free() { C.ssim_free(b.at) }
