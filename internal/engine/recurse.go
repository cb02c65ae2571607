package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// Budget bounds one whole request, shared by all depths: what strangers' containers may
// make us expand and work on. When Parts, Bytes or Work are spent, the parts that come later
// are left as they are, and the report says so: honest files may be large. What honest
// files never are, deep or hollow, is limit-exceeded for the whole request.
type Budget struct {
	Depth int   `json:"depth"` // containers within the outermost one; deeper nesting is refused
	Parts int   `json:"parts"` // members, over the whole tree; those of equal containers count each time
	Bytes int64 `json:"bytes"` // expanded from containers, over the whole tree
	Ratio int64 `json:"ratio"` // expanded bytes to a byte of the source, after freeBytes; 0: no bound
	Work  int64 `json:"work"`  // pixels of members, each times format.Row.Effort, over the whole tree; 0: no bound
}

// freeBytes may be expanded at any ratio.
const freeBytes = 64 << 20

// errSpent leaves a part as it is.
var errSpent = errors.New("the budget of this request is spent")

// refusal is a problem of a part that is one of the whole request.
type refusal struct{ *problem.Problem }

func (r refusal) Unwrap() error { return r.Problem }

func refuse(limit string, value, most any) error { return refusal{problem.Over(limit, value, most)} }

// staged is a member on disk, before its own turn.
type staged struct {
	part   codec.Part
	blob   blob.Blob // zero if there were no contents, or damaged ones
	failed error
	left   bool // the budget was spent before it was reached
}

// open looks into a container, if the options and the budget let it, and hands its parts
// to in and rep. False means that it stays whole.
func (r *run) open(ctx context.Context, box codec.Container, f file, in *codec.Subject, rep *report.Report) (bool, error) {
	if f.depth > r.budget.Depth {
		return false, refuse("depth", f.depth, r.budget.Depth)
	}
	row, _ := r.formats.Row(in.Format)
	rules := r.rulesFor(row.Family)
	switch {
	case !rules.Opens(f.depth):
		return false, r.probe(ctx, box, f.blob, f.depth)
	case r.spent():
		r.left++
		return false, nil
	}
	left := r.left
	parts, err := r.stage(ctx, box, f.blob)
	if err != nil {
		return false, err
	}
	h := holder{file: f, family: row.Family, rules: rules, recipe: f.recipe.ForParts(row.Family, r.request.Named)}
	if err := r.recurse(ctx, h, parts, in, rep); err != nil {
		return false, err
	}
	rep.Notes = append(rep.Notes, keptNotes(rep.Parts)...)
	if n := r.left - left; n > 0 {
		rep.Notes = append(rep.Notes, fmt.Sprintf("Left as they were, since the budget of one request is spent: %d members.", n))
	}
	return true, nil
}

// spent says whether nothing more may be expanded.
func (r *run) spent() bool { return r.budget.Parts <= 0 || r.budget.Bytes < 0 || r.tired }

// work takes what a part costs off the budget.
func (r *run) work(in codec.Subject, row format.Row) error {
	if r.request.Budget.Work <= 0 {
		return nil
	}
	r.budget.Work -= int64(in.Facts.Width) * int64(in.Facts.Height) * int64(max(1, in.Facts.Frames)) * row.Effort
	if r.budget.Work < 0 {
		r.tired = true
		return errSpent
	}
	return nil
}

// rulesFor compiles the rules of a family once.
func (r *run) rulesFor(family format.Family) recipe.PartRules {
	rules, ok := r.rules[family]
	if !ok {
		rules = r.request.Recipe.PartRules(family)
		r.rules[family] = rules
	}
	return rules
}

// holder is the container whose parts have their turn.
type holder struct {
	file
	family format.Family
	rules  recipe.PartRules
	recipe recipe.Recipe // for its parts
}

