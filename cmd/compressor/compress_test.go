package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"compressor/internal/codec/all"
	"compressor/internal/enginejob"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
	"compressor/internal/zipfile/ziptest"
)

// TestInterrupt stops a run in the middle of a file, as Ctrl-C does, and looks for what is
// left: no process, no temporary file, no half of a result.
func TestInterrupt(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, temp := t.TempDir(), t.TempDir()
	slow := filepath.Join(dir, "slow.png")
	if err := os.WriteFile(slow, noise(t, 2400, 1600), 0o644); err != nil {
		t.Fatal(err)
	}
	run := &exec.Cmd{
		Path: self, Args: []string{"compressor", "compress", slow, "-o", filepath.Join(dir, "out")},
		Dir: dir, Env: []string{"TMPDIR=" + temp, "COMPRESSOR_JOB_WALL=10m", "COMPRESSOR_JOB_CPU=10m"},
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	// The file is in the folder of a job process that has said it is ready: work begins.
	for found := []string(nil); len(found) == 0; {
		select {
		case err := <-ended:
			t.Fatalf("it ended before it could be stopped: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
		if found, err = filepath.Glob(filepath.Join(temp, "compressor-*", "pool-*", "job-*", "in")); err != nil {
			t.Fatal(err)
		}
	}
	children := childrenOf(t, run.Process.Pid)
	if len(children) == 0 {
		t.Error("there is no job process")
	}
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.ExitCode() != interrupted {
		t.Errorf("it ended with %v, not with exit code %d", err, interrupted)
	}
	for _, pid := range children {
		if unix.Kill(pid, 0) == nil {
			t.Errorf("process %d is still there", pid)
		}
	}
	for _, pattern := range []string{filepath.Join(temp, "*"), filepath.Join(dir, "out", "*"), filepath.Join(dir, "out", ".*"), filepath.Join(dir, ".*")} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			t.Errorf("it left %q", left)
		}
	}
}

// childrenOf lists the processes that pid started.
func childrenOf(t *testing.T, pid int) (pids []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it ended
		}
		var child, parent int
		var state string
		_, after, _ := strings.Cut(string(text), ") ")
		if _, err := fmt.Sscan(string(text), &child); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(after, &state, &parent); err != nil {
			t.Fatal(err)
		}
		if parent == pid {
			pids = append(pids, child)
		}
	}
	return pids
}

// TestChangedWhileHandled writes to a file between its planning and the end of the work:
// neither is it replaced, nor is what was read of it kept as a copy.
func TestChangedWhileHandled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jpg")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	write("another, longer")
	err = replaceFile(item{real: path, info: info}, strings.NewReader("small"))
	if !problem.Has(err, problem.StoreFailed) || !errors.Is(err, errChanged) {
		t.Errorf("replaced with %v", err)
	}
	copied := filepath.Join(filepath.Dir(path), "copy.jpg")
	err = writeFile(copied, strings.NewReader("torn"), 0o644, strings.Repeat("0", 64), false)
	if !errors.Is(err, errChanged) {
		t.Errorf("copied with %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "another, longer" || len(entries) != 1 {
		t.Errorf("left are %v, and %q", entries, got)
	}
}

// TestLateConflict has something appear where the result goes, after that was looked at.
func TestLateConflict(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jpg")
	if err := os.WriteFile(path, []byte("theirs"), 0o644); err != nil {
		t.Fatal(err)
	}
	const sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // SHA-256 of "hello"
	if err := writeFile(path, strings.NewReader("hello"), 0o644, sum, false); !problem.Has(err, problem.StoreFailed) {
		t.Errorf("written with %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "theirs" {
		t.Errorf("it holds %q", got)
	}
	if err := writeFile(path, strings.NewReader("hello"), 0o640, sum, true); err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "hello" {
		t.Errorf("with force it holds %q", got)
	}
}

// TestForgedFormat has a job process claim a format that nobody asked for, whose name
// would lead the result elsewhere.
func TestForgedFormat(t *testing.T) {
	jpeg := format.Row{ID: "jpeg", Ext: []string{"jpeg", "jpg"}}
	r := compression{}
	it := item{path: "in/a.jpg", folder: "out", format: jpeg, mayBe: []format.Row{jpeg}}
	for id, good := range map[format.ID]bool{"jpeg": true, "png": false, "../../x": false, "": false} {
		if _, err := r.formatOf(it, id); (err == nil) != good {
			t.Errorf("format %q: %v", id, err)
		}
	}
	if got := it.result(jpeg); got != filepath.Join("out", "a.jpg") {
		t.Errorf("the result goes to %s", got)
	}
	it.mark = resultMark
	if got := it.result(format.Row{ID: "png", Ext: []string{"png"}}); got != filepath.Join("out", "a.compressed.png") {
		t.Errorf("the result goes to %s", got)
	}
}

// TestTargets: a result in another format has that one's extension, a file that stays as it is
// keeps its name, and each place that a result may take is planned for, once.
func TestTargets(t *testing.T) {
	jpeg, png := format.Row{ID: "jpeg", Ext: []string{"jpeg", "jpg"}}, format.Row{ID: "png", Ext: []string{"png"}}
	for _, test := range []struct {
		it   item
		want []string
	}{
		{item{path: "in/a.jpg", folder: "out", mayBe: []format.Row{jpeg}}, []string{"out/a.jpg"}},
		{item{path: "in/a.jpg", folder: "out", mayBe: []format.Row{jpeg, png}}, []string{"out/a.jpg", "out/a.png"}},
		{item{path: "in/a.dat", folder: "out", mayBe: []format.Row{jpeg}}, []string{"out/a.jpeg", "out/a.dat"}},
		{item{path: "in/a.dat", folder: "in", mark: resultMark, mayBe: []format.Row{jpeg}}, []string{"in/a.compressed.jpeg", "in/a.compressed.dat"}},
		{item{path: "in/a", folder: "in", mark: resultMark, mayBe: []format.Row{png}}, []string{"in/a.compressed.png", "in/a.compressed"}},
		{item{path: "in/a.dat", real: "there/b.dat", inPlace: true, mayBe: []format.Row{jpeg}}, []string{"there/b.dat"}},
	} {
		if got := test.it.targets(); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.it.path, got, test.want)
		}
	}
}

