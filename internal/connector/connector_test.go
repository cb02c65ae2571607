package connector

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"compressor/internal/database"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/storage"
	"compressor/internal/vault"
)

const canarySecret = "canary-7f3a-secret"

// bench is a store over a real database, with a clock that only a test moves and a log.
type bench struct {
	*Store
	t   testing.TB
	dir string
	log *bytes.Buffer

	mu   sync.Mutex
	time time.Time
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.time = b.time.Add(d)
}

// newBench opens the store of a data folder; text are the master keys, or "".
func newBench(t testing.TB, dir, text string, roots ...string) *bench {
	t.Helper()
	db, err := database.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := &bench{t: t, dir: dir, log: &bytes.Buffer{}, time: time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)}
	b.Store = New(db, Config{Roots: roots, Keys: vault.Source{Text: vault.NewSecret(text), Data: dir, Log: slog.New(slog.NewTextHandler(b.log, nil))},
		Now: func() time.Time {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.time
		}})
	return b
}

func dataFolder(t testing.TB) string { return filepath.Join(t.TempDir(), "data") }

func pair() recipe.Credentials {
	return recipe.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: vault.NewSecret(canarySecret)}
}

func s3(name string) recipe.Connector {
	return recipe.Connector{Name: name, Provider: "s3", Credentials: pair(), Bucket: "shop-media", Region: "eu-central-1", Path: "x/", ACL: "private"}
}

func (b *bench) create(c recipe.Connector) Connector {
	b.t.Helper()
	made, err := b.Create(b.t.Context(), c)
	if err != nil {
		b.t.Fatal(err)
	}
	return made
}

// fields lists what is wrong, "" for nothing.
func fields(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	if !problem.Has(err, problem.OptionsInvalid) {
		t.Fatal(err)
	}
	var out []string
	for _, f := range problem.From(err).Fields {
		out = append(out, f.Path+": "+f.Message)
	}
	return strings.Join(out, "|")
}

func same(a, b Connector) bool {
	shown := maps.Equal(a.Shown, b.Shown)
	a.Shown, b.Shown = nil, nil
	return shown && fmt.Sprint(a) == fmt.Sprint(b)
}

func TestCreate(t *testing.T) {
	b := newBench(t, dataFolder(t), "")
	made := b.create(s3("shop"))
	if len(made.ID) != 36 || made.Name != "shop" || made.Provider != storage.S3 || made.Bucket != "shop-media" || made.Region != "eu-central-1" ||
		made.Path != "x/" || made.ACL != storage.Private || made.Shown["access_key_id"] != "…MPLE" || !made.Created.Equal(b.time) || !made.Used.IsZero() {
		t.Errorf("%+v", made)
	}
	b.advance(time.Second)
	other := b.create(recipe.Connector{Name: "r2", Provider: "r2", Credentials: recipe.Credentials{AccessKeyID: "id", SecretAccessKey: vault.NewSecret("s"), Account: strings.Repeat("0a", 16)}})
	got, err := b.Get(t.Context(), made.ID)
	if err != nil || !same(got, made) {
		t.Errorf("%+v, %v; want %+v", got, err, made)
	}
	list, err := b.List(t.Context())
	if err != nil || len(list) != 2 || !same(list[0], made) || !same(list[1], other) {
		t.Errorf("%+v, %v", list, err)
	}
	place, defaults, err := b.Open(t.Context(), made.ID)
	if err != nil || place.Provider != storage.S3 || place.Bucket != "shop-media" || place.Region != "eu-central-1" || place.Credentials.AccessKeyID != "AKIAIOSFODNN7EXAMPLE" ||
		place.Credentials.SecretAccessKey.Reveal() != canarySecret || defaults != (storage.Defaults{Path: "x/", ACL: storage.Private}) {
		t.Errorf("%+v, %+v, %v", place, defaults, err)
	}
	for _, try := range []func(string) error{
		func(id string) error { _, err := b.Get(t.Context(), id); return err },
		func(id string) error { _, _, err := b.Open(t.Context(), id); return err },
		func(id string) error { _, err := b.Update(t.Context(), id, recipe.ConnectorPatch{}); return err },
		func(id string) error { return b.Delete(t.Context(), id) },
	} {
		if err := try("0f4abbd9-b5fe-4483-a9db-5bc647c1fbcb"); !problem.Has(err, problem.NotFound) {
			t.Errorf("unknown: %v", err)
		}
	}
}

