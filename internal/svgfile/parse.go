package svgfile

import (
	"fmt"
	"strings"

	"compressor/internal/problem"
)

// Bounds on a document, whatever its size. Real drawings nest a few dozen levels deep;
// librsvg stops at similar figures.
const (
	MaxDepth    = 256
	MaxElements = 200_000
	maxAttrs    = 256 // of one element
	MaxBytes    = 32 << 20
)

// Parse reads a document in UTF-8 or another encoding that it declares. The root must be
// SVG's. Errors: file-corrupt for what is not well-formed, format-unsafe for external and
// nested entities, limit-exceeded for what is too deep or too much.
func Parse(data []byte) (*Document, error) {
	text, err := decode(data)
	if err != nil {
		return nil, err
	}
	p := &parser{text: text, doc: &Document{text: text}, entities: map[string]string{}}
	if err := p.document(); err != nil {
		return nil, err
	}
	return p.doc, nil
}

// parser walks over the text once. What is open lies on a stack of its own, so that
// nesting costs no call depth.
type parser struct {
	text     string
	at       int
	doc      *Document
	entities map[string]string // declared by the document
	expanded int               // bytes that entities have put in
	open     []*Node
	scopes   []scope
}

// scope is a namespace declaration and the depth that it was made at.
type scope struct {
	prefix, uri string
	depth       int
}

func (p *parser) corrupt(what string, args ...any) error {
	return problem.New(problem.FileCorrupt).Because(fmt.Errorf("svg: at byte %d: %s", p.at, fmt.Sprintf(what, args...)))
}

func limit(what string, most int) error {
	return problem.New(problem.LimitExceeded).With(problem.Field{
		Path: "image", Message: fmt.Sprintf("Must have at most %d %s; got more.", most, what)})
}

func (p *parser) has(prefix string) bool { return strings.HasPrefix(p.text[p.at:], prefix) }

// until gives what stands in front of mark and steps behind it.
func (p *parser) until(mark string) (string, error) {
	n := strings.Index(p.text[p.at:], mark)
	if n < 0 {
		return "", p.corrupt("%q is missing", mark)
	}
	found := p.text[p.at : p.at+n]
	p.at += n + len(mark)
	return found, nil
}

func (p *parser) document() error {
	if p.has("<?xml") && len(p.text) > 5 && isSpace(p.text[5]) {
		if _, err := p.until("?>"); err != nil {
			return err
		}
	}
	for p.at < len(p.text) {
		if err := p.next(); err != nil {
			return err
		}
	}
	if len(p.open) > 0 {
		return p.corrupt("<%s> is not closed", p.open[len(p.open)-1].Name)
	}
	if p.doc.Root == nil {
		return p.corrupt("no root element")
	}
	return nil
}

// next reads one piece: text, a tag, or one of the others.
func (p *parser) next() error {
	switch {
	case p.text[p.at] != '<':
		return p.characters()
	case p.has("<!--"):
		return p.comment()
	case p.has("<![CDATA["):
		p.at += len("<![CDATA[")
		text, err := p.until("]]>")
		if err != nil {
			return err
		}
		return p.add(&Node{Kind: Text, Text: text})
	case p.has("<!DOCTYPE"):
		return p.doctype()
	case p.has("<?"):
		return p.instruction()
	case p.has("</"):
		return p.endTag()
	}
	return p.startTag()
}

func (p *parser) comment() error {
	p.at += len("<!--")
	text, err := p.until("-->")
	if err != nil {
		return err
	}
	return p.add(&Node{Kind: Comment, Text: text})
}

func (p *parser) instruction() error {
	p.at += len("<?")
	text, err := p.until("?>")
	if err != nil {
		return err
	}
	n := nameEnd(text, 0)
	if n == 0 || strings.EqualFold(text[:n], "xml") {
		return p.corrupt("processing instruction %.20q", text)
	}
	return p.add(&Node{Kind: Instruction, Name: text[:n], Text: strings.TrimLeft(text[n:], spaces)})
}

func (p *parser) characters() error {
	end := strings.IndexByte(p.text[p.at:], '<')
	if end < 0 {
		end = len(p.text) - p.at
	}
	raw := p.text[p.at : p.at+end]
	if len(p.open) == 0 {
		if strings.Trim(raw, spaces) != "" {
			return p.corrupt("text outside the root")
		}
		p.at += end
		return nil
	}
	text, err := p.resolve(raw, false)
	if err != nil {
		return err
	}
	p.at += end
	return p.add(&Node{Kind: Text, Text: text})
}

// add hangs a node under the open element, or beside the root.
func (p *parser) add(n *Node) error {
	if len(p.open) == 0 {
		switch {
		case n.Kind == Text:
			return p.corrupt("text outside the root")
		case p.doc.Root == nil:
			p.doc.Before = append(p.doc.Before, n)
		default:
			p.doc.After = append(p.doc.After, n)
		}
		return nil
	}
	parent := p.open[len(p.open)-1]
	parent.Children = append(parent.Children, n)
	return nil
}

