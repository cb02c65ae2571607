package sandbox

import (
	"context"
	"fmt"
	"strings"

	seccomp "github.com/elastic/go-seccomp-bpf"
)

// Options say how to probe.
type Options struct {
	WorkDir string // where the attacks' folder is made
	Limits  Limits
	Grants  Grants
	// Namespaces asks for the level full. Off by default: a process with namespaces of its
	// own cannot be started by vfork, so that each start copies the service's page tables
	// (1 ms became 5 to 20 ms, growing with the service's memory).
	Namespaces bool
	// Off leaves features out, for tests of the lower levels.
	Off Features
}

// Status is what the probe found. Its text is one line, the same everywhere.
type Status struct {
	Level      Level          `json:"level"`
	Features   Features       `json:"features"`
	Namespaces string         `json:"namespaces"` // why they are off, or "on"
	Limits     Limits         `json:"limits"`
	Attacks    []AttackResult `json:"attacks"`
}

// Probe builds the strongest cage this machine allows, lets a child attack itself in it,
// and tells the level from what was refused. An error means that no process can be caged
// at all.
func Probe(ctx context.Context, options Options) (Status, error) {
	off := forcedOff(options.Off)
	status := Status{Limits: options.Limits.OrDefault(), Namespaces: "not asked for"}
	if off.Landlock == 0 {
		status.Features.Landlock = landlockABI()
	}
	status.Features.Seccomp = !off.Seccomp && seccomp.Supported()
	if options.Namespaces && !off.Namespaces {
		status.Features.Namespaces = true
		if err := status.attack(ctx, options); err == nil {
			status.Namespaces = "on"
			return status, nil
		} else if ctx.Err() != nil {
			return Status{}, ctx.Err()
		} else {
			status.Namespaces = "refused: " + rootCause(err)
		}
		status.Features.Namespaces = false
	}
	if err := status.attack(ctx, options); err != nil {
		return Status{}, err
	}
	return status, nil
}

// attack runs the attacks with the features of s and sets the level.
func (s *Status) attack(ctx context.Context, options Options) error {
	results, err := Attack(ctx, options.WorkDir, s.Limits, options.Grants, s.Features)
	if err != nil {
		return err
	}
	s.Attacks = results
	s.Level = levelOf(results)
	return nil
}

// levelOf is the highest level at which every attack was refused that must be.
func levelOf(results []AttackResult) Level {
	level := LevelFull
	for _, result := range results {
		if !result.Refused && result.Needs <= level {
			level = result.Needs - 1 // Needs is never LevelLimits
		}
	}
	return level
}

// Missing says what keeps this machine below want, and what to do about it; it is empty
// when want is reached.
func (s Status) Missing(want Level) string {
	if s.Level >= want {
		return ""
	}
	var open []string
	for _, result := range s.Attacks {
		if !result.Refused && result.Needs <= want {
			open = append(open, result.Name)
		}
	}
	reason := fmt.Sprintf("sandbox level %s is required and %s was reached; not refused: %s.",
		want, s.Level, strings.Join(open, ", "))
	switch {
	case !s.Features.Seccomp && want >= LevelFiltered:
		reason += " The kernel has no seccomp filters: use a kernel with CONFIG_SECCOMP_FILTER."
	case s.Features.Landlock == 0 && want >= LevelStrong:
		reason += " Landlock is off: use Linux 5.13 or later with landlock in the lsm= list," +
			" and a container profile that allows its calls."
	case !s.Features.Namespaces && want >= LevelFull:
		reason += " User namespaces are off (" + s.Namespaces + ")."
	}
	return reason
}

// String is the status line, such as "sandbox strong: landlock abi 7, seccomp on,
// namespaces off (not asked for), memory 1024 MiB, wall 60 s".
func (s Status) String() string {
	landlock, filters, namespaces := "off", "off", "off ("+s.Namespaces+")"
	if s.Features.Landlock > 0 {
		landlock = fmt.Sprintf("abi %d", s.Features.Landlock)
	}
	if s.Features.Seccomp {
		filters = "on"
	}
	if s.Features.Namespaces {
		namespaces = "on"
	}
	return fmt.Sprintf("sandbox %s: landlock %s, seccomp %s, namespaces %s, memory %d MiB, wall %d s",
		s.Level, landlock, filters, namespaces, s.Limits.Memory>>20, int(s.Limits.Wall.Seconds()))
}

// rootCause is the innermost error's text: the kernel's word, without our folders.
func rootCause(err error) string {
	for {
		wrapped, ok := err.(interface{ Unwrap() error })
		if !ok || wrapped.Unwrap() == nil {
			return err.Error()
		}
		err = wrapped.Unwrap()
	}
}