func TestCreateFaults(t *testing.T) {
	b := newBench(t, dataFolder(t), "", "/srv/out")
	b.create(s3("shop"))
	change := func(edit func(*recipe.Connector)) recipe.Connector {
		c := s3("new")
		edit(&c)
		return c
	}
	for _, c := range []struct {
		ask  recipe.Connector
		want string
	}{
		{s3("shop"), "name: Must be one that no other connector has; got 'shop'."},
		{s3("line\nbreak"), "name: Must have 1 to 255 characters, none of them a control character; got 10."},
		{s3(""), "name: Must have 1 to 255 characters, none of them a control character; got 0."},
		{change(func(c *recipe.Connector) { c.Provider = "ftp" }), "provider: Must be one of s3, gcs, azure, r2, spaces, b2, local; got 'ftp'."},
		{change(func(c *recipe.Connector) { c.Credentials.Key, c.Bucket = vault.NewSecret(canarySecret), "B" }),
			"credentials.key: Is not for provider 's3'.|bucket: Must be 3 to 63 lower-case letters, digits, dots and hyphens, and no IP address; got 'B'."},
		{recipe.Connector{Name: "l", Provider: "local", Path: "/etc"}, "path: Must be a folder below one of COMPRESSOR_LOCAL_ROOTS; got '/etc'."},
		{recipe.Connector{Name: "l", Provider: "local"}, "path: Is required for provider 'local': a folder below one of COMPRESSOR_LOCAL_ROOTS."},
	} {
		_, err := b.Create(t.Context(), c.ask)
		if got := fields(t, err); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	if list, err := b.List(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("%d connectors, %v", len(list), err)
	}
}

func TestUpdate(t *testing.T) {
	b := newBench(t, dataFolder(t), "")
	made := b.create(s3("shop"))
	b.create(s3("taken"))
	text := func(s string) *string { return &s }
	b.advance(time.Hour)
	got, err := b.Update(t.Context(), made.ID, recipe.ConnectorPatch{Name: text("new"), Bucket: text(""), Region: text("us-east-1"), Path: text("{id}"), ACL: text("")})
	if err != nil || got.Name != "new" || got.Bucket != "" || got.Region != "us-east-1" || got.Path != "{id}" || got.ACL != "" || !got.Updated.Equal(b.time) || !got.Created.Equal(made.Created) {
		t.Errorf("%+v, %v", got, err)
	}
	if again, err := b.Get(t.Context(), made.ID); err != nil || !same(again, got) {
		t.Errorf("%+v, %v", again, err)
	}
	if place, _, err := b.Open(t.Context(), made.ID); err != nil || place.Credentials.SecretAccessKey.Reveal() != canarySecret {
		t.Errorf("credentials that were left out: %v", err)
	}
	fresh := recipe.Credentials{AccessKeyID: "OTHERKEY", SecretAccessKey: vault.NewSecret("other")}
	if got, err = b.Update(t.Context(), made.ID, recipe.ConnectorPatch{Credentials: &fresh, Endpoint: text("https://minio.example.com")}); err != nil || got.Shown["access_key_id"] != "…RKEY" {
		t.Errorf("%+v, %v", got, err)
	}
	if place, _, err := b.Open(t.Context(), made.ID); err != nil || place.Endpoint != "https://minio.example.com" || place.Credentials.SecretAccessKey.Reveal() != "other" {
		t.Errorf("credentials that were replaced: %+v, %v", place, err)
	}
	for _, c := range []struct {
		patch recipe.ConnectorPatch
		want  string
	}{
		{recipe.ConnectorPatch{Endpoint: text("https://evil.example")}, "credentials: Must be given again when the endpoint changes."},
		{recipe.ConnectorPatch{Endpoint: text("")}, "credentials: Must be given again when the endpoint changes."},
		{recipe.ConnectorPatch{Name: text("taken")}, "name: Must be one that no other connector has; got 'taken'."},
		{recipe.ConnectorPatch{Credentials: &recipe.Credentials{AccessKeyID: "a"}}, "credentials.secret_access_key: Is required for provider 's3'."},
		{recipe.ConnectorPatch{Path: text("../x")}, "path: Must have no segment . or ..; got '../x'."},
	} {
		_, err := b.Update(t.Context(), made.ID, c.patch)
		if got := fields(t, err); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	if again, err := b.Get(t.Context(), made.ID); err != nil || !same(again, got) {
		t.Errorf("a refused change changed it: %+v, %v", again, err)
	}
}

// TestLocal: the folder is shown as it was given, and only opened as long as it is allowed.
func TestLocal(t *testing.T) {
	dir := dataFolder(t)
	b := newBench(t, dir, "", "/srv/out")
	made := b.create(recipe.Connector{Name: "l", Provider: "local", Path: "shop/x"})
	place, defaults, err := b.Open(t.Context(), made.ID)
	if err != nil || place.Root != "/srv/out/shop/x" || defaults.Path != "" || made.Path != "shop/x" {
		t.Errorf("%+v, %+v, %v", place, defaults, err)
	}
	for _, roots := range [][]string{nil, {"/srv/out", "/srv/more"}} {
		if _, _, err := newBench(t, dir, "", roots...).Open(t.Context(), made.ID); fields(t, err) != "path: Must be a folder below one of COMPRESSOR_LOCAL_ROOTS, which it no longer is." {
			t.Error(err)
		}
	}
}

// TestUsed: to about a minute, so that a busy connector does not write at each job.
func TestUsed(t *testing.T) {
	b := newBench(t, dataFolder(t), "")
	made := b.create(s3("shop"))
	first := b.time
	for i, want := range []time.Time{first, first, first.Add(60 * time.Second)} {
		if _, _, err := b.Open(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Get(t.Context(), made.ID); err != nil || !got.Used.Equal(want) || !got.Updated.Equal(first) {
			t.Errorf("use %d: %v, %v; want %v", i, got.Used, err, want)
		}
		b.advance(30 * time.Second)
	}
}

// TestDelete: with the last connector the master keys are free to go.
func TestDelete(t *testing.T) {
	dir := dataFolder(t)
	b := newBench(t, dir, "")
	one, two := b.create(s3("one")), b.create(s3("two"))
	if err := b.Delete(t.Context(), one.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Open(t.Context(), two.ID); err != nil {
		t.Error(err)
	}
	other := newBench(t, dir, masterKey(9, 'z'))
	if err := other.Check(t.Context()); err == nil {
		t.Error("other keys pass while a connector is left")
	}
	if err := b.Delete(t.Context(), two.ID); err != nil {
		t.Fatal(err)
	}
	if err := other.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if made := other.create(s3("one")); made.ID == one.ID {
		t.Error("an id came back")
	}
}

// TestRowsAreBound: whoever can write to the database can neither give the credentials of
// one connector to another, nor have them sent to another host.
func TestRowsAreBound(t *testing.T) {
	b := newBench(t, dataFolder(t), "")
	one, two := b.create(s3("one")), b.create(s3("two"))
	for _, text := range []string{
		`UPDATE connector SET sealed = (SELECT sealed FROM connector WHERE id = '` + two.ID + `') WHERE id = '` + one.ID + `'`,
		`UPDATE connector SET endpoint = 'https://evil.example' WHERE id = '` + two.ID + `'`,
	} {
		if n, err := b.db.Exec(t.Context(), text); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	for _, c := range []Connector{one, two} {
		var damaged *vault.DamagedError
		if _, _, err := b.Open(t.Context(), c.ID); !errors.As(err, &damaged) || strings.Contains(err.Error(), canarySecret) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := newBench(b, dataFolder(b), masterKey(1, 'a'))
	made := s.create(s3("shop"))
	for b.Loop() {
		if _, _, err := s.Open(b.Context(), made.ID); err != nil {
			b.Fatal(err)
		}
	}
}
