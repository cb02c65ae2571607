package svgmin

import (
	"math"
	"strings"

	"compressor/internal/svgfile"
)

// values writes each attribute's value in its shortest form.
func (m *minifier) values(n *svgfile.Node, c setting) {
	for i := range n.Attrs {
		a := &n.Attrs[i]
		if a.Space != "" || m.sheet.sees(a.Local) {
			continue
		}
		a.Value = m.value(n, a.Local, a.Value, c)
	}
}

func (m *minifier) value(n *svgfile.Node, name, v string, c setting) string {
	if m.Textual {
		return v
	}
	switch name {
	case "viewBox":
		if numbers, ok := list(v); ok && len(numbers) == 4 {
			return m.figures(numbers, maxDigits, true)
		}
		return v
	case "transform", "gradientTransform", "patternTransform":
		return m.transform(v, c)
	case "points":
		if numbers, ok := list(v); ok {
			return m.figures(numbers, m.digits(c), c.exact)
		}
		return v
	case "offset":
		if n.Local == "stop" {
			return m.offset(v, c)
		}
		return v
	}
	if p, known := properties[name]; known {
		return m.property(n, name, v, p, c)
	}
	if geometry(name) {
		return m.measure(n, name, v, c)
	}
	return v
}

// figures writes numbers, rounded unless exact.
func (m *minifier) figures(numbers []number, digits int, exact bool) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		d := n.digits
		if !exact {
			d = min(d, digits)
		}
		if d > maxDigits {
			d = maxDigits
		}
		texts[i] = short(n.value, d)
	}
	return join(texts)
}

func (m *minifier) property(n *svgfile.Node, name, v string, p property, c setting) string {
	switch p.kind {
	case paint:
		return colour(v)
	case ratio:
		if percent, ok := strings.CutSuffix(v, "%"); ok && percent != "" {
			return v
		}
		if x, length := scanNumber(v); length == len(v) && length > 0 {
			digits := x.digits
			if !c.exact {
				digits = min(digits, 3)
			}
			return short(min(max(x.value, 0), 1), min(digits, maxDigits))
		}
	case measure:
		return m.measure(n, name, v, c)
	case lengths:
		if numbers, ok := list(v); ok && len(numbers) > 0 {
			return m.figures(numbers, m.digits(c)+1, c.exact || m.dashes)
		}
	}
	return v
}

// measure writes a length. Pixels are user units and need not be said.
func (m *minifier) measure(n *svgfile.Node, name, v string, c setting) string {
	x, length := scanNumber(v)
	if length == 0 {
		return v
	}
	unit := v[length:]
	if unit == "px" {
		unit = ""
	}
	digits := x.digits
	switch {
	case m.dashes && strings.HasPrefix(name, "stroke-"):
	case c.exact || n == m.doc.Root && (name == "width" || name == "height"):
	case unit == "%" || relative(n):
		digits = min(digits, 4)
	case unit == "" && c.text:
		digits = min(digits, m.digits(c)+1)
	case unit == "" && (name == "stroke-width" || strings.HasPrefix(name, "stroke-")):
		digits = min(digits, m.digits(c)+1)
	case unit == "":
		digits = min(digits, m.digits(c))
	}
	if short(x.value, min(digits, maxDigits)) == "0" && x.value != 0 {
		digits = x.digits // a side that vanishes would take its shape along
	}
	if digits > maxDigits {
		return v
	}
	return short(x.value, digits) + unit
}

// relative says whether the lengths of n are fractions of a box.
func relative(n *svgfile.Node) bool {
	switch n.Local {
	case "linearGradient", "radialGradient":
		return n.Value("gradientUnits") != "userSpaceOnUse"
	case "pattern":
		return n.Value("patternUnits") != "userSpaceOnUse"
	case "mask":
		return n.Value("maskUnits") != "userSpaceOnUse"
	case "filter", "marker":
		return true
	}
	return strings.HasPrefix(n.Local, "fe")
}

// offset writes where a gradient's stop is.
func (m *minifier) offset(v string, c setting) string {
	number, percent := strings.CutSuffix(v, "%")
	x, length := scanNumber(number)
	if length == 0 || length != len(number) || x.digits > maxDigits-2 {
		return v
	}
	digits, f := x.digits, x.value
	if percent {
		digits, f = digits+2, f/100
	}
	if !c.exact {
		digits = min(digits, 4)
	}
	plain := short(f, digits)
	if percent {
		if p := short(f*100, max(digits-2, 0)) + "%"; len(p) < len(plain) {
			return p
		}
	}
	return plain
}

// transform joins a list of transforms into the shortest that does the same.
func (m *minifier) transform(v string, c setting) string {
	ops, ok := parseTransform(v)
	if !ok {
		return v
	}
	all := product(ops)
	best := ""
	for _, o := range ops {
		if o.name == "translate" && o.args[0] == 0 && o.args[len(o.args)-1] == 0 || o.name == "rotate" && o.args[0] == 0 ||
			o.name == "scale" && o.args[0] == 1 && o.args[len(o.args)-1] == 1 {
			continue
		}
		best += m.operation(o)
	}
	if digits, whole := exact(ops, all); whole {
		if t := all.text(0, digits); len(t) < len(best) {
			return t
		}
		return best
	}
	if c.exact {
		return best
	}
	// The error of a linear figure is multiplied by a coordinate, and what is in view can
	// lie as far out as the move brings back.
	move := decimals(m.transformed(), c.scale)
	far := 2*m.side + math.Hypot(all[4], all[5])*c.scale
	linear := decimals(m.transformed(), far/max(all.largest(), 1e-9))
	if t := all.text(linear, move); len(t) < len(best) {
		return t
	}
	return best
}

// operation writes one function of a transform with the values it has.
func (m *minifier) operation(o operation) string {
	args := o.args
	if len(args) == 2 && (o.name == "scale" && args[0] == args[1] || o.name == "translate" && args[1] == 0) {
		args = args[:1]
	}
	if o.name == "rotate" && len(args) == 3 && args[1] == 0 && args[2] == 0 {
		args = args[:1]
	}
	texts := make([]string, len(args))
	for i, f := range args {
		texts[i] = short(f, min(o.digits, 15))
	}
	return o.name + "(" + join(texts) + ")"
}
