package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"compressor/internal/deflate"
	"compressor/internal/engine"
	"compressor/internal/vips"
)

// versions are those that decide what a result is.
type versions struct {
	Compressor string `json:"compressor"`
	Engine     int    `json:"engine"`
	Go         string `json:"go"`
	System     string `json:"system"`
	Libvips    string `json:"libvips"`
	Libdeflate string `json:"libdeflate"`
}

// buildVersion is what the go command recorded of the source: its tag or commit, with
// "+dirty" after changes that are not committed.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "unreleased"
	}
	return info.Main.Version
}

func readVersions() versions {
	return versions{
		Compressor: buildVersion(), Engine: engine.Version, Go: runtime.Version(),
		System: runtime.GOOS + "/" + runtime.GOARCH, Libvips: vips.Version(), Libdeflate: deflate.Version(),
	}
}

// printVersion is the verb that prints the versions that decide what a result is.
func printVersion(_ context.Context, args []string, t terminal) error {
	asJSON := false
	flags := []flag{onFlag("--json", "Print a JSON document.", &asJSON)}
	if t.helped(args, "Usage: compressor version [--json]\n\nEqual files, options, engine versions and libraries give equal results.", flags) {
		return nil
	}
	if _, err := t.readOnly(args, flags); err != nil {
		return err
	}
	v := readVersions()
	if asJSON {
		return t.json(v)
	}
	_, err := fmt.Fprintf(t.out, "compressor %s, engine %d, libvips %s, libdeflate %s, %s, %s\n",
		v.Compressor, v.Engine, v.Libvips, v.Libdeflate, v.Go, v.System)
	return err
}
