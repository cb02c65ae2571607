package account

import (
	"slices"
	"strings"
	"testing"
	"time"

	"compressor/internal/problem"
)

// fieldsOf lists the wrong fields of an options-invalid, "" for no error.
func fieldsOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	if !problem.Has(err, problem.OptionsInvalid) {
		t.Fatal(err)
	}
	var paths []string
	for _, f := range problem.From(err).Fields {
		paths = append(paths, f.Path)
	}
	return strings.Join(paths, " ")
}

func TestMake(t *testing.T) {
	c := newClock()
	k := openKeys(t, t.TempDir(), c)
	like := Key{Name: "n", Scopes: []Scope{Read}, Expires: c.Now().Add(2 * time.Hour),
		Own: Own{Rate: 7, Concurrent: 2, Queued: 3, Bytes: 1 << 40, Until: c.Now().Add(time.Hour)}}
	secret, made, err := k.Make(t.Context(), like)
	if err != nil {
		t.Fatal(err)
	}
	for _, look := range []func() (Key, error){
		func() (Key, error) { return k.Get(t.Context(), made.ID) },
		func() (Key, error) { return k.Authenticate(t.Context(), secret) },
	} {
		got, err := look()
		if err != nil || got.Own != like.Own || !got.Expires.Equal(like.Expires) || got.Name != "n" || !slices.Equal(got.Scopes, like.Scopes) {
			t.Errorf("%+v %v", got, err)
		}
	}
	for _, bad := range []struct {
		like Key
		want string
	}{
		{Key{Name: strings.Repeat("x", 256)}, "name"},
		{Key{Name: "line\nbreak"}, "name"},
		{Key{Scopes: []Scope{"root"}}, "scopes"},
		{Key{Own: Own{Rate: -1, Bytes: -1}}, "limits.bytes limits.rate"},
		{Key{Own: Own{Until: c.Now()}, Expires: c.Now().Add(-time.Second)}, "expires limits.until"},
	} {
		if _, _, err := k.Make(t.Context(), bad.like); fieldsOf(t, err) != bad.want {
			t.Errorf("%+v: %v", bad.like, err)
		}
	}
}

