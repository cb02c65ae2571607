// Package job says what a job is: a request and, later, its answer. Everything the
// service does is a job; a synchronous request is one somebody waits for.
//
// A job's row decides who may finish it. Whoever works on a job holds it under a Ticket,
// its id and its epoch. Each time the job changes hands the epoch rises, so a holder that
// was slow, paused or cut off finds its ticket stale and can write nothing. The queue
// (package queue) only decides when somebody tries to claim a ticket; delivering one
// twice, late, or after the job has ended does no harm.
//
// The package holds no SQL: package job/store keeps jobs in a database, and
// job/storetest is the suite each store must pass. What a request asks and what its
// answer reports is opaque JSON here.
package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"compressor/internal/problem"
)

// State is where a job stands. Four of the five are words of the wire.
type State string

// The states. A job goes held → enqueued → processing → completed or failed, starts at
// any of the first three, and goes from processing back to enqueued when its server ends.
const (
	Held       State = "held" // waits until its key may have one more in the queue
	Enqueued   State = "enqueued"
	Processing State = "processing"
	Completed  State = "completed"
	Failed     State = "failed"
)

// Ended says whether the state is final.
func (s State) Ended() bool { return s == Completed || s == Failed }

// Word is the state on the wire, which knows no held: to the client it is enqueued.
func (s State) Word() string {
	if s == Held {
		return string(Enqueued)
	}
	return string(s)
}

// ErrStale says that a ticket no longer holds its job: the job was handed on, canceled or
// ended. The holder must stop and remove what it made; nothing of it was written.
var ErrStale = errors.New("the job is no longer held under this ticket")

// ErrCanceled is the ErrStale of a job that its client canceled.
var ErrCanceled = fmt.Errorf("%w: it was canceled", ErrStale)

// ErrCrowded says that a key runs as many jobs as it may at once: one more has to wait.
var ErrCrowded = errors.New("the key runs as many jobs as it may")

// Ticket is one hold of a job. A later hold of the same job has a higher epoch.
type Ticket struct {
	Job   string `json:"job"`
	Epoch int64  `json:"epoch"`
}

// ResultPath is the name under which this hold keeps its result. The epoch is part of
// it, so a holder that lost its job never writes over the winner's file.
func (t Ticket) ResultPath() string {
	return "results/" + t.Job + "-" + strconv.FormatInt(t.Epoch, 10)
}

// Progress is how far a job is. Percent is 0 to 100; Done and Total count units of the
// phase, 0 when it has none.
type Progress struct {
	Percent float64 `json:"percent"`
	Phase   string  `json:"phase,omitempty"`
	Done    int64   `json:"done"`
	Total   int64   `json:"total"`
}

// After is p as told after before: it never falls. A second attempt begins anew, and says
// nothing new until it has come as far as the first.
func (p Progress) After(before Progress) Progress {
	behind := p.Percent == before.Percent && p.Phase == before.Phase && p.Done < before.Done
	if p.Percent < before.Percent || behind {
		return before
	}
	return p
}

// Output is the result file of a completed job, zero when nothing is kept here.
type Output struct {
	LinkID string // secret id of the download link, a UUID v4 that is never the job's id
	Slot   int64  // first segment of the link: completion, rounded down to 300 s
	Name   string // last segment of the link
	MIME   string
	Size   int64  // bytes
	Path   string // name of the stored file (Ticket.ResultPath); "" once it was removed
}

