package connector

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/vault"
)

// masterKey is a master key of one repeated byte.
func masterKey(id int, fill byte) string {
	return fmt.Sprintf("%d:%s", id, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, vault.KeySize)))
}

// many makes connectors quickly: each as Create does, all in one transaction.
func (b *bench) many(n int) []Connector {
	b.t.Helper()
	b.create(s3("the first"))
	first, err := get(b.t.Context(), b.db.Read(), must(b.List(b.t.Context()))[0].ID)
	if err != nil {
		b.t.Fatal(err)
	}
	ring := must(b.keys.Read())
	tx := must(b.db.Write().BeginTx(b.t.Context(), nil))
	for i := 1; i < n; i++ {
		r := first
		r.ID, r.Name = fmt.Sprintf("%08x-0000-4000-8000-000000000000", i), fmt.Sprint("number ", i)
		c := pair()
		c.SecretAccessKey = vault.NewSecret(secretOf(r.Name))
		if err := errors.Join(r.seal(ring, credentials(c)), r.insert(b.t.Context(), tx)); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.t.Fatal(err)
	}
	list := must(b.List(b.t.Context()))
	if len(list) != n {
		b.t.Fatalf("%d connectors", len(list))
	}
	return list
}

// secretOf is the secret of a connector by its name.
func secretOf(name string) string { return "secret-of-" + strings.ReplaceAll(name, " ", "-") }

// must is for what no test is about.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// allOpen opens every connector and looks at its secret.
func (b *bench) allOpen(list []Connector) {
	b.t.Helper()
	for _, c := range list {
		want := secretOf(c.Name)
		if c.Name == "the first" {
			want = canarySecret
		}
		place, _, err := b.Open(b.t.Context(), c.ID)
		if err != nil || place.Credentials.SecretAccessKey.Reveal() != want {
			b.t.Fatalf("%s: %v", c.Name, err)
		}
	}
}

