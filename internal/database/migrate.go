package database

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var files embed.FS

// migration is one step of the schema: a file named NNN_words.sql.
type migration struct {
	version int
	text    string
}

// migrations reads the embedded steps, which must be numbered 1, 2, 3 … without a gap.
func migrations(from fs.FS) ([]migration, error) {
	names, err := fs.Glob(from, "migrations/*.sql") // sorted by name
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	var steps []migration
	for _, name := range names {
		digits, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		version, err := strconv.Atoi(digits)
		if err != nil || version != len(steps)+1 {
			return nil, fmt.Errorf("migration %s: expected number %03d", name, len(steps)+1)
		}
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		steps = append(steps, migration{version, string(text)})
	}
	return steps, nil
}

// migrate applies the steps that are missing, all in one transaction. The transaction
// takes the write lock before it looks, so of two processes that start at once the second
// finds nothing left to do.
func (d *DB) migrate(ctx context.Context) error {
	steps, err := migrations(files)
	if err != nil {
		return err
	}
	return d.InTx(ctx, func(tx *sql.Tx) error { return apply(ctx, tx, steps) })
}

func apply(ctx context.Context, tx *sql.Tx, steps []migration) error {
	const table = `CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, applied BIGINT NOT NULL)`
	if _, err := tx.ExecContext(ctx, table); err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	var have int
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&have); err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	if have > len(steps) {
		return fmt.Errorf("the database is at schema version %d and this program knows only %d: use a newer version of the program", have, len(steps))
	}
	for _, step := range steps[have:] {
		if _, err := tx.ExecContext(ctx, step.text); err != nil {
			return fmt.Errorf("schema version %d: %w", step.version, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO schema_version (version, applied) VALUES ($1, $2)`,
			step.version, Millis(time.Now())); err != nil {
			return fmt.Errorf("schema version %d: %w", step.version, err)
		}
	}
	return nil
}

// Millis is how a time is stored: Unix milliseconds, 0 for the zero time.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Time reads what Millis wrote; 0 is the zero time.
func Time(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}
