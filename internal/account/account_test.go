package account

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"compressor/internal/database"
	"compressor/internal/problem"
)

// clock is a time that only a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func openDB(t *testing.T, dir string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func openKeys(t *testing.T, dir string, c *clock) *Keys {
	t.Helper()
	k, err := Open(t.Context(), openDB(t, dir), c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func create(t *testing.T, k *Keys, name string, scopes ...Scope) (string, Key) {
	t.Helper()
	secret, key, err := k.Create(t.Context(), name, scopes...)
	if err != nil {
		t.Fatal(err)
	}
	return secret, key
}

func TestCreate(t *testing.T) {
	c := newClock()
	k := openKeys(t, t.TempDir(), c)
	secret, key := create(t, k, "first")
	got, err := k.Authenticate(t.Context(), secret)
	if err != nil || got.ID != key.ID || got.Name != "first" || got.Prefix != secret[:12] || !got.Created.Equal(c.Now()) ||
		!slices.Equal(got.Scopes, DefaultScopes()) || !got.May(Compress) || !got.May(Read) || got.May(Admin) || !got.LastUsed.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	c.advance(time.Second)
	_, admin := create(t, k, "second", Admin, Connectors)
	if !admin.May(Admin) || admin.May(Compress) {
		t.Errorf("scopes %v", admin.Scopes)
	}
	if _, _, err := k.Create(t.Context(), "third", "everything"); err == nil || !strings.Contains(err.Error(), "compress, read, connectors, admin") {
		t.Errorf("an unknown scope: %v", err)
	}
	keys, err := k.List(t.Context())
	if err != nil || len(keys) != 2 || keys[0].ID != key.ID || keys[1].ID != admin.ID {
		t.Errorf("%+v, %v", keys, err)
	}
}

// TestNothingOfAKeyIsStored looks at the bytes of the whole data folder.
func TestNothingOfAKeyIsStored(t *testing.T) {
	dir := t.TempDir()
	k := openKeys(t, dir, newClock())
	made, _ := create(t, k, "made")
	const own = "a-key-of-the-operator's-own"
	if _, _, err := k.Seed(t.Context(), own, "own"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{made[len(visible(made)):][:8], made[len(made)-8:], own[:8]} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("%s holds part of a key", filepath.Base(file))
			}
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v", filepath.Base(file), info.Mode(), err)
		}
	}
}

