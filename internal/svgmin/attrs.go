package svgmin

import (
	"maps"
	"strings"

	"compressor/internal/svgfile"
)

// geometry says whether an attribute is a length or coordinate in user units.
func geometry(local string) bool {
	switch local {
	case "x", "y", "width", "height", "cx", "cy", "r", "rx", "ry", "x1", "y1", "x2", "y2", "fx", "fy", "fr",
		"refX", "refY", "markerWidth", "markerHeight", "textLength", "dx", "dy", "stroke-width", "stroke-dashoffset", "stroke-dasharray":
		return true
	}
	return false
}

// element rewrites the attributes of n and of all below it.
func (m *minifier) element(n *svgfile.Node, c setting) {
	if n.Kind != svgfile.Element {
		return
	}
	if n.Is("style") {
		m.styleElement(n)
	}
	if foreign(n) {
		return
	}
	if id, ok := n.Attr("id"); ok && m.used[id] {
		c.unknown = true
	}
	c = m.within(n, c)
	s, known := transformScale(n)
	c.local, c.exact = c.scale*s, c.exact || !known || styleMoves(n.Value("style"))
	if d, ok := n.Attr("d"); ok && n.Is("path") && m.transformInto(n, d, c) {
		c.local = c.scale
	}
	m.values(n, c)
	if m.restyle {
		m.useless(n, c)
	}
	m.shape(n, c)
	c = m.inherit(n, c)
	c.scale = c.local
	if box, boxed := n.ViewBox(); boxed && n != m.doc.Root {
		c.scale *= m.fitted(n, box)
	}
	for _, child := range n.Children {
		m.element(child, c)
	}
}

func (m *minifier) styleElement(n *svgfile.Node) {
	if len(n.Children) != 1 || n.Children[0].Kind != svgfile.Text || m.survey.Script {
		return
	}
	n.Children[0].Text = tight(strings.TrimSpace(n.Children[0].Text))
	if t, ok := n.Attr("type"); ok && !m.sheet.sees("type") && (t == "text/css" || t == "") {
		n.Remove("type")
	}
}

// within adds what n's kind means for what is in it, itself included.
func (m *minifier) within(n *svgfile.Node, c setting) setting {
	switch n.Local {
	case "defs", "symbol", "pattern", "mask", "marker", "filter", "linearGradient", "radialGradient", "clipPath":
		c.clip = c.clip || n.Local == "clipPath"
		// What nothing refers to is not drawn, so that no score would tell of a rounding.
		if id, ok := n.Attr("id"); n.Local != "defs" && (!ok || !m.refs[id]) {
			c.exact = true
		}
		if n.Local == "marker" || strings.HasSuffix(n.Value("patternContentUnits")+n.Value("maskContentUnits")+n.Value("clipPathUnits"), "Box") {
			c.exact = true
		}
	}
	if n.Value("display") == "none" {
		c.exact = true
	}
	c.text = c.text || wordy(n)
	return c
}

// transformScale is how much the transforms of n enlarge, at most; false if that cannot be
// told.
func transformScale(n *svgfile.Node) (float64, bool) {
	scale := 1.0
	for _, name := range [...]string{"transform", "patternTransform", "gradientTransform"} {
		if v, ok := n.Attr(name); ok {
			ops, valid := parseTransform(v)
			if !valid {
				return 1, false
			}
			scale *= product(ops).largest()
		}
	}
	return scale, scale > 0
}

// fitted is how much an inner viewBox enlarges, at most.
func (m *minifier) fitted(n *svgfile.Node, box svgfile.Box) float64 {
	side := m.side // a symbol is as large as its use says
	if w, ok := svgfile.Pixels(n.Value("width")); ok && n.Local != "symbol" {
		side = max(w, 0)
		if h, ok := svgfile.Pixels(n.Value("height")); ok {
			side = max(w, h)
		}
	}
	return side / min(box.Width, box.Height)
}

// inherit adds what the children of n inherit.
func (m *minifier) inherit(n *svgfile.Node, c setting) setting {
	own := false
	set := func(name, value string) {
		if p, known := properties[name]; known && p.inherited && value != "inherit" {
			if !own {
				c.values, own = maps.Clone(c.values), true
			}
			c.values[name] = value
		}
	}
	for _, a := range n.Attrs {
		if a.Space == "" {
			set(a.Local, a.Value)
		}
	}
	for _, d := range svgfile.Declarations(n.Value("style")) {
		set(d.Property, d.Value)
		switch d.Property {
		case "font", "marker":
			for name := range properties {
				if strings.HasPrefix(name, d.Property+"-") {
					set(name, unsettled)
				}
			}
		case "all":
			for name := range properties {
				set(name, unsettled)
			}
		}
	}
	return c
}

// unsettled is the value of what a shorthand sets, which is not read.
const unsettled = "unset"

// relativeValue says whether a value means something else on another element: a keyword that
// looks at the parent, a variable, a multiple of the size of the font or of a box.
func relativeValue(name, value string) bool {
	v := strings.ToLower(value)
	switch v {
	case "inherit", "initial", "unset", "revert", "revert-layer", "larger", "smaller", "bolder", "lighter":
		return true
	}
	if strings.IndexByte(v, '(') >= 0 && properties[name].kind != paint || strings.Contains(v, "var(") || strings.Contains(v, "attr(") || strings.Contains(v, "env(") {
		return true
	}
	switch properties[name].kind {
	case measure, lengths:
		return !absolute(v)
	}
	return false
}

