package deliver

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/storage"
	"compressor/internal/storage/local"
)

// connectors opens one local folder, and knows no other id.
type connectors struct{ root string }

const known = "the one"

func (c connectors) Open(_ context.Context, id string) (storage.Place, storage.Defaults, error) {
	if id != known {
		return storage.Place{}, storage.Defaults{}, problem.New(problem.NotFound)
	}
	return storage.Place{Provider: storage.Local, Root: c.root}, storage.Defaults{}, nil
}

// faulty fails its first writes.
type faulty struct {
	storage.Bucket
	reason storage.Reason
	first  int
	puts   *int
}

func (f faulty) Put(ctx context.Context, o storage.Object, b blob.Blob) (storage.Written, error) {
	if *f.puts++; *f.puts <= f.first {
		return storage.Written{}, storage.NewFault("write", f.reason, "", 0, nil)
	}
	return f.Bucket.Put(ctx, o, b)
}

// desk stores in a folder whose bucket wrap may spoil.
func desk(t *testing.T, wrap func(storage.Bucket) storage.Bucket) (*Desk, string) {
	root := t.TempDir()
	return New(connectors{root}, func(p storage.Place) (storage.Bucket, error) {
		b, err := local.Open(p, []string{root})
		if err != nil || wrap == nil {
			return b, err
		}
		return wrap(b), nil
	}, 1<<20), root
}

func result(t *testing.T, name, text string) Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "result")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := blob.Of(file)
	if err != nil {
		t.Fatal(err)
	}
	return Result{Job: "j", Name: name, MIME: "image/png", File: b}
}

func store(path string) recipe.Store { return recipe.Store{ID: known, Path: path, Overwrite: true} }

// TestPersist: what fails in passing is tried again with growing pauses, and not for ever;
// what fails for good is not.
func TestPersist(t *testing.T) {
	for _, c := range []struct {
		reason storage.Reason
		first  int
		puts   int
		pause  time.Duration
		ok     bool
	}{
		{storage.Busy, 2, 3, 5 * time.Second, true},
		{storage.Unreachable, 9, tries, 21 * time.Second, false},
		{storage.Denied, 1, 1, 0, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			puts := 0
			d, _ := desk(t, func(b storage.Bucket) storage.Bucket { return faulty{b, c.reason, c.first, &puts} })
			begun := time.Now()
			got, err := d.Put(t.Context(), store("a/{name}.{ext}"), result(t, "x.png", "pixels"))
			if (err == nil) != c.ok || puts != c.puts || time.Since(begun) != c.pause {
				t.Errorf("%s: %v after %d tries and %v", c.reason, err, puts, time.Since(begun))
			}
			if c.ok && got.URL != "local:a/x.png" {
				t.Errorf("%s: url %s", c.reason, got.URL)
			}
			if !c.ok && !problem.Has(err, problem.StoreFailed) {
				t.Errorf("%s: %v", c.reason, err)
			}
		})
	}
}

// TestLog: each round that fails is a line, with what it is for and why, and no name of an
// object.
func TestLog(t *testing.T) {
	for _, c := range []struct {
		reason storage.Reason
		first  int
		lines  []string
	}{
		{storage.Busy, 2, []string{
			`level=WARN msg="store failed, trying again" job=7 provider=local doing=write reason="the store is busy and asks to come back later" round=1 wait=1s`,
			`level=WARN msg="store failed, trying again" job=7 provider=local doing=write reason="the store is busy and asks to come back later" round=2 wait=4s`,
		}},
		{storage.Denied, 1, []string{`level=WARN msg="store failed" job=7 provider=local doing=write reason="the store refuses that to the credentials of the connector" round=1`}},
		{storage.Exists, 1, nil},
		{storage.Busy, 0, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			var text strings.Builder
			log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			}}))
			puts := 0
			d, _ := desk(t, func(b storage.Bucket) storage.Bucket { return faulty{b, c.reason, c.first, &puts} })
			_, err := d.Put(Logged(t.Context(), log.With("job", "7")), store("a/{name}.{ext}"), result(t, "x.png", "pixels"))
			if want := strings.Join(append(c.lines, ""), "\n"); text.String() != want {
				t.Errorf("%s, %v:\ngot  %swant %s", c.reason, err, text.String(), want)
			}
		})
	}
}

