package svgfile

import (
	"math"
	"strconv"
	"strings"
)

// Box is a viewBox: where it begins and how large it is, in user units.
type Box struct{ X, Y, Width, Height float64 }

// ViewBox reads the attribute of n; false if there is none that is valid.
func (n *Node) ViewBox() (Box, bool) {
	v, _ := n.Attr("viewBox")
	fields := strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r < 0x80 && isSpace(byte(r)) })
	if len(fields) != 4 {
		return Box{}, false
	}
	var b [4]float64
	for i, field := range fields {
		f, err := strconv.ParseFloat(field, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return Box{}, false
		}
		b[i] = f
	}
	return Box{b[0], b[1], b[2], b[3]}, b[2] > 0 && b[3] > 0
}

// The size of a drawing that does not say, in CSS pixels (CSS 2.2, 10.3.2).
const (
	defaultWidth  = 300
	defaultHeight = 150
)

// ownSide is what a drawing that gives no size is large at most. It fills whatever it is put
// into, and its viewBox is measured in units of its own, that may be as small as it likes.
const ownSide = 10_000

// Size is how large the drawing is shown, in CSS pixels; zero if it is not shown at all.
// Where only one side or none is given, the viewBox has the proportions.
func (d *Document) Size() (width, height float64) {
	style := map[string]string{}
	for _, decl := range Declarations(d.Root.Value("style")) {
		style[decl.Property] = decl.Value
	}
	side := func(name string) (float64, bool) {
		if v, ok := style[name]; ok {
			return Pixels(v)
		}
		return Pixels(d.Root.Value(name))
	}
	width, wide := side("width")
	height, high := side("height")
	box, boxed := d.Root.ViewBox()
	switch {
	case wide && high:
	case !boxed && wide:
		height = defaultHeight
	case !boxed && high:
		width = defaultWidth
	case !boxed:
		width, height = defaultWidth, defaultHeight
	case wide:
		height = width * box.Height / box.Width
	case high:
		width = height * box.Width / box.Height
	default:
		scale := min(1, ownSide/max(box.Width, box.Height))
		width, height = box.Width*scale, box.Height*scale
	}
	if !(width > 0 && height > 0) {
		return 0, 0
	}
	return width, height
}

// Pixels reads a length in CSS pixels; false for percentages and what is no length.
func Pixels(length string) (float64, bool) {
	length = strings.TrimSpace(length)
	end := len(length)
	for end > 0 && (length[end-1] >= 'a' && length[end-1] <= 'z' || length[end-1] >= 'A' && length[end-1] <= 'Z') {
		end--
	}
	unit, known := units(length[end:])
	v, err := strconv.ParseFloat(length[:end], 64)
	if err != nil || !known || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, false
	}
	return v * unit, true
}

// units gives a unit in CSS pixels (CSS Values 4, 6). Fonts are taken to be of 16 pixels.
func units(name string) (float64, bool) {
	switch strings.ToLower(name) {
	case "", "px":
		return 1, true
	case "pt":
		return 96.0 / 72, true
	case "pc":
		return 16, true
	case "in":
		return 96, true
	case "cm":
		return 96 / 2.54, true
	case "mm":
		return 96 / 25.4, true
	case "em", "rem":
		return 16, true
	case "ex":
		return 8, true
	}
	return 0, false
}

// Declaration is one property of a style attribute.
type Declaration struct {
	Property, Value string
	Important       bool
}

// Declarations reads a style attribute. What is not understood is left out; Plain tells.
func Declarations(style string) []Declaration {
	var out []Declaration
	for _, part := range splitStyle(style) {
		property, value, found := strings.Cut(part, ":")
		if !found {
			continue
		}
		d := Declaration{Property: strings.TrimSpace(property), Value: strings.TrimSpace(value)}
		if !strings.HasPrefix(d.Property, "--") {
			d.Property = strings.ToLower(d.Property)
		}
		if head, ok := strings.CutSuffix(d.Value, "important"); ok {
			if head, ok = strings.CutSuffix(strings.TrimSpace(head), "!"); ok {
				d.Value, d.Important = strings.TrimSpace(head), true
			}
		}
		out = append(out, d)
	}
	return out
}

// splitStyle splits at semicolons outside quotes and parentheses, comments removed.
func splitStyle(style string) []string {
	style = WithoutComments(style)
	var parts []string
	depth, quote, start := 0, byte(0), 0
	for i := range len(style) {
		switch c := style[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ';' && depth <= 0:
			parts = append(parts, style[start:i])
			start = i + 1
		}
	}
	return append(parts, style[start:])
}

// WithoutComments makes spaces of the comments of a style attribute or sheet: what stands on
// both sides of one are two words.
func WithoutComments(css string) string {
	if !strings.Contains(css, "/*") {
		return css
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(css, "/*")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte(' ')
		_, css, _ = strings.Cut(rest, "*/")
	}
}
