package svg

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/deflate"
	"compressor/internal/format"
	"compressor/internal/picture"
	"compressor/internal/problem"
	"compressor/internal/raster"
	"compressor/internal/recipe"
	"compressor/internal/svgfile"
	"compressor/internal/svgmin"
)

// What a rounded drawing must score, whatever the level: drawings are looked at in every
// size, and the bytes between hardly visible and not visible are few.
const (
	floor = recipe.VisuallyLossless
	worst = 80
)

// Plan proposes the drawing with its numbers rounded, coarsely and finely; with all values
// kept; and, as a last resort, only written tighter.
func (Codec) Plan(ctx context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
	if in.Format != ID && in.Format != IDZ {
		return codec.Plan{}, problem.Invalid(problem.Field{Path: "image.format", Message: "Must be a format made of pixels, such as 'png'; got 'svg': a picture made of pixels cannot become a drawing."})
	}
	if in.Format != to && in.Facts.NotHandled == "" {
		in.Facts.Bound = "" // it stays a drawing
	}
	w, err := picture.Prepare(in, to, r, picture.Holds{Depth: 16, Alpha: true, Comments: true})
	if err != nil || w.Idle() {
		return codec.Plan{}, err
	}
	p := &planner{Work: w, to: to, made: map[string][]byte{}}
	if err := p.prepare(); err != nil {
		return codec.Plan{}, err
	}
	plan := codec.Plan{Changed: !w.Same, Floor: floor, Worst: worst, Close: w.Source.Close, Lost: p.lost()}
	if p.frame != nil {
		plan = w.Plan()
		plan.Floor, plan.Worst, plan.Lost = recipe.VisuallyLossless, 0, p.lost()
	}
	if w.Img.Quality != nil {
		plan.Ignored = append(plan.Ignored, "image.quality")
	}
	if p.textual {
		plan.Notes = append(plan.Notes, "The drawing has scripts, animation, contents that are not SVG or style sheets that are not read: it was only written tighter.")
	}
	plan.Candidates = p.candidates(ctx)
	if err := ctx.Err(); err != nil {
		w.Source.Close()
		return codec.Plan{}, err
	}
	return plan, nil
}

// planner makes the candidates of one plan.
type planner struct {
	*picture.Work
	to        format.ID
	text      []byte         // the document, inflated, and reframed if that is asked
	frame     *svgfile.Frame // another size or part
	textual   bool
	roundable bool // a rounding would show if it were too coarse
	tolerance float64
	keep      svgmin.Options // what stays beside the drawing
	ids       int            // elements with one
	made      map[string][]byte
}

func (p *planner) prepare() error {
	data, err := p.In.Blob.Bytes(svgfile.MaxBytes)
	if err != nil {
		return err
	}
	if p.text, err = svgfile.Unzip(data); err != nil {
		return err
	}
	doc, err := svgfile.Parse(p.text)
	if err != nil {
		return err
	}
	survey := doc.Survey()
	p.textual = svgmin.Textual(survey)
	p.roundable = survey.Drawn && !survey.Font && !p.textual
	for _, kind := range [...]string{"copyright", "creation", "location"} {
		p.keep.Metadata = p.keep.Metadata || p.Img.Preserves(kind)
	}
	p.keep.Comments, p.keep.IDs = p.Img.Preserves("all"), p.Img.Preserves("all")
	p.ids = ids(doc)
	if err := p.reframe(doc); err != nil {
		return err
	}
	p.tolerance = svgmin.Tolerance(doc)
	return nil
}

// reframe changes size and part, if that is asked.
func (p *planner) reframe(doc *svgfile.Document) error {
	steps, err := raster.Plan(p.In.Facts.Width, p.In.Facts.Height, p.Img)
	if err != nil || steps.Identity() {
		return err
	}
	if steps.Smart || steps.CutSmart {
		return problem.Invalid(problem.Field{Path: "image", Message: "A drawing has no pixels in which gravity 'smart' could look."})
	}
	frame := raster.Frame(doc, steps, p.Img)
	p.frame = &frame
	doc.Reframe(frame)
	p.text = doc.Bytes()
	return nil
}

// lost names what no candidate carries.
func (p *planner) lost() []string {
	var lost []string
	if p.In.Facts.Tag("comment") != nil && !p.keep.Comments {
		lost = append(lost, "comment")
	}
	if p.In.Facts.Tag("metadata") != nil && !p.keep.Metadata {
		lost = append(lost, "metadata")
	}
	return lost
}

