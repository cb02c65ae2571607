package sandbox

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func probe(t *testing.T, options Options) Status {
	t.Helper()
	options.WorkDir = t.TempDir()
	status, err := Probe(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(options.WorkDir)
	if err != nil || len(left) > 0 {
		t.Errorf("the probe left %v, %v", left, err)
	}
	return status
}

func refused(t *testing.T, status Status, name string) bool {
	t.Helper()
	for _, result := range status.Attacks {
		if result.Name == name {
			return result.Refused
		}
	}
	t.Fatalf("no attack named %s", name)
	return false
}

// complain lists what should have been refused and was not.
func complain(t *testing.T, status Status, level Level) {
	t.Helper()
	for _, result := range status.Attacks {
		if !result.Refused && result.Needs <= level {
			t.Errorf("%s (%s): %s", result.Name, result.What, result.Detail)
		}
	}
}

// capable says how far the kernel's abilities, not the probe, should reach.
func capable(features Features) Level {
	switch {
	case !features.Seccomp:
		return LevelLimits
	case features.Landlock == 0:
		return LevelFiltered
	}
	return LevelStrong
}

func TestProbeRefusesEveryAttackThisKernelCan(t *testing.T) {
	status := probe(t, Options{})
	t.Log(status)
	want := capable(status.Features)
	complain(t, status, want)
	if status.Level < want {
		t.Errorf("level %s, want %s", status.Level, want)
	}
	if len(status.Attacks) < 50 {
		t.Errorf("only %d attacks were tried", len(status.Attacks))
	}
	if status.Missing(status.Level) != "" {
		t.Errorf("missing: %s", status.Missing(status.Level))
	}
}

// The same attacks must succeed where nothing refuses them, or they would prove nothing.
func TestProbeWithFeaturesOff(t *testing.T) {
	succeed := []string{"read-other-job", "write-other-job", "write-outside", "overwrite-input",
		"move-input", "replace-folder", "list-root", "read-own-environment"}
	status := probe(t, Options{Off: Features{Landlock: 1}})
	if want := capable(status.Features); status.Level != want || status.Features.Landlock != 0 {
		t.Errorf("without Landlock: %s, want %s", status, want)
	}
	complain(t, status, status.Level)
	for _, name := range succeed {
		if refused(t, status, name) {
			t.Errorf("%s was refused although nothing refuses it", name)
		}
	}
	if text := status.Missing(LevelStrong); !strings.Contains(text, "Landlock is off") || !strings.Contains(text, "read-passwd") {
		t.Errorf("missing: %s", text)
	}

	status = probe(t, Options{Off: Features{Landlock: 1, Seccomp: true}})
	if status.Level != LevelLimits {
		t.Errorf("with nothing on: %s", status)
	}
	succeed = append(succeed, "truncate-input", "socket-tcp", "socket-unix", "chmod", "touch", "symlink", "hardlink", "fifo",
		"leave-group", "signal-parent", "fork", "chmod-new", "clone-new", "execute-own-copy", "execute-service")
	for _, name := range succeed {
		if refused(t, status, name) {
			t.Errorf("%s was refused although nothing refuses it", name)
		}
	}
}

func TestProbeNamespaces(t *testing.T) {
	status := probe(t, Options{Namespaces: true})
	t.Log(status)
	if !status.Features.Namespaces {
		if !strings.HasPrefix(status.Namespaces, "refused: ") {
			t.Errorf("no reason why namespaces are off: %s", status)
		}
		return
	}
	if capable(status.Features) == LevelStrong && status.Level != LevelFull {
		complain(t, status, LevelFull)
		t.Errorf("with namespaces: %s", status)
	}
	if off := probe(t, Options{Namespaces: true, Off: Features{Namespaces: true}}); off.Level == LevelFull {
		t.Errorf("full without namespaces: %s", off)
	}
}

// With a tool granted, only the file rules stand between a job and any other program. The
// cage is as strong with the file rules of older kernels, of which the first keep no signal
// inside.
func TestProbeWithTools(t *testing.T) {
	status := probe(t, Options{Grants: toolGrants("/usr/bin/sleep")})
	complain(t, status, capable(status.Features))
	if status.Level < capable(status.Features) {
		t.Errorf("level %s", status.Level)
	}
	for _, abi := range []int{1, 2, 4} {
		older := Features{Landlock: min(abi, status.Features.Landlock), Seccomp: status.Features.Seccomp}
		results, err := Attack(t.Context(), t.TempDir(), status.Limits, toolGrants("/usr/bin/sleep"), older)
		if err != nil {
			t.Fatal(err)
		}
		if level := levelOf(results); level < capable(older) {
			complain(t, Status{Level: level, Features: older, Attacks: results}, capable(older))
			t.Errorf("landlock abi %d: level %s, want %s", abi, level, capable(older))
		}
	}
}

// toolGrants lets a cage run one dynamically linked program.
func toolGrants(tool string) Grants {
	return Grants{
		Tools:     []string{tool},
		ReadFiles: []string{"/etc/ld.so.cache"},
		ReadDirs:  []string{"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"},
	}
}

func TestProbeCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status, err := Probe(ctx, Options{WorkDir: t.TempDir()}); err == nil {
		t.Errorf("a canceled probe said %s", status)
	}
}

func TestProbeWithoutFolder(t *testing.T) {
	if status, err := Probe(t.Context(), Options{WorkDir: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Errorf("a probe without a folder said %s", status)
	}
}

func TestLevelOf(t *testing.T) {
	row := func(needs Level, refused bool) AttackResult { return AttackResult{Needs: needs, Refused: refused} }
	tests := []struct {
		name string
		rows []AttackResult
		want Level
	}{
		{"all refused", []AttackResult{row(LevelFiltered, true), row(LevelStrong, true), row(LevelFull, true)}, LevelFull},
		{"one of full open", []AttackResult{row(LevelFiltered, true), row(LevelStrong, true), row(LevelFull, false)}, LevelStrong},
		{"one of strong open", []AttackResult{row(LevelStrong, false), row(LevelFull, true)}, LevelFiltered},
		{"one of filtered open", []AttackResult{row(LevelStrong, true), row(LevelFiltered, false), row(LevelFull, false)}, LevelLimits},
	}
	for _, test := range tests {
		if got := levelOf(test.rows); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestLevelWords(t *testing.T) {
	for level := LevelLimits; level <= LevelFull; level++ {
		text, err := level.MarshalText()
		var back Level
		if err != nil || back.UnmarshalText(text) != nil || back != level {
			t.Errorf("%s became %s, %v", level, back, err)
		}
	}
	if _, err := ParseLevel("medium"); err == nil || !strings.Contains(err.Error(), "limits, filtered, strong, full") {
		t.Errorf("medium: %v", err)
	}
}

func TestAttackNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range attackList(false) {
		if seen[a.name] || a.what == "" || a.needs == LevelLimits {
			t.Errorf("attack %q: twice, without words, or needed at no level", a.name)
		}
		seen[a.name] = true
	}
}