func (b *bench) counts() string {
	b.t.Helper()
	counts, err := b.Status(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprint(counts)
}

// TestRotation: a thousand connectors; the change of the key is ended half-way and goes on
// later, while everything opens at each moment; then the old key is dropped.
func TestRotation(t *testing.T) {
	dir := dataFolder(t)
	old := newBench(t, dir, masterKey(1, 'a'))
	list := old.many(1000)
	both := newBench(t, dir, masterKey(1, 'a')+","+masterKey(7, 'b'))
	only := newBench(t, dir, masterKey(7, 'b'))
	if got := both.counts(); got != "[{1 1001 true false} {7 0 true true}]" {
		t.Errorf("before: %s", got)
	}
	if err := only.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "master key 1") || !strings.Contains(err.Error(), vault.KeyVariable) {
		t.Errorf("with the new key only: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	batches := 0
	n, err := both.Rotate(ctx, func(done int) {
		if batches++; batches == 4 {
			cancel()
		}
	})
	if n != 401 || !errors.Is(err, context.Canceled) {
		t.Fatalf("%d, %v", n, err)
	}
	if got := both.counts(); got != "[{1 600 true false} {7 401 true true}]" {
		t.Errorf("half-way: %s", got)
	}
	if err := both.Check(t.Context()); err != nil {
		t.Error(err)
	}
	both.allOpen(list)
	// What opens the known text may still be too little.
	if err := only.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "not given: 1 (of 600 rows)") || !strings.Contains(err.Error(), vault.FileVariable) {
		t.Errorf("with the new key only, half-way: %v", err)
	}
	if n, err := only.Rotate(t.Context(), nil); n != 0 || err == nil || strings.Count(err.Error(), "connector ") != maxNamed {
		t.Errorf("without the old key: %d, %v", n, err)
	}
	if n, err := both.Rotate(t.Context(), nil); n != 600 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := both.Rotate(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("once more: %d, %v", n, err)
	}
	if err := only.Check(t.Context()); err != nil {
		t.Error(err)
	}
	only.allOpen(list)
	if got := only.counts(); got != "[{7 1001 true true}]" {
		t.Errorf("after: %s", got)
	}
	// A process that has only the old key must not undo it, nor add to it.
	if n, err := old.Rotate(t.Context(), nil); n != 0 || err == nil {
		t.Errorf("back to the old key: %d, %v", n, err)
	}
	if _, err := old.Create(t.Context(), s3("late")); err == nil {
		t.Error("sealed under a key that was dropped")
	}
}

// TestRotateBeside: two rotations at once, beside a service that changes connectors.
func TestRotateBeside(t *testing.T) {
	dir := dataFolder(t)
	old := newBench(t, dir, masterKey(1, 'a'))
	list := old.many(400)
	keys := masterKey(1, 'a') + "," + masterKey(2, 'b')
	both := newBench(t, dir, keys)
	var wg sync.WaitGroup
	total := make([]int, 2)
	for i := range total {
		s := newBench(t, dir, keys)
		wg.Go(func() {
			n, err := s.Rotate(t.Context(), nil)
			if total[i] = n; err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		for i, c := range list[:40] {
			name, credentials := fmt.Sprint("number ", 1000+i), pair()
			credentials.SecretAccessKey = vault.NewSecret(secretOf(name))
			if _, err := both.Update(t.Context(), c.ID, recipe.ConnectorPatch{Name: &name, Credentials: &credentials}); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if sum := total[0] + total[1]; sum < 361 || sum > 401 {
		t.Errorf("wrapped anew %v", total)
	}
	only := newBench(t, dir, masterKey(2, 'b'))
	if err := only.Check(t.Context()); err != nil {
		t.Error(err)
	}
	only.allOpen(must(only.List(t.Context())))
}

// TestKeyFile: the first connector makes the file and says so; a later start reads it, one
// without it does not start, and nothing is made in its place.
func TestKeyFile(t *testing.T) {
	dir := dataFolder(t)
	b := newBench(t, dir, "")
	if err := b.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := dir + ".masterkeys"
	if _, err := os.Stat(file); err == nil {
		t.Fatal("a start made a file")
	}
	made := b.create(s3("shop"))
	b.create(s3("more"))
	if strings.Count(b.log.String(), file) != 1 {
		t.Errorf("the log says %q", b.log.String())
	}
	later := newBench(t, dir, "")
	if _, _, err := later.Open(t.Context(), made.ID); err != nil || later.Check(t.Context()) != nil {
		t.Error(err)
	}
	if id, err := vault.Add(file); id != 2 || err != nil {
		t.Fatal(id, err)
	}
	if n, err := b.Rotate(t.Context(), nil); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, _, err := later.Open(t.Context(), made.ID); err != nil {
		t.Errorf("a service that ran before the key was added: %v", err)
	}
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"start": later.Check(t.Context()),
		"use":   func() error { _, _, err := later.Open(t.Context(), made.ID); return err }(),
		"new":   func() error { _, err := later.Create(t.Context(), s3("third")); return err }(),
	} {
		if err == nil || name != "use" && !strings.Contains(err.Error(), vault.KeyVariable) {
			t.Errorf("%s without the file: %v", name, err)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("another file was made in its place")
	}
	wrong := newBench(t, dir, masterKey(2, 'x'))
	if err := wrong.Check(t.Context()); err == nil || !strings.Contains(err.Error(), vault.KeyVariable) || strings.Contains(err.Error(), masterKey(2, 'x')[2:]) {
		t.Errorf("another key of the same id: %v", err)
	}
	if _, err := wrong.Create(t.Context(), s3("third")); err == nil {
		t.Error("sealed under another key")
	}
}

// TestNoPlaceForKeys: where a key would not last, connectors are refused by the name of the
// variable to set.
func TestNoPlaceForKeys(t *testing.T) {
	b := newBench(t, dataFolder(t), "")
	b.keys.Data = "/proc" // a file system of its own
	_, err := b.Create(t.Context(), s3("shop"))
	if !problem.Has(err, problem.OptionsInvalid) || !errors.Is(err, vault.ErrElsewhere) ||
		!strings.Contains(problem.From(err).Message, vault.KeyVariable) || !strings.Contains(problem.From(err).Message, vault.FileVariable) {
		t.Errorf("%v", err)
	}
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("without connectors it starts: %v", err)
	}
}