// roundings are tried in this order, each by so much finer than the first.
var roundings = [...]struct {
	label string
	finer float64
}{{"rounded", 1}, {"rounded finely", 10}, {"rounded very finely", 100}}

// finest is the last of them.
const finest = 100

func (p *planner) candidates(ctx context.Context) []codec.Candidate {
	exact, textual := p.keep, p.keep
	textual.Textual = true
	if p.Level == recipe.CompressionNone {
		return []codec.Candidate{p.candidate(ctx, "written tighter", textual, p.frame == nil)}
	}
	var out []codec.Candidate
	if p.roundable && !p.Lossless() && !p.settled(ctx) {
		if o := p.rounding(1, true); p.joins(ctx, o) {
			out = append(out, p.candidate(ctx, joined, o, false))
		}
		for _, r := range roundings {
			out = append(out, p.candidate(ctx, r.label, p.rounding(r.finer, false), false))
		}
	}
	if !p.textual {
		out = append(out, p.candidate(ctx, "values kept", exact, p.frame == nil))
	}
	return append(out, p.candidate(ctx, "written tighter", textual, p.frame == nil))
}

// joined is the label of the coarsest of them with strokes that cross joined.
const joined = "rounded, strokes joined"

// rounding moves points by so much less than the tolerance.
func (p *planner) rounding(finer float64, cross bool) svgmin.Options {
	o := p.keep
	o.Tolerance, o.Cross = p.tolerance/finer, cross
	return o
}

// joins says whether joining strokes changes anything, and nothing that shows.
func (p *planner) joins(ctx context.Context, o svgmin.Options) bool {
	text, err := p.written(ctx, joined, o)
	if err != nil {
		return false
	}
	apart, err := p.written(ctx, roundings[0].label, p.rounding(roundings[0].finer, false))
	return err == nil && len(text) < len(apart) && alikeSmall(p.text, text)
}

// settled says whether an earlier pass has had its choice of all this: the document is what
// the finer rounding makes. Without this, a rounding that was found too coarse for the
// original might do for what came of it.
func (p *planner) settled(ctx context.Context) bool {
	again, err := svgmin.Minify(ctx, p.text, p.rounding(finest, false))
	return err == nil && bytes.Equal(again, p.text)
}

// candidate writes the document by the options.
func (p *planner) candidate(ctx context.Context, label string, o svgmin.Options, lossless bool) codec.Candidate {
	return codec.Candidate{
		Label: label, Format: p.to, Lossless: lossless, Lost: p.lostIDs(ctx, label, o),
		Encode: func(ctx context.Context, dst *blob.Writer) error {
			text, err := p.written(ctx, label, o)
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			_, err = dst.Write(text)
			return err
		},
		AtLeast: func(ctx context.Context) (int64, error) { // writing is cheap, drawing is not
			text, err := p.written(ctx, label, o)
			return int64(len(text)), err
		},
	}
}

// lostIDs is "ids" if the candidate has fewer of them than the document: nothing within it
// refers to those, but other documents might.
func (p *planner) lostIDs(ctx context.Context, label string, o svgmin.Options) []string {
	data, err := p.written(ctx, label, o)
	if err != nil {
		return nil // and no result
	}
	text, err := svgfile.Unzip(data)
	if err != nil {
		return nil
	}
	if doc, err := svgfile.Parse(text); err != nil || ids(doc) >= p.ids {
		return nil
	}
	return []string{"ids"}
}

// ids counts the elements that have one.
func ids(doc *svgfile.Document) (n int) {
	doc.Root.Walk(func(e *svgfile.Node) bool {
		if _, has := e.Attr("id"); has && e.Kind == svgfile.Element {
			n++
		}
		return true
	})
	return n
}

// written makes a candidate's file, once.
func (p *planner) written(ctx context.Context, label string, o svgmin.Options) ([]byte, error) {
	if text := p.made[label]; text != nil {
		return text, nil
	}
	text, err := svgmin.Minify(ctx, p.text, o)
	if err != nil {
		return nil, err
	}
	if p.to == IDZ {
		if text, err = zipped(text); err != nil {
			return nil, err
		}
	}
	p.made[label] = text
	return text, nil
}

// zipped makes a gzip stream (RFC 1952) without a name or time.
func zipped(text []byte) ([]byte, error) {
	const unknownSystem = 0xff
	out := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, unknownSystem}
	out, err := deflate.CompressRaw(out, text, deflate.Best)
	if err != nil {
		return nil, err
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(text))
	return binary.LittleEndian.AppendUint32(out, uint32(len(text))), nil
}
