// Package engine turns a file and a recipe into a smaller file and a report.
//
// Codecs propose candidates; the engine encodes, measures, searches, chooses, checks the
// finished file, recurses into containers and reports. It knows no format and no family:
// what a file is and how close two of them are is asked of codecs and metrics.
package engine

import (
	"context"
	"fmt"
	"slices"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// Metric says how close one file of a family is to another.
type Metric interface {
	// Name is the metric's own name, for the report.
	Name() string
	// Reference prepares what several results are compared with.
	Reference(ctx context.Context, ref codec.Subject) (Reference, error)
}

// Reference is one prepared side of a comparison.
type Reference interface {
	// Score says how close got is: 100 is equal, higher is better.
	Score(ctx context.Context, got codec.Subject) (Score, error)
	// Equal says whether the decoded contents are the same, exactly.
	Equal(ctx context.Context, got codec.Subject) (bool, error)
	Close()
}

// Keeper is a Reference of a container that tells which parts' results the container that
// Equal last saw does not hold, by index, since their sources are smaller in it.
type Keeper interface{ Kept() []int }

// Score is a metric's figure for a whole file, and for its worst region.
type Score struct{ Mean, Worst float64 }

// Progress tells how far a run has come. Percent is from 0 to 100 and never falls.
type Progress struct {
	Phase       string
	Done, Total int64
	Percent     float64
}

// Engine is safe for concurrent use.
type Engine struct {
	formats *format.Table
	codecs  map[format.ID]codec.Codec
	metrics map[format.Family]Metric
}

// New puts an engine together. Every format needs a codec, every family a metric.
func New(codecs *codec.Registry, metrics map[format.Family]Metric) (*Engine, error) {
	rows := codecs.Rows()
	table, err := format.NewTable(rows...)
	if err != nil {
		return nil, err
	}
	e := &Engine{formats: table, codecs: map[format.ID]codec.Codec{}, metrics: metrics}
	for _, row := range rows {
		if metrics[row.Family] == nil {
			return nil, fmt.Errorf("format %q: family %q has no metric", row.ID, row.Family)
		}
		e.codecs[row.ID] = codecs.Codec(row.ID)
	}
	return e, nil
}

// Request is one file to handle.
type Request struct {
	Source   blob.Blob
	Name     string
	Recipe   recipe.Recipe
	Named    []string // the option groups that the client named, such as "image"
	Limits   codec.Limits
	Budget   Budget
	Progress func(Progress) // may be nil
}

// Outcome is a finished file and what there is to say about it.
type Outcome struct {
	Result        blob.Blob // the source itself if nothing was gained
	Input, Output report.File
	Report        report.Report
}

// Compress fails only if the source itself cannot be handled, what was asked is
// impossible for it, or the context ends. A part or an attempt that fails is kept as it
// was and told in the report.
func (e *Engine) Compress(ctx context.Context, q Request, s *blob.Scratch) (Outcome, error) {
	r := &run{Engine: e, request: q, scratch: s, budget: q.Budget, known: map[partKey]known{}, rules: map[format.Family]recipe.PartRules{}}
	r.progress("inspect", 0, 0, 0)
	out, err := r.compress(ctx, file{blob: q.Source, name: q.Name, recipe: q.Recipe})
	if err != nil {
		return Outcome{}, err
	}
	r.progress("done", 0, 0, 100)
	return out, nil
}

// run is what all depths of one request share.
type run struct {
	*Engine
	request Request
	scratch *blob.Scratch
	budget  Budget
	grown   int64 // bytes expanded so far
	left    int   // parts that the budget did not reach
	tired   bool  // Budget.Work is spent
	known   map[partKey]known
	rules   map[format.Family]recipe.PartRules
	percent float64
}

// file is one file at any depth.
type file struct {
	blob  blob.Blob
	name  string // file name, or path inside its holder
	depth int
	part  bool        // a member of a container
	mayBe []format.ID // what a part's holder accepts beside its own format

	recipe recipe.Recipe // the request's, or what the holder makes of it for its parts
}

func (r *run) compress(ctx context.Context, f file) (Outcome, error) {
	in, row, err := r.inspect(ctx, f)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Result: f.blob, Input: r.describe(in, row, f.name)}
	out.Output = out.Input
	rep := &out.Report
	if !f.part {
		rep.Ignored = f.recipe.Ignored(row.Family, r.request.Named)
	}
	if in.Facts.Signed || in.Facts.NotHandled != "" {
		if err := heavy(in, f.recipe.Target(row.Family)); err != nil {
			return Outcome{}, err
		}
	}
	if in.Facts.Signed {
		return keep(out, report.Signed), nil
	}
	if f.part && in.Facts.NotHandled == "" {
		if err := r.work(in, row); err != nil {
			return Outcome{}, err
		}
	}
	box, ok := r.codecs[row.ID].(codec.Container)
	if !ok || in.Facts.NotHandled != "" {
		return r.contend(ctx, in, f.recipe, out)
	}
	if f.recipe.Compression(row.Family) == recipe.CompressionNone {
		return keep(out, report.NotAsked), nil
	}
	left := r.left
	opened, err := r.open(ctx, box, f, &in, rep)
	switch {
	case err != nil:
		return Outcome{}, err
	case !opened:
		return keep(out, report.BudgetSpent), nil
	}
	out, err = r.contend(ctx, in, f.recipe, out)
	if err == nil && r.left > left {
		out.Report.Reason = report.BudgetSpent
	}
	return out, err
}

