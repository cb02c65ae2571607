// Package svgfile reads SVG documents that strangers wrote, says what they hold, and writes
// them again.
//
// It has its own reader for XML 1.0 (W3C Recommendation, fifth edition) rather than
// encoding/xml, which drops prefixes and the places where things stand, knows no entities
// of a document, and nests without bound. Nothing here recurses deeper than MaxDepth, and
// nothing outside the document is ever fetched.
package svgfile

import "strings"

// Namespaces that have a meaning here.
const (
	NamespaceSVG   = "http://www.w3.org/2000/svg"
	NamespaceXLink = "http://www.w3.org/1999/xlink"
	NamespaceXML   = "http://www.w3.org/XML/1998/namespace"
	namespaceXMLNS = "http://www.w3.org/2000/xmlns/"
)

// Kind is what a Node is.
type Kind uint8

// The kinds of nodes.
const (
	Element Kind = iota
	Text
	Comment
	Instruction // a processing instruction
)

// Node is one node of a document.
type Node struct {
	Kind     Kind
	Name     string // of an Element as written, such as "svg" or "sodipodi:namedview"; the target of an Instruction
	Space    string // namespace of an Element
	Local    string // Name without its prefix
	Attrs    []Attr
	Children []*Node
	Text     string // of Text, Comment and Instruction, with entities resolved
}

// Attr is one attribute. Namespace declarations are attributes, too.
type Attr struct {
	Name  string // as written
	Space string // namespace; "" for attributes without a prefix
	Local string
	Value string // entities resolved, white space normalized
}

// Document is a parsed SVG file.
type Document struct {
	Before []*Node // comments and instructions in front of the root
	Root   *Node
	After  []*Node // and behind it

	Elements int

	// Defaults says that the document type declares attributes with default values, which
	// apply although they are not written in the elements.
	Defaults bool

	text                string // the whole document in UTF-8, without a byte order mark
	rootStart, rootTail int    // the root's start tag is text[rootStart:rootTail]
	rootEmpty           bool   // the root is an empty-element tag
}

// Is says whether n is the SVG element of that name.
func (n *Node) Is(local string) bool {
	return n.Kind == Element && n.Local == local && n.Space == NamespaceSVG
}

// Attr gives the value of an attribute without a namespace.
func (n *Node) Attr(local string) (string, bool) {
	for i := range n.Attrs {
		if a := &n.Attrs[i]; a.Space == "" && a.Local == local {
			return a.Value, true
		}
	}
	return "", false
}

// Value is Attr without telling "" and absence apart.
func (n *Node) Value(local string) string {
	v, _ := n.Attr(local)
	return v
}

// Set gives an attribute without a namespace a value, in its place or as the last.
func (n *Node) Set(local, value string) {
	for i := range n.Attrs {
		if a := &n.Attrs[i]; a.Space == "" && a.Local == local {
			a.Value = value
			return
		}
	}
	n.Attrs = append(n.Attrs, Attr{Name: local, Local: local, Value: value})
}

// Remove drops an attribute without a namespace.
func (n *Node) Remove(local string) {
	for i := range n.Attrs {
		if a := &n.Attrs[i]; a.Space == "" && a.Local == local {
			n.Attrs = append(n.Attrs[:i:i], n.Attrs[i+1:]...)
			return
		}
	}
}

// Href gives what n refers to: the attribute href, with or without XLink's namespace. The
// one without is the stronger (SVG 2, 5.1.1).
func (n *Node) Href() string {
	if v, ok := n.Attr("href"); ok {
		return v
	}
	for _, a := range n.Attrs {
		if a.Space == NamespaceXLink && a.Local == "href" {
			return a.Value
		}
	}
	return ""
}

// Walk visits n and what is below it, in document order. Where visit says false, what is
// below that node is left out.
func (n *Node) Walk(visit func(*Node) bool) {
	if !visit(n) {
		return
	}
	for _, child := range n.Children {
		child.Walk(visit)
	}
}

// Contents is the text directly within n.
func (n *Node) Contents() string {
	var text strings.Builder
	for _, child := range n.Children {
		if child.Kind == Text {
			text.WriteString(child.Text)
		}
	}
	return text.String()
}
