// Package docs_test keeps the documentation true: it writes docs/generated from the structs
// and tables of the code, and fails on a page that does not say what the code says.
//
//	go test ./docs -update
//
// rewrites the generated pages.
package docs_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// pages lists the generated pages and what writes each.
func pages() map[string]func(*testing.T) []byte {
	return map[string]func(*testing.T) []byte{
		"options.md":   optionsPage,
		"errors.md":    errorsPage,
		"formats.md":   formatsPage,
		"settings.md":  settingsPage,
		"packages.md":  packagesPage,
		"openapi.json": openapiPage,
	}
}

// update is -update: write the pages instead of comparing.
var update = flag.Bool("update", false, "rewrite docs/generated")

func TestGenerated(t *testing.T) {
	for name, write := range pages() {
		t.Run(name, func(t *testing.T) {
			path, want := filepath.Join("generated", name), write(t)
			if *update {
				if err := os.WriteFile(path, want, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what the code says now (%s): run go test ./docs -update", path, firstDifference(got, want))
			}
		})
	}
	entries, err := os.ReadDir("generated")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if pages()[e.Name()] == nil {
			t.Errorf("generated/%s: nothing generates it", e.Name())
		}
	}
}

// firstDifference quotes the first line that differs.
func firstDifference(got, want []byte) string {
	old, now := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(old), len(now)) {
		if !bytes.Equal(old[i], now[i]) {
			return "now: " + string(now[i])
		}
	}
	return "one is longer"
}
