package format

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
)

// root finds the row of an XML text by its root element.
func (t *Table) root(head []byte) (Row, bool) {
	zipped := bytes.HasPrefix(head, []byte("\x1f\x8b\x08"))
	if zipped {
		head = unzipped(head)
	}
	name := rootOf(head)
	if name == "" {
		return Row{}, false
	}
	for _, r := range t.rows {
		for _, m := range r.Magic {
			if m.Root == name && m.Zipped == zipped {
				return r, true
			}
		}
	}
	return Row{}, false
}

// unzipped gives the beginning of what a gzip stream holds, as far as its own beginning
// tells.
func unzipped(head []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(r, HeadSize)) // the stream is cut: what came is enough
	return text
}

// rootOf gives the local name of an XML text's root element; "" if the beginning of the
// text does not show one.
func rootOf(head []byte) string {
	text := plain(head)
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		var found bool
		switch {
		case strings.HasPrefix(text, "<!--"):
			_, text, found = strings.Cut(text[4:], "-->")
		case strings.HasPrefix(text, "<?"):
			_, text, found = strings.Cut(text, "?>")
		case strings.HasPrefix(text, "<!DOCTYPE"):
			text, found = afterDoctype(text)
		case strings.HasPrefix(text, "<"):
			name := text[1:]
			end := strings.IndexAny(name, " \t\r\n/>")
			if end < 0 {
				return ""
			}
			return name[strings.IndexByte(name[:end], ':')+1 : end]
		}
		if !found {
			return ""
		}
	}
}

// plain drops a byte order mark, and every other byte of UTF-16: markup is ASCII.
func plain(head []byte) string {
	text := string(head)
	if utf8, ok := strings.CutPrefix(text, "\xef\xbb\xbf"); ok {
		return utf8
	}
	odd := strings.HasPrefix(text, "\xfe\xff")
	if !odd && !strings.HasPrefix(text, "\xff\xfe") {
		return text
	}
	var b strings.Builder
	for i := 2; i+1 < len(text); i += 2 {
		if odd {
			b.WriteByte(text[i+1])
		} else {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// afterDoctype steps over a document type declaration and its internal subset.
func afterDoctype(text string) (string, bool) {
	quote, inside := byte(0), false
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case c == '>' && !inside:
			return text[i+1:], true
		}
	}
	return "", false
}
