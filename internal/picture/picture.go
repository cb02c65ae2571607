// Package picture is what the codecs of pictures share: what was asked of a picture and
// is possible, which metadata goes along, the picture that results are written from, and
// the mark by which a result remembers what it was made to meet.
package picture

import (
	"context"
	"fmt"
	"math"
	"strings"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/photometa"
	"compressor/internal/problem"
	"compressor/internal/raster"
	"compressor/internal/recipe"
)

// Work is one picture that is to be written in one format.
type Work struct {
	In     codec.Subject
	Img    recipe.Image
	Level  recipe.Compression
	Target recipe.Target // figures that the client asked for
	Same   bool          // neither another format nor another size or part

	Width, Height int // of the outcome, in pixels

	opaque bool // a transparent canvas was asked for, which the format does not have

	Source *raster.Source

	Stored  Kept // metadata for pixels in the order they are stored in
	Upright Kept // metadata for pixels turned upright, cut and scaled
}

// Kept is the metadata that goes into a result, and the names of what does not.
type Kept struct {
	photometa.Blocks
	Lost []string
}

// Holds is what a format has a place for. EXIF, XMP and ICC profiles go into all of them.
type Holds struct {
	Alpha, IPTC, Comments bool
	Side                  int // most pixels a side; 0 for no bound but that of the pixels
	Depth                 int // most bits a sample that are written
}

// Prepare works out what was asked of a picture that is to be written as format to, which
// has a place for so much. Errors: options-invalid for what cannot be done to this picture,
// preserve-impossible, limit-exceeded.
func Prepare(in codec.Subject, to format.ID, r recipe.Recipe, holds Holds) (*Work, error) {
	w := &Work{In: in, Img: r.Image, Level: r.Compression(recipe.FamilyImage), Target: r.Target(recipe.FamilyImage)}
	if in.Part {
		// A member of a container keeps its outline: its holder's layout depends on it.
		w.Img.Resize, w.Img.Crop = nil, nil
	}
	if in.Facts.Vector && w.Img.Resize != nil && w.Img.Resize.Upscale == nil {
		grown, yes := *w.Img.Resize, true // nothing has to be made up for it
		grown.Upscale = &yes
		w.Img.Resize = &grown
	}
	steps, err := raster.Plan(in.Facts.Width, in.Facts.Height, w.Img)
	if err == nil && in.Scale > 0 {
		w.Img.Resize = shrunk(w.Img.Resize, steps, in.Scale)
		steps, err = raster.Plan(in.Facts.Width, in.Facts.Height, w.Img)
	}
	if err != nil {
		return nil, err
	}
	if area := steps.Largest(); in.Limits.Pixels > 0 && area > in.Limits.Pixels {
		return nil, problem.Over("image.resize", area, in.Limits.Pixels)
	}
	w.Width, w.Height = steps.Width, steps.Height
	w.Same = in.Format == to && steps.Identity()
	if in.Facts.NotHandled != "" {
		return w, w.refuse(to, steps)
	}
	if err := w.possible(to, holds); err != nil {
		return nil, err
	}
	if err := w.preserve(steps, to, holds); err != nil {
		return nil, err
	}
	if depth := in.Facts.Depth; depth > holds.Depth && !in.Facts.Vector {
		w.Upright.Lost = append(w.Upright.Lost, fmt.Sprintf("depth (%d bits a sample, now %d)", depth, holds.Depth))
	}
	w.opaque = !holds.Alpha && steps.Canvas != raster.Rect{} && w.Img.Resize.Background == "transparent"
	w.Source = raster.NewSource(in.Blob, steps, w.Img, holds.Alpha)
	w.tint(steps, holds.Alpha)
	return w, nil
}

