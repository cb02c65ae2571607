package engine

import (
	"context"
	"errors"
	"io"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/report"
)

// Budget bounds one whole request, shared by all depths: what strangers' containers may
// make us expand. When it is spent, the container is kept whole and the report says so.
type Budget struct {
	Depth int   `json:"depth"` // containers within containers
	Parts int   `json:"parts"` // members, over the whole tree
	Bytes int64 `json:"bytes"` // expanded from containers, over the whole tree
}

// errSpent ends the walk through a container.
var errSpent = errors.New("the budget of this request is spent")

// staged is a member on disk, before its own turn.
type staged struct {
	part codec.Part
	blob blob.Blob
}

// descends says whether the members of f are looked at.
func (r *run) descends(f file) bool { return f.depth < r.budget.Depth }

// recurse stages all parts first, in file order and under the budget, then compresses
// them in that order, so that no byte depends on timing. A part that cannot be handled
// is kept as it was and told in its own report.
func (r *run) recurse(ctx context.Context, box codec.Container, f file) ([]codec.Done, []report.Report, bool, error) {
	parts, err := r.stage(ctx, box, f.blob)
	if errors.Is(err, errSpent) {
		return nil, nil, true, nil
	}
	if err != nil {
		return nil, nil, false, err
	}
	var done []codec.Done
	var reports []report.Report
	for i, p := range parts {
		if f.depth == 0 {
			r.progress("parts", int64(i), int64(len(parts)), 10+70*float64(i)/float64(len(parts)))
		}
		d, rep, err := r.part(ctx, p, f.depth+1)
		if err != nil {
			return nil, nil, false, err
		}
		done, reports = append(done, d), append(reports, rep)
	}
	return done, reports, false, nil
}

// stage writes every part of a container to disk, counting what that costs.
func (r *run) stage(ctx context.Context, box codec.Container, src blob.Blob) ([]staged, error) {
	var parts []staged
	err := box.Parts(ctx, src, func(p codec.Part, contents io.Reader) error {
		if r.budget.Parts--; r.budget.Parts < 0 {
			return errSpent
		}
		w, err := r.scratch.Create()
		if err != nil {
			return err
		}
		defer w.Discard()
		n, err := io.Copy(w, io.LimitReader(contents, r.budget.Bytes+1))
		if err != nil {
			return err
		}
		if r.budget.Bytes -= n; r.budget.Bytes < 0 {
			return errSpent
		}
		b, err := w.Commit()
		if err != nil {
			return err
		}
		parts = append(parts, staged{part: p, blob: b})
		return ctx.Err()
	})
	return parts, err
}

// part compresses one member. Only the end of the context is an error.
func (r *run) part(ctx context.Context, p staged, depth int) (codec.Done, report.Report, error) {
	done := codec.Done{Part: p.part, Source: p.blob, Result: p.blob}
	rep := report.Report{Path: p.part.Path, Reason: report.PartDamaged, Chosen: report.Original}
	if p.part.Verbatim {
		rep.Reason = report.Signed
		return done, rep, nil
	}
	out, err := r.compress(ctx, file{blob: p.blob, name: p.part.Path, depth: depth, mayBe: p.part.MayBe, part: true})
	if ctx.Err() != nil {
		return done, rep, ctx.Err()
	}
	if err != nil {
		rep.Why = string(problem.From(err).Code)
		return done, rep, nil
	}
	done.Result, done.Format = out.Result, format.ID(out.Output.Format)
	out.Report.Path = p.part.Path
	return done, out.Report, nil
}
