package database

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"compressor/internal/problem"
)

// TestMain lets the test binary be the second process of a test: it plays the role that
// the environment names.
func TestMain(m *testing.M) {
	if role := os.Getenv("DATABASE_TEST_ROLE"); role != "" {
		if err := play(role, os.Getenv("DATABASE_TEST_DIR")); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func play(role, dir string) error {
	ctx := context.Background()
	switch role {
	case "serve": // claims the folder, says so, and lives until it is killed
		s, err := Serve(dir)
		if err != nil {
			return err
		}
		fmt.Println(s.Node())
		select {}
	case "key": // what "keys create" does beside a server
		db, err := Open(ctx, dir)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.Write().ExecContext(ctx, `INSERT INTO api_key (id, name, prefix, hash, scopes, created) VALUES ('k', 'n', '', 'h', '', 1)`)
		return err
	case "write": // commits numbers and says each one after its commit
		db, err := Open(ctx, dir)
		if err != nil {
			return err
		}
		for i := 1; ; i++ {
			if _, err := db.Write().ExecContext(ctx, `INSERT INTO rate (key_id, bucket, started, used) VALUES ($1, 'b', 0, 0)`, i); err != nil {
				return err
			}
			fmt.Println(i)
		}
	}
	return errors.New("no such role")
}

// start runs a role in a process of its own and returns its first line.
func start(t *testing.T, role, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DATABASE_TEST_ROLE="+role, "DATABASE_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck // likewise
	})
	return cmd, bufio.NewScanner(out)
}

func open1(t *testing.T, dir string) *DB {
	t.Helper()
	db, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestDurable: the settings that the promise to lose nothing rests on, on each connection.
func TestDurable(t *testing.T) {
	db := open1(t, filepath.Join(t.TempDir(), "new", "a b%41?x=1#ü&"))
	for name, pool := range map[string]*sql.DB{"write": db.Write(), "read": db.Read()} {
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000",
		} {
			var got string
			if err := pool.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %s = %s, %v; want %s", name, pragma, got, err, want)
			}
		}
	}
	if _, err := db.Read().ExecContext(t.Context(), `DELETE FROM job`); err == nil {
		t.Error("the read pool writes")
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if v, err := db.Version(t.Context()); err != nil || !strings.HasPrefix(v, "SQLite 3.") {
		t.Error(v, err)
	}
	if files, err := os.ReadDir(db.Dir()); err != nil || len(files) == 0 || files[0].Name() != File {
		t.Errorf("the folder holds %v, %v", files, err)
	}
	db.Close()
	if err := db.Ping(t.Context()); err == nil {
		t.Error("a closed database answers")
	}
}

