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
	c.local, c.exact = c.scale*s, c.exact || !known
	if d, ok := n.Attr("d"); ok && n.Is("path") && m.transformInto(n, d, c) {
		c.local = c.scale
	}
	m.values(n, c)
	if m.restyle {
		m.useless(n, c)
	}
	m.shape(n, c)
	c.values = m.inherit(n, c.values)
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
	if t, ok := n.Attr("type"); ok && (t == "text/css" || t == "") {
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

// inherit gives the inherited values for the children of n.
func (m *minifier) inherit(n *svgfile.Node, values map[string]string) map[string]string {
	out, own := values, false
	set := func(name, value string) {
		if p, known := properties[name]; known && p.inherited && value != "inherit" {
			if !own {
				out, own = maps.Clone(values), true
			}
			out[name] = value
		}
	}
	for _, a := range n.Attrs {
		if a.Space == "" {
			set(a.Local, a.Value)
		}
	}
	for _, d := range svgfile.Declarations(n.Value("style")) {
		set(d.Property, d.Value)
		if d.Property == "font" || d.Property == "marker" || d.Property == "all" {
			set("font-style", "")
			set("marker-end", "")
		}
	}
	return out
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
		return v, v != "inherit"
	}
	p := properties[name]
	if !p.inherited {
		return p.initial, true
	}
	if v, ok := c.values[name]; ok {
		return v, true
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
		if a.Space == svgfile.NamespaceXML && a.Local == "space" && !holdsText(n) {
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
		return true
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
			return v == a.Value
		}
		return !c.unknown && p.initial == a.Value && p.initial != ""
	}
	return p.initial == a.Value && p.initial != ""
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

// holdsText says whether there is text below n that is shown.
func holdsText(n *svgfile.Node) bool {
	found := false
	n.Walk(func(n *svgfile.Node) bool {
		found = found || n.Is("text") || n.Kind == svgfile.Element && n.Space != svgfile.NamespaceSVG
		return !found
	})
	return found
}
