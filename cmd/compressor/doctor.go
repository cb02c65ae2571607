package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"compressor/internal/config"
	"compressor/internal/database"
	"compressor/internal/deflate"
	"compressor/internal/ffmpeg"
	"compressor/internal/problem"
	"compressor/internal/sandbox"
	"compressor/internal/ssimulacra2"
	"compressor/internal/vips"
)

// What a check may come to.
const (
	checkOK   = "ok"
	checkWarn = "warn" // works, but worth a look
	checkFail = "fail" // will not work
)

// check is one line of the doctor.
type check struct {
	Name  string `json:"name"`
	State string `json:"state"` // ok, warn or fail
	Found string `json:"found"`
	Fix   string `json:"fix,omitempty"` // what to do about it
}

// diagnosis is all that the doctor found.
type diagnosis struct {
	Checks   []check                `json:"checks"`
	Required sandbox.Level          `json:"sandbox_required"`
	Reached  *sandbox.Level         `json:"sandbox_reached,omitempty"` // nil: no process could be caged
	Attacks  []sandbox.AttackResult `json:"attacks,omitempty"`         // with --attack
}

const doctorHelp = `Usage: compressor doctor [--attack] [--json]

Checks what this machine has: versions, the cage of the job processes, memory, disk,
database, settings. Every line is ok, warn or fail, with what to do about it. Changes
nothing, but for a database of an older version, which is brought up to date.

The exit code is 6 if something failed, or if an attack that the required level of the
cage (COMPRESSOR_SANDBOX_REQUIRE) must refuse was not refused.`

// doctor is the verb that checks what this machine has.
func doctor(ctx context.Context, args []string, t terminal) error {
	attack, asJSON := false, false
	flags := []flag{
		onFlag("--attack", "Let a job process attack its own cage, and list what was refused.", &attack),
		onFlag("--json", "Print a JSON document.", &asJSON),
	}
	if t.helped(args, doctorHelp, flags) {
		return nil
	}
	loaded, err := t.readOnly(args, flags)
	if err != nil {
		return err
	}
	want, err := sandbox.ParseLevel(loaded.Sandbox.Require)
	if err != nil {
		return err
	}
	d, err := diagnose(ctx, loaded, want)
	if err != nil {
		return err
	}
	if !attack {
		d.Attacks = nil
	}
	if asJSON {
		err = t.json(d)
	} else {
		err = t.diagnosis(d)
	}
	for _, c := range d.Checks {
		if c.State == checkFail {
			return errors.Join(err, errPartly{problem.ExitOutside})
		}
	}
	return err
}

// diagnose makes all checks. An error means that it was interrupted or has no place to work.
func diagnose(ctx context.Context, loaded config.Loaded, want sandbox.Level) (diagnosis, error) {
	v := readVersions()
	d := diagnosis{Required: want, Checks: []check{
		{Name: "compressor", State: checkOK, Found: fmt.Sprintf("%s, engine %d, %s, %s", v.Compressor, v.Engine, v.Go, v.System)},
		checkVips(), checkFFmpeg(), checkProcessor(),
	}}
	dir, err := os.MkdirTemp("", "compressor-")
	if err != nil {
		return d, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // nothing of worth is in it
	status, err := probe(ctx, loaded.Config, dir, want)
	if ctx.Err() != nil {
		return d, ctx.Err()
	}
	if err == nil {
		d.Reached, d.Attacks = &status.Level, status.Attacks
	}
	d.Checks = append(d.Checks, checkCage(status, want, err), checkMemory(loaded.Config),
		checkDisk(loaded.Server), checkDatabase(ctx, loaded.Server.Data))
	for _, w := range loaded.Warnings {
		d.Checks = append(d.Checks, check{Name: "settings", State: checkWarn, Found: w, Fix: "compressor config lists those there are."})
	}
	if len(loaded.Warnings) == 0 {
		d.Checks = append(d.Checks, check{Name: "settings", State: checkOK, Found: counted(given(loaded.Settings), "setting") + " given, the rest by default"})
	}
	return d, nil
}

// given counts the settings that are not at their defaults' word.
func given(settings []config.Setting) (n int) {
	for _, s := range settings {
		if s.Source != config.SourceDefault {
			n++
		}
	}
	return n
}

func checkVips() check {
	// In this process and uncaged, since no stranger's file is read.
	if err := vips.Start(); err != nil {
		return check{Name: "libvips", State: checkFail, Found: err.Error(), Fix: "Install the prebuilt libvips: make build does."}
	}
	return check{Name: "libvips", State: checkOK, Found: vips.Version() + ", libdeflate " + deflate.Version()}
}

func checkFFmpeg() check {
	path := ffmpeg.Path()
	if path == "" {
		return check{Name: "ffmpeg", State: checkWarn, Found: "not installed: no video is encoded",
			Fix: "Install Debian's package ffmpeg, or refuse videos knowingly: they are answered format-unsupported, but for lossless."}
	}
	return check{Name: "ffmpeg", State: checkOK, Found: path}
}

func checkProcessor() check {
	cores := fmt.Sprintf("%d×", runtime.NumCPU())
	if ssimulacra2.Fast() {
		return check{Name: "processor", State: checkOK, Found: cores + " with AVX2 and FMA: the fast metric"}
	}
	return check{Name: "processor", State: checkWarn, Found: cores + " without AVX2 and FMA: the portable metric",
		Fix: "Results are the same, but take several times as long; use a processor of 2015 or later."}
}

func checkCage(status sandbox.Status, want sandbox.Level, err error) check {
	c := check{Name: "sandbox", State: checkOK, Found: status.String()}
	missing := status.Missing(want)
	switch {
	case err != nil:
		c.State, c.Found, c.Fix = checkFail, "no process can be caged: "+rootCause(err).Error(), "Use Linux 5.13 or later, and a container profile that allows seccomp and Landlock."
	case missing != "":
		c.State, c.Fix = checkFail, missing+" Or choose a weaker level knowingly: COMPRESSOR_SANDBOX_REQUIRE="+status.Level.String()+"."
	case status.Level < sandbox.LevelStrong:
		c.State, c.Fix = checkWarn, status.Missing(sandbox.LevelStrong)
	}
	return c
}

// checkMemory compares what all job processes may use at once with what there is.
func checkMemory(c config.Config) check {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return check{Name: "memory", State: checkWarn, Found: "unknown: " + err.Error()}
	}
	have, may := int64(info.Totalram)*int64(info.Unit), int64(c.Jobs.Slots+1)*int64(c.Sandbox.Memory) // one more is a guest's
	found := fmt.Sprintf("%s; %s at once may use %s", size(have), counted(c.Jobs.Slots+1, "job"), size(may))
	if may > have {
		return check{Name: "memory", State: checkWarn, Found: found, Fix: "Lower COMPRESSOR_SLOTS or COMPRESSOR_JOB_MEMORY, or the kernel may end processes under load."}
	}
	return check{Name: "memory", State: checkOK, Found: found}
}

