package work

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"sync/atomic"

	"github.com/google/uuid"

	"compressor/internal/blob"
	"compressor/internal/deliver"
	"compressor/internal/enginejob"
	"compressor/internal/intake"
	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/storage"
	"compressor/internal/turns"
)

// listName and listMIME are of the list of entries that is the result.
const (
	listName = "objects.ndjson"
	listMIME = "application/x-ndjson"
)

// bucketJob is a job over all objects of a bucket under a prefix. It is one row, however many
// they are: its input is the journal, which grows object by object and becomes its result.
type bucketJob struct {
	*task
	order    Order
	transfer *deliver.Transfer
	journal  *journal
	total    atomic.Int64 // objects there are; 0 until they are counted
}

// runBucket does the objects that no earlier hold of the job has done, several at once, and
// ends the row.
func (t *task) runBucket(ctx context.Context, order Order) {
	t.settle(ctx, t.doBucket(ctx, order))
}

func (t *task) doBucket(ctx context.Context, order Order) error {
	options, err := json.Marshal(order.Recipe)
	if err != nil {
		return err
	}
	transfer, err := t.stores.Begin(ctx, *order.Prefix, *order.Store, options)
	if err != nil {
		return err
	}
	list, err := t.bucketJournal(ctx)
	if err != nil {
		return err
	}
	defer list.close() //nolint:errcheck // what counts is synced before the row says so
	b := &bucketJob{task: t, order: order, transfer: transfer, journal: list}
	if err := b.objects(ctx); err != nil {
		return err
	}
	return b.complete()
}

// bucketJournal opens the journal, which the first hold makes.
func (t *task) bucketJournal(ctx context.Context) (*journal, error) {
	if t.job.InputRef == "" {
		dir, err := t.files.Incoming()
		if err != nil {
			return nil, err
		}
		scratch := blob.NewScratch(dir)
		defer scratch.Close() //nolint:errcheck // the sweep of the next start finds it
		w, err := scratch.Create()
		if err != nil {
			return nil, err
		}
		empty, err := w.Commit()
		if err != nil {
			return nil, err
		}
		name := inputName(t.job.ID)
		if err := t.files.Keep(empty.Path(), name, true); err != nil {
			return nil, err
		}
		if err := t.store.SetInput(ctx, t.job.Ticket(), name, 0); err != nil {
			return nil, err
		}
		t.setInput(name)
	}
	at, err := t.files.Path(t.job.InputRef)
	if err != nil {
		return nil, err
	}
	return openJournal(at)
}

