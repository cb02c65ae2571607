package svgmin

import (
	"strings"

	"compressor/internal/svgfile"
)

// sheet is what the style sheets of a document may look at and set. What a rule can see or
// set is left as it is: so more than they say is never left out here, and of a sheet that is
// not wholly understood everything is taken for granted.
type sheet struct {
	ids, tags  map[string]bool
	attributes map[string]bool // that selectors and attr() look at, in lower case
	properties map[string]bool // that any rule sets, whatever its conditions
	references []string        // url(#id)
	complex    bool            // selectors that depend on how elements stand to each other
	structure  bool            // and on which nodes there are: :empty, :first-child, +
	unknown    bool
}

// readSheets reads the style sheets of a document.
func readSheets(survey *svgfile.Survey) *sheet {
	s := &sheet{ids: map[string]bool{}, tags: map[string]bool{}, attributes: map[string]bool{}, properties: map[string]bool{}}
	s.unknown = survey.Unread
	for _, n := range survey.Styles {
		text := n.Contents()
		s.references = append(s.references, svgfile.References(text)...)
		parts, plain := pieces(text)
		s.unknown = s.unknown || !plain
		var b strings.Builder
		for _, p := range parts {
			switch p.kind {
			case cssOpaque:
				b.WriteString(`""`) // its braces and semicolons are none
			case cssComment:
			default:
				b.WriteString(p.text)
			}
		}
		s.block(b.String(), 0)
	}
	if s.unknown {
		s.complex, s.structure = true, true
	}
	return s
}

// sees says whether a selector may look at an attribute.
func (s *sheet) sees(local string) bool { return s.unknown || s.attributes[strings.ToLower(local)] }

// moves says whether a rule may move elements, or what their transforms turn around.
func (s *sheet) moves() bool {
	for name := range s.properties {
		if moving(name) {
			return true
		}
	}
	return false
}

// moving says whether a property has a part in where an element is drawn.
func moving(property string) bool {
	switch property {
	case "transform", "transform-origin", "transform-box", "translate", "rotate", "scale", "zoom", "perspective":
		return true
	}
	return strings.HasPrefix(property, "offset")
}

// effects says whether a rule sets a property that works on an element as a whole.
func (s *sheet) effects() bool {
	for _, name := range [...]string{"opacity", "filter", "mask", "clip-path", "mix-blend-mode", "isolation", "backdrop-filter", "will-change", "contain"} {
		if s.properties[name] {
			return true
		}
	}
	return s.moves()
}

// keepsSpaces says whether a rule may keep the white space of text.
func (s *sheet) keepsSpaces() bool {
	for name := range s.properties {
		if strings.HasPrefix(name, "white-space") || strings.HasPrefix(name, "text-space") {
			return true
		}
	}
	return s.unknown
}

// maxCSSDepth bounds blocks within blocks.
const maxCSSDepth = 8

// block reads what stands in braces, or a whole sheet: declarations and rules, which may
// hold such blocks again.
func (s *sheet) block(css string, depth int) {
	if depth > maxCSSDepth {
		s.unknown = true
		return
	}
	for {
		i := strings.IndexAny(css, ";{}")
		switch {
		case i < 0:
			s.declaration(css)
			return
		case css[i] == '}':
			s.unknown = true // closes nothing
			return
		case css[i] == ';':
			s.declaration(css[:i])
			css = css[i+1:]
			continue
		}
		end := closing(css, i)
		s.rule(strings.TrimSpace(css[:i]), css[i+1:end], depth)
		css = css[min(end+1, len(css)):]
	}
}

// closing finds the brace that closes the one at open; the end of the text if none does.
func closing(css string, open int) int {
	depth := 0
	for i := open; i < len(css); i++ {
		switch css[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(css)
}

// rule reads what stands in front of a block, and the block.
func (s *sheet) rule(prelude, inside string, depth int) {
	if strings.HasPrefix(prelude, "@") {
		name := strings.ToLower(prelude[1 : 1+nameLength(prelude[1:])])
		switch name {
		case "font-face", "property", "page", "counter-style", "font-feature-values", "font-palette-values":
			return // describes no element
		case "scope":
			s.selectors(strings.NewReplacer("(", ",", ")", ",").Replace(prelude[1+len(name):]))
		}
		s.complex = true
	} else {
		s.selectors(prelude)
		s.complex = s.complex || strings.IndexByte(inside, '{') >= 0
	}
	s.block(inside, depth+1)
}

// declaration reads what ends with a semicolon: a declaration, or an at-rule without a block.
func (s *sheet) declaration(text string) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "@") {
		s.unknown = s.unknown || indexFold(text, "@import") == 0
		return
	}
	property, value, found := strings.Cut(text, ":")
	if !found {
		return // an error, which sets nothing
	}
	property = strings.TrimSpace(property)
	if nameLength(property) != len(property) {
		s.unknown = true
		return
	}
	s.sets(strings.ToLower(property))
	s.looksUp(value)
}

// sets notes a property: a shorthand with all that it sets, one of a vendor as the standard's.
func (s *sheet) sets(property string) {
	if strings.HasPrefix(property, "-") && !strings.HasPrefix(property, "--") {
		if _, standard, found := strings.Cut(property[1:], "-"); found {
			property = standard
		}
	}
	s.properties[property] = true
	switch property {
	case "all":
		s.unknown = true
	case "font", "marker":
		for name := range properties {
			if strings.HasPrefix(name, property+"-") {
				s.properties[name] = true
			}
		}
	}
	for _, shorthand := range [...]string{"mask", "overflow", "text-decoration", "font-variant", "fill", "stroke"} {
		if strings.HasPrefix(property, shorthand+"-") && !properties[property].known() {
			s.properties[shorthand] = true
		}
	}
}

// looksUp notes the attributes that attr() in a value reads.
func (s *sheet) looksUp(value string) {
	value = strings.ToLower(value)
	for {
		_, after, found := strings.Cut(value, "attr(")
		if !found {
			return
		}
		after = strings.TrimLeft(after, " \t\r\n\f")
		s.attributes[after[:nameLength(after)]] = true
		s.complex = true
		value = after
	}
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= 0x80
}

// nameLength is how much of s is a name.
func nameLength(s string) int {
	n := 0
	for n < len(s) && nameByte(s[n]) {
		n++
	}
	return n
}
