package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"compressor/internal/config"
	"compressor/internal/database"
	"compressor/internal/problem"
)

// readBeside is read for a verb that works in a data folder, also beside its service.
func (t terminal) readBeside(args []string, flags []flag) (config.Config, []string, error) {
	loaded, rest, err := t.read(args, flags)
	if err == nil {
		err = notOfService(loaded.Settings)
	}
	return loaded.Config, rest, err
}

// withDatabase calls do with the database of the data folder dir, and closes it again. Where
// there is none yet it is made, unless missing says what the folder then lacks: that is a
// problem not-found.
func withDatabase(ctx context.Context, dir, missing string, do func(*database.DB) error) error {
	if _, err := os.Stat(filepath.Join(dir, database.File)); errors.Is(err, os.ErrNotExist) && missing != "" {
		return problem.Newf(problem.NotFound, "%s in the data folder '%s'.", missing, dir)
	}
	db, err := database.Open(ctx, dir)
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}
