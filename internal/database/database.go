// Package database opens the service's database, keeps its tables up to date and says who
// may use a data folder. It knows no statement of any other package: the tables of jobs
// and keys stand in migrations/, the statements beside the types they fill.
//
// Today the database is embedded SQLite (modernc.org/sqlite, no cgo). The statements of
// this project are written so that PostgreSQL can follow: numbered arguments in order of
// first use, UPDATE … RETURNING, partial indexes, times as integers in milliseconds.
package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite" // also the driver "sqlite" of database/sql

	"compressor/internal/problem"
)

// File is the name of the database inside the data folder.
const File = "compressor.db"

// readers is how many connections read at once. WAL lets each see the last commit while
// a write goes on.
const readers = 4

// DB is an open database. Its methods are safe for concurrent use.
type DB struct {
	write *sql.DB
	read  *sql.DB
	dir   string
}

// Open opens, or makes, the database in the folder dir and brings its tables up to date.
// Several processes may hold one database open, so that keys can be managed while the
// service runs; only one may serve (Serve).
//
// Commits are durable: WAL with synchronous=FULL, one fsync each. A write waits up to ten
// seconds for another process.
func Open(ctx context.Context, dir string) (*DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	unlock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	db, err := openLocked(ctx, dir)
	if lockErr := unlock(); err == nil && lockErr != nil {
		return nil, errors.Join(lockErr, db.Close())
	}
	return db, err
}

func openLocked(ctx context.Context, dir string) (*DB, error) {
	path := filepath.Join(dir, File)
	// SQLite gives its side files the mode of the database, so make that private first.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("database file: %w", err)
	}
	db := &DB{dir: dir}
	// One connection writes: SQLite has one writer at a time anyhow, and waiting for it in
	// Go is first come, first served, where SQLite's busy handler would sleep and guess.
	if db.write, err = open(path, 1, "_pragma=journal_mode(WAL)&_txlock=immediate"); err != nil {
		return nil, err
	}
	if db.read, err = open(path, readers, "_pragma=query_only(1)"); err != nil {
		return nil, errors.Join(err, db.write.Close())
	}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func open(path string, conns int, options string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(10000)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=journal_size_limit(67108864)&" + options
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}

// Write is the pool for statements that change something: one connection. A caller must
// not ask for it again while it holds a transaction of it.
func (d *DB) Write() *sql.DB { return d.write }

// Read is the pool for statements that only read. It sees every finished commit.
func (d *DB) Read() *sql.DB { return d.read }

// Dir is the data folder.
func (d *DB) Dir() string { return d.dir }

// InTx runs f in a write transaction: committed when f returns nil, else rolled back.
// Errors: those of f; storage-full when the disk is.
func (d *DB) InTx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", told(err))
	}
	defer tx.Rollback() //nolint:errcheck // after a commit this does nothing
	if err := f(tx); err != nil {
		return told(err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", told(err))
	}
	return nil
}

// ExecLazily is Exec without the flush to disk: kill -9 loses nothing, since the kernel
// has the bytes, but a power failure may, until the next commit of anything flushes this
// one too. It is for what nobody was promised yet.
func (d *DB) ExecLazily(ctx context.Context, query string, args ...any) (n int64, err error) {
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return 0, fmt.Errorf("connection: %w", told(err))
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
		return 0, fmt.Errorf("lazy commit: %w", told(err))
	}
	defer func() {
		_, restored := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = FULL")
		if restored != nil {
			// A connection that flushes nothing must not serve those who count on it.
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
			err = errors.Join(err, fmt.Errorf("lazy commit: %w", restored))
		}
	}()
	r, err := conn.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, told(err)
	}
	return r.RowsAffected()
}

// Exec runs one statement that changes something, as a transaction of its own, and tells
// how many rows it touched. Errors: storage-full when the disk is.
func (d *DB) Exec(ctx context.Context, text string, args ...any) (rows int64, err error) {
	res, err := d.write.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, told(err)
	}
	return res.RowsAffected()
}

// sqliteFull is SQLITE_FULL (sqlite.org/rescode.html).
const sqliteFull = 13

// told gives an error that its reader can do something about a name; others it leaves.
func told(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code() == sqliteFull {
		return problem.New(problem.StorageFull).Because(err)
	}
	return err
}

// Ping says whether the database answers and can be read.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	if err := d.read.QueryRowContext(ctx, "SELECT 1 FROM schema_version LIMIT 1").Scan(&one); err != nil {
		return fmt.Errorf("database does not answer: %w", err)
	}
	return nil
}

// Version tells the engine and its version, for the operator: "SQLite 3.50.4".
func (d *DB) Version(ctx context.Context) (string, error) {
	var v string
	if err := d.read.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&v); err != nil {
		return "", fmt.Errorf("database version: %w", err)
	}
	return "SQLite " + v, nil
}

// Close closes both pools. What was committed stays.
func (d *DB) Close() error { return errors.Join(d.read.Close(), d.write.Close()) }
