package main

import (
	"context"
	"strconv"

	"compressor/internal/config"
	"compressor/internal/connector"
	"compressor/internal/database"
	"compressor/internal/problem"
	"compressor/internal/vault"
)

const masterKeysHelp = `Usage: compressor masterkeys status
       compressor masterkeys add
       compressor masterkeys rotate

Manages the keys that seal the credentials of connectors, of a data folder (--data DIR or
COMPRESSOR_DATA), also while its service runs.

status counts the rows that are sealed under each key: the connectors, and one known text that
keys are tried on. rotate counts alike. add appends a new key to the file of
COMPRESSOR_MASTER_KEY_FILE, or to the one beside the data folder. rotate seals everything
under the newest key; it may be ended and called again. A key with nothing under it may be
taken out. Keys in COMPRESSOR_MASTER_KEY are changed there, and need a restart before rotate.`

// masterKeyRow is one master key as --json tells it.
type masterKeyRow struct {
	Key   uint32 `json:"key"`
	Rows  int    `json:"rows"`
	Given bool   `json:"given"`
	Seals bool   `json:"seals"`
}

// masterKeysCall is what the verb masterkeys was asked.
type masterKeysCall struct {
	terminal
	config     config.Config
	connectors *connector.Store
	asJSON     bool
}

// masterKeysVerb is the verb that changes the keys which seal credentials.
func masterKeysVerb(ctx context.Context, args []string, t terminal) error {
	c := masterKeysCall{terminal: t}
	flags := []flag{onFlag("--json", "Print JSON.", &c.asJSON)}
	if t.helped(args, masterKeysHelp, flags) {
		return nil
	}
	settings, rest, err := t.readBeside(args, flags)
	if err != nil {
		return err
	}
	c.config = settings
	var do func(context.Context) error
	if len(rest) == 1 {
		do = map[string]func(context.Context) error{"status": c.status, "add": c.add, "rotate": c.rotate}[rest[0]]
	}
	if do == nil {
		return problem.Newf(problem.OptionsInvalid, "Say what to do: status, add or rotate.")
	}
	return withDatabase(ctx, c.config.Server.Data, "There is no database", func(db *database.DB) error {
		c.connectors = connectorsOf(db, c.config, nil)
		return do(ctx)
	})
}

func (c *masterKeysCall) status(ctx context.Context) error {
	counts, err := c.connectors.Status(ctx)
	if err != nil {
		return problem.Newf(problem.OptionsInvalid, "%v.", err)
	}
	out, rows := []masterKeyRow{}, [][]string{}
	for _, n := range counts {
		out = append(out, masterKeyRow(n))
		state := "may be taken out"
		switch {
		case !n.Given:
			state = "missing"
		case n.Seals:
			state = "seals"
		case n.Rows > 0:
			state = "opens; rotate seals anew"
		}
		rows = append(rows, []string{strconv.FormatUint(uint64(n.Key), 10), strconv.Itoa(n.Rows), state})
	}
	if c.asJSON {
		return c.json(out)
	}
	return c.table([]string{"KEY", "ROWS UNDER IT", "STATE"}, rows)
}

func (c *masterKeysCall) add(context.Context) error {
	s := c.config.Storage
	if s.MasterKey != "" {
		return problem.Newf(problem.OptionsInvalid, "The keys are in %s: add id:base64 there, with the next number and 32 random bytes, and restart the service.", vault.KeyVariable)
	}
	file := s.MasterKeyFile
	if file == "" {
		var err error
		if file, err = vault.DefaultFile(c.config.Server.Data); err != nil {
			return problem.Newf(problem.OptionsInvalid, "%v.", err)
		}
	}
	id, err := vault.Add(file)
	if err != nil {
		return problem.Newf(problem.OptionsInvalid, "%v.", err)
	}
	c.tell("key %d is added to '%s' and seals from now on; 'compressor masterkeys rotate' seals what there is under it.", id, file)
	return nil
}

func (c *masterKeysCall) rotate(ctx context.Context) error {
	done, err := c.connectors.Rotate(ctx, nil)
	if err != nil {
		return problem.Newf(problem.OptionsInvalid, "Sealed %s anew, but not all: %v.", counted(done, "row"), err)
	}
	c.tell("%s sealed anew under the newest key.", counted(done, "row"))
	return nil
}
