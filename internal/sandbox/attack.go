package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// AttackRole is the hidden role in which the binary attacks itself: its main must call
// [ServeAttack] when this is its first argument.
const AttackRole = "attack-self"

// AttackResult is one row of the list of attacks. Rows and their order are stable.
type AttackResult struct {
	Name    string `json:"name"`    // kebab-case, stable
	What    string `json:"what"`    // what was tried, in words
	Needs   Level  `json:"needs"`   // the lowest level at which it must be refused
	Refused bool   `json:"refused"` // true only if something said no
	Detail  string `json:"detail"`  // what happened
}

// bait is what the attacks aim at. It crosses to the child as one JSON line.
type bait struct {
	Input   string // the attacker's own input: readable only
	Scratch string // the folder it may write in
	Victim  string // another job's folder, with a file named "in"
	Outside string // a folder of the service that is no job's
	Parent  int    // the service
	Program string // a program of this machine, or ""
	Loader  string // the dynamic loader of Program, or ""
	Network string // the service's network namespace
	Skip    int    // attacks already done
}

// attackReply is one line of the attacker.
type attackReply struct {
	Index   int
	Started bool // about to try; the attack may end the process
	Refused bool
	Detail  string
}

// Attack runs every attack inside a cage of these features and grants, built in a fresh
// folder below workDir, and reports what happened to each. An error means that the cage
// could not be built or its process misbehaved, not that an attack succeeded.
func Attack(ctx context.Context, workDir string, limits Limits, grants Grants, features Features) ([]AttackResult, error) {
	grants, err := grants.Resolve()
	if err != nil {
		return nil, err
	}
	base, err := os.MkdirTemp(workDir, "attack-")
	if err == nil {
		base, err = filepath.Abs(base)
	}
	if err != nil {
		return nil, fmt.Errorf("sandbox: attack folder: %w", err)
	}
	defer os.RemoveAll(base)
	target, err := layBait(base)
	if err != nil {
		return nil, fmt.Errorf("sandbox: attack folder: %w", err)
	}
	spec := Spec{
		Role: AttackRole, Folder: filepath.Join(base, "job"), Writable: target.Scratch,
		Limits: limits, Grants: grants, Features: features,
	}
	attacks := attackList(len(grants.Tools) > 0)
	results := make([]AttackResult, len(attacks))
	for i, a := range attacks {
		results[i] = AttackResult{Name: a.name, What: a.what, Needs: a.needs, Detail: "not tried"}
	}
	for target.Skip < len(attacks) {
		// An attack may end its process; the next process goes on behind it.
		next, err := attackOnce(ctx, spec, target, attacks, results)
		if err != nil {
			return nil, err
		}
		target.Skip = next
	}
	return results, nil
}

// layBait makes the folders and files that the attacks aim at.
func layBait(base string) (bait, error) {
	b := bait{
		Input: filepath.Join(base, "job", "in"), Scratch: filepath.Join(base, "job", "out"),
		Victim: filepath.Join(base, "victim"), Outside: base, Parent: os.Getpid(),
	}
	b.Program = firstProgram()
	if b.Program != "" {
		b.Loader, _ = interpreter(b.Program)
	}
	b.Network, _ = os.Readlink("/proc/self/ns/net")
	for _, folder := range []string{b.Scratch, b.Victim} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return bait{}, err
		}
	}
	if err := os.WriteFile(filepath.Join(b.Victim, "in"), []byte("another customer's file"), 0o600); err != nil {
		return bait{}, err
	}
	return b, layInput(b)
}

// layInput makes the attacker's input a program, which it will try to run as its own.
func layInput(b bait) error {
	source := b.Program
	if source == "" {
		source = own
	}
	from, err := os.Open(source)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(b.Input, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// firstProgram finds a small program that ends at once; images without a shell may have none.
func firstProgram() string {
	for _, path := range []string{"/usr/bin/id", "/bin/id", "/usr/bin/true", "/bin/true"} {
		if found := resolve([]string{path}); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

// attackOnce runs one attacker from target.Skip on and returns the index to go on with.
func attackOnce(ctx context.Context, spec Spec, target bait, attacks []attack, results []AttackResult) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	process, err := Start(ctx, spec)
	if err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, process.Kill)
	defer stop()
	limit := time.AfterFunc(20*time.Second, process.Kill)
	defer limit.Stop()
	err = process.Send(target)
	trying := -1
	for err == nil {
		var reply attackReply
		if err = process.Receive(&reply); err != nil {
			break
		}
		if reply.Index < 0 || reply.Index >= len(results) {
			err = fmt.Errorf("attack %d does not exist", reply.Index)
			break
		}
		trying = reply.Index
		if !reply.Started {
			results[trying].Refused, results[trying].Detail = reply.Refused, reply.Detail
			target.Skip = trying + 1
		}
	}
	process.Kill()
	death := process.Wait()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if target.Skip == len(attacks) {
		return target.Skip, nil
	}
	if trying < target.Skip { // it died between two attacks, or before the first
		return 0, fmt.Errorf("sandbox: the attacking process ended early: %w (%s, %s): %s",
			err, death.Cause, death.Status, firstLine(death.Stderr))
	}
	results[trying].Refused, results[trying].Detail = judgeDeath(death)
	results[trying].Refused = results[trying].Refused && attacks[trying].lethal
	return trying + 1, nil
}

// judgeDeath tells whether an attack that ended its process was refused thereby.
func judgeDeath(death Death) (refused bool, detail string) {
	switch {
	case death.Signal == unix.SIGSYS:
		return true, "the kernel ended the process for it"
	case death.Cause == Crashed && strings.Contains(death.Stderr, "SIGSEGV"):
		return true, "there is no such entry here: the processor faulted"
	}
	return false, "the process ended (" + death.Status + ")"
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// ServeAttack is the attacker: it enters the cage and tries everything.
func ServeAttack() error {
	cell, err := Enter()
	if err != nil {
		return err
	}
	var target bait
	if err := cell.Receive(&target); err != nil {
		return err
	}
	for i, a := range attackList(len(cell.Spec.Grants.Tools) > 0) {
		if i < target.Skip {
			continue
		}
		if err := cell.Send(attackReply{Index: i, Started: true}); err != nil {
			return err
		}
		refused, detail := judge(a.try(target))
		if err := cell.Send(attackReply{Index: i, Refused: refused, Detail: detail}); err != nil {
			return err
		}
	}
	return nil
}
