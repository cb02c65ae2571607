package svgmin

import (
	"slices"
	"strings"

	"compressor/internal/svgfile"
)

// styles turns style attributes into presentation attributes, so that what follows has
// one place to look at. repack turns them back where that is shorter.
func (m *minifier) styles() {
	m.doc.Root.Walk(func(n *svgfile.Node) bool {
		if n.Kind != svgfile.Element || n.Space != svgfile.NamespaceSVG {
			return n.Kind == svgfile.Element
		}
		if style, ok := n.Attr("style"); ok {
			m.unstyle(n, style)
		}
		return n.Local != "foreignObject"
	})
}

// unstyle moves the declarations of a style attribute into attributes, if each can be one
// and no style sheet comes between: a rule is stronger than an attribute, and weaker than
// a style attribute.
func (m *minifier) unstyle(n *svgfile.Node, style string) {
	declarations := svgfile.Declarations(style)
	var kept []svgfile.Declaration
	for _, d := range declarations {
		if dead(d) {
			continue
		}
		p, known := properties[d.Property]
		if _, has := n.Attr(d.Property); has || slices.ContainsFunc(kept, func(k svgfile.Declaration) bool { return k.Property == d.Property }) {
			known = false // what is invalid of two yields to the other
		}
		if !known || d.Important || m.sheet.properties[d.Property] || d.Value == "" || strings.Contains(d.Value, "var(") || !plainValue(p, d.Value) {
			m.rewriteStyle(n, declarations)
			return
		}
		kept = append(kept, d)
	}
	n.Remove("style")
	for _, d := range kept {
		n.Set(d.Property, d.Value)
	}
	m.fromStyle[n] = true
}

// plainValue says whether a value means the same in an attribute. Figures without a unit
// are lengths there, and errors here.
func plainValue(p property, value string) bool {
	switch p.kind {
	case measure, lengths:
		for _, field := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' }) {
			if _, length := scanNumber(field); length == 0 && field != "none" && field != "normal" {
				return false
			}
		}
	}
	return !strings.Contains(value, "calc(")
}

// dead says whether a declaration means nothing to any renderer.
func dead(d svgfile.Declaration) bool {
	return d.Property == "enable-background" || strings.HasPrefix(d.Property, "-inkscape-") ||
		d.Property == "-sodipodi" || d.Property == "solid-color" || d.Property == "solid-opacity"
}

// rewriteStyle writes a style attribute that has to stay one.
func (m *minifier) rewriteStyle(n *svgfile.Node, declarations []svgfile.Declaration) {
	var parts []string
	for _, d := range declarations {
		if dead(d) {
			continue
		}
		part := d.Property + ":" + d.Value
		if d.Important {
			part += "!important"
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		n.Remove("style")
		return
	}
	n.Set("style", strings.Join(parts, ";"))
}

// worthStyle is from how many properties on a style attribute is shorter: each costs two
// characters less in it, and the attribute itself eight.
const worthStyle = 5

// repack writes presentation attributes that came from a style attribute as one again,
// where there are many.
func (m *minifier) repack() {
	m.doc.Root.Walk(func(n *svgfile.Node) bool {
		if n.Kind != svgfile.Element || !m.fromStyle[n] {
			return n.Kind == svgfile.Element
		}
		if _, has := n.Attr("style"); has {
			return true
		}
		var parts []string
		var kept []svgfile.Attr
		for _, a := range n.Attrs {
			if _, known := properties[a.Local]; known && a.Space == "" && !m.sheet.properties[a.Local] {
				parts = append(parts, a.Local+":"+styled(a.Local, a.Value))
			} else {
				kept = append(kept, a)
			}
		}
		if len(parts) >= worthStyle && !strings.ContainsAny(strings.Join(parts, ""), `;"`) {
			n.Attrs = kept
			n.Set("style", strings.Join(parts, ";"))
		}
		return true
	})
}

// styled is a value as CSS wants it: font sizes and spacings need a unit there.
func styled(name, value string) string {
	switch name {
	case "font-size", "letter-spacing", "word-spacing":
		if _, length := scanNumber(value); length == len(value) && value != "0" {
			return value + "px"
		}
	}
	return value
}