// possible refuses another format for what would not look the same in it, and what would be
// larger than the format can be.
func (w *Work) possible(to format.ID, holds Holds) error {
	converted := w.In.Format != to
	if converted && w.In.Facts.Bound != "" {
		return problem.Invalid(problem.Field{Path: "image.format",
			Message: "Not possible for a picture with " + w.In.Facts.Bound + ", which would not look the same in another format."})
	}
	if holds.Side == 0 || w.Same || max(w.Width, w.Height) <= holds.Side {
		return nil
	}
	path := "image.resize"
	if converted {
		path = "image.format"
	}
	return problem.Invalid(problem.Field{Path: path, Message: fmt.Sprintf(
		"The format '%s' has at most %d pixels a side; this picture would be %d×%d.", to, holds.Side, w.Width, w.Height)})
}

// shrunk asks for the outcome of steps, whatever was asked for, on a smaller scale.
func shrunk(asked *recipe.Resize, steps raster.Steps, scale float64) *recipe.Resize {
	side := func(pixels int) *int {
		n := max(1, int(math.Round(float64(pixels)*scale)))
		return &n
	}
	r := recipe.Resize{Mode: "exact"}
	if asked != nil {
		r = *asked
	}
	r.Width, r.Height = side(steps.Width), side(steps.Height)
	return &r
}

// tint makes a gray picture one in colour if a coloured background comes behind or around
// it.
func (w *Work) tint(steps raster.Steps, alpha bool) {
	behind := w.In.Facts.Alpha && !alpha && raster.Coloured(w.Img.Background)
	around := steps.Canvas != raster.Rect{} && raster.Coloured(w.Img.Resize.Background)
	if behind || around {
		w.InColour()
	}
}

// InColour makes a gray picture one in colour. Its profile, which is one for gray, is
// applied and goes.
func (w *Work) InColour() {
	if !w.In.Facts.Gray {
		return
	}
	w.Source.Tinted()
	w.In.Facts.Gray = false
	if len(w.Upright.ICC) > 0 {
		w.Upright.ICC = nil
		w.Upright.Lost = append(w.Upright.Lost, "icc-profile (gray)")
	}
}

// Idle says that there is nothing to do: the file stays as it is.
func (w *Work) Idle() bool {
	return w.In.Facts.NotHandled != "" || w.Same && w.Level == recipe.CompressionNone
}

// Plan is the frame of the codec's plan: what results are compared with, and how it ends.
func (w *Work) Plan() codec.Plan {
	p := codec.Plan{Changed: !w.Same, Close: w.Source.Close}
	if w.opaque {
		p.Notes = append(p.Notes, "The format cannot be transparent: image.background fills the canvas.")
	}
	if w.Same {
		return p
	}
	p.Reference = func(_ context.Context, dst *blob.Writer) error { return w.Source.WriteReference(dst) }
	p.ReferenceFormat = "png"
	return p
}

// Lossless says that no loss is allowed.
func (w *Work) Lossless() bool {
	return w.Level == recipe.CompressionLossless || w.Level == recipe.CompressionNone
}

// Spent says that an earlier pass has spent the loss that is allowed: made this file to
// meet this floor or a lower one, or at the asked quality or a lower one.
func (w *Work) Spent() bool {
	if !w.Same {
		return false
	}
	if w.Img.Quality != nil {
		q := w.In.Facts.Prior.Quality
		return q > 0 && q <= *w.Img.Quality
	}
	return w.In.Floor > 100
}

// refuse says what cannot be done to a file of which something is not handled: nothing,
// if nothing but compression was asked for, since it then stays as it is.
func (w *Work) refuse(to format.ID, steps raster.Steps) error {
	var fields []problem.Field
	say := func(path string) {
		fields = append(fields, problem.Field{Path: path, Message: "Not possible for a picture with " + w.In.Facts.NotHandled + "."})
	}
	if w.In.Format != to {
		say("image.format")
	}
	if w.Img.Resize != nil && !steps.Identity() {
		say("image.resize")
	}
	if w.Img.Crop != nil && !steps.Identity() {
		say("image.crop")
	}
	if len(fields) == 0 {
		return nil
	}
	return problem.Invalid(fields...)
}