// recurse compresses the staged parts in file order, so that no byte depends on timing. A
// part that cannot be handled is kept as it was and told in its own report.
func (r *run) recurse(ctx context.Context, h holder, parts []staged, in *codec.Subject, rep *report.Report) error {
	for i, p := range parts {
		if h.depth == 0 {
			r.progress("parts", int64(i), int64(len(parts)), 10+70*float64(i)/float64(len(parts)))
		}
		d, told, err := r.part(ctx, h, p)
		if err != nil {
			return err
		}
		in.Parts, rep.Parts = append(in.Parts, d), append(rep.Parts, told)
	}
	return nil
}

// stage writes every part of a container to disk, counting what that costs. Parts that the
// budget does not reach are only named.
func (r *run) stage(ctx context.Context, box codec.Container, src blob.Blob) ([]staged, error) {
	var parts []staged
	err := box.Parts(ctx, src, func(p codec.Part, contents io.Reader) error {
		s := staged{part: p, left: r.spent()}
		if !s.left {
			r.budget.Parts--
		}
		if contents != nil && !s.left {
			var err error
			s.blob, err = r.expand(ctx, contents)
			switch {
			case errors.Is(err, errSpent):
				s.left = true
			case problem.Has(err, problem.FileCorrupt):
				s.failed = err
			case err != nil:
				return err
			}
		}
		parts = append(parts, s)
		return ctx.Err()
	})
	return parts, err
}

// expand writes the contents of a part to disk. More than the budget allows is errSpent,
// or a refusal if it is out of proportion to the request.
func (r *run) expand(ctx context.Context, contents io.Reader) (blob.Blob, error) {
	w, err := r.scratch.Create()
	if err != nil {
		return blob.Blob{}, err
	}
	defer w.Discard()
	fits := r.fits()
	n, err := io.Copy(w, io.LimitReader(aware{ctx, contents}, min(r.budget.Bytes, fits)+1))
	r.budget.Bytes -= n
	r.grown += n
	switch {
	case err != nil:
		return blob.Blob{}, err
	case n > fits:
		return blob.Blob{}, refuse("ratio", fmt.Sprintf("more than %d bytes in %d", r.grown-1, r.request.Source.Size),
			fmt.Sprintf("%d to 1", r.budget.Ratio))
	case r.budget.Bytes < 0:
		return blob.Blob{}, errSpent
	}
	return w.Commit()
}

// fits is how many bytes more may be expanded in proportion to the request.
func (r *run) fits() int64 {
	const unbounded = 1 << 62
	size := r.request.Source.Size
	if r.budget.Ratio <= 0 || size > unbounded/r.budget.Ratio {
		return unbounded
	}
	return max(0, max(freeBytes, size*r.budget.Ratio)-r.grown)
}

// aware is a reader that ends with its context.
type aware struct {
	ctx context.Context
	src io.Reader
}

// Read implements io.Reader.
func (a aware) Read(p []byte) (int, error) {
	if err := a.ctx.Err(); err != nil {
		return 0, err
	}
	return a.src.Read(p)
}

// probe looks for nesting that is deeper than allowed, in a container that is not opened:
// a file that holds itself has no end, and whoever unpacks the result should not find it.
// Only containers within it are expanded, on the same budget.
func (r *run) probe(ctx context.Context, box codec.Container, src blob.Blob, depth int) error {
	if depth > r.budget.Depth {
		return refuse("depth", depth, r.budget.Depth)
	}
	err := box.Parts(ctx, src, func(p codec.Part, contents io.Reader) error {
		if r.budget.Parts--; r.budget.Parts < 0 || contents == nil {
			return ctx.Err()
		}
		inner, b, err := r.containerIn(ctx, p, contents)
		if err != nil || inner == nil {
			return err
		}
		defer r.scratch.Remove(b)
		return r.probe(ctx, inner, b, depth+1)
	})
	var over refusal
	if errors.As(err, &over) || ctx.Err() != nil {
		return err
	}
	return nil // damaged or too much: it stays whole in any case
}

