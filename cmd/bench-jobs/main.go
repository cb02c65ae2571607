// Command bench-jobs measures the job platform, not the engine: how many jobs are taken and
// done, how long one takes that leaves its file as it is, how soon those who wait are told,
// what open event streams and the rate window cost, and what one key feels of another that
// floods. It starts bin/compressor on loopback, over a fresh data folder, and prints what
// this one run found. With --docs it also writes that to a page.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func main() {
	runtime.LockOSThread() // see served.Start
	docs := flag.String("docs", "", "also write the table to jobs.md in this `folder`")
	only := flag.String("only", "", "measure only `this`: jobs, polls, streams, rate or neighbour")
	flag.Parse()
	if err := run(*docs, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench-jobs:", err)
		os.Exit(1)
	}
}

// figure is one line of the table.
type figure struct{ what, found, wanted string }

func run(docs, only string) error {
	intro := fmt.Sprintf("Measured %s on %d cores (%s); load before the run %s, the clients on the same cores.",
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), cpuModel(), load())
	fmt.Println(intro)
	var table []figure
	for _, part := range []struct {
		name    string
		measure func(dir string) ([]figure, error)
	}{{"jobs", throughput}, {"polls", wakeUp}, {"streams", streams}, {"rate", rateWindow}, {"neighbour", neighbour}} {
		if only != "" && only != part.name {
			continue
		}
		dir, err := os.MkdirTemp("", "compressor-bench-")
		if err != nil {
			return err
		}
		found, err := part.measure(dir)
		os.RemoveAll(dir)
		if err != nil {
			return err
		}
		for _, f := range found {
			fmt.Printf("  %-78s %-34s %s\n", f.what, f.found, f.wanted)
		}
		table = append(table, found...)
	}
	fmt.Printf("load after the run: %s\n", load())
	if docs == "" || only != "" { // a page shows one whole run
		return nil
	}
	return writePage(filepath.Join(docs, "jobs.md"), intro, table)
}

// writePage writes the table between its marks in a page.
func writePage(path, intro string, table []figure) error {
	const begin, end = "<!-- figures: written by make bench-jobs -->\n", "<!-- end of figures -->"
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, rest, found := strings.Cut(string(old), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no place for the figures", path)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s\n\n| what | found | wanted |\n| --- | --- | --- |\n", intro)
	for _, f := range table {
		fmt.Fprintf(&text, "| %s | %s | %s |\n", f.what, f.found, f.wanted)
	}
	return os.WriteFile(path, []byte(head+begin+text.String()+"\n"+end+tail), 0o644)
}

// load is how many threads were running or ready, over one minute and over five.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	words := strings.Fields(string(text))
	if len(words) < 2 {
		return "unknown"
	}
	return words[0] + " (five minutes: " + words[1] + ")"
}

// cpuModel is the processor's own name.
func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