// TestSettle: files whose results go by names of their own are no conflict, and one file is
// none with itself.
func TestSettle(t *testing.T) {
	dir := t.TempDir()
	table, err := format.NewTable(all.Codecs().Rows()...)
	if err != nil {
		t.Fatal(err)
	}
	o := order{formats: table, output: filepath.Join(dir, "out"), recipe: recipe.Recipe{Image: recipe.Image{Format: recipe.Formats{recipe.Keep}}}}
	for _, name := range []string{"contract.asice", "contract.asics", "photo.jpg"} {
		o.inputs = append(o.inputs, filepath.Join(dir, name))
		if err := os.WriteFile(filepath.Join(dir, name), ziptest.Zip(ziptest.File("a", nil)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	items, err := plan(o)
	if err != nil || len(items) != 3 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	if got := items[1].targets(); len(got) != 1 || filepath.Base(got[0]) != "contract.asics" {
		t.Errorf("%q", got)
	}
}

// TestWorst holds the documented order of exit codes.
func TestWorst(t *testing.T) {
	for _, c := range []struct {
		codes []problem.Code
		want  int
	}{
		{nil, 0},
		{[]problem.Code{problem.OptionsInvalid, problem.NotFound}, problem.ExitMissing},
		{[]problem.Code{problem.NotFound, problem.FileCorrupt, problem.OptionsInvalid}, problem.ExitFile},
		{[]problem.Code{problem.FileCorrupt, problem.StoreFailed}, problem.ExitOutside},
		{[]problem.Code{problem.StoreFailed, problem.Internal, problem.FileEmpty}, problem.ExitInternal},
	} {
		outcomes := []outcome{{answer: &enginejob.Answer{}}}
		for _, code := range c.codes {
			outcomes = append(outcomes, outcome{item: item{err: problem.New(code)}})
		}
		var got errPartly
		if errors.As(worst(outcomes), &got); got.code != c.want {
			t.Errorf("%v: exit code %d, not %d", c.codes, got.code, c.want)
		}
	}
}

// TestTotals adds up one file of each kind.
func TestTotals(t *testing.T) {
	done := func(before, after int64, sum string) outcome {
		return outcome{answer: &enginejob.Answer{
			Input: report.File{Size: before, SHA256: "a"}, Output: report.File{Size: after, SHA256: sum},
		}, saved: "x"}
	}
	kept := done(100, 150, "d")
	kept.inPlace, kept.saved = true, ""
	got := sum([]outcome{
		done(1000, 400, "b"), done(500, 600, "c"), done(300, 300, "a"), kept,
		{item: item{skip: true}}, {item: item{err: context.Canceled}},
	})
	want := totals{
		Files: 6, Before: 1900, After: 1400, SavedBytes: 500, SavedPercent: 26.32,
		Smaller: 1, Larger: 1, Unchanged: 2, NotHandled: 1, Failed: 1,
	}
	if got != want {
		t.Errorf("got %+v", got)
	}
	const line = "6 files: 1 smaller, 1 larger, as asked for, 2 as before, 1 not handled, 1 failed; 1.9 kB became 1.4 kB, 26.3 % saved"
	if got.String() != line {
		t.Errorf("got %s", got)
	}
}
