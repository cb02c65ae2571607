package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"compressor/internal/jobprocess"
	"compressor/internal/sandbox"
)

// TestMain lets the test binary be the command itself, under the name compressor, and its
// own job process and attacker, which are started as /proc/self/exe with their role.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && (os.Args[1] == jobprocess.Role || os.Args[1] == sandbox.AttackRole) {
		main()
	}
	testscript.Main(m, map[string]func(){"compressor": main})
}

// samples are real pictures that every script finds in its folder.
var samples = []string{"png/gray16-alpha.png", "png/screenshot-document.png"}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			for _, name := range samples {
				data, err := os.ReadFile(filepath.Join("../../testdata/image", name))
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(e.WorkDir, filepath.Base(name)), data, 0o644); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"photo":      scriptPhoto,
			"graphic":    scriptGraphic,
			"decodes":    scriptDecodes,
			"smaller":    scriptSmaller,
			"samepixels": scriptSamePixels,
			"exits":      scriptExits,
			"json":       scriptJSON,
			"nothing":    scriptNothing,
		},
	})
}