// checkDisk looks at the data folder, or where it would be made.
func checkDisk(s config.Server) check {
	c := check{Name: "data folder", State: checkOK}
	at, err := filepath.Abs(s.Data)
	if err != nil {
		return check{Name: c.Name, State: checkFail, Found: rootCause(err).Error(), Fix: "Set COMPRESSOR_DATA to a folder."}
	}
	made := ""
	for !isFolder(at) && at != filepath.Dir(at) {
		at, made = filepath.Dir(at), ", will be made"
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(at, &disk); err != nil {
		return check{Name: c.Name, State: checkFail, Found: s.Data + ": " + err.Error(), Fix: "Set COMPRESSOR_DATA to a folder."}
	}
	free := int64(disk.Bavail) * disk.Bsize
	c.Found = fmt.Sprintf("%s%s: %s free", s.Data, made, size(free))
	switch {
	case unix.Access(at, unix.W_OK|unix.X_OK) != nil:
		c.State, c.Fix = checkFail, "Cannot be written to: give it to this user, or set COMPRESSOR_DATA."
	case free < int64(s.MinFree):
		c.State, c.Fix = checkFail, fmt.Sprintf("Below %s nothing new is accepted: free some space, or lower COMPRESSOR_MIN_FREE.", size(int64(s.MinFree)))
	}
	return c
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// checkDatabase opens the database if there is one; it makes none.
func checkDatabase(ctx context.Context, dir string) check {
	c := check{Name: "database", State: checkOK, Found: "none yet; it is made at the first start"}
	if _, err := os.Stat(filepath.Join(dir, database.File)); errors.Is(err, os.ErrNotExist) {
		return c
	}
	db, err := database.Open(ctx, dir)
	if err == nil {
		if err = db.Ping(ctx); err == nil {
			c.Found, err = db.Version(ctx)
		}
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		c.State, c.Found, c.Fix = checkFail, err.Error(), "Restore the data folder from a backup, or set COMPRESSOR_DATA to another."
	}
	return c
}

// diagnosis prints what was found.
func (t terminal) diagnosis(d diagnosis) error {
	for _, c := range d.Checks {
		if _, err := fmt.Fprintf(t.out, "%-4s  %-11s  %s\n", c.State, c.Name, printable(c.Found)); err != nil {
			return err
		}
		if c.Fix != "" {
			writeText(t.out, "                   → ", "                     ", c.Fix)
		}
	}
	if d.Attacks == nil {
		return nil
	}
	if _, err := fmt.Fprintf(t.out, "\nAttacks on the cage, which is required to be %s:\n", d.Required); err != nil {
		return err
	}
	var rows [][]string
	for _, a := range d.Attacks {
		result := "refused"
		switch {
		case a.Refused:
		case a.Needs <= d.Required:
			result = "NOT REFUSED"
		default:
			result = "open" // only a higher level than the required one refuses it
		}
		rows = append(rows, []string{result, a.Needs.String(), a.Name, printable(a.What), printable(a.Detail)})
	}
	return t.table([]string{"RESULT", "LEVEL", "ATTACK", "WHAT WAS TRIED", "WHAT HAPPENED"}, rows)
}