// absolute says whether lengths, in lower case, are the same on any element.
func absolute(v string) bool {
	for _, field := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' }) {
		_, length := scanNumber(field)
		switch unit := field[length:]; {
		case length == 0 && (unit == "none" || unit == "normal"):
		case length == 0:
			return false
		default:
			switch unit {
			case "", "px", "pt", "pc", "in", "cm", "mm", "q":
			default:
				return false
			}
		}
	}
	return true
}

// computed is the value of a property on n; false if it cannot be told.
func (m *minifier) computed(n *svgfile.Node, c setting, name string) (string, bool) {
	if m.sheet.properties[name] {
		return "", false
	}
	if _, styled := n.Attr("style"); styled {
		return "", false
	}
	if v, ok := n.Attr(name); ok {
		return v, !relativeValue(name, v)
	}
	p := properties[name]
	if !p.inherited {
		return p.initial, true
	}
	if v, ok := c.values[name]; ok {
		return v, !relativeValue(name, v)
	}
	return p.initial, !c.unknown
}

// useless drops attributes that change nothing.
func (m *minifier) useless(n *svgfile.Node, c setting) {
	kept := n.Attrs[:0]
	for _, a := range n.Attrs {
		if a.Space == "" && m.changesNothing(n, a, c) {
			continue
		}
		if a.Space == svgfile.NamespaceXML && a.Local == "space" && !m.holdsText(n) {
			continue
		}
		kept = append(kept, a)
	}
	n.Attrs = kept
	if n != m.doc.Root && n.Space == svgfile.NamespaceSVG && leaf(n.Local) {
		m.uselessPaint(n, c)
	}
}

func (m *minifier) changesNothing(n *svgfile.Node, a svgfile.Attr, c setting) bool {
	if n == m.doc.Root {
		switch a.Local {
		case "version", "baseProfile", "x", "y", "contentScriptType", "contentStyleType":
			return true
		}
	}
	if a.Local == "enable-background" && !strings.Contains(a.Value, "accumulate") || a.Value == "" && (a.Local == "class" || a.Local == "style" || a.Local == "transform" || a.Local == "id") {
		return true
	}
	if v, ok := elementDefaults[n.Local][a.Local]; ok && v == a.Value {
		return n.Local != "rect" || a.Local != "rx" && a.Local != "ry" || m.square(n)
	}
	if v, ok := templateDefaults[n.Local][a.Local]; ok && n.Href() == "" && templateDefault(n, v, a.Value) {
		return true
	}
	p, known := properties[a.Local]
	if !known || m.sheet.properties[a.Local] {
		return false
	}
	if a.Local == "clip-rule" && !c.clip && !c.unknown && leaf(n.Local) {
		return true
	}
	if p.inherited {
		if v, set := c.values[a.Local]; set {
			return v == a.Value && !relativeValue(a.Local, v)
		}
		return !c.unknown && p.initial == a.Value && p.initial != ""
	}
	return p.initial == a.Value && p.initial != ""
}

// square says whether neither radius of a rectangle is more than nothing: where only one is
// given, it is also the other.
func (m *minifier) square(n *svgfile.Node) bool {
	_, styled := n.Attr("style")
	for _, name := range [...]string{"rx", "ry"} {
		if v, has := n.Attr(name); has && v != "0" || m.sheet.properties[name] {
			return false
		}
	}
	return !styled
}

// styleMoves says whether a style has a part in where an element is drawn: its scale is not
// read, so that nothing tells what may be rounded.
func styleMoves(style string) bool {
	if style == "" {
		return false
	}
	for _, d := range svgfile.Declarations(style) {
		if moving(d.Property) {
			return true
		}
	}
	return false
}

// templateDefault says whether a value is the default. These are percentages, and figures
// are the same only as fractions of a box.
func templateDefault(n *svgfile.Node, initial, value string) bool {
	switch value {
	case "0%":
		return initial == "0"
	case "50%":
		return initial == ".5"
	case "100%":
		return initial == "1"
	}
	return value == initial && (initial != "1" && initial != ".5" || relative(n))
}

// leaf says whether an SVG element of that name is a shape, that nothing inherits from.
func leaf(local string) bool {
	switch local {
	case "path", "rect", "circle", "ellipse", "line", "polyline", "polygon":
		return true
	}
	return false
}

// uselessPaint drops what says how a fill or stroke looks that is not there.
func (m *minifier) uselessPaint(n *svgfile.Node, c setting) {
	drop := func(names ...string) {
		for _, name := range names {
			if !m.sheet.properties[name] {
				n.Remove(name)
			}
		}
	}
	if stroke, known := m.computed(n, c, "stroke"); known && stroke == "none" {
		drop("stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "stroke-opacity")
	}
	if fill, known := m.computed(n, c, "fill"); known && fill == "none" && !c.clip {
		drop("fill-rule", "fill-opacity")
	}
	if join, known := m.computed(n, c, "stroke-linejoin"); known && (join == "round" || join == "bevel") {
		drop("stroke-miterlimit")
	}
	if dash, known := m.computed(n, c, "stroke-dasharray"); known && dash == "none" {
		drop("stroke-dashoffset")
	}
}

// holdsText says whether there may be text below n that is shown.
func (m *minifier) holdsText(n *svgfile.Node) bool {
	if !m.words {
		return false
	}
	found := false
	n.Walk(func(n *svgfile.Node) bool {
		found = found || n.Is("text") || n.Is("use") || n.Kind == svgfile.Element && n.Space != svgfile.NamespaceSVG
		return !found
	})
	return found
}
