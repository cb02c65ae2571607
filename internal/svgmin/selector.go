package svgmin

import "strings"

// selectors takes apart what stands in front of a block. A selector is simple if it looks at
// nothing but an element's own name, classes and id.
func (s *sheet) selectors(prelude string) {
	for _, selector := range strings.Split(prelude, ",") {
		selector = strings.TrimSpace(selector)
		for i := 0; i < len(selector) && !s.unknown; {
			i += s.simple(selector[i:])
		}
	}
}

// simple reads one part of a selector and says how long it is.
func (s *sheet) simple(text string) int {
	n := nameLength(text[1:])
	name := text[1 : 1+n]
	switch c := text[0]; {
	case nameByte(c):
		s.tags[text[:1+n]] = true
	case c == '.':
	case c == '#':
		s.ids[name] = true
	case c == '[':
		return s.attribute(text)
	case c == ':':
		s.complex = true
		s.structure = s.structure || name != "" && !stateless(strings.ToLower(name))
	case c == '+' || c == '~':
		s.complex, s.structure = true, true
		return 1
	case strings.IndexByte(" \t\r\n\f>*|&()%/\"", c) >= 0:
		s.complex = true
		return 1
	default:
		s.unknown = true
	}
	return 1 + n
}

// attribute reads an attribute selector.
func (s *sheet) attribute(text string) int {
	end := strings.IndexByte(text, ']')
	if end < 0 {
		s.unknown = true
		return len(text)
	}
	name := text[1:end]
	if i := strings.IndexByte(name, '|'); i >= 0 && !strings.HasPrefix(name[i:], "|=") {
		name = name[i+1:] // behind its namespace
	}
	name = strings.TrimSpace(name)
	name = strings.ToLower(name[:nameLength(name)])
	if name == "" {
		s.unknown = true
	}
	s.attributes[name], s.complex = true, true
	return end + 1
}

// stateless says whether a pseudo-class or pseudo-element depends on nothing that a rewrite
// changes. The arguments of those that hold selectors are read like any.
func stateless(name string) bool {
	switch name {
	case "hover", "active", "focus", "focus-within", "focus-visible", "target", "link", "visited", "any-link",
		"root", "scope", "is", "where", "not", "matches", "lang", "dir",
		"first-letter", "first-line", "before", "after", "selection", "marker":
		return true
	}
	return false
}