func TestRefused(t *testing.T) {
	k := openKeys(t, t.TempDir(), newClock())
	secret, key := create(t, k, "revoked")
	if _, err := k.Revoke(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	invalid := problem.New(problem.KeyInvalid).Error()
	for name, s := range map[string]string{
		"revoked": secret, "unknown": generate(), "unknown own": "not-a-key-of-anyone", "short": "x",
		"broken": secret[:len(secret)-1], "huge": strings.Repeat("x", 1<<20), "SQL": "' OR '1'='1' --      ",
	} {
		if _, err := k.Authenticate(t.Context(), s); err == nil || err.Error() != invalid {
			t.Errorf("%s: %v, want the same words for all", name, err)
		}
	}
	if _, err := k.Authenticate(t.Context(), ""); !problem.Has(err, problem.KeyMissing) {
		t.Errorf("no key: %v", err)
	}
	if _, err := k.Revoke(t.Context(), "none"); !problem.Has(err, problem.NotFound) {
		t.Errorf("revoke what is not there: %v", err)
	}
}

func TestSeed(t *testing.T) {
	c := newClock()
	k := openKeys(t, t.TempDir(), c)
	const own = "sixteen-chars-xy"
	key, added, err := k.Seed(t.Context(), own, "own")
	if err != nil || !added || key.Prefix != "" {
		t.Fatal(key, added, err)
	}
	c.advance(time.Hour)
	again, added, err := k.Seed(t.Context(), own, "another name", Admin)
	if err != nil || added || again.ID != key.ID || again.Name != "own" || again.May(Admin) || !again.Created.Equal(key.Created) {
		t.Errorf("seeding it twice changed something: %+v %v %v", again, added, err)
	}
	if got, err := k.Authenticate(t.Context(), own); err != nil || got.ID != key.ID {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := k.Revoke(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	if got, added, err := k.Seed(t.Context(), own, "own"); err != nil || added || got.Revoked.IsZero() {
		t.Errorf("seeding a revoked key: %+v %v %v", got, added, err)
	}
	for _, bad := range []string{"", "fifteen-chars-x", mark + "not-a-generated-key", "control\tcharacter"} {
		if _, _, err := k.Seed(t.Context(), bad, "bad"); err == nil {
			t.Errorf("%q was taken", bad)
		} else if bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("the error tells the key: %v", err)
		}
	}
}

// TestRevoke: at once in this process, soon in another that has the database open.
func TestRevoke(t *testing.T) {
	c, dir := newClock(), t.TempDir()
	server, command := openKeys(t, dir, c), openKeys(t, dir, c)
	secret, key := create(t, command, "made by the other process")
	if _, err := server.Authenticate(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	second, other := create(t, server, "revoked here")
	if _, err := server.Authenticate(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	got, err := server.Revoke(t.Context(), other.ID)
	if err != nil || !got.Revoked.Equal(c.Now()) {
		t.Fatal(got, err)
	}
	if _, err := server.Authenticate(t.Context(), second); !problem.Has(err, problem.KeyInvalid) {
		t.Errorf("revoked here: %v", err)
	}
	if _, err := server.Authenticate(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	if _, err := command.Revoke(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	if _, err := server.Authenticate(t.Context(), secret); !problem.Has(err, problem.KeyInvalid) {
		t.Errorf("a second after it was revoked elsewhere: %v", err)
	}
	first := got.Revoked
	if got, err := server.Revoke(t.Context(), other.ID); err != nil || !got.Revoked.Equal(first) {
		t.Errorf("revoking twice: %+v %v", got, err)
	}
}

// TestRevokeRace: once Revoke has returned, no look-up that began before can have left the
// key trusted.
func TestRevokeRace(t *testing.T) {
	k := openKeys(t, t.TempDir(), newClock())
	for range 20 {
		secret, key := create(t, k, "k")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := k.Authenticate(context.Background(), secret); err != nil && !problem.Has(err, problem.KeyInvalid) {
					t.Error(err)
				}
			})
		}
		if _, err := k.Revoke(t.Context(), key.ID); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if _, err := k.Authenticate(t.Context(), secret); !problem.Has(err, problem.KeyInvalid) {
			t.Fatalf("trusted after its end: %v", err)
		}
	}
}

// TestTrust: a good key costs the database one look per half second, not one per request.
func TestTrust(t *testing.T) {
	c := newClock()
	db := openDB(t, t.TempDir())
	k, err := Open(t.Context(), db, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := create(t, k, "k")
	if _, err := k.Authenticate(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	db.Close()
	c.advance(trust - time.Millisecond)
	if _, err := k.Authenticate(t.Context(), secret); err != nil {
		t.Errorf("within its trust, without the database: %v", err)
	}
	c.advance(time.Millisecond)
	if _, err := k.Authenticate(t.Context(), secret); err == nil || problem.Has(err, problem.KeyInvalid) {
		t.Errorf("without the database: %v, want an error that does not blame the key", err)
	}
}

func TestPepper(t *testing.T) {
	c, dir := newClock(), t.TempDir()
	k := openKeys(t, dir, c)
	secret, _ := create(t, k, "k")
	if _, err := openKeys(t, dir, c).Authenticate(t.Context(), secret); err != nil {
		t.Errorf("opened again: %v", err)
	}
	path := filepath.Join(dir, pepperFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	db := openDB(t, dir)
	for want, spoil := range map[string]func() error{
		"chmod 600": func() error { return os.Chmod(path, 0o644) },
		"31 bytes":  func() error { return os.Truncate(path, 31) },
		"missing":   func() error { return os.Remove(path) },
	} {
		if err := errors.Join(os.WriteFile(path, good, 0o600), os.Chmod(path, 0o600), spoil()); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), db, c.Now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestPepperRace: a server and a command that start at once on a new folder agree.
func TestPepperRace(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir)
	peppers := make([]pepper, 8)
	var wg sync.WaitGroup
	for i := range peppers {
		wg.Go(func() {
			k, err := Open(context.Background(), db, nil)
			if err != nil {
				t.Error(err)
				return
			}
			peppers[i] = k.pepper
		})
	}
	wg.Wait()
	for _, p := range peppers {
		if p != peppers[0] || p == (pepper{}) {
			t.Error("two peppers")
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.part")); len(left) != 0 || err != nil {
		t.Errorf("left over: %v %v", left, err)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	db, err := database.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for name, advance := range map[string]time.Duration{"trusted": 0, "looked up": time.Second} {
		b.Run(name, func(b *testing.B) {
			c := newClock()
			k, err := Open(b.Context(), db, c.Now)
			if err != nil {
				b.Fatal(err)
			}
			secret, _, err := k.Create(b.Context(), "k")
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				c.advance(advance)
				if _, err := k.Authenticate(b.Context(), secret); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
