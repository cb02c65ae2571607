package svgmin

import (
	"strings"

	"compressor/internal/svgfile"
)

// clean drops what no renderer looks at: comments, editors' elements, white space.
func (m *minifier) clean() {
	m.doc.Before, m.doc.After = m.outside(m.doc.Before), m.outside(m.doc.After)
	m.cleanChildren(m.doc.Root, false, m.preserving(m.doc.Root, m.spaces))
}

// outside keeps what of the nodes beside the root means something.
func (m *minifier) outside(nodes []*svgfile.Node) []*svgfile.Node {
	var out []*svgfile.Node
	for _, n := range nodes {
		if n.Kind == svgfile.Comment && !m.Comments || n.Kind == svgfile.Instruction && packet(n) {
			continue
		}
		out = append(out, n)
	}
	return out
}

// packet says whether an instruction only wraps metadata.
func packet(n *svgfile.Node) bool { return n.Name == "xpacket" || n.Name == "adobe-xap-filters" }

// preserving says whether white space counts within n.
func (m *minifier) preserving(n *svgfile.Node, outer bool) bool {
	for _, a := range n.Attrs {
		if a.Space == svgfile.NamespaceXML && a.Local == "space" {
			outer = a.Value == "preserve" || m.spaces
		}
	}
	return outer
}

// wordy says whether an SVG element holds characters.
func wordy(n *svgfile.Node) bool {
	switch n.Local {
	case "text", "tspan", "tref", "textPath", "altGlyph", "title", "desc":
		return true
	}
	return false
}

// foreign says whether what is in n is not SVG's, so that nothing is known of it.
func foreign(n *svgfile.Node) bool {
	return n.Space != svgfile.NamespaceSVG || n.Local == "foreignObject" || n.Local == "metadata" ||
		n.Local == "script" || n.Local == "style"
}

func (m *minifier) cleanChildren(n *svgfile.Node, words, preserve bool) {
	var out []*svgfile.Node
	for _, child := range n.Children {
		switch child.Kind {
		case svgfile.Comment:
			if !m.Comments {
				continue
			}
		case svgfile.Text:
			if !words && strings.Trim(child.Text, " \t\r\n") == "" && !m.survey.Script && !m.sheet.structure {
				continue
			}
			if words && !preserve {
				child.Text = collapse(child.Text)
			}
		case svgfile.Element:
			if m.leaving(child) {
				if !m.sheet.structure {
					continue
				}
				m.hollow(child)
			}
			if !foreign(child) {
				m.cleanChildren(child, (words && child.Local != "svg") || wordy(child), m.preserving(child, preserve))
			}
		case svgfile.Instruction:
			if packet(child) {
				continue
			}
		}
		out = append(out, child)
	}
	n.Children = out
	if !m.survey.Script && !m.sheet.structure && n.Space == svgfile.NamespaceSVG && (n.Local == "text" || n.Local == "title" || n.Local == "desc") && !preserve {
		trim(n)
	}
}

// leaving says whether an element is an editor's, or metadata that nobody asked to keep.
func (m *minifier) leaving(n *svgfile.Node) bool {
	if m.Metadata || m.survey.Script {
		return false
	}
	return n.Is("metadata") || editorNamespaces[n.Space]
}

// hollow leaves of an element only that it is there, for selectors that count.
func (m *minifier) hollow(n *svgfile.Node) {
	n.Children = nil
	kept := n.Attrs[:0]
	for _, a := range n.Attrs {
		if _, declares := a.Declares(); declares || m.sheet.sees(a.Local) {
			kept = append(kept, a)
		}
	}
	n.Attrs = kept
}

// collapse shortens runs of white space within text. In SVG 1.1 a line end is nothing and
// in CSS it is a space, so a run keeps its line end unless there are spaces beside it,
// which make it a space in both.
func collapse(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		end := i
		spaces := false
		for end < len(text) && strings.IndexByte(" \t\n", text[end]) >= 0 {
			spaces = spaces || text[end] != '\n'
			end++
		}
		switch {
		case end == i:
			b.WriteByte(text[i])
			i++
			continue
		case spaces:
			b.WriteByte(' ')
		default:
			b.WriteByte('\n')
		}
		i = end
	}
	return b.String()
}

// trim drops white space at the start and the end of a text.
func trim(n *svgfile.Node) {
	if len(n.Children) == 0 {
		return
	}
	if first := n.Children[0]; first.Kind == svgfile.Text {
		if first.Text = strings.TrimLeft(first.Text, " \t\n"); first.Text == "" {
			n.Children = n.Children[1:]
		}
	}
	if len(n.Children) == 0 {
		return
	}
	if last := n.Children[len(n.Children)-1]; last.Kind == svgfile.Text {
		if last.Text = strings.TrimRight(last.Text, " \t\n"); last.Text == "" {
			n.Children = n.Children[:len(n.Children)-1]
		}
	}
}

// namespaces drops declarations that no name uses, and the attributes of editors.
func (m *minifier) namespaces() {
	if m.survey.Script {
		return
	}
	used := map[string]bool{}
	m.doc.Root.Walk(func(n *svgfile.Node) bool {
		if n.Kind != svgfile.Element {
			return true
		}
		if !m.Metadata {
			kept := n.Attrs[:0]
			for _, a := range n.Attrs {
				if !editorNamespaces[a.Space] || m.sheet.sees(a.Local) {
					kept = append(kept, a)
				}
			}
			n.Attrs = kept
		}
		use(used, n.Name)
		for _, a := range n.Attrs {
			if _, declares := a.Declares(); !declares {
				use(used, a.Name)
			}
			if a.Local == "requiredExtensions" || a.Local == "type" {
				used[""] = true
			}
		}
		return true
	})
	m.doc.Root.Walk(func(n *svgfile.Node) bool {
		kept := n.Attrs[:0]
		for _, a := range n.Attrs {
			if prefix, declares := a.Declares(); !declares || prefix == "" || used[prefix] {
				kept = append(kept, a)
			}
		}
		n.Attrs = kept
		return true
	})
}

func use(used map[string]bool, name string) {
	if prefix, _, prefixed := strings.Cut(name, ":"); prefixed {
		used[prefix] = true
	}
}
