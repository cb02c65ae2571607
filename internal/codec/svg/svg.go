// Package svg reads and rewrites SVG drawings, plain and deflated, by packages svgfile and
// svgmin.
package svg

import (
	"context"
	"math"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/picture"
	"compressor/internal/problem"
	"compressor/internal/raster"
	"compressor/internal/recipe"
	"compressor/internal/svgfile"
)

// ID and IDZ name the plain and the deflated format.
const (
	ID  format.ID = "svg"
	IDZ format.ID = "svgz"
)

// Formats are the two kinds of SVG files. Scripts can run in both, so that browsers may not
// show them in place.
func Formats() []format.Row {
	return []format.Row{
		{
			ID: ID, Family: recipe.FamilyImage, Label: "SVG", MIME: "image/svg+xml",
			Ext: []string{"svg"}, Magic: []format.Magic{{Root: "svg"}},
			Lossy: true, Alpha: true, Animates: true, Web: true, Vector: true,
		},
		{
			ID: IDZ, Family: recipe.FamilyImage, Label: "SVGZ", MIME: "image/svg+xml",
			Ext: []string{"svgz"}, Magic: []format.Magic{{Root: "svg", Zipped: true}},
			Lossy: true, Alpha: true, Animates: true, Vector: true,
		},
	}
}

// Codec handles SVG files.
type Codec struct{}

// maxSide is what a drawing may be large, in pixels; renderers end at 32,767.
const maxSide = 32_000

// Inspect reads the document whole and draws it once, after counting what that takes.
func (Codec) Inspect(_ context.Context, src blob.Blob, limits codec.Limits) (codec.Facts, error) {
	doc, err := read(src)
	if err != nil {
		return codec.Facts{}, err
	}
	width, height := raster.OwnSize(doc)
	f := codec.Facts{Width: width, Height: height, Frames: 1, Depth: 8, Alpha: true, Vector: true}
	if w, h := doc.Size(); max(w, h) > maxSide {
		return codec.Facts{}, problem.Over("image.side", math.Round(max(w, h)), maxSide)
	}
	if pixels := int64(width) * int64(height); limits.Pixels > 0 && pixels > limits.Pixels {
		return codec.Facts{}, problem.Over("image.pixels", pixels, limits.Pixels)
	}
	survey := doc.Survey()
	if err := images(doc, limits); err != nil {
		return codec.Facts{}, err
	}
	f.Animated, f.Script = survey.Animated, survey.Script
	f.NotHandled, f.Bound = notHandled(doc, survey), bound(survey)
	f.Tags = tags(doc)
	if f.NotHandled == "" {
		if err := look(doc, &f); err != nil {
			return codec.Facts{}, err
		}
	}
	f.Metadata = picture.Metadata(f, map[string]any{
		"width": f.Width, "height": f.Height, "alpha": f.Alpha, "elements": doc.Elements,
		"animated": survey.Animated, "script": survey.Script,
	})
	return f, nil
}

// read parses a drawing.
func read(src blob.Blob) (*svgfile.Document, error) {
	doc, err := raster.Drawing(src)
	if err == nil && doc == nil {
		err = problem.New(problem.FileCorrupt)
	}
	return doc, err
}

// notHandled names what keeps a file from being changed at all.
func notHandled(doc *svgfile.Document, survey *svgfile.Survey) string {
	w, _ := doc.Size()
	switch {
	case doc.Defaults:
		return "attribute defaults in its document type"
	case survey.Nested:
		return "a drawing inside an image"
	case w == 0:
		return "no visible size"
	}
	return ""
}

// bound names what a picture of pixels could not show.
func bound(survey *svgfile.Survey) string {
	switch {
	case survey.Foreign:
		return "contents that are not SVG (foreignObject)"
	case survey.External:
		return "references to other files"
	}
	return ""
}

// look draws the document at the size it is compared at: whether anything shows through,
// and whether it can be drawn at all.
func look(doc *svgfile.Document, f *codec.Facts) error {
	im, err := raster.Draw(doc, doc.Own(raster.JudgedSize(doc)))
	switch {
	case problem.Has(err, problem.WorkerTimeout):
		return err
	case problem.Has(err, problem.LimitExceeded):
		if cost := doc.Cost(doc.Survey()); cost.Elements > svgfile.MaxDrawn {
			return err
		}
		f.NotHandled = "filters and layers that would take too long to draw"
		return nil
	case err != nil:
		f.NotHandled = "something that cannot be drawn here"
		return nil
	}
	defer im.Close()
	opaque, err := im.Opaque()
	f.Alpha = !opaque
	return err
}

// tags gives what the file carries beside the drawing.
func tags(doc *svgfile.Document) []codec.Tag {
	var comments, metadata []byte
	note := func(n *svgfile.Node) bool {
		switch {
		case n.Kind == svgfile.Comment:
			comments = append(append(comments, n.Text...), '\n')
		case n.Is("metadata"):
			metadata = append(metadata, n.Source()...)
			return false
		}
		return true
	}
	for _, n := range append(append([]*svgfile.Node(nil), doc.Before...), doc.After...) {
		note(n)
	}
	doc.Root.Walk(note)
	var out []codec.Tag
	if len(comments) > 0 {
		out = append(out, codec.Tag{Name: "comment", Value: comments})
	}
	if len(metadata) > 0 {
		out = append(out, codec.Tag{Name: "metadata", Value: metadata})
	}
	return out
}
