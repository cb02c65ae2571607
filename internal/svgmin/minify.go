// Package svgmin writes an SVG document in fewer bytes so that it is drawn the same.
//
// What it does is what SVGO (MIT licence) made common: white space, comments, editors'
// leavings, defaults, colours, numbers, path data, transforms, groups. Path data are
// encoded by dynamic programming over all the ways to write them. A document that scripts
// or animations look into is only written tighter, without moving anything.
//
// All that is dropped or moved is argued for here, but not trusted: the engine draws the
// document before and after.
package svgmin

import (
	"bytes"
	"context"
	"math"

	"compressor/internal/svgfile"
)

// Options say how far a rewrite may go.
type Options struct {
	// Tolerance is how far a point may move, in user units of the root; 0 keeps every
	// number's value.
	Tolerance float64

	// Textual keeps every element, attribute and path command, and only writes them tighter.
	Textual bool

	// Cross joins strokes that cross into one path: the edges of pixels where they cross look
	// a little different then.
	Cross bool

	Metadata bool // keep metadata elements and editors' namespaces
	Comments bool // keep comments
	IDs      bool // keep ids that nothing within the document refers to
}

// maxRounds bounds how often the rewrite is repeated until nothing changes any more, which
// is what makes a second run a no-op. Three are usual.
const maxRounds = 10

// Minify rewrites a document, given in UTF-8 or as svgfile reads it. An error is
// svgfile.Parse's, or the context's.
func Minify(ctx context.Context, data []byte, o Options) ([]byte, error) {
	for range maxRounds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		doc, err := svgfile.Parse(data)
		if err != nil {
			return nil, err
		}
		rewrite(doc, o)
		out := doc.Bytes()
		if bytes.Equal(out, data) {
			break
		}
		data = out
	}
	return data, nil
}

// Textual says whether a document may only be written tighter, because what it shows
// depends on more than its first look, or on style sheets that are not understood.
func Textual(s *svgfile.Survey) bool {
	return s.Script || s.Animated || s.Foreign || readSheets(s).unknown
}

// minifier is one round over one document.
type minifier struct {
	Options
	doc       *svgfile.Document
	survey    *svgfile.Survey
	sheet     *sheet
	refs      map[string]bool // ids that something refers to
	used      map[string]bool // those that href refers to
	other     map[string]bool // those that something else than href of use refers to
	words     bool            // there may be text
	spaces    bool            // something may keep the white space of text
	markers   bool            // some vertex may carry a marker
	servers   bool            // something may be painted by its own box: gradients, patterns
	dashes    bool            // lengths of strokes may be in other units than the user's
	strokes   bool            // something may have a stroke
	restyle   bool            // attributes may be dropped and moved
	restack   bool            // elements may be dropped, joined and grouped
	fromStyle map[*svgfile.Node]bool
	side      float64 // the longer side of the drawing, in user units
}

func rewrite(doc *svgfile.Document, o Options) {
	m := &minifier{Options: o, doc: doc, survey: doc.Survey(), fromStyle: map[*svgfile.Node]bool{}, side: longerSide(doc)}
	m.Textual = m.Textual || Textual(m.survey)
	m.sheet = readSheets(m.survey)
	m.look()
	m.clean()
	m.collect()
	m.restyle = !m.Textual && !m.survey.Font && len(m.sheet.attributes) == 0
	m.restack = m.restyle && !m.sheet.complex
	if m.restyle {
		m.styles()
	}
	m.element(doc.Root, m.rootSetting())
	if m.restack {
		m.stack(doc.Root, m.rootSetting())
	}
	if m.restyle {
		m.repack()
	}
	m.ids()
	m.namespaces()
}

// setting is what an element inherits.
type setting struct {
	values  map[string]string // inherited properties that are set
	unknown bool              // something else may inherit to it, too: it is drawn by use
	exact   bool              // nothing can judge a rounding here
	scale   float64           // root units to one unit outside the element, at most
	local   float64           // and to one within it
	clip    bool              // within clipPath
	text    bool              // within text
}

func (m *minifier) rootSetting() setting {
	return setting{values: map[string]string{}, scale: 1, local: 1, exact: m.Tolerance == 0 || m.Textual || m.survey.Font || m.sheet.moves()}
}

// digits is how many decimals a coordinate needs.
func (m *minifier) digits(c setting) int {
	if c.local != 1 {
		return decimals(m.transformed(), c.local)
	}
	return decimals(m.Tolerance, c.local)
}

// transformed is the tolerance of what a transform has a part in, and of transforms: their
// errors add up.
func (m *minifier) transformed() float64 { return m.Tolerance / 10 }

// decimals is how many keep the error of a number times scale within the tolerance.
func decimals(tolerance, scale float64) int {
	if scale <= 0 || tolerance <= 0 {
		return maxDigits
	}
	return min(max(0, int(math.Ceil(math.Log10(scale/(2*tolerance))-1e-9))), maxDigits)
}

// Tolerance is how far a point of a drawing may move unseen: a quarter of a pixel where
// its longer side is drawn on 1024 of them. In user units of the root.
func Tolerance(doc *svgfile.Document) float64 { return longerSide(doc) / 4096 }

func longerSide(doc *svgfile.Document) float64 {
	w, h := doc.Size()
	if box, ok := doc.Root.ViewBox(); ok {
		w, h = box.Width, box.Height
	}
	return max(w, h)
}
