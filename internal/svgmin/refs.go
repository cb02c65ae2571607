package svgmin

import (
	"strings"

	"compressor/internal/svgfile"
)

// collect finds all that refers to ids, and what of the drawing matters to others.
func (m *minifier) collect() {
	m.refs, m.used, m.other = map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, id := range m.sheet.references {
		m.refs[id], m.other[id] = true, true
	}
	for id := range m.sheet.ids {
		m.refs[id], m.other[id] = true, true
	}
	m.markers = m.sheet.properties["marker"] || m.sheet.properties["marker-start"] || m.sheet.properties["marker-mid"] || m.sheet.properties["marker-end"]
	m.strokes = m.sheet.properties["stroke"]
	m.doc.Root.Walk(func(n *svgfile.Node) bool {
		if n.Kind != svgfile.Element {
			return true
		}
		for _, a := range n.Attrs {
			m.attributeRefs(n, a)
		}
		if id, ok := n.Attr("id"); ok && m.IDs {
			m.refs[id], m.other[id] = true, true // another document may refer to it
		}
		return true
	})
}

func (m *minifier) attributeRefs(n *svgfile.Node, a svgfile.Attr) {
	refer := func(id string) { m.refs[id], m.other[id] = true, true }
	for _, id := range svgfile.References(a.Value) {
		refer(id)
	}
	switch {
	case a.Local == "href":
		if id, within := strings.CutPrefix(strings.TrimSpace(a.Value), "#"); within {
			m.refs[id], m.used[id] = true, true
			if !n.Is("use") {
				m.other[id] = true
			}
		}
	case a.Space == "" && strings.HasPrefix(a.Local, "aria-"):
		for _, id := range strings.Fields(a.Value) {
			refer(id)
		}
	case a.Space == "" && (a.Local == "begin" || a.Local == "end"):
		for _, part := range strings.FieldsFunc(a.Value, func(r rune) bool { return strings.ContainsRune("; +", r) }) {
			if id, _, found := strings.Cut(part, "."); found {
				refer(strings.ReplaceAll(id, `\`, ""))
			}
		}
	case a.Space == "" && strings.HasPrefix(a.Local, "marker") || a.Local == "style" && strings.Contains(a.Value, "marker"):
		m.markers = true
	}
	if a.Local == "stroke" && a.Value != "none" || a.Local == "style" && strings.Contains(a.Value, "stroke:") {
		m.strokes = true
	}
}

// ids drops ids that nothing within the document refers to. Those of symbols and views
// are how other documents address them, and stay.
func (m *minifier) ids() {
	if m.survey.Script || m.Textual && m.survey.Animated || !m.survey.Drawn || m.survey.Repeated || m.sheet.complex {
		return
	}
	m.doc.Root.Walk(func(n *svgfile.Node) bool {
		if n.Kind != svgfile.Element || n.Space != svgfile.NamespaceSVG {
			return false
		}
		if n.Local == "symbol" || n.Local == "view" || n.Local == "font" {
			return true
		}
		if id, ok := n.Attr("id"); ok && !m.refs[id] {
			n.Remove("id")
		}
		return true
	})
}

// referred says whether something refers to n, or to something within it.
func (m *minifier) referred(n *svgfile.Node) bool {
	found := false
	n.Walk(func(n *svgfile.Node) bool {
		if id, ok := n.Attr("id"); ok && (m.refs[id] || n.Local == "symbol" || n.Local == "view") {
			found = true
		}
		return !found
	})
	return found
}
