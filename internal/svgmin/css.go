package svgmin

import (
	"strings"

	"compressor/internal/svgfile"
)

// sheet is what the style elements of a document may look at and set.
type sheet struct {
	ids, tags  map[string]bool
	properties map[string]bool
	references []string // url(#id)
	complex    bool     // selectors that depend on how elements stand to each other
	attributes bool     // selectors that look at attributes
}

// readSheets reads style sheets roughly: more than they say is never left out.
func readSheets(styles []*svgfile.Node) *sheet {
	s := &sheet{ids: map[string]bool{}, tags: map[string]bool{}, properties: map[string]bool{}}
	for _, n := range styles {
		text := svgfile.WithoutComments(n.Contents())
		s.references = append(s.references, svgfile.References(text)...)
		s.block(text, 0)
	}
	return s
}

// maxCSSDepth bounds blocks within blocks.
const maxCSSDepth = 8

// block reads rules: a prelude and what stands in braces behind it.
func (s *sheet) block(css string, depth int) {
	if depth > maxCSSDepth {
		s.complex, s.attributes = true, true
		return
	}
	for {
		open := strings.IndexByte(css, '{')
		if open < 0 {
			return
		}
		prelude := css[:open]
		if i := strings.LastIndexByte(prelude, ';'); i >= 0 {
			prelude = prelude[i+1:] // @import and the like
		}
		prelude = strings.TrimSpace(prelude)
		end := closing(css, open)
		inside := css[open+1 : end]
		switch {
		case strings.HasPrefix(prelude, "@font-face"):
		case strings.HasPrefix(prelude, "@"):
			s.complex = true
			s.block(inside, depth+1)
		default:
			s.selectors(prelude)
			for _, d := range svgfile.Declarations(inside) {
				s.properties[d.Property] = true
			}
			if strings.IndexByte(inside, '{') >= 0 {
				s.complex = true
				s.block(inside, depth+1)
			}
		}
		if end >= len(css) {
			return
		}
		css = css[end+1:]
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

// selectors takes apart what stands in front of a block.
func (s *sheet) selectors(prelude string) {
	for _, selector := range strings.Split(prelude, ",") {
		selector = strings.TrimSpace(selector)
		if strings.IndexByte(selector, '[') >= 0 {
			s.attributes, s.complex = true, true
		}
		if strings.ContainsAny(selector, " \t\n>+~:\\&|(") {
			s.complex = true
		}
		for i := 0; i < len(selector); {
			end := i + 1
			for end < len(selector) && nameByte(selector[end]) {
				end++
			}
			switch {
			case selector[i] == '#':
				s.ids[selector[i+1:end]] = true
			case nameByte(selector[i]):
				s.tags[selector[i:end]] = true
			case selector[i] == '*':
				s.complex = true
			}
			i = end
		}
	}
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= 0x80
}

// tight writes a style sheet without comments and needless white space. What stands in
// quotes or parentheses stays as it is.
func tight(css string) string {
	if strings.ContainsAny(css, `\<`) {
		return css // escapes and markup declarations: not worth the risk
	}
	var b strings.Builder
	css = stripCommentsOutsideQuotes(css)
	quote, parens, braces := byte(0), 0, 0
	last := byte(0)
	put := func(c byte) { b.WriteByte(c); last = c }
	for i := 0; i < len(css); i++ {
		c := css[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			put(c)
			continue
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			parens++
		case c == ')':
			parens--
		case parens > 0:
		case strings.IndexByte(" \t\r\n\f", c) >= 0:
			next := byte(0)
			for i+1 < len(css) && strings.IndexByte(" \t\r\n\f", css[i+1]) >= 0 {
				i++
			}
			if i+1 < len(css) {
				next = css[i+1]
			}
			if last != 0 && next != 0 && strings.IndexByte("{};,", last) < 0 && strings.IndexByte("{};,!", next) < 0 && !(last == ':' && braces > 0) {
				put(' ')
			}
			continue
		case c == '{':
			braces++
		case c == '}':
			braces--
		}
		put(c)
	}
	return strings.TrimSuffix(strings.ReplaceAll(b.String(), ";}", "}"), ";")
}

func stripCommentsOutsideQuotes(css string) string {
	if !strings.Contains(css, "/*") || strings.ContainsAny(css, `"'`) {
		return css
	}
	return svgfile.WithoutComments(css)
}
