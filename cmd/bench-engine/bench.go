package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/codec/all"
	"compressor/internal/engine"
	"compressor/internal/format"
	"compressor/internal/metric"
	"compressor/internal/recipe"
	"compressor/internal/report"
	"compressor/internal/vips"
)

// bench is what the sections share.
type bench struct {
	options  options
	dir      string // for files of this run, gone at its end
	engine   *engine.Engine
	formats  map[format.ID]bool // that are registered
	photos   []picture
	graphics []picture
	peer     *node // started at the first use
	files    int   // written so far
}

func newBench(o options) (*bench, error) {
	if err := vips.Start(); err != nil {
		return nil, err
	}
	codecs := all.Codecs()
	metrics := map[format.Family]engine.Metric{}
	formats := map[format.ID]bool{}
	for _, row := range codecs.Rows() {
		metrics[row.Family] = metric.Pixels{} // only pictures are handed in here
		formats[row.ID] = true
	}
	e, err := engine.New(codecs, metrics)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-engine-")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, dir: dir, engine: e, formats: formats}
	if err := b.gather(); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	if b.peer != nil {
		b.peer.stop()
	}
	os.RemoveAll(b.dir)
}

// fresh is the path of a file that is not there yet.
func (b *bench) fresh(suffix string) string {
	b.files++
	return filepath.Join(b.dir, fmt.Sprintf("%06d%s", b.files, suffix))
}

// cost is time spent, and how often something was encoded for it.
type cost struct {
	wall, cpu time.Duration
	encodes   int
}

func (c *cost) add(o cost) {
	c.wall += o.wall
	c.cpu += o.cpu
	c.encodes += o.encodes
}

// timed measures what do takes in this process.
func timed(do func() error) (cost, error) {
	start, before := time.Now(), cpuTime()
	err := do()
	return cost{wall: time.Since(start), cpu: cpuTime() - before}, err
}

// cpuTime is what this process has used of all processors.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// outcome is one finished file and what it took.
type outcome struct {
	bytes  int64
	score  float64
	cost   cost
	encode cost   // of making the file alone, for the other side
	label  string // how it was made
	reason report.Reason
	fits   bool // it reaches the target
}

// compress runs the engine on a file and scores the result as the other side's are.
func (b *bench) compress(ctx context.Context, src blob.Blob, name string, r recipe.Recipe) (outcome, error) {
	dir := b.fresh("")
	defer os.RemoveAll(dir)
	got, result, err := b.result(ctx, src, name, r, dir)
	if err != nil {
		return outcome{}, err
	}
	if got.score < 100 {
		got.score, _, err = b.score(ctx, src, result)
	}
	return got, err
}

// result runs the engine on a file; the score is the engine's own. The result is within
// dir, which must be a new folder, or it is src itself.
func (b *bench) result(ctx context.Context, src blob.Blob, name string, r recipe.Recipe, dir string) (outcome, blob.Blob, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return outcome{}, blob.Blob{}, err
	}
	var out engine.Outcome
	spent, err := timed(func() (err error) {
		out, err = b.engine.Compress(ctx, engine.Request{
			Source: src, Name: name, Recipe: r, Limits: codec.Limits{Pixels: 1 << 28, Frames: 1 << 16},
		}, blob.NewScratch(dir))
		return err
	})
	if err != nil {
		return outcome{}, blob.Blob{}, fmt.Errorf("%s: %w", name, err)
	}
	for _, a := range out.Report.Attempts {
		if !strings.HasPrefix(a.Verdict, "not-tried") {
			spent.encodes++
		}
	}
	got := outcome{bytes: out.Result.Size, cost: spent, label: out.Report.Chosen, reason: out.Report.Reason, score: 100}
	if out.Report.Score != nil {
		got.score = *out.Report.Score
	}
	return got, out.Result, nil
}

// named copies a file under a name that a browser knows its kind by.
func (b *bench) named(file blob.Blob, suffix string) (string, error) {
	data, err := file.Bytes(1 << 30)
	if err != nil {
		return "", err
	}
	path := b.fresh(suffix)
	return path, os.WriteFile(path, data, 0o600)
}

// score measures got against ref, both opened as pictures.
func (b *bench) score(ctx context.Context, ref, got blob.Blob) (float64, cost, error) {
	r, err := metric.Pixels{}.Reference(ctx, codec.Subject{Blob: ref})
	if err != nil {
		return 0, cost{}, err
	}
	defer r.Close()
	var s engine.Score
	spent, err := timed(func() (err error) {
		s, err = r.Score(ctx, codec.Subject{Blob: got})
		return err
	})
	return s.Mean, spent, err
}

// asking is the recipe for a format and a score. The level is that of the score where
// there is one, so that what the report says of the floor is the same.
func asking(to format.ID, score float64) recipe.Recipe {
	level := recipe.CompressionMedium
	switch {
	case score <= recipe.CompressionUltra.Floor():
		level = recipe.CompressionUltra
	case score <= recipe.CompressionHigh.Floor():
		level = recipe.CompressionHigh
	}
	return recipe.Recipe{Image: recipe.Image{
		Compression: level, Format: recipe.Formats{to}, MinScore: &score, Background: "#ffffff",
	}}
}

// atLevel is the recipe for a level, the format kept.
func atLevel(level recipe.Compression) recipe.Recipe {
	return recipe.Recipe{Image: recipe.Image{Compression: level, Format: recipe.Formats{recipe.Keep}, Background: "#ffffff"}}
}

// targets are the scores that sizes are compared at.
func targets() []float64 { return []float64{60, 75, 85} }

// missing tells that a format is not part of this build.
func missing(id format.ID) part {
	return part{Title: "not measured", Notes: []string{fmt.Sprintf("The format %q is not registered in this build.", id)}}
}
