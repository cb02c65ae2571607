package svgmin

import (
	"strings"

	"compressor/internal/svgfile"
)

// look finds what of one element may matter to all others.
func (m *minifier) look() {
	m.spaces = m.survey.Script || m.sheet.keepsSpaces()
	m.dashes = m.sheet.properties["vector-effect"]
	m.servers, m.words = m.survey.External, m.survey.External
	m.doc.Root.Walk(func(n *svgfile.Node) bool {
		if n.Kind != svgfile.Element {
			return true
		}
		m.words = m.words || n.Is("text") || n.Space != svgfile.NamespaceSVG
		switch n.Local {
		case "linearGradient", "radialGradient", "pattern":
			m.servers = true
		}
		for _, a := range n.Attrs {
			m.spaces = m.spaces || keepsSpaces(n, a)
			m.dashes = m.dashes || a.Local == "pathLength" || a.Local == "vector-effect" || a.Local == "style" && strings.Contains(a.Value, "vector-effect")
			if a.Local == "style" {
				m.sheet.looksUp(a.Value)
			}
		}
		return true
	})
}

// keepsSpaces says whether an attribute may keep white space in text that is not within n
// where it stands: a style by names that are given elsewhere, or xml:space on use.
func keepsSpaces(n *svgfile.Node, a svgfile.Attr) bool {
	if strings.Contains(a.Local, "white-space") || strings.Contains(a.Value, "white-space") || strings.Contains(a.Value, "xml:space") {
		return true
	}
	if a.Space != svgfile.NamespaceXML || a.Local != "space" || a.Value != "preserve" {
		return false
	}
	uses := false
	n.Walk(func(n *svgfile.Node) bool {
		uses = uses || n.Is("use")
		return !uses
	})
	return uses
}

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
		for _, id := range svgfile.Fragments(a.Value) {
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
