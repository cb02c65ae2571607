package svgmin

import (
	"strings"
)

// pieceKind is what a stretch of CSS is.
type pieceKind uint8

const (
	cssCode    pieceKind = iota
	cssOpaque            // a string, or an unquoted url(), with its brackets
	cssComment           // with its marks
)

type piece struct {
	kind pieceKind
	text string
}

// pieces takes CSS apart (CSS Syntax 3, 4.3). False for what ends within a string or url(),
// and for escapes outside them: names that do not look like what they are.
func pieces(css string) (out []piece, plain bool) {
	start := 0
	add := func(kind pieceKind, from, to int) {
		if from > start {
			out = append(out, piece{cssCode, css[start:from]})
		}
		out = append(out, piece{kind, css[from:to]})
		start = to
	}
	for i := 0; i < len(css); {
		end := i + 1
		switch c := css[i]; {
		case c == '\\':
			return out, false
		case c == '"' || c == '\'':
			if end = stringEnd(css, i); end < 0 {
				return out, false
			}
			add(cssOpaque, i, end)
		case c == '/' && strings.HasPrefix(css[i:], "/*"):
			end = len(css)
			if n := strings.Index(css[i+2:], "*/"); n >= 0 {
				end = i + 2 + n + 2
			}
			add(cssComment, i, end)
		case (c == 'u' || c == 'U') && unquoted(css[i:]):
			n := strings.IndexByte(css[i:], ')')
			if n < 0 {
				return out, false
			}
			end = i + n + 1
			add(cssOpaque, i, end)
		}
		i = end
	}
	if start < len(css) {
		out = append(out, piece{cssCode, css[start:]})
	}
	return out, true
}

// stringEnd finds what is behind the string that begins at i; -1 if it does not end.
func stringEnd(css string, i int) int {
	for j := i + 1; j < len(css); j++ {
		switch css[j] {
		case css[i]:
			return j + 1
		case '\\':
			j++
		case '\n':
			return -1
		}
	}
	return -1
}

// unquoted says whether css begins with a url() whose inside is no string.
func unquoted(css string) bool {
	if indexFold(css, "url(") != 0 {
		return false
	}
	inside := strings.TrimLeft(css[len("url("):], " \t\r\n\f")
	return inside == "" || inside[0] != '"' && inside[0] != '\''
}

// indexFold finds a lower-case word in any case at the start of s; -1 if s begins otherwise.
func indexFold(s, word string) int {
	if len(s) >= len(word) && strings.EqualFold(s[:len(word)], word) {
		return 0
	}
	return -1
}

// tight writes a style sheet without comments and needless white space. What stands in
// quotes or parentheses stays as it is.
func tight(css string) string {
	parts, plain := pieces(css)
	if !plain || strings.IndexByte(css, '<') >= 0 {
		return css // escapes and markup declarations: not worth the risk
	}
	w := &cssWriter{}
	for i, p := range parts {
		switch p.kind {
		case cssOpaque:
			w.space()
			w.out = append(w.out, p.text...)
		case cssComment:
			// Between two words a comment is what keeps them apart without being a space.
			if i > 0 && i+1 < len(parts) && !w.blank && !startsBlank(parts[i+1].text) && !w.stops() {
				w.out = append(w.out, "/**/"...)
			}
		default:
			w.code(p.text)
		}
	}
	return strings.TrimSuffix(string(w.out), ";")
}

func startsBlank(css string) bool {
	return css == "" || strings.IndexByte(" \t\r\n\f{};,", css[0]) >= 0
}

// cssWriter writes code of CSS without the white space that means nothing.
type cssWriter struct {
	out            []byte
	parens, braces int
	blank          bool // white space has been read and not been written
}

// stops says whether what has been written ends where white space means nothing.
func (w *cssWriter) stops() bool {
	if len(w.out) == 0 {
		return true
	}
	last := w.out[len(w.out)-1]
	return strings.IndexByte("{};,", last) >= 0 || last == ':' && w.braces > 0
}

// space writes the white space that has been read, if it means something.
func (w *cssWriter) space() {
	if w.blank && !w.stops() {
		w.out = append(w.out, ' ')
	}
	w.blank = false
}

func (w *cssWriter) code(css string) {
	for i := range len(css) {
		c := css[i]
		switch {
		case w.parens == 0 && strings.IndexByte(" \t\r\n\f", c) >= 0:
			w.blank = true
			continue
		case w.parens == 0 && strings.IndexByte("{};,!", c) >= 0:
			w.blank = false
		}
		switch c {
		case '(':
			w.parens++
		case ')':
			w.parens--
		case '{':
			w.braces++
		case '}':
			w.braces--
			if n := len(w.out); n > 0 && w.out[n-1] == ';' {
				w.out = w.out[:n-1]
			}
		}
		w.space()
		w.out = append(w.out, c)
	}
}
