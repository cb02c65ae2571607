package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"compressor/internal/blob"
)

// script is the other side's, run from the project's root.
const script = "cmd/bench-engine/encode.mjs"

// node is the running script.
type node struct {
	process *exec.Cmd
	ask     io.WriteCloser
	answers *bufio.Scanner
}

// ask is one request to the script; encode.mjs tells what each field is for.
type ask struct {
	Op      string         `json:"op"`
	In      string         `json:"in,omitempty"`
	Out     string         `json:"out,omitempty"`
	Format  string         `json:"format,omitempty"`
	Options map[string]any `json:"options,omitempty"`
}

// node starts the script at the first call.
func (b *bench) node() (*node, error) {
	if b.peer != nil {
		return b.peer, nil
	}
	cmd := exec.Command("node", script)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("node (make bench-engine installs what it needs): %w", err)
	}
	b.peer = &node{process: cmd, ask: in, answers: bufio.NewScanner(out)}
	return b.peer, nil
}

// stop ends the script by ending its input.
func (n *node) stop() {
	n.ask.Close()
	_ = n.process.Wait() // nothing is wanted of it any more
}

// do asks the script for one thing.
func (n *node) do(a ask) (cost, error) {
	line, err := json.Marshal(a)
	if err != nil {
		return cost{}, err
	}
	if _, err := n.ask.Write(append(line, '\n')); err != nil {
		return cost{}, err
	}
	if !n.answers.Scan() {
		return cost{}, errors.Join(errors.New("node ended"), n.answers.Err())
	}
	var answer struct {
		Wall, CPU float64
		Error     string
	}
	if err := json.Unmarshal(n.answers.Bytes(), &answer); err != nil {
		return cost{}, err
	}
	if answer.Error != "" {
		return cost{}, fmt.Errorf("node: %s %s: %s", a.Op, a.Format, answer.Error)
	}
	milli := float64(time.Millisecond)
	return cost{wall: time.Duration(answer.Wall * milli), cpu: time.Duration(answer.CPU * milli), encodes: 1}, nil
}

// made asks the script for a file.
func (b *bench) made(a ask, suffix string) (blob.Blob, cost, error) {
	n, err := b.node()
	if err != nil {
		return blob.Blob{}, cost{}, err
	}
	a.Out = b.fresh(suffix)
	spent, err := n.do(a)
	if err != nil {
		return blob.Blob{}, spent, err
	}
	got, err := blob.Of(a.Out)
	return got, spent, err
}

// tool runs a program and times it. It gives its exit code; other failures are errors.
func tool(name string, args ...string) (code int, spent cost, err error) {
	cmd := exec.Command(name, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	start := time.Now()
	err = cmd.Run()
	spent = cost{wall: time.Since(start), encodes: 1}
	if cmd.ProcessState != nil {
		spent.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Exited() {
		return exit.ExitCode(), spent, nil
	}
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", name, err, said.String())
	}
	return 0, spent, err
}
