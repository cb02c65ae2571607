// Package enginejob is the engine as a job process runs it: what is asked and answered
// across the cage, and the few lines on either side of it. The server and the command
// line share it, so that a file meets the same engine in the same cage either way.
package enginejob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/jobprocess"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// Ask is what one job process is to do with its file.
type Ask struct {
	Recipe recipe.Recipe `json:"recipe"`
	Named  []string      `json:"named,omitempty"` // option groups that the client named
	Limits codec.Limits  `json:"limits"`
	Budget engine.Budget `json:"budget"`
}

// Answer is what came of it.
type Answer struct {
	Input  report.File   `json:"input"`
	Output report.File   `json:"output"`
	Report report.Report `json:"report"` // in full

	// EngineMillis is how long the engine worked, wall clock. It is no part of a reply's
	// body, which must not depend on load.
	EngineMillis float64 `json:"engine_ms"`
}

// resultName is the result's file in the job's folder.
const resultName = "result"

// Handler is the job's side: it runs e on the one file of the job.
func Handler(e *engine.Engine) func(context.Context, jobprocess.Job) (jobprocess.Outcome, error) {
	return func(ctx context.Context, j jobprocess.Job) (jobprocess.Outcome, error) {
		var ask Ask
		if err := json.Unmarshal(j.Request.Recipe, &ask); err != nil {
			return jobprocess.Outcome{}, fmt.Errorf("ask: %w", err)
		}
		source, err := blob.Of(j.Input)
		if err != nil {
			return jobprocess.Outcome{}, err
		}
		start := time.Now()
		out, err := e.Compress(ctx, engine.Request{
			Source: source, Name: j.Request.Name, Recipe: ask.Recipe, Named: ask.Named,
			Limits: ask.Limits, Budget: ask.Budget,
			Progress: func(p engine.Progress) { j.Progress(jobprocess.Progress(p)) },
		}, blob.NewScratch(j.Out))
		if err != nil {
			return jobprocess.Outcome{}, err
		}
		return outcome(j, source, out, time.Since(start))
	}
}

// reportBytes is how large a report may be in an answer. It leaves the rest of what a job
// process may say, and a client may be sent, to the descriptions of the files.
const reportBytes = 4 << 20

// outcome leaves the result where the server looks for it.
func outcome(j jobprocess.Job, source blob.Blob, out engine.Outcome, took time.Duration) (jobprocess.Outcome, error) {
	answer, err := json.Marshal(Answer{
		Input: out.Input, Output: out.Output, Report: out.Report.Within(reportBytes),
		EngineMillis: float64(took.Microseconds()) / 1000,
	})
	if err != nil {
		return jobprocess.Outcome{}, err
	}
	if out.Result.Path() == source.Path() {
		return jobprocess.Outcome{Report: answer}, nil
	}
	if err := os.Rename(out.Result.Path(), filepath.Join(j.Out, resultName)); err != nil {
		return jobprocess.Outcome{}, err
	}
	return jobprocess.Outcome{File: resultName, Report: answer}, nil
}

// Done is a finished job on the server's side. It must be closed.
type Done struct {
	Answer
	Process *jobprocess.Result // File is nil if the input itself is the result
}

// Close removes what the job left.
func (d *Done) Close() error { return d.Process.Close() }

// Run is the other side: it has a job process in slot do ask on the file at input. What
// the process says of the result is checked against the file itself, as far as that
// needs no parsing: its size and its hash.
func Run(ctx context.Context, slot *jobprocess.Slot, input, name string, ask Ask, progress func(jobprocess.Progress)) (*Done, error) {
	raw, err := json.Marshal(ask)
	if err != nil {
		return nil, err
	}
	like, err := natureOf(input)
	if err != nil {
		return nil, err
	}
	request := jobprocess.Request{Name: name, Recipe: raw, Film: like.film, Long: like.film || like.archive}
	result, err := slot.Run(ctx, input, request, progress)
	if err != nil {
		return nil, err
	}
	d := &Done{Process: result}
	if err := d.read(); err != nil {
		d.Close()
		return nil, problem.New(problem.WorkerDied).Because(err)
	}
	return d, nil
}

func (d *Done) read() error {
	if err := json.Unmarshal(d.Process.Report, &d.Answer); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if d.Process.File == nil {
		if d.Output.Size != d.Input.Size || d.Output.SHA256 != d.Input.SHA256 {
			return errors.New("the job left no result and says it is not the input")
		}
		return nil
	}
	b, err := blob.Of(d.Process.Path)
	if err != nil {
		return err
	}
	if b.Size != d.Output.Size || b.Sum.String() != d.Output.SHA256 {
		return errors.New("the result is not the file that the job describes")
	}
	return nil
}
