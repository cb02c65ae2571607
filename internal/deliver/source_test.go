package deliver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/storage"
)

// told is an error as its code and its fields, with their messages.
func told(err error) string {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return ""
	}
	out := string(p.Code)
	for _, f := range p.Fields {
		out += "|" + f.Path + ": " + f.Message
	}
	return out
}

// TestSourceName: what the name itself tells is told at once; what only the file system knows,
// when the file is read. Both name the field and the value.
func TestSourceName(t *testing.T) {
	d, root := desk(t, nil)
	if err := os.Symlink(t.TempDir(), filepath.Join(root, "out")); err != nil {
		t.Fatal(err)
	}
	read := func(name string) error {
		_, err := d.Read(t.Context(), recipe.Source{ID: known, Path: name}, blob.NewScratch(t.TempDir()), Told{})
		return err
	}
	begin := func(prefix string) error {
		tr, err := d.Begin(t.Context(), recipe.Prefix{ID: known, Prefix: prefix}, store("results/"), nil)
		if err != nil {
			return err
		}
		return tr.List(t.Context(), "", func(storage.Info) error { return nil })
	}
	for _, c := range []struct {
		name  string
		early bool
		want  string
	}{
		{"a/../../b", true, "Must be the path of a file below the folder of the connector, without segments that are empty, . or ..; got 'a/../../b'."},
		{"/etc/passwd", true, "Must be the path of a file below the folder of the connector, without a slash at its start; got '/etc/passwd'."},
		{"out/b", false, "A link on that path leads out of the folder of the connector; got 'out/b'."},
		{"nothing", false, "There is no object of that name; got 'nothing'."},
	} {
		early, late := told(d.CheckSource(t.Context(), recipe.Source{ID: known, Path: c.name})), told(read(c.name))
		if want := "options-invalid|source.path: " + c.want; c.early && early != want || !c.early && early != "" {
			t.Errorf("%s, at once: %s", c.name, early)
		}
		if late != "source-failed|source.path: "+c.want {
			t.Errorf("%s, late: %s", c.name, late)
		}
	}
	early := told(d.CheckTransfer(t.Context(), recipe.Prefix{ID: known, Prefix: "../x"}, store("results/")))
	if want := "options-invalid|source.prefix: Must be the beginning"; !strings.HasPrefix(early, want) || !strings.HasSuffix(early, "got '../x'.") {
		t.Errorf("prefix, at once: %s", early)
	}
	if late := told(begin("out/")); late != "source-failed|source.prefix: A link on that path leads out of the folder of the connector; got 'out/'." {
		t.Errorf("prefix, late: %s", late)
	}
}

// moved are connectors whose folder the operator no longer allows.
type moved struct{}

func (moved) Open(context.Context, string) (storage.Place, storage.Defaults, error) {
	return storage.Place{}, storage.Defaults{}, problem.Invalid(problem.Field{Path: "path", Message: "Must be a folder below a root."})
}

// TestConnectorNamed: what is wrong with a connector is told of the field that named it, and
// in a transfer of both.
func TestConnectorNamed(t *testing.T) {
	const wrong = ".id: Must name a connector that can be used; got 'c', whose 'path' must be a folder below a root."
	d := New(moved{}, nil, 1)
	s, p := recipe.Store{ID: "c"}, recipe.Prefix{ID: "c"}
	_, late := d.Put(t.Context(), s, result(t, "x", "y"))
	_, begun := d.Begin(t.Context(), p, s, nil)
	_, tried := d.Try(t.Context(), "c", "")
	for what, c := range map[string]struct {
		err  error
		want string
	}{
		"store":    {d.Check(t.Context(), s), "options-invalid|store" + wrong},
		"source":   {d.CheckSource(t.Context(), recipe.Source{ID: "c", Path: "x"}), "options-invalid|source" + wrong},
		"transfer": {d.CheckTransfer(t.Context(), p, s), "options-invalid|source" + wrong + "|store" + wrong},
		"result":   {late, "store-failed|store" + wrong},
		"objects":  {begun, "source-failed|source" + wrong},
		"trial":    {tried, "options-invalid|path: Must be a folder below a root."},
	} {
		if got := told(c.err); got != c.want {
			t.Errorf("%s: %s", what, got)
		}
	}
}
