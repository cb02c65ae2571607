// Package resumable keeps uploads that arrive in pieces, over as many connections as it
// takes, and makes a job of each one that is complete. The protocol is tus 1.0
// (https://tus.io/protocols/resumable-upload), spoken by tusd's handler; this package is the
// store behind it.
//
// An upload is a folder of the data directory with two files: its record, written once, and
// the bytes so far, whose number is the offset. Whatever offset was told is on the disk
// itself. The job of an upload has the upload's id, so that there is one, however often a
// process dies between the two, and so that nothing of the upload need stay behind once its
// job is there.
package resumable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/tus/tusd/v2/pkg/memorylocker"

	"compressor/internal/blob/disk"
	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/work"
)

// Jobs takes complete uploads in, and knows those that became jobs. work.Desk is one.
type Jobs interface {
	Submit(ctx context.Context, s work.Submission) (work.Receipt, error)
	Get(ctx context.Context, id string) (job.Job, error)
}

// Limits bounds what is kept.
type Limits struct {
	Open    int           // uploads of one key that are not complete
	Life    time.Duration // of an upload that does not get complete
	MinFree int64         // bytes of disk that all open uploads together leave free
}

// Box holds the uploads that are not jobs yet. It is safe for concurrent use.
type Box struct {
	files  *disk.Store
	jobs   Jobs
	limits Limits
	log    *slog.Logger
	now    func() time.Time
	locks  *memorylocker.MemoryLocker

	mu   sync.Mutex
	open map[string]*entry
}

// entry is what the memory holds of an upload; its fields are guarded by Box.mu.
type entry struct {
	key     string
	size    int64 // bytes, as declared
	offset  int64 // bytes so far
	synced  bool  // the bytes so far are on the disk itself
	expires time.Time
	held    bool // somebody has its lock
}

// New is an upload that begins.
type New struct {
	ID       string // UUID v4; its job will have it, too
	KeyID    string
	Size     int64 // bytes, at least 1
	Order    work.Order
	Notice   json.RawMessage   // as of work.Submission
	Metadata map[string]string // what HEAD tells; no secrets, since it is kept as it is
}

// State is an upload as it stands.
type State struct {
	KeyID    string
	Size     int64 // bytes, as declared
	Offset   int64 // bytes so far
	Expires  time.Time
	Job      *job.Job          // once it is complete and its job was made
	Metadata map[string]string // of one that is not a job yet, and only from GetUpload
}

// Open finds the uploads of earlier processes in files. What is not whole, since a process
// died while it made or removed it, is removed.
func Open(files *disk.Store, jobs Jobs, limits Limits, log *slog.Logger, now func() time.Time) (*Box, error) {
	b := &Box{files: files, jobs: jobs, limits: limits, log: log, now: now, locks: memorylocker.New(), open: map[string]*entry{}}
	root, err := files.Path(folder)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	found, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		e, err := b.load(d.Name())
		if err != nil {
			log.Warn("upload that is not whole removed", "upload", d.Name(), "error", err)
			if err := b.removeFolder(d.Name()); err != nil {
				return nil, err
			}
			continue
		}
		b.open[d.Name()] = e
	}
	return b, nil
}

// Create begins an upload. Once it returns, the upload outlasts the process and a power
// failure. Errors: key-busy, storage-full.
func (b *Box) Create(n New) error {
	e := &entry{key: n.KeyID, size: n.Size, synced: true, expires: b.now().Add(b.limits.Life)}
	if err := b.admit(n.ID, e); err != nil {
		return err
	}
	n.Order.Uploaded = n.Size
	err := b.write(record{ID: n.ID, KeyID: n.KeyID, Size: n.Size, Expires: e.expires,
		Order: n.Order, Notice: n.Notice, Metadata: n.Metadata})
	if err != nil {
		return errors.Join(full(err), b.drop(n.ID))
	}
	return nil
}

// admit adds an entry if its key may have one more, and the disk has room for all that was
// declared and has not come yet.
func (b *Box) admit(id string, e *entry) error {
	free, _, err := b.files.Free()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	mine, coming := 0, e.size
	for _, other := range b.open {
		if other.key == e.key {
			mine++
		}
		coming += other.size - other.offset
	}
	if mine >= b.limits.Open {
		return problem.Newf(problem.KeyBusy, "This key has %d uploads open. Complete or delete one.", mine)
	}
	if free-coming < b.limits.MinFree {
		return problem.New(problem.StorageFull)
	}
	b.open[id] = e
	return nil
}

// State tells how an upload stands. It takes no lock, and so disturbs nobody who writes.
// Error: not-found, also once it has expired, or the record of its job was removed.
func (b *Box) State(ctx context.Context, id string) (State, error) {
	b.mu.Lock()
	e, ok := b.open[id]
	if ok {
		s := State{KeyID: e.key, Size: e.size, Offset: e.offset, Expires: e.expires}
		b.mu.Unlock()
		if !b.now().Before(s.Expires) {
			return State{}, problem.New(problem.NotFound)
		}
		return s, nil
	}
	b.mu.Unlock()
	j, err := b.jobs.Get(ctx, id)
	if err != nil {
		return State{}, err
	}
	o, err := work.ReadOrder(j.Request)
	if err != nil {
		return State{}, fmt.Errorf("request of job %s: %w", id, err)
	}
	if o.Uploaded == 0 {
		return State{}, problem.New(problem.NotFound) // a job that did not come this way
	}
	return State{KeyID: j.KeyID, Size: o.Uploaded, Offset: o.Uploaded, Job: &j}, nil
}

// finish makes a complete upload a job and removes what is left of it. The lock of the
// upload must be held. It may be called again after any failure, and after the end of the
// process at any point of it: there is one job.
func (b *Box) finish(ctx context.Context, id string) error {
	r, err := b.read(id)
	if err != nil {
		return err
	}
	_, err = b.jobs.Submit(context.WithoutCancel(ctx), work.Submission{
		ID: id, KeyID: r.KeyID, Order: r.Order, File: dataName(id), Notice: r.Notice,
	})
	if err != nil {
		return err
	}
	if err := b.drop(id); err != nil { // the job is there; the next sweep tries again
		b.log.Error("upload not removed", "upload", id, "error", err)
	}
	return nil
}

// drop removes an upload, first from the disk. The lock of the upload must be held.
func (b *Box) drop(id string) error {
	if err := b.removeFolder(id); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, id)
	return nil
}