// TestExpiry: to the millisecond, trusted or not, in the words of every other refusal.
func TestExpiry(t *testing.T) {
	c := newClock()
	k := openKeys(t, t.TempDir(), c)
	secret, key, err := k.Make(t.Context(), Key{Expires: c.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	c.advance(time.Hour - time.Millisecond)
	if _, err := k.Authenticate(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Millisecond) // within its trust
	want := problem.New(problem.KeyInvalid).Error()
	for range 2 {
		if _, err := k.Authenticate(t.Context(), secret); err == nil || err.Error() != want {
			t.Errorf("%v", err)
		}
		c.advance(time.Hour)
	}
	later := c.Now().Add(time.Hour)
	if _, err := k.Change(t.Context(), key.ID, func(k *Key) { k.Expires = later }); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Authenticate(t.Context(), secret); err != nil {
		t.Errorf("given another hour: %v", err)
	}
}

// TestChange: at once here, within trust elsewhere, and no longer than it is meant to hold.
func TestChange(t *testing.T) {
	c, dir := newClock(), t.TempDir()
	here, there := openKeys(t, dir, c), openKeys(t, dir, c)
	secret, key := create(t, here, "k")
	rate := func(k *Keys) int {
		t.Helper()
		got, err := k.Authenticate(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		return got.Own.At(c.Now()).Rate
	}
	if rate(here) != 0 || rate(there) != 0 {
		t.Fatal("limits out of nothing")
	}
	until := c.Now().Add(time.Hour)
	if _, err := here.Change(t.Context(), key.ID, func(k *Key) { k.Own = Own{Rate: 9, Bytes: 5, Until: until} }); err != nil {
		t.Fatal(err)
	}
	if rate(here) != 9 || rate(there) != 0 {
		t.Errorf("%d here, %d there", rate(here), rate(there))
	}
	c.advance(trust)
	if rate(there) != 9 {
		t.Errorf("%d there", rate(there))
	}
	own, err := there.OwnNow(t.Context(), there.db.Read(), key.ID)
	if err != nil || own.Bytes != 5 {
		t.Errorf("%+v %v", own, err)
	}
	c.advance(time.Hour)
	if rate(here) != 0 {
		t.Errorf("%d after their time", rate(here))
	}
	if own, err := here.OwnNow(t.Context(), here.db.Read(), key.ID); err != nil || own != (Own{}) {
		t.Errorf("%+v %v", own, err)
	}
	if own, err := here.OwnNow(t.Context(), here.db.Read(), "nobody"); err != nil || own != (Own{}) {
		t.Errorf("%+v %v", own, err)
	}
	// A date that has passed meanwhile does not stand in the way of other changes.
	if _, err := here.Change(t.Context(), key.ID, func(k *Key) { k.Name = "other" }); err != nil {
		t.Error(err)
	}
}

// TestChangeRefused: what is wrong changes nothing.
func TestChangeRefused(t *testing.T) {
	c := newClock()
	here := openKeys(t, t.TempDir(), c)
	secret, key := create(t, here, "k")
	for want, edit := range map[string]func(*Key){
		"scopes":      func(k *Key) { k.Scopes = nil },
		"limits.rate": func(k *Key) { k.Own.Rate = -1 },
		"expires":     func(k *Key) { k.Expires = c.Now() },
	} {
		if _, err := here.Change(t.Context(), key.ID, edit); fieldsOf(t, err) != want {
			t.Errorf("%s: %v", want, err)
		}
		if got, err := here.Authenticate(t.Context(), secret); err != nil || got.Own != (Own{}) || len(got.Scopes) == 0 {
			t.Errorf("%s: %+v, %v", want, got, err)
		}
	}
	if _, err := here.Change(t.Context(), "none", func(*Key) {}); !problem.Has(err, problem.NotFound) {
		t.Errorf("%v", err)
	}
	if _, err := here.Revoke(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Change(t.Context(), key.ID, func(*Key) {}); fieldsOf(t, err) != "id" {
		t.Errorf("a revoked key: %v", err)
	}
}

// TestLastAdmin: nobody locks everybody out by accident.
func TestLastAdmin(t *testing.T) {
	c := newClock()
	k := openKeys(t, t.TempDir(), c)
	_, last := create(t, k, "last", Admin, Read)
	_, plain := create(t, k, "no admin at all")
	_, passing, err := k.Make(t.Context(), Key{Scopes: []Scope{Admin}, Expires: c.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	_, gone := create(t, k, "gone", Admin)
	if _, err := k.RevokeSafely(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Hour) // the end of passing
	soon := c.Now().Add(time.Hour)
	for name, edit := range map[string]func(*Key){
		"scope": func(k *Key) { k.Scopes = []Scope{Read} }, "end": func(k *Key) { k.Expires = soon },
	} {
		if _, err := k.ChangeSafely(t.Context(), last.ID, edit); fieldsOf(t, err) != "id" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := k.RevokeSafely(t.Context(), last.ID); fieldsOf(t, err) != "id" {
		t.Errorf("revoke: %v", err)
	}
	if _, err := k.ChangeSafely(t.Context(), last.ID, func(k *Key) { k.Name, k.Scopes = "x", []Scope{Admin} }); err != nil {
		t.Errorf("stays admin: %v", err)
	}
	for _, id := range []string{plain.ID, passing.ID} {
		if _, err := k.RevokeSafely(t.Context(), id); err != nil {
			t.Errorf("not the last: %v", err)
		}
	}
	create(t, k, "heir", Admin)
	if _, err := k.RevokeSafely(t.Context(), last.ID); err != nil {
		t.Errorf("with an heir: %v", err)
	}
	keys, err := k.Page(t.Context(), 1, 2)
	if err != nil || len(keys) != 2 {
		t.Errorf("%+v %v", keys, err)
	}
}

// TestRunningWindow: a limit that changes meets the count of the window that runs.
func TestRunningWindow(t *testing.T) {
	c := newClock()
	m := openMeter(t, openDB(t, t.TempDir()), Limits{Window: time.Hour, Requests: 3, Reads: 5}, c.Now)
	until := c.Now().Add(time.Minute)
	for i, step := range []struct {
		own  Own
		want Window
		ok   bool
	}{
		{Own{}, Window{3, 2, 3600}, true},
		{Own{Rate: 10}, Window{10, 8, 3600}, true},
		{Own{Rate: 2}, Window{2, 0, 3600}, false},
		{Own{Rate: 4, Until: until}, Window{4, 1, 3600}, true},
		{Own{Rate: 2, Until: c.Now()}, Window{3, 0, 3600}, false}, // over: the service's
	} {
		if w, ok := m.Spend(Key{ID: "k", Own: step.own}, Requests); w != step.want || ok != step.ok {
			t.Errorf("step %d: %+v %v, want %+v %v", i, w, ok, step.want, step.ok)
		}
	}
	if w := m.Peek(Key{ID: "k", Own: Own{Rate: 100}}, Reads); w.Limit != 100 {
		t.Errorf("fewer reads than requests: %+v", w)
	}
	if w := m.Peek(Key{ID: "k", Own: Own{Rate: 1}}, Reads); w.Limit != 5 {
		t.Errorf("a limit of requests is not one of reads: %+v", w)
	}
}
