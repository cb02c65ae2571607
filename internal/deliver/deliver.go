// Package deliver carries files between this service and the buckets of its clients: results
// to where they asked for, and sources from where they lie. Which credentials open a bucket
// is the connector's affair, how its provider is spoken to the driver's.
package deliver

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/storage"
)

// Connectors opens connectors. connector.Store is one. Errors: not-found; options-invalid, on
// the fields of a connector that was good when it was made.
type Connectors interface {
	Open(ctx context.Context, id string) (storage.Place, storage.Defaults, error)
}

// Dial opens a bucket. It does not ask the provider anything yet.
type Dial func(storage.Place) (storage.Bucket, error)

// Desk carries. It is safe for concurrent use.
type Desk struct {
	connectors Connectors
	dial       Dial
	largest    int64         // bytes of a source
	pause      time.Duration // before the second try; it grows fourfold
}

// New returns a desk that opens connectors' buckets with dial, and reads objects of at most
// so many bytes.
func New(connectors Connectors, dial Dial, largest int64) *Desk {
	return &Desk{connectors: connectors, dial: dial, largest: largest, pause: time.Second}
}

// Result is a finished file.
type Result struct {
	Job  string // id
	Name string
	MIME string
	File blob.Blob
	// Again says that an earlier try may have stored the same result without its end being
	// known.
	Again bool
}

// Delivered is where a result lies.
type Delivered struct {
	URL   string   `json:"url"`
	Notes []string `json:"-"` // what was done otherwise than asked
}

// Check finds what is wrong with where a result is to go, before there is one. Error:
// options-invalid, on the fields of store.
func (d *Desk) Check(ctx context.Context, s recipe.Store) error {
	_, err := d.aim(ctx, s)
	return err
}

// aim puts what is asked on top of what the connector says.
func (d *Desk) aim(ctx context.Context, s recipe.Store) (storage.Target, error) {
	place, defaults, err := d.open(ctx, "store.id", s.ID)
	if err != nil {
		return storage.Target{}, err
	}
	t, wrong := storage.Aim(place, defaults, s)
	if len(wrong) > 0 {
		return storage.Target{}, problem.Invalid(wrong...)
	}
	return t, nil
}

// open opens a connector that the field at names. Error: options-invalid, on that field, which
// is all that the client has said of it.
func (d *Desk) open(ctx context.Context, at, id string) (storage.Place, storage.Defaults, error) {
	place, defaults, err := d.connectors.Open(ctx, id)
	switch {
	case problem.Has(err, problem.NotFound):
		err = problem.Invalid(problem.Field{Path: at, Message: "There is no connector by that id; got " + storage.Shown(id) + "."})
	case problem.Has(err, problem.OptionsInvalid):
		var wrong []problem.Field
		for _, f := range problem.From(err).Fields {
			wrong = append(wrong, problem.Field{Path: at, Message: "Must name a connector that can be used; got " + storage.Shown(id) +
				", whose '" + f.Path + "' " + strings.ToLower(f.Message[:1]) + f.Message[1:]})
		}
		err = problem.Invalid(wrong...)
	}
	return place, defaults, err
}

// Put stores a result. What fails in passing is tried again, a few times within a minute or
// so. Errors: store-failed, and that of ctx.
func (d *Desk) Put(ctx context.Context, s recipe.Store, r Result) (Delivered, error) {
	target, err := d.aim(ctx, s)
	if err != nil {
		return Delivered{}, refused(err)
	}
	object, wrong := target.Object(storage.NamesOf(r.Job, r.Name, hex.EncodeToString(r.File.SHA1[:])), r.MIME)
	if len(wrong) > 0 {
		return Delivered{}, refused(problem.Invalid(wrong...))
	}
	bucket, err := d.dial(target.Place)
	if err != nil {
		return Delivered{}, refused(err)
	}
	return d.put(ctx, opened{bucket, target.Place}, object, r)
}

// opened is a bucket, and where it is.
type opened struct {
	storage.Bucket
	place storage.Place
}

func (d *Desk) put(ctx context.Context, to opened, object storage.Object, r Result) (Delivered, error) {
	var written storage.Written
	err := d.persist(ctx, func() (err error) {
		written, err = to.Put(ctx, object, r.File)
		return err
	})
	if r.Again && storage.Is(err, storage.Exists) && same(ctx, to, object.Key, r.File) {
		err = nil
	}
	if err != nil {
		return Delivered{}, refused(err)
	}
	return Delivered{URL: storage.URL(to.place, object.Key), Notes: written.Notes}, nil
}

// tries is how often a store is asked that fails in passing. Its driver has tried several
// times by itself each time.
const tries = 4

// persist repeats do while it fails in passing.
func (d *Desk) persist(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		var fault *storage.Fault
		if err == nil || ctx.Err() != nil || try == tries || !errors.As(err, &fault) || !fault.Retry() {
			return err
		}
		pause := d.pause << (2 * (try - 1))
		select {
		case <-time.After(max(pause, min(fault.After, 4*pause))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// same says whether the object holds these bytes already.
func same(ctx context.Context, bucket storage.Bucket, key string, file blob.Blob) bool {
	info, body, err := bucket.Open(ctx, key)
	if err != nil {
		return false
	}
	defer body.Close()
	if info.Size != file.Size {
		return false
	}
	sum, err := blob.SumOf(io.LimitReader(body, file.Size+1))
	return err == nil && sum == file.Sum
}

// refused turns what a store or a connector says into the problem of the job. What was good
// when the job was taken may be wrong now: the connector was changed or deleted meanwhile, or
// the name of the result is too long for its folder.
func refused(err error) error {
	var fault *storage.Fault
	switch {
	case errors.As(err, &fault):
		return fault.Problem()
	case problem.Has(err, problem.OptionsInvalid):
		p := problem.Newf(problem.StoreFailed, "The result could not be stored at its destination: the connector or the name does not allow it.")
		return p.With(problem.From(err).Fields...)
	}
	return err
}

// Collision finds two of these stores under which results would lie under one name, whatever
// the files are called. A nil one is none.
func Collision(stores []*recipe.Store) (first, second int, found bool) {
	type name struct{ id, bucket, container, path string }
	seen := map[name]int{}
	for i, s := range stores {
		if s == nil || storage.Distinct(s.Path) {
			continue
		}
		n := name{s.ID, s.Bucket, s.Container, s.Path}
		if before, has := seen[n]; has {
			return before, i, true
		}
		seen[n] = i
	}
	return 0, 0, false
}