// TestSent: what a driver tells of each round is added up, and all is told in the end.
func TestSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		puts := 0
		d, _ := desk(t, func(b storage.Bucket) storage.Bucket { return telling{faulty{b, storage.Busy, 1, &puts}} })
		var told []int64
		r := result(t, "x.png", "pixels")
		r.Sent = func(bytes int64) { told = append(told, bytes) }
		if _, err := d.Put(t.Context(), store("a"), r); err != nil || !slices.Equal(told, []int64{2, 3, 2, 3, 6}) {
			t.Errorf("told %v, %v", told, err)
		}
	})
}

// telling tells of the first bytes of an object as a driver does.
type telling struct{ storage.Bucket }

func (b telling) Put(ctx context.Context, o storage.Object, body blob.Blob) (storage.Written, error) {
	storage.TellSent(ctx, 2)
	storage.TellSent(ctx, 1)
	return b.Bucket.Put(ctx, o, body)
}

// TestAgain: a job that is done once more takes an object with its own bytes for its own, and
// no other.
func TestAgain(t *testing.T) {
	d, _ := desk(t, nil)
	s := store("x.png")
	s.Overwrite = false
	r := result(t, "x.png", "pixels")
	if _, err := d.Put(t.Context(), s, r); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Put(t.Context(), s, r); !storage.Is(err, storage.Exists) {
		t.Errorf("another job: %v", err)
	}
	r.Again = true
	if _, err := d.Put(t.Context(), s, r); err != nil {
		t.Errorf("the same job: %v", err)
	}
	other := result(t, "x.png", "others")
	other.Again = true
	if _, err := d.Put(t.Context(), s, other); !storage.Is(err, storage.Exists) {
		t.Errorf("other bytes: %v", err)
	}
}

// forgetful writes, but the answers to its first writes are lost.
type forgetful struct {
	storage.Bucket
	lost int
	puts *int
}

func (f forgetful) Put(ctx context.Context, o storage.Object, b blob.Blob) (storage.Written, error) {
	w, err := f.Bucket.Put(ctx, o, b)
	if *f.puts++; *f.puts <= f.lost {
		return storage.Written{}, storage.NewFault("write", storage.Unreachable, "", 0, nil)
	}
	return w, err
}

// TestLostRound: what an earlier round of a job has written, although its answer was lost, is
// no object of another's; one that holds other bytes is.
func TestLostRound(t *testing.T) {
	for _, c := range []struct {
		name   string
		lost   int
		before string // what lies there already
		ok     bool
	}{
		{"the first answer", 1, "", true},
		{"two answers", 2, "", true},
		{"another's object", 1, "others", false},
		{"another's object of these bytes, and no answer lost", 0, "pixels", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				puts := 0
				d, root := desk(t, func(b storage.Bucket) storage.Bucket { return forgetful{b, c.lost, &puts} })
				if c.before != "" {
					if err := os.WriteFile(filepath.Join(root, "x.png"), []byte(c.before), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				s := store("x.png")
				s.Overwrite = false
				got, err := d.Put(t.Context(), s, result(t, "x.png", "pixels"))
				if c.ok && (err != nil || got.URL != "local:x.png") || !c.ok && !storage.Is(err, storage.Exists) {
					t.Errorf("%s, %v after %d rounds", got.URL, err, puts)
				}
			})
		})
	}
}

// TestGone: what a connector does not allow is told as wrong options before there is a result,
// and as the failure of the job after.
func TestGone(t *testing.T) {
	d, _ := desk(t, nil)
	s := recipe.Store{ID: "another"}
	if err := d.Check(t.Context(), s); !problem.Has(err, problem.OptionsInvalid) || problem.From(err).Fields[0].Path != "store.id" {
		t.Errorf("before: %v", err)
	}
	if _, err := d.Put(t.Context(), s, result(t, "x", "y")); !problem.Has(err, problem.StoreFailed) {
		t.Errorf("after: %v", err)
	}
	scratch := blob.NewScratch(t.TempDir())
	if _, err := d.Read(t.Context(), recipe.Source{ID: known, Path: "nothing"}, scratch, Told{}); !problem.Has(err, problem.SourceFailed) {
		t.Errorf("source: %v", err)
	}
	if _, err := d.Begin(t.Context(), recipe.Prefix{ID: "another"}, store("out/"), nil); !problem.Has(err, problem.SourceFailed) {
		t.Errorf("source of a transfer: %v", err)
	}
	if _, err := d.Begin(t.Context(), recipe.Prefix{ID: known}, s, nil); !problem.Has(err, problem.StoreFailed) {
		t.Errorf("destination of a transfer: %v", err)
	}
}

