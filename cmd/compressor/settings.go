package main

import (
	"context"

	"compressor/internal/config"
)

const configHelp = `Usage: compressor config [settings as flags]

Prints every setting: its value, where that comes from, its default, and what it means.
In rising order a setting comes from its default, the file that --config or
COMPRESSOR_CONFIG names (lines of NAME=value), the environment, and the command line.`

// printConfig is the verb that prints every setting, as the other verbs would find it.
func printConfig(_ context.Context, args []string, t terminal) error {
	if t.helped(args, configHelp, nil) {
		return nil
	}
	loaded, err := t.readOnly(args, nil)
	if err != nil {
		return err
	}
	return config.Describe(t.out, loaded.Settings)
}
