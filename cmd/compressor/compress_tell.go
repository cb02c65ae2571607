package main

import (
	"fmt"
	"math"
	"strings"

	"compressor/internal/problem"
	"compressor/internal/report"
)

// fileResult is one file as --json tells it: input, output and report, or message, code and
// errors, are those of the HTTP replies.
type fileResult struct {
	Path    string          `json:"path"`
	State   string          `json:"state"`            // smaller, larger, unchanged, not-handled or failed
	Result  string          `json:"result,omitempty"` // path of the result, if one was written
	Input   *report.File    `json:"input,omitempty"`
	Output  *report.File    `json:"output,omitempty"`
	Report  *report.Report  `json:"report,omitempty"`
	Message string          `json:"message,omitempty"`
	Code    problem.Code    `json:"code,omitempty"`
	Errors  []problem.Field `json:"errors,omitempty"`
}

// totals are the sums over the files that were done.
type totals struct {
	Files        int     `json:"files"` // all, also those that were not done
	Before       int64   `json:"before"`
	After        int64   `json:"after"`
	SavedBytes   int64   `json:"saved_bytes"`
	SavedPercent float64 `json:"saved_percent"`
	Smaller      int     `json:"smaller"`
	Larger       int     `json:"larger"` // another format, size or quality was asked for
	Unchanged    int     `json:"unchanged"`
	NotHandled   int     `json:"not_handled"`
	Failed       int     `json:"failed"`
}

// States of a file.
const (
	stateSmaller    = "smaller"
	stateLarger     = "larger"
	stateUnchanged  = "unchanged"
	stateNotHandled = "not-handled"
	stateFailed     = "failed"
)

// state says in one word what came of a file.
func (o outcome) state() string {
	switch {
	case o.skip:
		return stateNotHandled
	case o.err != nil:
		return stateFailed
	case o.answer.Output.SHA256 == o.answer.Input.SHA256, o.inPlace && o.saved == "":
		return stateUnchanged
	case o.answer.Output.Size < o.answer.Input.Size:
		return stateSmaller
	}
	return stateLarger
}

// sizes are those of the file before and of what stands for it now.
func (o outcome) sizes() (before, after int64) {
	before, after = o.answer.Input.Size, o.answer.Output.Size
	if o.inPlace && o.saved == "" {
		after = before
	}
	return before, after
}

// sum adds up.
func sum(outcomes []outcome) totals {
	t := totals{Files: len(outcomes)}
	for _, o := range outcomes {
		switch o.state() {
		case stateSmaller:
			t.Smaller++
		case stateLarger:
			t.Larger++
		case stateUnchanged:
			t.Unchanged++
		case stateNotHandled:
			t.NotHandled++
			continue
		default:
			t.Failed++
			continue
		}
		before, after := o.sizes()
		t.Before, t.After = t.Before+before, t.After+after
	}
	t.SavedBytes, t.SavedPercent = t.Before-t.After, math.Round(100*share(t.Before, t.After))/100
	return t
}

// share is what was saved, of 100.
func share(before, after int64) float64 {
	if before == 0 {
		return 0
	}
	return 100 * float64(before-after) / float64(before)
}

// results prints what came of all files.
func (t terminal) results(o order, outcomes []outcome) error {
	for _, out := range outcomes {
		if out.err != nil && !problem.Has(out.err, problem.Canceled) {
			t.complain(out)
		}
	}
	if o.asJSON {
		return t.resultsJSON(o, outcomes)
	}
	var rows [][]string
	for _, out := range outcomes {
		rows = append(rows, out.row())
		if o.detail == report.Full && out.answer != nil {
			rows = append(rows, fullRows(out.answer.Report)...)
		}
	}
	if err := t.table([]string{"FILE", ">BEFORE", ">AFTER", ">SAVED", ">SCORE", "WHY"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.out, "\n"+sum(outcomes).String())
	return err
}

// complain tells of a failure on the standard error, with its cause where the file is not
// to blame.
func (t terminal) complain(o outcome) {
	p := problem.From(o.err)
	t.tell("%s: %s", o.path, p.Message)
	for _, f := range p.Fields {
		t.tell("  %s: %s", f.Path, f.Message)
	}
	if cause := p.Cause(); cause != nil && (p.Code == problem.Internal || p.Code == problem.WorkerDied) {
		for line := range strings.SplitSeq(strings.TrimSpace(cause.Error()), "\n") {
			t.tell("  %s", line)
		}
	}
}

// row is one file of the table.
func (o outcome) row() []string {
	name := printable(o.path)
	switch o.state() {
	case stateNotHandled:
		return []string{name, size(o.info.Size()), "-", "-", "-", "not handled"}
	case stateFailed:
		before := "-"
		if o.info != nil {
			before = size(o.info.Size())
		}
		return []string{name, before, "-", "-", "-", "failed: " + printable(problem.From(o.err).Message)}
	}
	before, after := o.sizes()
	r := o.answer.Report
	why := strings.ReplaceAll(string(r.Reason), "-", " ")
	switch {
	case o.inPlace && o.saved == "" && r.Chosen != report.Original:
		why = "left as it is: the result is not smaller"
	case r.Why != "":
		why += ": " + r.Why
	case r.Chosen != report.Original:
		why += ": " + r.Chosen
	}
	if len(r.Ignored) > 0 {
		why += "; ignored: " + strings.Join(r.Ignored, ", ")
	}
	return []string{name, size(before), size(after), percent(share(before, after)), score(r.Score), printable(why)}
}

// fullRows lists all that was tried, dropped and noted, for --report full.
func fullRows(r report.Report) (rows [][]string) {
	for _, a := range r.Attempts {
		made := "-"
		if a.Size > 0 {
			made = size(a.Size)
		}
		rows = append(rows, []string{
			"  " + printable(a.Label), "", made, "", score(a.Score),
			printable(fmt.Sprintf("%s (%d ms)", strings.ReplaceAll(a.Verdict, "-", " "), a.Milliseconds)),
		})
	}
	for _, lost := range r.Lost {
		rows = append(rows, []string{"  dropped", "", "", "", "", printable(lost)})
	}
	for _, note := range r.Notes {
		rows = append(rows, []string{"  note", "", "", "", "", printable(note)})
	}
	return rows
}

// String is the last line of the table.
func (t totals) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{
		{t.Smaller, "smaller"}, {t.Larger, "larger, as asked for"}, {t.Unchanged, "as before"},
		{t.NotHandled, "not handled"}, {t.Failed, "failed"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	line := counted(t.Files, "file")
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, ", ")
	}
	if t.Before > 0 {
		line += fmt.Sprintf("; %s became %s, %s saved", size(t.Before), size(t.After), percent(t.SavedPercent))
	}
	return line
}

// resultsJSON prints the same as one document.
func (t terminal) resultsJSON(o order, outcomes []outcome) error {
	files := []fileResult{}
	for _, out := range outcomes {
		f := fileResult{Path: out.path, State: out.state(), Result: out.saved}
		if out.answer != nil {
			f.Input, f.Output, f.Report = &out.answer.Input, &out.answer.Output, out.answer.Report.Trim(o.detail)
		}
		if out.err != nil {
			p := problem.From(out.err)
			f.Message, f.Code, f.Errors = p.Message, p.Code, p.Fields
		}
		files = append(files, f)
	}
	return t.json(struct {
		Files []fileResult `json:"files"`
		Total totals       `json:"total"`
	}{files, sum(outcomes)})
}
