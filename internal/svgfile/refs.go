package svgfile

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// References lists the ids that url(#id) in a value names, in every way that it may be read.
func References(value string) []string {
	var ids []string
	for {
		i := indexURL(value)
		if i < 0 {
			return ids
		}
		value = strings.TrimLeft(value[i+len("url("):], " \t\n\r\f")
		end := strings.IndexByte(value, ')')
		if value != "" && (value[0] == '"' || value[0] == '\'') {
			quote := value[0]
			value = value[1:]
			end = strings.IndexByte(value, quote)
		}
		if end < 0 {
			end = len(value)
		}
		ids = append(ids, Fragments(value[:end])...)
		value = value[end:]
	}
}

// indexURL finds "url(", which CSS reads in any case.
func indexURL(value string) int {
	for i := 0; i+len("url(") <= len(value); i++ {
		if strings.EqualFold(value[i:i+len("url(")], "url(") {
			return i
		}
	}
	return -1
}

// Fragments lists the ids that a reference to the document itself may mean: as written, with
// CSS's escapes read, and decoded from percents, which is what browsers try in turn (HTML,
// 7.4.6.3).
func Fragments(target string) []string {
	target = strings.Trim(target, " \t\n\r\f")
	id, within := strings.CutPrefix(target, "#")
	if !within || id == "" {
		return nil
	}
	ids := []string{id}
	add := func(s string) {
		if !slices.Contains(ids, s) {
			ids = append(ids, s)
		}
	}
	if strings.IndexByte(id, '\\') >= 0 {
		add(unescaped(id))
	}
	for _, known := range ids {
		if decoded, err := url.PathUnescape(known); err == nil {
			add(decoded)
		}
	}
	return ids
}

// unescaped reads the escapes of CSS (CSS Syntax 3, 4.3.7).
func unescaped(css string) string {
	var b strings.Builder
	for css != "" {
		if css[0] != '\\' || len(css) == 1 {
			b.WriteByte(css[0])
			css = css[1:]
			continue
		}
		css = css[1:]
		n := 0
		for n < min(len(css), 6) && strings.IndexByte("0123456789abcdefABCDEF", css[n]) >= 0 {
			n++
		}
		if n == 0 {
			_, n = utf8.DecodeRuneInString(css)
			b.WriteString(css[:n])
			css = css[n:]
			continue
		}
		code, _ := strconv.ParseUint(css[:n], 16, 32) // six figures always are one
		b.WriteRune(rune(code))
		if css = css[n:]; css != "" && strings.IndexByte(" \t\n\r\f", css[0]) >= 0 {
			css = css[1:]
		}
	}
	return b.String()
}