// Job is one row.
type Job struct {
	ID         string // UUID v4, also the request's id
	KeyID      string // whose it is
	State      State
	Epoch      int64
	Owner      string          // node and process that hold it, while processing
	LeaseUntil time.Time       // when the hold is void unless renewed, while processing
	Attempts   int             // deaths of its job process; a server's death is not one
	Progress   Progress        // never falls, also when the job changes hands
	Request    json.RawMessage // opaque: what was asked
	Tag        string          // what its client calls it
	InputRef   string          // the stored input, "" for one still to fetch
	InputSize  int64           // bytes of the stored input
	Result     json.RawMessage // opaque: what is answered
	Output     Output
	Problem    *problem.Problem // why it failed
	Canceled   bool             // its client ended it, or had its result removed
	Notice     json.RawMessage  // opaque: whom to tell of the end; nil for nobody, and once the job has ended
	Noticing   bool             // its notice is under way: row and result stay until that has ended
	Created    time.Time
	Started    time.Time // of the last hold
	Finished   time.Time
	Expires    time.Time // until when the result may be downloaded
	Once       Once      // of a new job only; it is not read back
	Batch      Batch     // zero for a job that is no batch
	Parent     string    // id of the batch that it is an item of, "" for none
	Position   int       // in that batch, from 0
}

// Batch counts the items of a job that is a batch. Nobody works on a batch: it is
// enqueued until the first of its items is worked on, and ends with the last of them.
type Batch struct {
	Total     int // items; 0 for a job that is no batch
	Pending   int // of them, those that have not ended
	Completed int
	Canceled  int
}

// Failed is how many items failed, those that were canceled apart.
func (b Batch) Failed() int { return b.Total - b.Pending - b.Completed - b.Canceled }

// Progress is how far the batch is, by items that have ended.
func (b Batch) Progress() Progress {
	done := b.Total - b.Pending
	return Progress{Percent: 100 * float64(done) / float64(max(b.Total, 1)), Phase: "items", Done: int64(done), Total: int64(b.Total)}
}

// MaxItems is how many items a batch may have.
const MaxItems = 1000

// BatchPath is the name that stands for the results of a batch. No file has it: the
// results are those of its items, and as long as they may be had, so may it.
func BatchPath(id string) string { return "batches/" + id }

// Once marks a request that its client may send again without a second job being made. Both
// are hashes, from which nothing of the request can be read. Zero is a request without.
type Once struct {
	Name   string // of the key and the idempotency key
	Digest string // of the request
}

// OnceLife is how long a store remembers a Once, unless the record of its job goes before.
const OnceLife = 24 * time.Hour

// Repeated is the error of a new job whose Once is known already, for the job ID.
type Repeated struct {
	ID   string
	Same bool // the request is the same, too
}

func (r *Repeated) Error() string {
	return fmt.Sprintf("repeated request for job %s, same: %v", r.ID, r.Same)
}

// Ticket is the hold under which the row now stands.
func (j Job) Ticket() Ticket { return Ticket{j.ID, j.Epoch} }

// Available says whether the result may be downloaded at the time now: also that of a
// failed job whose result could not be stored where its client wanted it. The row decides,
// not the sweeper: a file may outlive its link, never the other way round. A result outlives
// its notice.
func (j Job) Available(now time.Time) bool {
	noticing := j.Noticing && !j.Canceled
	return j.State.Ended() && j.Output.Path != "" && (noticing || now.Before(j.Expires))
}

// Outcome is how a hold ends: with a result, or with a problem.
type Outcome struct {
	Problem *problem.Problem // nil: the job is completed
	Result  json.RawMessage
	Output  Output    // Slot may stay 0: it follows from the time of completion
	Expires time.Time // zero: the store's usual life of a result
}

// Slot is the number in a download link of a result finished at t: Unix seconds, rounded
// down to 300. It orders files by time and means nothing else.
func Slot(t time.Time) int64 {
	s := t.Unix()
	return s - s%300
}

// Query says which jobs of a key are listed. Zero fields select nothing.
type Query struct {
	KeyID         string
	State         State // as the wire has it: Enqueued covers those that are held
	Tag           string
	Batch         string    // the items of this batch, in their order; otherwise items are not listed
	Start, End    time.Time // of creation: at or after Start, before End
	Offset, Limit int       // Limit must be given
}

// Counts is how many jobs are open.
type Counts struct{ Held, Enqueued, Processing int }

// Queued is how many wait.
func (c Counts) Queued() int { return c.Held + c.Enqueued }

// Leftover is a stored result whose time has come.
type Leftover struct{ Job, Path string }
