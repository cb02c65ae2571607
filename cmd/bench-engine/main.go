// Command bench-engine measures the engine: what the metric costs, how small its results
// are beside those of sharp, zopflipng, oxipng, optipng, pngquant and svgo at an equal
// score, and how fast it is. Both sides get the same pixels, are scored by the same metric
// and timed in the same way, and every figure is printed from this one run.
//
// The other side is installed by make bench-engine: npm packages below this folder, and
// Debian packages.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench-engine:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	corpus     string
	only       string
	megapixels float64
	limit      int
	json       bool
	docs       string
}

// section is one part of the report.
type section struct {
	name string
	run  func(context.Context, *bench) (part, error)
}

// sections lists the parts in the order they are measured.
func sections() []section {
	return []section{
		{"metric", measureMetric},
		{"jpeg", photosAs("jpeg")},
		{"webp", photosAs("webp")},
		{"avif", photosAs("avif")},
		{"png-lossless", compareLossless},
		{"png-palette", comparePalettes},
		{"svg", compareSVG},
		{"speed", measureSpeed},
		{"levels", measureLevels},
		{"target", measureTargets},
	}
}

// parse reads the command line.
func parse() options {
	var o options
	flag.StringVar(&o.corpus, "corpus", defaultCorpus(), "folder with the files to measure with")
	flag.StringVar(&o.only, "only", "", "comma-separated sections to run: metric, jpeg, webp, avif, png-lossless, png-palette, svg, speed, levels, target")
	flag.Float64Var(&o.megapixels, "megapixels", 1.5, "pictures are scaled down to this many at most, and to 0.6 where the search of the other side is slow")
	flag.IntVar(&o.limit, "limit", 0, "use only the first so many files of a kind; 0 for all")
	flag.BoolVar(&o.json, "json", false, "print JSON instead of tables")
	flag.StringVar(&o.docs, "docs", "", "folder of the pages: write what is found into them")
	flag.Parse()
	return o
}

func run(ctx context.Context) error {
	o := parse()
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer b.close()
	all := book{
		Date: time.Now().UTC().Format(time.DateOnly), Cores: runtime.NumCPU(), Processor: cpuModel(),
		Corpus: fmt.Sprintf("%d JPEG photos, %d PNG graphics", len(b.photos), len(b.graphics)),
	}
	if !o.json {
		fmt.Println(all.head())
	}
	for _, s := range chosen {
		p, err := s.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		p.Name = s.name
		all.Parts = append(all.Parts, p)
		if !o.json {
			p.print(os.Stdout)
		}
		if o.docs != "" {
			if err := b.writeDocs(ctx, o.docs, p, all.head()); err != nil {
				return err
			}
		}
	}
	if o.json {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(all)
	}
	return nil
}

// choose gives the sections of a comma-separated list, all for none.
func choose(only string) ([]section, error) {
	all := sections()
	if only == "" {
		return all, nil
	}
	var chosen []section
	for _, name := range strings.Split(only, ",") {
		i := slices.IndexFunc(all, func(s section) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no section %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// defaultCorpus is the corpus beside the project where there is one, else the small one
// within.
func defaultCorpus() string {
	const beside = "../shared/corpus"
	if info, err := os.Stat(beside); err == nil && info.IsDir() {
		return beside
	}
	return "testdata"
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
