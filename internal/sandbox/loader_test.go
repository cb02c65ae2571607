package sandbox

import (
	"bytes"
	"os"
	"testing"
)

func TestInterpreter(t *testing.T) {
	loader, err := interpreter("/usr/bin/sleep")
	if err != nil || loader == "" {
		t.Fatalf("%q, %v", loader, err)
	}
	if again, err := interpreter(loader); err != nil || again != "" {
		t.Errorf("the loader names a loader: %q, %v", again, err)
	}
	script := t.TempDir() + "/script"
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := (Grants{Tools: []string{script}}).Resolve(); err == nil {
		t.Error("a script passed as a program: its interpreter would be missing")
	}
	grants, err := Grants{ReadFiles: []string{"", "/no/such/file"}, Tools: []string{"/no/such/tool"}}.Resolve()
	if err != nil || len(grants.ReadFiles)+len(grants.Tools) != 0 {
		t.Errorf("%+v, %v", grants, err)
	}
}

func FuzzInterpreter(f *testing.F) {
	program, err := os.ReadFile("/usr/bin/sleep")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(program[:min(len(program), 4096)])
	f.Add([]byte("#!/bin/sh\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if path, err := readInterpreter(bytes.NewReader(data)); err == nil && len(path) > 4096 {
			t.Errorf("a path of %d bytes", len(path))
		}
	})
}