func TestOpenTogether(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := Open(t.Context(), dir)
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestInTx(t *testing.T) {
	db := open1(t, t.TempDir())
	add := func(tx *sql.Tx, key string) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO rate (key_id, bucket, started, used) VALUES ($1, 'b', 0, 0)`, key)
		return err
	}
	boom := errors.New("boom")
	if err := db.InTx(t.Context(), func(tx *sql.Tx) error { return errors.Join(add(tx, "lost"), boom) }); !errors.Is(err, boom) {
		t.Error(err)
	}
	func() {
		defer func() { recover() }()                  //nolint:errcheck // the panic is the test's own
		db.InTx(t.Context(), func(tx *sql.Tx) error { //nolint:errcheck // it never returns
			if err := add(tx, "lost too"); err != nil {
				t.Error(err)
			}
			panic("boom")
		})
	}()
	if err := db.InTx(t.Context(), func(tx *sql.Tx) error { return add(tx, "kept") }); err != nil {
		t.Error(err)
	}
	var keys string
	if err := db.Read().QueryRowContext(t.Context(), `SELECT group_concat(key_id) FROM rate`).Scan(&keys); err != nil || keys != "kept" {
		t.Errorf("%q, %v", keys, err)
	}
}

// TestFull: a full disk has a name, in a statement and in a transaction, and afterwards the
// database is as it was.
func TestFull(t *testing.T) {
	db := open1(t, t.TempDir())
	if _, err := db.Exec(t.Context(), `PRAGMA max_page_count = 1`); err != nil { // means: no more than now
		t.Fatal(err)
	}
	const insert = `INSERT INTO api_key (id, name, prefix, hash, scopes, created) VALUES ($1, $2, '', $1, '', 1)`
	big := strings.Repeat("x", 1<<20)
	if _, err := db.Exec(t.Context(), insert, "a", big); !problem.Has(err, problem.StorageFull) {
		t.Errorf("a statement: %v", err)
	}
	err := db.InTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), insert, "b", big)
		return err
	})
	if !problem.Has(err, problem.StorageFull) {
		t.Errorf("a transaction: %v", err)
	}
	var n int
	if err := db.Read().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM api_key`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
	if rows, err := db.Exec(t.Context(), insert, "c", "small"); rows != 1 || err != nil {
		t.Errorf("what still fits: %d, %v", rows, err)
	}
}

func TestSchemaOfTheFuture(t *testing.T) {
	dir := t.TempDir()
	db := open1(t, dir)
	if _, err := db.Write().ExecContext(t.Context(), `INSERT INTO schema_version (version, applied) VALUES (99, 0)`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("opened by an older program: %v", err)
	}
}

func TestMigrationsAreNumbered(t *testing.T) {
	for names, ok := range map[string]bool{
		"001_a.sql 002_b.sql": true,
		"001_a.sql 003_b.sql": false,
		"002_a.sql":           false,
		"001_a.sql 001_b.sql": false,
		"001_a.sql x_b.sql":   false,
	} {
		fsys := fstest.MapFS{}
		for _, n := range strings.Fields(names) {
			fsys["migrations/"+n] = &fstest.MapFile{Data: []byte("SELECT 1")}
		}
		if _, err := migrations(fsys); (err == nil) != ok {
			t.Errorf("%s: %v", names, err)
		}
	}
}

// TestMigrationIsWhole: a step that fails leaves the database as it was before all steps.
func TestMigrationIsWhole(t *testing.T) {
	db := open1(t, t.TempDir())
	steps, err := migrations(files)
	if err != nil {
		t.Fatal(err)
	}
	good := migration{len(steps) + 1, `CREATE TABLE one (a BIGINT); CREATE TABLE two (a BIGINT);`}
	bad := migration{len(steps) + 2, `CREATE TABLE three (a BIGINT); CREATE TABLE job (a BIGINT);`}
	run := func(more ...migration) error {
		return db.InTx(t.Context(), func(tx *sql.Tx) error {
			return apply(t.Context(), tx, append(append([]migration(nil), steps...), more...))
		})
	}
	count := func() (n int) {
		if err := db.Read().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM sqlite_master WHERE name IN ('one', 'two', 'three')`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := run(good, bad); err == nil || count() != 0 {
		t.Errorf("%v; %d tables are left", err, count())
	}
	if err := run(good); err != nil || count() != 2 {
		t.Errorf("%v; %d tables", err, count())
	}
}

func TestTimes(t *testing.T) {
	for _, when := range []time.Time{{}, time.UnixMilli(1).UTC(), time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)} {
		if got := Time(Millis(when)); !got.Equal(when) || got.IsZero() != when.IsZero() {
			t.Errorf("%v came back as %v", when, got)
		}
	}
}

// TestServe: one server per folder, across processes; a killed one leaves nothing behind.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	cmd, out := start(t, "serve", dir)
	if !out.Scan() || len(out.Text()) != 16 {
		t.Fatalf("the first server says %q", out.Text())
	}
	node := out.Text()
	_, err := Serve(dir)
	if err == nil || !strings.Contains(err.Error(), "another server (process "+strconv.Itoa(cmd.Process.Pid)+")") || !strings.Contains(err.Error(), dir) {
		t.Fatalf("a second server: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() //nolint:errcheck // it was killed
	s, err := Serve(dir)
	if err != nil {
		t.Fatalf("after the first was killed: %v", err)
	}
	if s.Node() != node {
		t.Errorf("the node %s was %s before", s.Node(), node)
	}
	if _, err := Serve(dir); err == nil {
		t.Error("twice in one process")
	}
	if err := s.Release(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "node"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err = Serve(dir); err != nil || len(s.Node()) != 16 || s.Node() == node {
		t.Errorf("after a torn name: %v", err)
	}
	s.Release() //nolint:errcheck // the test ends
}

// TestSecondProcess: a command works on the database of a server that runs.
func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	db := open1(t, dir)
	s, err := Serve(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release() //nolint:errcheck // the test ends
	cmd, out := start(t, "key", dir)
	for out.Scan() {
		t.Log(out.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := db.Read().QueryRowContext(t.Context(), `SELECT name FROM api_key WHERE id = 'k'`).Scan(&name); err != nil || name != "n" {
		t.Errorf("the server sees %q, %v", name, err)
	}
}

// TestKilledWriter: what a process said after its commit is there when it was killed. (A
// kill leaves the kernel's cache alone, so this does not show what power loss does.)
func TestKilledWriter(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		db := open1(t, dir)
		if _, err := db.Write().ExecContext(t.Context(), `DELETE FROM rate`); err != nil {
			t.Fatal(err)
		}
		cmd, out := start(t, "write", dir)
		said := 0
		for out.Scan() {
			n, err := strconv.Atoi(out.Text())
			if err != nil {
				t.Fatal(out.Text())
			}
			if said = n; said == 30 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		cmd.Wait() //nolint:errcheck // it was killed
		var have, highest int
		if err := db.Read().QueryRowContext(t.Context(), `SELECT COUNT(*), MAX(CAST(key_id AS BIGINT)) FROM rate`).Scan(&have, &highest); err != nil {
			t.Fatal(err)
		}
		if said < 30 || have < said || have > said+1 || highest != have {
			t.Errorf("it said %d, there are %d up to %d", said, have, highest)
		}
	}
}

// TestExecLazily: the next commit is flushed again, whatever became of the lazy one.
func TestExecLazily(t *testing.T) {
	db := open1(t, t.TempDir())
	for _, text := range []string{"CREATE TABLE lazy (n INTEGER)", "INSERT INTO lazy VALUES (1)", "nonsense"} {
		_, err := db.ExecLazily(t.Context(), text)
		if failed := err != nil; failed != (text == "nonsense") {
			t.Errorf("%s: %v", text, err)
		}
		var mode string
		if err := db.Write().QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&mode); err != nil || mode != "2" {
			t.Errorf("after %s: synchronous is %s, %v", text, mode, err)
		}
	}
	var n int
	if err := db.Read().QueryRowContext(t.Context(), "SELECT n FROM lazy").Scan(&n); err != nil || n != 1 {
		t.Errorf("read %d, %v", n, err)
	}
}