// containerIn expands contents that are a container.
func (r *run) containerIn(ctx context.Context, p codec.Part, contents io.Reader) (codec.Container, blob.Blob, error) {
	head := make([]byte, format.HeadSize)
	n, err := io.ReadFull(contents, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, blob.Blob{}, nil // damaged
	}
	start := bytes.NewReader(head[:n])
	row, err := r.formats.Detect(start, int64(n), p.Path)
	if err != nil {
		return nil, blob.Blob{}, nil // nothing we know
	}
	box, ok := r.codecs[row.ID].(codec.Container)
	if !ok {
		return nil, blob.Blob{}, nil
	}
	b, err := r.expand(ctx, io.MultiReader(start, contents))
	return box, b, err
}

// partKey is what the result of a part depends on.
type partKey struct {
	sum    blob.Sum
	ext    string
	mayBe  string
	holder format.Family
	depth  int // for containers: how deep they are decides what is opened
}

// known is what became of a part before.
type known struct {
	out   Outcome
	err   error
	parts int // that it holds, at all depths
}

// part compresses one member. Only what ends the whole request is an error.
func (r *run) part(ctx context.Context, h holder, p staged) (codec.Done, report.Report, error) {
	done := codec.Done{Part: p.part, Source: p.blob, Result: p.blob}
	rep := report.Report{Path: p.part.Path, Reason: report.PartDamaged, Chosen: report.Original}
	switch {
	case p.part.Verbatim && p.part.Why == "":
		rep.Reason = report.Signed
		return done, rep, nil
	case p.part.Verbatim:
		rep.Why = p.part.Why
		return done, rep, nil
	case p.failed != nil:
		rep.Why = string(problem.From(p.failed).Code)
		return done, rep, nil
	case p.left || r.tired && h.rules.Touches(p.part.Path):
		return r.leave(done, rep)
	case !h.rules.Touches(p.part.Path):
		rep.Reason = report.NotAsked
		return done, rep, nil
	}
	k := r.compressOnce(ctx, h, p)
	var over refusal
	switch {
	case ctx.Err() != nil:
		return done, rep, ctx.Err()
	case errors.As(k.err, &over), problem.Has(k.err, problem.WorkerTimeout):
		return done, rep, k.err // out of memory ends the job: the machine must not choose
	case errors.Is(k.err, errSpent):
		return r.leave(done, rep)
	case k.err != nil:
		rep.Why = string(problem.From(k.err).Code)
		return done, rep, nil
	}
	done.Result, done.Format = k.out.Result, format.ID(k.out.Output.Format)
	if done.Result.Same(p.blob) {
		done.Result = p.blob
	}
	k.out.Report.Path = p.part.Path
	return done, k.out.Report, nil
}

// leave tells of a part that the budget did not reach.
func (r *run) leave(done codec.Done, rep report.Report) (codec.Done, report.Report, error) {
	r.left++
	rep.Reason = report.BudgetSpent
	return done, rep, nil
}

// compressOnce compresses a part, or finds what became of an equal one in this request.
func (r *run) compressOnce(ctx context.Context, h holder, p staged) known {
	f := file{blob: p.blob, name: p.part.Path, depth: h.depth + 1, mayBe: p.part.MayBe, part: true, recipe: h.recipe}
	key := partKey{sum: p.blob.Sum, ext: strings.ToLower(path.Ext(p.part.Path)), holder: h.family}
	for _, id := range p.part.MayBe {
		key.mayBe += string(id) + " "
	}
	if r.isContainer(p) {
		key.depth = f.depth
	}
	k, ok := r.known[key]
	if ok {
		// Nothing is done again, but all of it is told again.
		if r.budget.Parts -= k.parts; r.budget.Parts < 0 {
			return known{err: errSpent}
		}
		return k
	}
	before := r.budget.Parts
	k.out, k.err = r.compress(ctx, f)
	k.parts = before - r.budget.Parts
	r.known[key] = k
	return k
}

func (r *run) isContainer(p staged) bool {
	src, err := p.blob.Open()
	if err != nil {
		return false // compress will tell
	}
	defer src.Close()
	row, err := r.formats.Detect(src, p.blob.Size, p.part.Path)
	_, ok := r.codecs[row.ID].(codec.Container)
	return err == nil && ok
}
