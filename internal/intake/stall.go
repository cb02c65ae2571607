package intake

import (
	"errors"
	"io"
	"os"
	"time"

	"compressor/internal/problem"
)

// Pace is how slow an upload may be. Zero fields take the defaults.
type Pace struct {
	Stall  time.Duration // longest wait for the next byte; 30 s
	Rate   int64         // least bytes per second on average; 10 KiB/s
	Window time.Duration // how far an upload may fall behind Rate; 60 s
}

// Deadliner sets the time after which reads fail; http.ResponseController has it.
type Deadliner interface {
	SetReadDeadline(time.Time) error
}

// Guarded reads a body that must keep moving. Without it, a client that sends one byte
// every 29 seconds holds a connection for years.
type Guarded struct {
	body   io.Reader
	conn   Deadliner
	pace   Pace
	now    func() time.Time
	behind time.Duration // waited so far, less what the bytes would have taken at pace.Rate
	failed error
}

// Guard returns body with a deadline set on conn before each read. Reads fail with
// upload-stalled when nothing came for Pace.Stall, or when the upload is more than
// Pace.Window behind one at Pace.Rate. Only time spent in reads counts, so that our own
// disk's slowness is not held against the client. If conn cannot set deadlines, reads fail
// rather than go unguarded.
//
// Release must be called before the connection is used for anything else: a deadline left
// behind would end a request that is still being answered.
func Guard(body io.Reader, conn Deadliner, pace Pace, now func() time.Time) *Guarded {
	if pace.Stall <= 0 {
		pace.Stall = 30 * time.Second
	}
	if pace.Rate <= 0 {
		pace.Rate = 10 << 10
	}
	if pace.Window <= 0 {
		pace.Window = time.Minute
	}
	return &Guarded{body: body, conn: conn, pace: pace, now: now}
}

// Read reads from the body. Once it has failed it fails at once.
func (g *Guarded) Read(p []byte) (int, error) {
	if g.failed != nil {
		return 0, g.failed
	}
	before := g.now()
	if err := g.conn.SetReadDeadline(before.Add(g.pace.Stall)); err != nil {
		g.failed = err
		if errors.Is(err, errors.ErrUnsupported) {
			g.failed = problem.New(problem.Internal).Because(err)
		}
		return 0, g.failed
	}
	n, err := g.body.Read(p)
	g.failed = g.judge(n, g.now().Sub(before), err)
	return n, g.failed
}

// judge says whether reading may go on after a read of n bytes that waited and ended with
// err. Being ahead earns nothing: a quick start does not buy a pause later.
func (g *Guarded) judge(n int, waited time.Duration, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return problem.New(problem.UploadStalled).Because(err)
	}
	g.behind += waited - time.Duration(float64(n)/float64(g.pace.Rate)*float64(time.Second))
	g.behind = max(g.behind, 0)
	if err == nil && g.behind > g.pace.Window {
		return problem.Newf(problem.UploadStalled, "The upload was slower than %d bytes per second and was given up.", g.pace.Rate)
	}
	return err
}

// Release removes the deadline from the connection.
func (g *Guarded) Release() error { return g.conn.SetReadDeadline(time.Time{}) }