func (p *parser) startTag() error {
	start := p.at
	p.at++
	end := nameEnd(p.text, p.at)
	if end == p.at {
		return p.corrupt("a name is missing")
	}
	n := &Node{Kind: Element, Name: p.text[p.at:end]}
	p.at = end
	empty, err := p.attributes(n)
	if err != nil {
		return err
	}
	if p.doc.Elements++; p.doc.Elements > MaxElements {
		return limit("elements", MaxElements)
	}
	if err := p.bind(n); err != nil {
		return err
	}
	if len(p.open) == 0 {
		if p.doc.Root != nil {
			return p.corrupt("a second root")
		}
		if !n.Is("svg") {
			return p.corrupt("the root is not SVG's")
		}
		p.doc.Root, p.doc.rootStart, p.doc.rootTail, p.doc.rootEmpty = n, start, p.at, empty
	} else if err := p.add(n); err != nil {
		return err
	}
	if empty {
		p.unbind()
		return nil
	}
	p.open = append(p.open, n)
	if len(p.open) > MaxDepth {
		return limit("levels of nesting", MaxDepth)
	}
	return nil
}

// attributes reads up to the end of a start tag and says whether the element is empty.
func (p *parser) attributes(n *Node) (empty bool, err error) {
	for {
		before := p.at
		p.skipSpace()
		switch {
		case p.has("/>"):
			p.at += 2
			return true, nil
		case p.has(">"):
			p.at++
			return false, nil
		case p.at == before:
			return false, p.corrupt("the tag of <%s> does not end", n.Name)
		}
		a, err := p.attribute()
		if err != nil {
			return false, err
		}
		for i := range n.Attrs {
			if n.Attrs[i].Name == a.Name {
				return false, p.corrupt("attribute %s twice", a.Name)
			}
		}
		if n.Attrs = append(n.Attrs, a); len(n.Attrs) > maxAttrs {
			return false, limit("attributes on one element", maxAttrs)
		}
	}
}

func (p *parser) attribute() (Attr, error) {
	end := nameEnd(p.text, p.at)
	if end == p.at {
		return Attr{}, p.corrupt("an attribute's name is missing")
	}
	a := Attr{Name: p.text[p.at:end]}
	p.at = end
	p.skipSpace()
	if !p.has("=") {
		return Attr{}, p.corrupt("attribute %s has no value", a.Name)
	}
	p.at++
	p.skipSpace()
	if p.at == len(p.text) || p.text[p.at] != '"' && p.text[p.at] != '\'' {
		return Attr{}, p.corrupt("the value of %s is not quoted", a.Name)
	}
	quote := p.text[p.at : p.at+1]
	p.at++
	raw, err := p.until(quote)
	if err != nil {
		return Attr{}, err
	}
	if strings.IndexByte(raw, '<') >= 0 {
		return Attr{}, p.corrupt("< in the value of %s", a.Name)
	}
	a.Value, err = p.resolve(raw, true)
	return a, err
}

func (p *parser) endTag() error {
	p.at += 2
	end := nameEnd(p.text, p.at)
	name := p.text[p.at:end]
	p.at = end
	p.skipSpace()
	if !p.has(">") || len(p.open) == 0 || p.open[len(p.open)-1].Name != name {
		return p.corrupt("</%.40s> closes nothing", name)
	}
	p.at++
	closed := p.open[len(p.open)-1]
	closed.Children = joinText(closed.Children)
	p.open = p.open[:len(p.open)-1]
	p.unbind()
	return nil
}

// joinText makes one node of texts that stand side by side, as text and CDATA do.
func joinText(nodes []*Node) []*Node {
	out := nodes[:0]
	for i := 0; i < len(nodes); {
		end := i + 1
		for nodes[i].Kind == Text && end < len(nodes) && nodes[end].Kind == Text {
			end++
		}
		if end > i+1 {
			var text strings.Builder
			for _, n := range nodes[i:end] {
				text.WriteString(n.Text)
			}
			nodes[i].Text = text.String()
		}
		out = append(out, nodes[i])
		i = end
	}
	return out
}

func (p *parser) skipSpace() {
	for p.at < len(p.text) && isSpace(p.text[p.at]) {
		p.at++
	}
}

// spaces is white space in XML (2.3).
const spaces = " \t\r\n"

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// nameEnd gives the end of the name that begins at from. It is more forgiving than XML
// 2.3 about letters beyond ASCII.
func nameEnd(text string, from int) int {
	i := from
	for i < len(text) {
		c := text[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
		if !letter && (i == from || !(c >= '0' && c <= '9' || c == '-' || c == '.')) {
			break
		}
		i++
	}
	return i
}
