package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the compressor under test. TestMain sets it, nobody changes it.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "compressor-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if program, err = build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build builds the binary as make does, or takes the one of E2E_BINARY. The race detector
// stays out of it, so that its cage and its memory are those of what is shipped.
func build(dir string) (string, error) {
	out := filepath.Join(dir, "compressor")
	if given := os.Getenv("E2E_BINARY"); given != "" {
		given, err := filepath.Abs(given)
		if err != nil {
			return "", err
		}
		return out, os.Symlink(given, out)
	}
	text, err := exec.Command("go", "build", "-trimpath", "-o", out, "compressor/cmd/compressor").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, text)
	}
	return out, nil
}
