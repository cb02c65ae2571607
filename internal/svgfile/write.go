package svgfile

import "strings"

// Bytes writes the document: no XML declaration, since UTF-8 needs none, and no document
// type, since its entities are resolved.
func (d *Document) Bytes() []byte {
	var w writer
	for _, n := range d.Before {
		w.node(n)
	}
	w.node(d.Root)
	for _, n := range d.After {
		w.node(n)
	}
	return []byte(w.String())
}

// writer writes nodes in the fewest bytes.
type writer struct{ strings.Builder }

func (w *writer) node(n *Node) {
	switch n.Kind {
	case Text:
		w.WriteString(escapeText(n.Text))
	case Comment:
		w.WriteString("<!--" + n.Text + "-->")
	case Instruction:
		w.WriteString("<?" + n.Name)
		if n.Text != "" {
			w.WriteString(" " + n.Text)
		}
		w.WriteString("?>")
	case Element:
		w.start(n)
		if len(n.Children) == 0 {
			w.WriteString("/>")
			return
		}
		w.WriteString(">")
		for _, child := range n.Children {
			w.node(child)
		}
		w.WriteString("</" + n.Name + ">")
	}
}

// start writes a start tag without its end.
func (w *writer) start(n *Node) {
	w.WriteString("<" + n.Name)
	for _, a := range n.Attrs {
		w.WriteString(" " + a.Name + "=" + quoted(a.Value))
	}
}

// quoted writes an attribute's value in the quotes that need fewer escapes.
func quoted(v string) string {
	quote, escape := `"`, "&#34;"
	if strings.Count(v, `"`) > strings.Count(v, "'") {
		quote, escape = "'", "&#39;"
	}
	if strings.ContainsAny(v, "&<\t\r\n"+quote) {
		v = strings.NewReplacer("&", "&amp;", "<", "&lt;", "\t", "&#9;", "\n", "&#10;", "\r", "&#13;", quote, escape).Replace(v)
	}
	return quote + v + quote
}

// escapeText writes text by escapes or as CDATA, whichever is shorter.
func escapeText(text string) string {
	if !strings.ContainsAny(text, "&<>\r") {
		return text
	}
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", "]]>", "]]&gt;", "\r", "&#13;").Replace(text)
	if cdata := "<![CDATA[" + text + "]]>"; len(cdata) < len(escaped) && !strings.Contains(text, "]]>") && !strings.Contains(text, "\r") {
		return cdata
	}
	return escaped
}

// Source writes one node as it would stand in a document.
func (n *Node) Source() string {
	var w writer
	w.node(n)
	return w.String()
}
