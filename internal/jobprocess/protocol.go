package jobprocess

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"compressor/internal/problem"
)

// Role is the first argument of the binary in its job role: main must call [Serve] then.
const Role = "job"

// Names in a job's private folder.
const (
	inputName = "in"  // the input, read-only inside the cage
	outName   = "out" // the only folder a job may write in
)

// Request is what the service asks of one job process.
type Request struct {
	Name       string          `json:"name"`   // the file's name as the client gave it: a hint, never a path
	Recipe     json.RawMessage `json:"recipe"` // what the client asked for
	Limits     EngineLimits    `json:"limits"`
	FullReport bool            `json:"full_report,omitempty"` // every attempt, not only the chosen one

	// Film says that the file looks like a video, as far as the service can tell without
	// parsing it: its job may use the tools. Long says that it looks like one or like an
	// archive, which may be as much work as all its members: its job may run for as long as
	// Config.LongWall and use Limits.LongCPU.
	Film bool `json:"film,omitempty"`
	Long bool `json:"long,omitempty"`
}

// EngineLimits are the limits the engine itself keeps, so that a file over them gets a
// clear answer; those of the cage end the process.
type EngineLimits struct {
	Pixels int64 `json:"pixels"` // per picture, checked in the header before decoding
}

// Progress says how far a job is. Percent is 0 to 100 and never falls.
type Progress struct {
	Phase   string  `json:"phase"` // such as "encoding"
	Done    int64   `json:"done"`  // steps done of Total
	Total   int64   `json:"total"`
	Percent float64 `json:"percent"`
}

// Outcome is the end of a job: a problem, or a report and a result.
type Outcome struct {
	Problem *problem.Problem `json:"problem,omitempty"`
	File    string           `json:"file,omitempty"` // name in out; empty: the input itself is the result
	Report  json.RawMessage  `json:"report,omitempty"`
}

// message is one line from the job process; exactly one field is set.
type message struct {
	Ready    bool      `json:"ready,omitempty"` // the cage is in force
	Progress *Progress `json:"progress,omitempty"`
	Outcome  *Outcome  `json:"outcome,omitempty"`
}

// Bounds of what a job process may say.
const (
	maxPhase       = 64
	maxText        = 1000
	maxFields      = 64
	maxNameBytes   = 255
	maxReportBytes = 6 << 20
)

// check refuses an outcome that no honest job process sends, and cleans the texts of the
// problem, which go to the client.
func (o *Outcome) check() error {
	if o.Problem != nil {
		if o.File != "" {
			return fmt.Errorf("an outcome with both a problem and a result")
		}
		return checkProblem(o.Problem)
	}
	if len(o.Report) > maxReportBytes {
		return fmt.Errorf("a report of %d bytes", len(o.Report))
	}
	if o.File != "" && !plainName(o.File) {
		return fmt.Errorf("a result named %q", clean(o.File))
	}
	return nil
}

func checkProblem(p *problem.Problem) error {
	known := false
	for _, row := range problem.Table() {
		known = known || row.Code == p.Code
	}
	if !known {
		return fmt.Errorf("a problem of unknown code %q", clean(string(p.Code)))
	}
	if len(p.Fields) > maxFields {
		return fmt.Errorf("a problem with %d fields", len(p.Fields))
	}
	p.Message = clean(p.Message)
	for i := range p.Fields {
		p.Fields[i].Path, p.Fields[i].Message = clean(p.Fields[i].Path), clean(p.Fields[i].Message)
	}
	return nil
}

// plainName says whether name names an entry of a folder, and nothing elsewhere.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= maxNameBytes &&
		!strings.ContainsAny(name, "/\x00")
}

// clean makes a text of a job process fit to be shown: valid, without control characters,
// bounded.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") // the cut may have split a character
	}
	return text
}

// rising turns the progress a job process claims into one that never falls.
type rising struct{ percent float64 }

func (r *rising) next(p Progress) Progress {
	r.percent = min(100, max(r.percent, p.Percent))
	p.Percent = r.percent
	p.Phase = clean(p.Phase)
	if len(p.Phase) > maxPhase {
		p.Phase = strings.ToValidUTF8(p.Phase[:maxPhase], "")
	}
	p.Done, p.Total = max(0, p.Done), max(0, p.Total)
	return p
}