// TestRead: a source is read whole, told of as it comes, and bounded.
func TestRead(t *testing.T) {
	d, root := desk(t, nil)
	write := func(name string, size int) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good", 1000)
	write("empty", 0)
	write("large", 1<<20+1)
	scratch := blob.NewScratch(t.TempDir())
	var length, last int64
	told := Told{Length: func(n int64) { length = n }, Progress: func(n int64) { last = n }}
	b, err := d.Read(t.Context(), recipe.Source{ID: known, Path: "good"}, scratch, told)
	if err != nil || b.Size != 1000 || length != 1000 || last != 1000 {
		t.Errorf("%d bytes, told %d and %d, %v", b.Size, length, last, err)
	}
	for name, code := range map[string]problem.Code{"empty": problem.FileEmpty, "large": problem.FileTooLarge} {
		if _, err := d.Read(t.Context(), recipe.Source{ID: known, Path: name}, scratch, Told{}); !problem.Has(err, code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTransfer: objects keep their place below the folder of results, which is no source, and
// are done once.
func TestTransfer(t *testing.T) {
	d, root := desk(t, nil)
	for _, key := range []string{"in/a.png", "in/b/c.png", "in/out/old.png", "other.png"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, key)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, key), []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := d.Begin(t.Context(), recipe.Prefix{ID: known, Prefix: "in/"}, store("in/out/"), []byte("options"))
	if err != nil {
		t.Fatal(err)
	}
	list := func(after string) (keys []string) {
		err := tr.List(t.Context(), after, func(o storage.Info) error {
			keys = append(keys, o.Key)
			if _, found, err := tr.Stored(t.Context(), o, []string{"", ".webp"}); err != nil || found {
				t.Errorf("%s: found %v, %v", o.Key, found, err)
			}
			got, exists, err := tr.Put(t.Context(), o, ".webp", result(t, "x.webp", "smaller"))
			if err != nil || exists || got.URL != "local:in/out/"+strings.TrimPrefix(o.Key, "in/")+".webp" {
				t.Errorf("%s: %s, %v", o.Key, got.URL, err)
			}
			if _, found, err := tr.Stored(t.Context(), o, []string{"", ".webp"}); err != nil || !found {
				t.Errorf("%s: found %v, %v", o.Key, found, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	if got := strings.Join(list("in/a.png"), " "); got != "in/b/c.png" {
		t.Errorf("after the first: %s", got)
	}
	if tr.InPlace("in/a.png", "") {
		t.Error("a result elsewhere is told to be in place")
	}
	for _, path := range []string{"{id}/", "file", "in/", "/"} {
		err := d.CheckTransfer(t.Context(), recipe.Prefix{ID: known, Prefix: "in/"}, store(path))
		if !problem.Has(err, problem.OptionsInvalid) || problem.From(err).Fields[0].Path != "store.path" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestTry tells each right, and leaves nothing behind.
func TestTry(t *testing.T) {
	puts := 0
	for _, c := range []struct {
		fault storage.Reason
		first int
		want  string
	}{{storage.Denied, 0, "write read remove list"}, {storage.Denied, 1, "!write list"}} {
		puts = 0
		d, root := desk(t, func(b storage.Bucket) storage.Bucket { return faulty{b, c.fault, c.first, &puts} })
		trial, err := d.Try(t.Context(), known, "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range trial.Rights {
			name := r.Name
			if r.Fault != nil {
				name = "!" + name
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != c.want && strings.Join(got, " ") != "!write !list" || trial.OK() != (c.first == 0) {
			t.Errorf("%v, ok %v, want %s", got, trial.OK(), c.want)
		}
		left, err := os.ReadDir(root)
		if err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
}

// stuck lets nothing be removed.
type stuck struct{ storage.Bucket }

func (stuck) Remove(context.Context, string) error {
	return storage.NewFault("remove", storage.Denied, "AccessDenied", 403, nil)
}

// TestTryLeaves: what a trial cannot remove is there, and named.
func TestTryLeaves(t *testing.T) {
	d, root := desk(t, func(b storage.Bucket) storage.Bucket { return stuck{b} })
	trial, err := d.Try(t.Context(), known, "")
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(root)
	if err != nil || len(left) != 1 || left[0].Name() != trial.Key {
		t.Fatalf("left: %v, %v; want %q", left, err, trial.Key)
	}
	for _, r := range trial.Rights {
		if named := strings.Contains(trial.Why(r), "'"+trial.Key+"' is left"); named != (r.Name == "remove") || (trial.Why(r) == "") != (r.Fault == nil) {
			t.Errorf("%s: %q", r.Name, trial.Why(r))
		}
	}
}
