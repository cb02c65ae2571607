package main

import (
	"context"
	"os"

	"compressor/internal/config"
	"compressor/internal/sandbox"
)

// jobLimits are what one job process may use.
func jobLimits(c config.Config) sandbox.Limits {
	return sandbox.Limits{
		Memory: int64(c.Sandbox.Memory), Output: int64(c.Sandbox.Output),
		CPU: c.Sandbox.CPU, Wall: c.Sandbox.Wall,
	}
}

// jobGrants are what the cage allows besides the job's own folder: nothing. Pictures need
// no font, no tool and no device.
func jobGrants() sandbox.Grants { return sandbox.Grants{} }

// probe finds the strongest cage that this machine allows, by attacking it.
func probe(ctx context.Context, c config.Config, dir string, want sandbox.Level) (sandbox.Status, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return sandbox.Status{}, err
	}
	return sandbox.Probe(ctx, sandbox.Options{
		WorkDir: dir, Limits: jobLimits(c), Grants: jobGrants(), Namespaces: want == sandbox.LevelFull,
	})
}
