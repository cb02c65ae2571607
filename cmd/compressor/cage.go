package main

import (
	"context"
	"os"
	"path/filepath"

	"compressor/internal/config"
	"compressor/internal/ffmpeg"
	"compressor/internal/jobprocess"
	"compressor/internal/problem"
	"compressor/internal/sandbox"
)

// jobLimits are what one job process may use.
func jobLimits(c config.Config) sandbox.Limits {
	return sandbox.Limits{
		Memory: int64(c.Sandbox.Memory), Output: int64(c.Sandbox.Output),
		// A video's encoder has what its wall clock allows on two cores.
		CPU: c.Sandbox.CPU, LongCPU: 2 * c.Sandbox.LongWall, Wall: c.Sandbox.Wall,
	}
}

// jobGrants are what the cage allows besides the job's own folder: the encoder of videos,
// where there is one, and the libraries it is linked to. A job whose file is no video gives
// these up before it looks at the file (package jobprocess).
func jobGrants() sandbox.Grants {
	tool := ffmpeg.Path()
	if tool == "" {
		return sandbox.Grants{}
	}
	dirs, files := ffmpeg.Libraries(tool)
	return sandbox.Grants{Tools: []string{tool}, ReadDirs: dirs, ReadFiles: files}
}

// probe finds the strongest cage that this machine allows, by attacking it.
func probe(ctx context.Context, c config.Config, dir string, want sandbox.Level) (sandbox.Status, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return sandbox.Status{}, err
	}
	return sandbox.Probe(ctx, sandbox.Options{
		WorkDir: dir, Limits: jobLimits(c), Grants: jobGrants(), Namespaces: want == sandbox.LevelFull,
	})
}

// openPool makes a pool of job processes in the strongest cage of this machine. It refuses
// to when that is weaker than the settings require.
func openPool(ctx context.Context, c config.Config, dir string, slots, spares int) (*jobprocess.Pool, sandbox.Status, error) {
	want, err := sandbox.ParseLevel(c.Sandbox.Require)
	if err != nil {
		return nil, sandbox.Status{}, err
	}
	// The attacks have a folder of their own, so that what a killed process left of them is
	// gone with the next start. Nobody else works in dir: it is the service's, or private.
	// What cannot be removed, since a dying process writes there, waits for a later start.
	attacks := filepath.Join(dir, "probe")
	_ = os.RemoveAll(attacks)
	status, err := probe(ctx, c, attacks, want)
	_ = os.RemoveAll(attacks)
	if err != nil {
		return nil, status, err
	}
	if missing := status.Missing(want); missing != "" {
		return nil, status, problem.Invalid(problem.Field{Path: "COMPRESSOR_SANDBOX_REQUIRE",
			Message: missing + " Or choose a weaker level knowingly: COMPRESSOR_SANDBOX_REQUIRE=" + status.Level.String() + "."})
	}
	pool, err := jobprocess.NewPool(jobprocess.Config{
		WorkDir: dir, Slots: slots, Spares: spares,
		Limits: jobLimits(c), LongWall: max(c.Sandbox.Wall, c.Sandbox.LongWall),
		Grants: jobGrants(), Features: status.Features,
	})
	return pool, status, err
}