// objects does them in the order of their keys, so many at a time, and writes each down when
// all before it are.
func (b *bucketJob) objects(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go b.count(ctx)
	results := make(chan chan Entry, b.limits.Parallel)
	var listed error
	go func() {
		defer close(results)
		listed = b.transfer.List(ctx, b.journal.last, func(o storage.Info) error {
			done := make(chan Entry, 1)
			select {
			case results <- done: // one of so many places
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			go func() {
				e, err := b.object(ctx, o)
				if err != nil {
					cancel(err)
				}
				done <- e
			}()
			return nil
		})
	}()
	var failed error
	for done := range results {
		e := <-done
		if failed == nil && ctx.Err() == nil {
			if failed = b.journal.write(e); failed != nil {
				cancel(failed)
			}
			b.tell()
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return errors.Join(failed, listed)
}

// count lists the bucket once for itself, many times faster than the objects are done, so
// that progress has an end. Where that fails, the list of the objects will tell why.
func (b *bucketJob) count(ctx context.Context) {
	var n int64
	err := b.transfer.List(ctx, "", func(storage.Info) error { n++; return nil })
	if err == nil {
		b.total.Store(n)
	}
}

// tell says how many are done, and of how many, once that is known.
func (b *bucketJob) tell() {
	p := job.Progress{Phase: "objects", Done: b.journal.tally.Total, Total: b.total.Load()}
	b.mu.Lock()
	defer b.mu.Unlock()
	p.Percent = b.progress.Percent
	if p.Total > 0 {
		p.Percent = max(p.Percent, min(99, 100*float64(p.Done)/float64(p.Total)))
	}
	b.progress = p
}

// object does one. What is wrong with it stands in its entry; an error ends the job.
func (b *bucketJob) object(ctx context.Context, o storage.Info) (Entry, error) {
	e := Entry{Key: o.Key, Status: objectCompleted}
	err := b.compress(ctx, o, &e)
	var fault *storage.Fault
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return e, context.Cause(ctx)
	case problem.Has(err, problem.Draining), problem.Has(err, problem.StorageFull):
		return e, err // nothing is wrong with the object
	case errors.As(err, &fault) && fault.Whole():
		return e, err // the next object would fail alike
	default:
		e = Entry{Key: o.Key, Status: objectFailed, Problem: problem.From(err)}
	}
	return e, nil
}

// compress finds out whether o is done already, or else gets it, has a job process work on
// it, and stores the result.
func (b *bucketJob) compress(ctx context.Context, o storage.Info, e *Entry) error {
	url, found, err := b.transfer.Stored(ctx, o, b.extensions())
	if err != nil {
		return err
	}
	if found {
		*e = Entry{Key: o.Key, Status: objectSkipped, Why: "An earlier job has stored its result.", URL: url}
		return nil
	}
	if err := b.space.Room(o.Size * spaceFactor); err != nil {
		return err
	}
	dir, err := b.files.Incoming()
	if err != nil {
		return err
	}
	scratch := blob.NewScratch(dir)
	defer scratch.Close() //nolint:errcheck // the sweep of the next start finds it
	source, err := b.transfer.Read(ctx, o, scratch)
	if err != nil {
		return b.space.Note(err)
	}
	done, err := b.engine(ctx, o, source)
	if err != nil {
		return err
	}
	defer done.Close() //nolint:errcheck // the sweep of the next start finds it
	e.Input, e.Output = &done.Input, &done.Output
	e.Report = done.Report.Trim(b.order.Detail)
	return b.put(ctx, o, source, done, e)
}

// engine has a job process work on an object. Should it die, it is tried once more, as any
// job is.
func (b *bucketJob) engine(ctx context.Context, o storage.Info, source blob.Blob) (*enginejob.Done, error) {
	ask := enginejob.Ask{Recipe: b.order.Recipe, Named: b.order.Named, Limits: b.limits.File, Budget: b.limits.Budget}
	for try := 0; ; try++ {
		slot, err := b.pool.Acquire(ctx, turns.Turn{Key: b.job.KeyID, Background: true})
		if err != nil {
			return nil, err
		}
		done, err := enginejob.Run(ctx, slot, source.Path(), intake.CleanName(o.Key), ask, nil)
		slot.Release()
		if err == nil || ctx.Err() != nil || try >= problem.From(err).Code.Retries() {
			return done, b.space.Note(err)
		}
	}
}

// put stores the result, unless it is the object itself, where that lies already.
func (b *bucketJob) put(ctx context.Context, o storage.Info, source blob.Blob, done *enginejob.Done, e *Entry) error {
	extension := ""
	if done.Output.Format != done.Input.Format {
		extension = path.Ext(done.Output.Name)
	}
	file := source
	if done.Process.File != nil {
		var err error
		if file, err = blob.Of(done.Process.Path); err != nil {
			return err
		}
	} else if b.transfer.InPlace(o.Key, extension) {
		return nil
	}
	if taken, err := b.transfer.Taken(ctx, o, extension); taken || err != nil {
		*e = Entry{Key: o.Key, Status: objectSkipped, Why: "Another object has the name of its result."}
		return err
	}
	got, exists, err := b.transfer.Put(ctx, o, extension, deliver.Result{
		Job: b.job.ID, Name: done.Output.Name, MIME: done.Output.MIME, File: file, Again: b.job.Epoch > 1,
	})
	if exists {
		*e = Entry{Key: o.Key, Status: objectSkipped, Why: "There is an object in the place of its result."}
		return nil
	}
	e.URL = got.URL
	if e.Report != nil {
		e.Report.Notes = append(e.Report.Notes, got.Notes...)
	}
	return err
}

// extensions are what the names of results may end in beside those of their sources.
func (b *bucketJob) extensions() []string {
	list := []string{""}
	for _, id := range b.order.Recipe.Image.Format {
		for _, row := range b.formats.Rows() {
			if row.ID == id || id == recipe.Best && row.Web {
				list = append(list, path.Ext(row.Name("x")))
			}
		}
	}
	return list
}

// complete makes the journal the result, and ends the row.
func (b *bucketJob) complete() error {
	if err := b.journal.file.Sync(); err != nil {
		return err
	}
	info, err := b.journal.file.Stat()
	if err != nil {
		return err
	}
	name := b.job.Ticket().ResultPath()
	if err := b.files.Link(b.job.InputRef, name); err != nil {
		return err
	}
	err = b.finish(Answer{Objects: &b.journal.tally}, job.Outcome{Output: job.Output{
		LinkID: uuid.NewString(), Name: listName, MIME: listMIME, Size: info.Size(), Path: name,
	}})
	if err != nil {
		return errors.Join(err, b.files.Remove(name))
	}
	return nil
}
