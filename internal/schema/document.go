package schema

import (
	"encoding/json"
	"fmt"
	"strings"

	"compressor/internal/problem"
)

// Document is a document under construction from options given as text, such as
// "--image.resize.width 300". It obeys the same rules as JSON, because it is decoded by them.
type Document struct {
	schema *Schema
	root   *value
}

// Document starts an empty document.
func (s *Schema) Document() *Document {
	return &Document{schema: s, root: &value{shape: isHash}}
}

// Set gives the option at a dotted path a value. A list takes several, comma separated, or
// as a JSON list where an item holds a comma; a map takes name=value; both grow when set
// again, anything else may be set once. The error is options-invalid; the value itself is
// judged by Decode.
func (d *Document) Set(path, word string) error {
	n, at := d.schema.root, d.root
	for name := range strings.SplitSeq(path, ".") {
		f := n.find(name)
		if n.kind != hash || f == nil {
			return problem.Invalid(problem.Field{Path: Printable(path), Message: d.schema.unknownPath(path)})
		}
		if n = f.node; n.kind != hash {
			return d.put(n, at, path, name, word, d.isLast(path, name))
		}
		inner := at.member(name)
		if inner == nil {
			inner = &value{shape: isHash}
			at.members = append(at.members, member{name, inner})
		}
		at = inner
	}
	message := "Is a group of options; set those in it."
	return problem.Invalid(problem.Field{Path: path, Message: message})
}

// isLast says whether name ends the path.
func (d *Document) isLast(path, name string) bool {
	return path == name || strings.HasSuffix(path, "."+name)
}

// put sets a member of the hash at, or lets it grow.
func (d *Document) put(n *node, at *value, path, name, word string, last bool) error {
	if !last {
		return problem.Invalid(problem.Field{Path: Printable(path), Message: d.schema.unknownPath(path)})
	}
	given, held := fromText(n, word), at.member(name)
	switch {
	case held == nil:
		at.members = append(at.members, member{name, given})
	case n.kind == list:
		held.items = append(held.items, given.items...)
	case n.kind == dict && held.shape == isHash && given.shape == isHash:
		held.members = append(held.members, given.members...)
	default:
		return problem.Invalid(problem.Field{Path: path, Message: "Is given more than once."})
	}
	return nil
}

// Decode is Schema.Decode of the finished document.
func (d *Document) Decode(into any) error { return d.schema.decode(d.root, into, false) }

// unknownPath is the message for a path that no option has.
func (s *Schema) unknownPath(path string) string {
	var paths []string
	for _, o := range s.Options() {
		if o.Type != "hash" {
			paths = append(paths, o.Path)
		}
	}
	if near := Nearest(path, paths); near != "" {
		return "Unknown option; did you mean '" + near + "'?"
	}
	if found := where(s.root, path, ""); found != "" {
		return "Unknown option; did you mean '" + found + "'?"
	}
	return "Unknown option."
}

// fromText reads the text of a flag or a tag as n would have it in JSON. What does not fit
// stays text, for the decoder to complain of.
func fromText(n *node, word string) *value {
	switch n.kind {
	case integer, number:
		if json.Valid([]byte(word)) && strings.Trim(word, "+-.0123456789eE") == "" {
			return &value{shape: isNumber, text: word}
		}
	case boolean:
		if word == "true" || word == "false" {
			return &value{shape: isBool, text: word}
		}
	case dict:
		if name, rest, ok := strings.Cut(word, "="); ok {
			return &value{shape: isHash, members: []member{{strings.TrimSpace(name), fromText(n.elem, rest)}}}
		}
	case list:
		return listFromText(n, word)
	}
	return &value{shape: isText, text: word}
}

// listFromText reads "a,b" or a JSON list.
func listFromText(n *node, word string) *value {
	if strings.HasPrefix(strings.TrimSpace(word), "[") {
		if v, err := parse(fmt.Appendf(nil, `{"list":%s}`, word)); err == nil && len(v.members) == 1 && v.members[0].value.shape == isList {
			return v.members[0].value
		}
	}
	out := &value{shape: isList}
	for item := range strings.SplitSeq(word, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out.items = append(out.items, fromText(n.elem, item))
		}
	}
	return out
}
