package jobprocess

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"compressor/internal/problem"
	"compressor/internal/sandbox"
	"compressor/internal/turns"
)

// Config says what a pool runs its job processes in.
type Config struct {
	WorkDir  string // folder for the private folders; made if missing
	Slots    int    // jobs at once; at least 1
	Spares   int    // processes kept waiting per slot; 0 starts each when it is needed
	Limits   sandbox.Limits
	LongWall time.Duration // wall clock of a Request that is Long, if above that of Limits
	Grants   sandbox.Grants
	Features sandbox.Features // what the probe found
}

// Pool runs jobs, each in a caged process of its own, at most Slots at a time and one guest's
// (see package turns). Of several slots one is kept for jobs that somebody waits for.
type Pool struct {
	config Config
	home   *home
	turns  *turns.Slots
	wake   chan struct{} // asks the filler to look
	closed chan struct{}
	recall chan struct{}  // closed by Drain
	tasks  sync.WaitGroup // the filler and every job

	draining sync.Once // closes recall

	mu   sync.Mutex
	idle []*worker
	live map[*worker]struct{} // every process not yet reaped
}

// worker is one job process with its folder. It does one job.
type worker struct {
	process *sandbox.Process
	folder  *folder
}

// startLimit bounds the time from the start of a process to its cage being in force,
// which takes milliseconds; it is generous because the machine may be overloaded.
const startLimit = 30 * time.Second

// NewPool removes what dead pools left in the work folder and starts the spares in the
// background. The caller must Close it.
func NewPool(config Config) (*Pool, error) {
	config.Slots, config.Spares = max(1, config.Slots), max(0, config.Spares)
	config.Limits = config.Limits.OrDefault()
	grants, err := config.Grants.Resolve()
	if err != nil {
		return nil, err
	}
	config.Grants = grants
	if config.WorkDir, err = filepath.Abs(config.WorkDir); err != nil {
		return nil, fmt.Errorf("job processes: work folder: %w", err)
	}
	if err := os.MkdirAll(config.WorkDir, 0o700); err != nil {
		return nil, fmt.Errorf("job processes: work folder: %w", err)
	}
	// What cannot be removed now, such as a folder in which a dying process still writes, is
	// left for the next sweep. It is no reason not to start.
	_, _ = Sweep(config.WorkDir)
	home, err := newHome(config.WorkDir)
	if err != nil {
		return nil, fmt.Errorf("job processes: work folder: %w", err)
	}
	p := &Pool{
		config: config, home: home, turns: turns.New(config.Slots), wake: make(chan struct{}, 1),
		closed: make(chan struct{}), recall: make(chan struct{}), live: map[*worker]struct{}{},
	}
	p.tasks.Go(p.fill)
	p.refill()
	return p, nil
}

// Slot is the right to run one job after another. It must be released.
type Slot struct {
	pool    *Pool
	turn    *turns.Place
	release sync.Once
}

// Acquire waits for a free slot, and for its turn. The error is canceled or draining.
func (p *Pool) Acquire(ctx context.Context, turn turns.Turn) (*Slot, error) {
	if ctx.Err() != nil {
		return nil, problem.New(problem.Canceled).Because(ctx.Err())
	}
	select {
	case <-p.closed:
		return nil, problem.New(problem.Draining)
	default:
	}
	var recall chan struct{}
	if turn.Background {
		recall = p.recall
	}
	w := p.turns.Join(turn)
	var err error
	select {
	case <-w.Ready():
		return &Slot{pool: p, turn: w}, nil
	case <-ctx.Done():
		err = problem.New(problem.Canceled).Because(ctx.Err())
	case <-p.closed:
		err = problem.New(problem.Draining)
	case <-recall:
		err = problem.New(problem.Draining)
	}
	p.turns.Leave(w)
	return nil, err
}

// Drain sends background jobs that have no slot away, with draining, now and from now on.
func (p *Pool) Drain() { p.draining.Do(func() { close(p.recall) }) }

// Release gives the slot back.
func (s *Slot) Release() { s.release.Do(func() { s.pool.turns.Leave(s.turn) }) }

// Run waits for a slot and runs one job in it as one that somebody waits for, see [Slot.Run].
func (p *Pool) Run(ctx context.Context, input string, request Request, progress func(Progress)) (*Result, error) {
	slot, err := p.Acquire(ctx, turns.Turn{})
	if err != nil {
		return nil, err
	}
	defer slot.Release()
	return slot.Run(ctx, input, request, progress)
}

