package main

import (
	"context"
	"fmt"
	"os"

	"compressor/internal/codec/all"
	"compressor/internal/engine"
	"compressor/internal/enginejob"
	"compressor/internal/format"
	"compressor/internal/jobprocess"
	"compressor/internal/metric"
	"compressor/internal/recipe"
	"compressor/internal/vips"
)

// newEngine wires the engine with every codec and metric of this build.
func newEngine() (*engine.Engine, error) {
	return engine.New(all.Codecs(), map[format.Family]engine.Metric{
		recipe.FamilyImage: metric.Pixels{}, recipe.FamilyArchive: metric.Members{},
		recipe.FamilyVideo: metric.Film{},
	})
}

// runJob is the hidden role of a job process: libraries first, then the cage, then one
// stranger's file.
func runJob() error {
	if err := vips.Start(); err != nil {
		return err
	}
	e, err := newEngine()
	if err != nil {
		return err
	}
	if err := jobprocess.Serve(context.Background(), os.Stderr, enginejob.Handler(e)); err != nil {
		return fmt.Errorf("job: %w", err)
	}
	return nil
}
