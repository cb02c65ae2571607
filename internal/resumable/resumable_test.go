package resumable

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"

	"compressor/internal/blob/disk"
	"compressor/internal/database"
	"compressor/internal/job/store"
	"compressor/internal/problem"
	"compressor/internal/queue"
	"compressor/internal/work"
)

// bench is a box on real files, with the real desk and rows behind it. No job runs.
type bench struct {
	*Box
	t      *testing.T
	root   string
	files  *disk.Store
	rows   *store.Store
	desk   *work.Desk
	limits Limits
	clock  time.Time
	made   int // jobs that there should be
}

func newBench(t *testing.T, limits Limits) *bench {
	t.Helper()
	b := &bench{t: t, made: 1, root: t.TempDir(), limits: limits, clock: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	db, err := database.Open(t.Context(), b.root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	q, err := queue.New(t.Context(), db.Write(), queue.Config{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	b.rows = store.New(db, q, store.Options{Limits: store.DefaultLimits()})
	if b.files, err = disk.New(b.root); err != nil {
		t.Fatal(err)
	}
	b.desk = work.NewDesk(b.rows, nil, b.files, disk.NewSpace(b.files.Free, 0), nil)
	b.reopen(b.desk)
	return b
}

// reopen does what the next process does.
func (b *bench) reopen(jobs Jobs) {
	b.t.Helper()
	var err error
	b.Box, err = Open(b.files, jobs, b.limits, slog.New(slog.DiscardHandler), func() time.Time { return b.clock })
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) create(key string, size int64) (string, error) {
	id := uuid.NewString()
	return id, b.Create(New{ID: id, KeyID: key, Size: size, Order: work.Order{Name: "a.jpg", Tag: "t"}, Metadata: map[string]string{"filename": "a.jpg"}})
}

func (b *bench) mustCreate(key string, size int64) string {
	b.t.Helper()
	id, err := b.create(key, size)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// append writes as tusd does, but makes no job of what is complete.
func (b *bench) append(id, piece string) {
	b.t.Helper()
	u, err := b.GetUpload(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	info, _ := u.GetInfo(b.t.Context())
	n, err := u.WriteChunk(b.t.Context(), info.Offset, iotest.OneByteReader(strings.NewReader(piece)))
	if err != nil || n != int64(len(piece)) {
		b.t.Fatalf("%d, %v", n, err)
	}
}

// left is what the disk holds below a folder.
func (b *bench) left(folder string) []string {
	var names []string
	filepath.WalkDir(filepath.Join(b.root, folder), func(path string, d os.DirEntry, err error) error {
		if err == nil && path != filepath.Join(b.root, folder) {
			names = append(names, d.Name())
		}
		return nil
	})
	return names
}

// checkJob finds the one job, with the bytes as its input, and nothing of the upload.
func (b *bench) checkJob(id, content string) {
	b.t.Helper()
	c, err := b.rows.Counts(b.t.Context())
	if err != nil || c.Queued() != b.made {
		b.t.Fatalf("%+v, %v: %d jobs were expected", c, err, b.made)
	}
	j, err := b.rows.Get(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	f, err := b.files.Open(j.InputRef)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); string(got) != content || err != nil || j.Tag != "t" || j.KeyID != "k" {
		b.t.Errorf("%q, %v, %+v", got, err, j)
	}
	if j.InputSize != int64(len(content)) {
		b.t.Errorf("%d bytes count for its key, %d were sent", j.InputSize, len(content))
	}
	if left := b.left("uploads"); len(left) > 0 || len(b.left("inputs")) != b.made {
		b.t.Errorf("left %q, inputs %q", left, b.left("inputs"))
	}
	s, err := b.State(b.t.Context(), id)
	if err != nil || s.Job == nil || s.Offset != s.Size || s.Size != int64(len(content)) || s.KeyID != "k" {
		b.t.Errorf("%+v, %v", s, err)
	}
}

// dying is a desk whose process ends at a point of Submit.
type dying struct {
	*work.Desk
	after bool // the job is there, and nobody hears of it
}

func (d dying) Submit(ctx context.Context, s work.Submission) (work.Receipt, error) {
	if d.after {
		if _, err := d.Desk.Submit(ctx, s); err != nil {
			return work.Receipt{}, err
		}
	}
	return work.Receipt{}, errors.New("killed")
}

// TestOneJob ends the process at each point between the last byte and the end.
func TestOneJob(t *testing.T) {
	b := newBench(t, Limits{Open: 10, Life: time.Hour})
	b.made = 0
	for name, die := range map[string]func(b *bench, id string){
		"not at all":      func(*bench, string) {},
		"before the link": func(b *bench, _ string) { b.reopen(dying{b.desk, false}); b.Sweep(t.Context()); b.reopen(b.desk) },
		"before the row": func(b *bench, id string) {
			if err := b.files.Link(dataName(id), "inputs/"+id); err != nil {
				t.Fatal(err)
			}
			b.reopen(b.desk)
		},
		"before the row, and the start swept": func(b *bench, id string) {
			if err := b.files.Link(dataName(id), "inputs/"+id); err != nil {
				t.Fatal(err)
			}
			work.NewKeeper(b.rows, b.files, slog.New(slog.DiscardHandler)).Orphans(t.Context(), 0)
			b.reopen(b.desk)
		},
		"after the row": func(b *bench, _ string) { b.reopen(dying{b.desk, true}); b.Sweep(t.Context()); b.reopen(b.desk) },
		"while it was removed": func(b *bench, id string) {
			b.reopen(dying{b.desk, true})
			b.Sweep(t.Context())
			if err := os.Remove(filepath.Join(b.root, dataName(id))); err != nil {
				t.Fatal(err)
			}
			b.reopen(b.desk)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			b.made++
			id := b.mustCreate("k", 10)
			b.append(id, "JPEG")
			b.append(id, "012345")
			die(b, id)
			b.Sweep(t.Context())
			b.checkJob(id, "JPEG012345")
			b.Sweep(t.Context())
			if _, err := b.GetUpload(t.Context(), id); err != nil {
				t.Error(err)
			}
			b.checkJob(id, "JPEG012345")
		})
	}
}

// TestHeadMakesTheJob: whoever asks for a complete upload gets its job made.
func TestHeadMakesTheJob(t *testing.T) {
	b := newBench(t, Limits{Open: 10, Life: time.Hour})
	id := b.mustCreate("k", 4)
	b.append(id, "JPEG")
	if s, err := b.State(t.Context(), id); err != nil || s.Job != nil || s.Offset != 4 {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := b.GetUpload(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	b.checkJob(id, "JPEG")
}

// TestReopen: what was told before the process ended holds after it; what was not whole is
// gone.
func TestReopen(t *testing.T) {
	b := newBench(t, Limits{Open: 10, Life: time.Hour})
	id := b.mustCreate("k", 10)
	b.append(id, "JPEG")
	for name, make := range map[string]func(dir string) error{
		"empty":    func(string) error { return nil },
		"norecord": func(dir string) error { return os.WriteFile(filepath.Join(dir, "data"), nil, 0o600) },
		"nodata": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "record"), []byte(`{"id":"nodata"}`), 0o600)
		},
		"halfrecord": func(dir string) error { return os.WriteFile(filepath.Join(dir, "record"), []byte(`{"id":`), 0o600) },
	} {
		dir := filepath.Join(b.root, "uploads", name)
		if err := errors.Join(os.Mkdir(dir, 0o700), make(dir)); err != nil {
			t.Fatal(err)
		}
	}
	b.reopen(b.desk)
	if left, _ := os.ReadDir(filepath.Join(b.root, "uploads")); len(left) != 1 {
		t.Errorf("%d uploads", len(left))
	}
	s, err := b.State(t.Context(), id)
	if err != nil || s.Offset != 4 || s.Size != 10 || s.KeyID != "k" || !s.Expires.Equal(b.clock.Add(time.Hour)) {
		t.Errorf("%+v, %v", s, err)
	}
	u, err := b.GetUpload(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := u.GetInfo(t.Context()); err != nil || info.Offset != 4 || info.MetaData["filename"] != "a.jpg" {
		t.Errorf("%+v, %v", info, err)
	}
}

// TestExpiry moves the clock.
func TestExpiry(t *testing.T) {
	b := newBench(t, Limits{Open: 10, Life: 24 * time.Hour})
	old := b.mustCreate("k", 10)
	b.append(old, "JPEG")
	b.clock = b.clock.Add(23 * time.Hour)
	young := b.mustCreate("k", 10)
	b.Sweep(t.Context())
	if _, err := b.State(t.Context(), old); err != nil {
		t.Errorf("after 23 hours: %v", err)
	}
	b.clock = b.clock.Add(time.Hour)
	if _, err := b.State(t.Context(), old); !problem.Has(err, problem.NotFound) {
		t.Errorf("after 24 hours, before the sweep: %v", err)
	}
	if _, err := b.GetUpload(t.Context(), old); !problem.Has(err, problem.NotFound) {
		t.Errorf("after 24 hours, before the sweep: %v", err)
	}
	b.reopen(b.desk) // the next process goes by the same clock
	b.Sweep(t.Context())
	if left, _ := os.ReadDir(filepath.Join(b.root, "uploads")); len(left) != 1 || left[0].Name() != young {
		t.Errorf("left: %v", left)
	}
	if _, err := b.State(t.Context(), young); err != nil {
		t.Error(err)
	}
}

// TestExpiryUnderAWriter: the time of an upload ends also while bytes come.
func TestExpiryUnderAWriter(t *testing.T) {
	b := newBench(t, Limits{Open: 10, Life: time.Hour})
	id := b.mustCreate("k", 10)
	asked := make(chan struct{})
	c := &Call{Read: func() int64 { return 0 }, Interrupt: func() { close(asked) }}
	l, err := b.NewLock(id)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Lock(c.With(t.Context()), func() { t.Error("tusd's own way was taken") }); err != nil {
		t.Fatal(err)
	}
	go func() {
		<-asked
		l.Unlock()
	}()
	b.clock = b.clock.Add(time.Hour)
	b.Sweep(t.Context())
	if left := b.left("uploads"); len(left) > 0 || !problem.Has(c.Err(), problem.UploadLocked) {
		t.Errorf("left %q, %v", left, c.Err())
	}
}

// TestSweepLeavesWriters: a complete upload whose request still runs is that request's.
func TestSweepLeavesWriters(t *testing.T) {
	b := newBench(t, Limits{Open: 10, Life: time.Hour})
	id := b.mustCreate("k", 4)
	b.append(id, "JPEG")
	c := &Call{Interrupt: func() { t.Error("the writer was interrupted") }}
	l, err := b.NewLock(id)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Lock(c.With(t.Context()), nil); err != nil {
		t.Fatal(err)
	}
	b.Sweep(t.Context())
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}
	b.Sweep(t.Context())
	b.checkJob(id, "JPEG")
}

// TestLimits: uploads of a key are counted, and what was declared is kept free on the disk.
func TestLimits(t *testing.T) {
	b := newBench(t, Limits{Open: 2, Life: time.Hour})
	first := b.mustCreate("k", 4)
	b.mustCreate("k", 4)
	if _, err := b.create("k", 4); !problem.Has(err, problem.KeyBusy) {
		t.Errorf("a third one: %v", err)
	}
	b.mustCreate("other", 4)
	b.append(first, "JPEG")
	b.Sweep(t.Context()) // it is a job now, and counts no more
	b.mustCreate("k", 4)

	free, _, err := b.files.Free()
	if err != nil {
		t.Fatal(err)
	}
	b = newBench(t, Limits{Open: 10, Life: time.Hour, MinFree: free / 10})
	half := b.mustCreate("k", free/2)
	if _, err := b.create("other", free/2); !problem.Has(err, problem.StorageFull) {
		t.Errorf("more than the disk has: %v", err)
	}
	b.reopen(b.desk)
	if _, err := b.create("other", free/2); !problem.Has(err, problem.StorageFull) {
		t.Errorf("more than the disk has, after a start: %v", err)
	}
	if err := b.Abandon(t.Context(), half); err != nil {
		t.Fatal(err)
	}
	b.mustCreate("other", free/2)
}

// TestCreateFails: a disk that does not take the record leaves nothing.
func TestCreateFails(t *testing.T) {
	b := newBench(t, Limits{Open: 1, Life: time.Hour})
	if err := os.RemoveAll(filepath.Join(b.root, "uploads")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.create("k", 4); err == nil {
		t.Fatal("it cannot have been created")
	}
	if err := os.Mkdir(filepath.Join(b.root, "uploads"), 0o700); err != nil {
		t.Fatal(err)
	}
	b.mustCreate("k", 4) // the failed one does not count
}

// TestTooLong: a body beyond the declared length is refused whole.
func TestTooLong(t *testing.T) {
	b := newBench(t, Limits{Open: 1, Life: time.Hour})
	id := b.mustCreate("k", 6)
	b.append(id, "JP")
	u, err := b.GetUpload(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := u.WriteChunk(t.Context(), 2, strings.NewReader("EG0123")); n != 0 || !problem.Has(err, problem.FileTooLarge) {
		t.Errorf("%d, %v", n, err)
	}
	c := &Call{Read: func() int64 { return 5 }} // tusd hands on four bytes of five
	if n, err := u.WriteChunk(c.With(t.Context()), 2, strings.NewReader("EG01")); n != 0 || !problem.Has(err, problem.FileTooLarge) || !problem.Has(c.Err(), problem.FileTooLarge) {
		t.Errorf("%d, %v", n, err)
	}
	if info, err := os.Stat(filepath.Join(b.root, dataName(id))); err != nil || info.Size() != 2 {
		t.Errorf("%v, %v", info, err)
	}
	b.Sweep(t.Context())
	if s, err := b.State(t.Context(), id); err != nil || s.Offset != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}