// Close ends every job process, waits until they and their folders are gone, and fails
// jobs still running with draining. Results not yet closed lose their files.
func (p *Pool) Close() error {
	p.mu.Lock()
	select {
	case <-p.closed:
		p.mu.Unlock()
		return nil
	default:
	}
	close(p.closed)
	for w := range p.live {
		w.process.Kill()
	}
	p.idle = nil
	p.mu.Unlock()
	p.tasks.Wait()
	p.mu.Lock()
	left := p.live
	p.mu.Unlock()
	for w := range left { // spares: nobody else waits for them
		p.discard(w)
	}
	return p.home.remove()
}

// fill starts spares, one at a time, whenever it is woken.
func (p *Pool) fill() {
	for {
		select {
		case <-p.closed:
			return
		case <-p.wake:
		}
		for p.lacking() {
			w, err := p.start(context.Background()) // Close ends it
			if err != nil {
				break // the next job tries itself, and reports why
			}
			p.mu.Lock()
			p.idle = append(p.idle, w)
			p.mu.Unlock()
		}
	}
}

// refillDelay lets a job that has ended be answered before the next spare is started: a
// start takes 10 ms of a processor, the answer a few.
const refillDelay = 15 * time.Millisecond

// refillSoon asks for spares when a job has ended.
func (p *Pool) refillSoon() { time.AfterFunc(refillDelay, p.refill) }

// refill asks for spares.
func (p *Pool) refill() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// lacking drops spares that died while waiting and says whether one more is wanted.
func (p *Pool) lacking() bool {
	p.mu.Lock()
	var dead []*worker
	kept := p.idle[:0]
	for _, w := range p.idle {
		if w.alive() {
			kept = append(kept, w)
		} else {
			dead = append(dead, w)
		}
	}
	p.idle = kept
	short := len(kept) < p.config.Slots*p.config.Spares
	p.mu.Unlock()
	for _, w := range dead {
		p.discard(w)
	}
	select {
	case <-p.closed:
		return false
	default:
		return short
	}
}

func (w *worker) alive() bool {
	select {
	case <-w.process.Done():
		return false
	default:
		return true
	}
}

// take gives a process that is ready: a spare, or one started now.
func (p *Pool) take(ctx context.Context) (*worker, error) {
	for {
		p.mu.Lock()
		if len(p.idle) == 0 {
			p.mu.Unlock()
			return p.start(ctx)
		}
		w := p.idle[0]
		p.idle = p.idle[1:]
		p.mu.Unlock()
		if w.alive() {
			return w, nil
		}
		p.discard(w)
	}
}

// start starts one process and waits until its cage is in force.
func (p *Pool) start(ctx context.Context) (*worker, error) {
	folder, err := newFolder(p.home.path)
	if err != nil {
		return nil, fmt.Errorf("job process: folder: %w", err)
	}
	process, err := sandbox.Start(ctx, sandbox.Spec{
		Role: Role, Folder: folder.path, Writable: folder.writable(),
		Limits: p.config.Limits, Grants: p.config.Grants, Features: p.config.Features,
	})
	if err != nil {
		return nil, errors.Join(err, folder.remove())
	}
	w := &worker{process: process, folder: folder}
	p.mu.Lock()
	p.live[w] = struct{}{}
	select {
	case <-p.closed: // Close has already ended all it knew of
		process.Kill()
	default:
	}
	p.mu.Unlock()

	stop := context.AfterFunc(ctx, process.Kill)
	defer stop()
	limit := time.AfterFunc(startLimit, process.Kill)
	defer limit.Stop()
	var first message
	if err = process.Receive(&first); err == nil && !first.Ready {
		err = errors.New("it spoke before it was ready")
	}
	if err != nil {
		death := p.discard(w)
		return nil, fmt.Errorf("job process: not ready: %w (%s, %s): %s", err, death.Cause, death.Status, death.Stderr)
	}
	return w, nil
}

// discard ends w, whatever it is doing, and removes every trace of it.
func (p *Pool) discard(w *worker) sandbox.Death {
	death := p.end(w)
	_ = w.folder.remove() // what cannot be removed now is removed by a sweep
	return death
}

// end ends w and returns when its whole group is gone. Its folder stays.
func (p *Pool) end(w *worker) sandbox.Death {
	w.process.Kill()
	death := w.process.Wait()
	p.mu.Lock()
	delete(p.live, w)
	p.mu.Unlock()
	return death
}