// maxFile bounds what is read into memory: a picture of the largest size that is allowed
// anywhere at the worst sensible rate.
const maxFile = 1 << 30

// Read gives a whole picture file.
func Read(src blob.Blob) ([]byte, error) {
	data, err := src.Bytes(maxFile)
	if err != nil {
		return nil, problem.Over("image.bytes", src.Size, maxFile).Because(err)
	}
	return data, nil
}

// Tags lists raw metadata for codec.Facts: what Blocks takes out again.
func Tags(b photometa.Blocks) []codec.Tag {
	var out []codec.Tag
	for _, t := range [...]codec.Tag{{Name: "exif", Value: b.EXIF}, {Name: "xmp", Value: b.XMP}, {Name: "iptc", Value: b.IPTC}, {Name: "icc", Value: b.ICC}} {
		if len(t.Value) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// Blocks gives the raw metadata of a picture of any format.
func Blocks(f codec.Facts) photometa.Blocks {
	return photometa.Blocks{EXIF: f.Tag("exif"), XMP: f.Tag("xmp"), IPTC: f.Tag("iptc"), ICC: f.Tag("icc")}
}

// Metadata reads what a picture says of itself into groups, when it is asked for; pixels
// is the group that the codec knows.
func Metadata(f codec.Facts, pixels map[string]any) func() map[string]any {
	blocks := Blocks(f)
	return func() map[string]any {
		groups := photometa.Report(blocks)
		groups["pixels"] = pixels
		return groups
	}
}

// preserve works out which metadata goes along, and names what does not.
func (w *Work) preserve(steps raster.Steps, to format.ID, holds Holds) error {
	all, orientation := Blocks(w.In.Facts), photometa.Orientation(w.In.Facts.Tag("exif"))
	var impossible []string
	w.Stored.Blocks, w.Stored.Lost, impossible = photometa.Preserve(all, photometa.Keep{
		Kinds: w.Img.Preserves, Orientation: orientation,
	})
	if len(impossible) > 0 {
		return problem.New(problem.PreserveImpossible).With(problem.Field{
			Path:    "image.preserve",
			Message: fmt.Sprintf("What the file says of %s is damaged.", strings.Join(impossible, ", ")),
		})
	}
	turned := photometa.Keep{
		Kinds: w.Img.Preserves, Orientation: 1, Redrawn: orientation != 1 || !steps.Identity(),
	}
	if turned.Redrawn {
		turned.Width, turned.Height = steps.Width, steps.Height
	}
	w.Upright.Blocks, w.Upright.Lost, _ = photometa.Preserve(all, turned)
	w.displace(to, holds)
	return nil
}

// displace drops what the output has no place for.
func (w *Work) displace(to format.ID, holds Holds) {
	everything := w.Img.Preserves("all")
	stays := map[string]bool{
		"comment":       everything && holds.Comments,
		"unknown-chunk": everything && w.In.Format == to,
	}
	for _, name := range [...]string{"comment", "unknown-chunk", "trailing-data", "metadata", "thumbnail"} {
		if w.In.Facts.Tag(name) != nil && !stays[name] {
			w.lose(name)
		}
	}
	for _, k := range [...]*Kept{&w.Stored, &w.Upright} {
		if len(k.IPTC) > 0 && !holds.IPTC {
			k.IPTC, k.Lost = nil, append(k.Lost, "iptc")
		}
	}
	if w.In.Facts.Animated && w.In.Format != to {
		w.lose("animation")
	}
	if w.In.Facts.Script && w.In.Format != to {
		w.lose("script")
	}
	if w.In.Facts.Alpha && !holds.Alpha {
		w.lose("alpha")
	}
}

// lose names what no result carries.
func (w *Work) lose(what string) {
	w.Stored.Lost = append(w.Stored.Lost, what)
	w.Upright.Lost = append(w.Upright.Lost, what)
}
