package work

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/report"
)

// entries are one of each outcome.
func entries() []Entry {
	return []Entry{
		{Key: "a/1.png", Status: objectCompleted, URL: "https://x.example/1.png", Input: &report.File{Size: 100}, Output: &report.File{Size: 40}},
		{Key: "a/2\n.png", Status: objectSkipped, Why: "An earlier job has stored its result."},
		{Key: "b.png", Status: objectFailed, Problem: problem.New(problem.FileCorrupt)},
	}
}

func open(t testing.TB, file string) *journal {
	t.Helper()
	j, err := openJournal(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.close() })
	return j
}

// TestJournal: wherever a process died, the next one goes on behind the last whole line.
func TestJournal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, file)
	var ends []int64
	for _, e := range entries() {
		if err := j.write(e); err != nil {
			t.Fatal(err)
		}
		info, err := j.file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, info.Size())
	}
	if want := (Tally{Total: 3, Completed: 1, Skipped: 1, Failed: 1, Before: 100, After: 40}); j.tally != want || j.last != "b.png" {
		t.Errorf("%+v after %q, want %+v", j.tally, j.last, want)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(file, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		lines, last := 0, ""
		for lines < len(ends) && ends[lines] <= int64(cut) {
			last = entries()[lines].Key
			lines++
		}
		j := open(t, file)
		if j.tally.Total != int64(lines) || j.last != last {
			t.Fatalf("cut at %d: %d entries up to %q, want %d up to %q", cut, j.tally.Total, j.last, lines, last)
		}
		for _, e := range entries()[lines:] {
			if err := j.write(e); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, whole) {
			t.Fatalf("cut at %d: gone on with, it is %q, %v", cut, got, err)
		}
	}
}

// FuzzJournal: what is read is either refused or can be gone on with.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"key":"a","status":"completed","input":{"size":1},"output":{"size":1}}` + "\n"))
	f.Add([]byte(`{"key":"a","status":"completed"}` + "\n"))
	f.Add([]byte(`{"key":"a","status":"skipped","why":"x"}` + "\n" + `{"key":"b","sta`))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(file)
		if err != nil {
			return
		}
		defer j.close()
		if lines := int64(bytes.Count(text, []byte("\n"))); j.tally.Total != lines {
			t.Fatalf("%d entries of %d lines", j.tally.Total, lines)
		}
		if err := j.write(Entry{Key: "next", Status: objectFailed}); err != nil {
			t.Fatal(err)
		}
		if again := open(t, file); again.tally != j.tally || again.last != "next" {
			t.Fatalf("%+v up to %q, want %+v", again.tally, again.last, j.tally)
		}
	})
}
