package ssimulacra2

// #include "ssim.h"
import "C"

import (
	"math"
	"runtime"
	"sync"
	"unsafe"
)

// An Option changes how references are made; the defaults are right for nearly everyone.
type Option func(*settings)

type settings struct {
	allPlanes bool
	portable  bool
}

// WithAllPlanes measures every plane that has any weight, as the reference program does:
// within 0.00001 of it, for twice the time and memory.
func WithAllPlanes() Option { return func(s *settings) { s.allPlanes = true } }

// withPortable leaves out the code for one kind of processor. The bits are the same.
func withPortable() Option { return func(s *settings) { s.portable = true } }

// backgrounds are what a transparent picture is seen on, as encoded sRGB: dark and bright.
// The lower score counts.
func backgrounds() []float64 { return []float64{0.1, 0.9} }

// Reference holds what is computed once of the picture that others are compared with.
// Safe for concurrent use: each Score works in memory of its own.
type Reference struct {
	width, height int
	shape         shape
	settings      settings
	pool          *Pool
	workBytes     int64

	mu      sync.RWMutex // held for reading by every Score, so that Close waits
	caches  []block      // one for an opaque picture, else one for each background
	cleanup runtime.Cleanup
}

// NewReference prepares p, with memory of its own. Close gives the memory back.
// Errors: ErrPicture, ErrTooLarge, ErrMemory. p may be changed afterwards.
func NewReference(p Picture, options ...Option) (*Reference, error) {
	var none *Pool
	return none.NewReference(p, options...)
}

// NewReference prepares p with memory of the pool, where it goes back with Close.
func (m *Pool) NewReference(p Picture, options ...Option) (*Reference, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	r := &Reference{width: p.Width, height: p.Height, pool: m}
	for _, option := range options {
		option(&r.settings)
	}
	r.shape = newShape(p.Width, p.Height, r.settings.allPlanes)
	cacheBytes, workBytes := r.shape.sizes()
	r.workBytes = workBytes
	work, err := m.take(workBytes)
	if err != nil {
		return nil, err
	}
	defer m.give(work)
	grounds := []float64{-1}
	if !p.opaque() {
		grounds = backgrounds()
	}
	for _, ground := range grounds {
		cache, err := m.take(cacheBytes)
		if err != nil {
			m.giveAll(r.caches)
			return nil, err
		}
		r.caches = append(r.caches, cache)
		C.ssim_reference(r.shape.c(), p.c(ground), p.first(), cache.at, work.at, r.portable())
	}
	runtime.KeepAlive(p.Pix)
	r.cleanup = runtime.AddCleanup(r, m.giveAll, r.caches)
	return r, nil
}

// Close gives the memory back; later calls of Score fail with ErrClosed. It waits for those
// under way.
func (r *Reference) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.caches == nil {
		return
	}
	r.cleanup.Stop()
	r.pool.giveAll(r.caches)
	r.caches = nil
}

// Score compares p, which has the reference's size, with the reference.
// Errors: ErrPicture, ErrTooLarge, ErrSizeMismatch, ErrClosed, ErrMemory, ErrNoScore.
func (r *Reference) Score(p Picture) (Score, error) {
	if err := p.check(); err != nil {
		return Score{}, err
	}
	if p.Width != r.width || p.Height != r.height {
		return Score{}, ErrSizeMismatch
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.caches == nil {
		return Score{}, ErrClosed
	}
	work, err := r.pool.take(r.workBytes)
	if err != nil {
		return Score{}, err
	}
	defer r.pool.give(work)
	if len(r.caches) == 1 && p.opaque() {
		return r.scoreOn(-1, r.caches[0], work, p)
	}
	grounds := backgrounds()
	dark, err := r.scoreOn(grounds[0], r.caches[0], work, p)
	if err != nil {
		return Score{}, err
	}
	bright, err := r.scoreOn(grounds[1], r.caches[len(r.caches)-1], work, p)
	if err != nil {
		return Score{}, err
	}
	lower := dark
	if bright.Worst < dark.Worst {
		lower = bright
	}
	lower.Mean = min(dark.Mean, bright.Mean)
	return lower, nil
}

// scoreOn scores p over one background, or with -1 without looking at its alpha.
func (r *Reference) scoreOn(ground float64, cache, work block, p Picture) (Score, error) {
	across, down := r.shape.tiles()
	sums := make([]float64, across*down*tileSums)
	C.ssim_compare(r.shape.c(), p.c(ground), p.first(), cache.at, work.at,
		(*C.double)(&sums[0]), r.portable())
	score := r.shape.pool(sums)
	if !finite(score.Mean) || !finite(score.Worst) {
		return Score{}, ErrNoScore
	}
	score.WorstWidth = min(score.WorstWidth, r.width) // below 8 the shape is larger
	score.WorstHeight = min(score.WorstHeight, r.height)
	return score, nil
}

func (r *Reference) portable() C.int {
	if r.settings.portable {
		return 1
	}
	return 0
}

// Memory is what a reference of this size holds and what each Score under way adds, in
// bytes. Transparent references hold twice as much. Errors: ErrPicture, ErrTooLarge.
func Memory(width, height int, options ...Option) (held, working int64, err error) {
	if err := checkSize(width, height); err != nil {
		return 0, 0, err
	}
	var s settings
	for _, option := range options {
		option(&s)
	}
	held, working = newShape(width, height, s.allPlanes).sizes()
	return held, working, nil
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func (m *Pool) giveAll(blocks []block) {
	for _, b := range blocks {
		m.give(b)
	}
}

func (s shape) sizes() (cache, work int64) {
	var c, w C.size_t
	C.ssim_sizes(s.c(), &c, &w)
	return max(int64(c), 64), int64(w)
}

// c is the shape for the C side. Levels above the last measured one are not worked on.
func (s shape) c() C.ssim_shape {
	levels := s.levels
	for levels > 1 && s.used>>(planes*(levels-1)) == 0 {
		levels--
	}
	return C.ssim_shape{width: C.int(s.width), height: C.int(s.height), levels: C.int(levels),
		planes: C.uint32_t(s.used)}
}

func (p Picture) c(background float64) C.ssim_pixels {
	return C.ssim_pixels{width: C.int(p.Width), height: C.int(p.Height),
		channels: C.int(p.Channels), stride: C.size_t(p.Stride), background: C.float(background)}
}

func (p Picture) first() *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(&p.Pix[0])) }

func (p Picture) opaque() bool {
	return p.Channels == 3 ||
		C.ssim_opaque(p.first(), C.int(p.Width), C.int(p.Height), C.size_t(p.Stride)) == 1
}

// Fast says whether this machine's processor runs the fast path. The other gives the same
// bits, slower.
func Fast() bool { return C.ssim_fast() != 0 }