// contend has the codecs' candidates contend.
func (r *run) contend(ctx context.Context, in codec.Subject, asked recipe.Recipe, out Outcome) (Outcome, error) {
	plans, err := r.plans(ctx, in, asked)
	defer closePlans(plans)
	if err != nil {
		return Outcome{}, err
	}
	got, err := r.decide(ctx, in, asked, plans, out)
	if mayShrink(in, asked.Target(out.Input.Type), got, err) {
		return r.shrink(ctx, in, asked, out, got, err)
	}
	return got, err
}

// plans asks the codec of each format that the result may have.
func (r *run) plans(ctx context.Context, in codec.Subject, asked recipe.Recipe) ([]codec.Plan, error) {
	var plans []codec.Plan
	for _, id := range in.MayBe {
		c := r.codecs[id]
		if c == nil {
			return plans, problem.Newf(problem.FormatUnsupported, "The format '%s' cannot be written.", id)
		}
		plan, err := c.Plan(ctx, in, id, asked)
		if problem.Has(err, problem.OptionsInvalid) && id != in.Format && asked.Leaves(id) {
			continue // too large for that format, say: nobody asked for it by name
		}
		if err != nil {
			return plans, err
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

func closePlans(plans []codec.Plan) {
	for _, p := range plans {
		if p.Close != nil {
			p.Close()
		}
	}
}

// inspect finds out what f is and what it holds.
func (r *run) inspect(ctx context.Context, f file) (codec.Subject, format.Row, error) {
	src, err := f.blob.Open()
	if err != nil {
		return codec.Subject{}, format.Row{}, err
	}
	defer src.Close()
	row, err := r.formats.Detect(src, f.blob.Size, f.name)
	if err != nil {
		return codec.Subject{}, format.Row{}, err
	}
	facts, err := r.codecs[row.ID].Inspect(ctx, f.blob, r.request.Limits)
	if err != nil {
		return codec.Subject{}, format.Row{}, err
	}
	if facts.Encrypted {
		return codec.Subject{}, format.Row{}, problem.New(problem.FileEncrypted)
	}
	in := codec.Subject{Blob: f.blob, Name: f.name, Format: row.ID, Facts: facts, Part: f.part, Limits: r.request.Limits}
	in.MayBe = r.resolve(f.recipe.MayBe(row.Family, row.ID), row, facts)
	if f.part {
		in.MayBe = append([]format.ID{row.ID}, slices.DeleteFunc(slices.Clone(f.mayBe),
			func(id format.ID) bool { return id == row.ID })...)
	}
	in.Floor = floorFor(f.recipe.Floor(row.Family), facts.Prior)
	if target := f.recipe.Target(row.Family); target.Bytes > 0 {
		in.Floor = max(target.Score, recipe.CompressionHigh.Floor()) // a place to begin at
	}
	return in, row, nil
}

// resolve puts the formats that suit the web in the place of recipe.Best: those that every
// browser shows and that hold what the file has. A drawing stays one.
func (r *run) resolve(ids []format.ID, row format.Row, facts codec.Facts) []format.ID {
	at := slices.Index(ids, recipe.Best)
	if at < 0 {
		return ids
	}
	var fit []format.ID
	for _, other := range r.formats.Rows() {
		switch {
		case other.Family != row.Family || !other.Web, slices.Contains(ids, other.ID):
		case other.ID == row.ID:
			fit = append(fit, other.ID)
		case facts.Bound != "" || facts.NotHandled != "":
		case !row.Vector && !other.Vector && (other.Alpha || !facts.Alpha) && (other.Animates || !facts.Animated):
			fit = append(fit, other.ID)
		}
	}
	if len(fit) == 0 && len(ids) == 1 {
		fit = []format.ID{row.ID}
	}
	return slices.Concat(ids[:at], fit, ids[at+1:])
}

// floorFor is the score that a lossy result must reach, where floor was asked for. Loss
// that an earlier pass has spent is not spent again: what that pass was allowed to lose is
// added to the floor, so that a second pass at the same level finds no room and is a no-op.
func floorFor(floor float64, prior codec.Prior) float64 {
	if prior.Floor > 0 {
		floor += 100 - prior.Floor
	}
	if floor >= 100 {
		return recipe.NoLoss
	}
	return floor
}

// decide tries what the plans propose and takes the best.
func (r *run) decide(ctx context.Context, in codec.Subject, asked recipe.Recipe, plans []codec.Plan, out Outcome) (Outcome, error) {
	c := &contest{run: r, in: in, asked: asked, parts: out.Report.Parts, changed: true, target: asked.Target(out.Input.Type)}
	defer c.close()
	total := 0
	for _, plan := range plans {
		total += len(plan.Candidates)
		c.changed = c.changed && plan.Changed
		c.exact = c.exact || !plan.Changed || slices.ContainsFunc(plan.Candidates, func(c codec.Candidate) bool { return c.Lossless })
		out.Report.Ignored = append(out.Report.Ignored, plan.Ignored...)
	}
	level := asked.Compression(out.Input.Type)
	if total == 0 {
		out.Report.Notes = append(out.Report.Notes, notesOf(plans)...)
		return keepWithout(out, in, level), nil
	}
	c.exact = c.exact && level.Floor() > 100
	c.aim()
	c.total = total
	for _, plan := range plans {
		t, err := c.add(ctx, plan)
		if err != nil {
			return Outcome{}, err
		}
		for _, candidate := range plan.Candidates {
			c.steps = 0
			c.advance(encoding, 0)
			if err := t.try(ctx, candidate); err != nil {
				return Outcome{}, err
			}
			c.tried++
		}
	}
	if err := c.retry(ctx); err != nil {
		return Outcome{}, err
	}
	if !in.Part {
		r.progress("verify", 0, 0, 90)
	}
	return c.choose(ctx, out)
}

// notesOf gathers what the plans have to say.
func notesOf(plans []codec.Plan) []string {
	var notes []string
	for _, plan := range plans {
		notes = append(notes, plan.Notes...)
	}
	return notes
}

// progress reports a rise. Only the top level calls it.
func (r *run) progress(phase string, done, total int64, percent float64) {
	if r.request.Progress == nil {
		return
	}
	r.percent = max(r.percent, percent)
	r.request.Progress(Progress{Phase: phase, Done: done, Total: total, Percent: r.percent})
}

// keep makes the original the result.
func keep(out Outcome, why report.Reason) Outcome {
	out.Report.Reason, out.Report.Chosen = why, report.Original
	return out
}

// keepWithout names the reason for a plan without candidates.
func keepWithout(out Outcome, in codec.Subject, level recipe.Compression) Outcome {
	switch {
	case in.Facts.NotHandled != "":
		out.Report.Why = in.Facts.NotHandled
		return keep(out, report.NotHandled)
	case level == recipe.CompressionNone:
		return keep(out, report.NotAsked)
	}
	return keep(out, report.NothingWon)
}

// describe gives the public description of a file.
func (r *run) describe(in codec.Subject, row format.Row, name string) report.File {
	f := report.File{
		Name: name, Type: row.Family, Format: row.ID, MIME: row.MIME, Size: in.Blob.Size,
		SHA1: fmt.Sprintf("%x", in.Blob.SHA1), SHA256: in.Blob.Sum.String(),
		Width: in.Facts.Width, Height: in.Facts.Height, Duration: in.Facts.Seconds, Pages: in.Facts.Pages,
	}
	if r.request.Recipe.Metadata && in.Facts.Metadata != nil {
		f.Metadata = in.Facts.Metadata()
	}
	return f
}
