package egress

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// fileName names a fetched file: what Content-Disposition says, else the last segment of
// the URL's path, else "file". It is raw: slashes and control characters may be in it.
func fileName(disposition string, u *url.URL) string {
	if name := dispositionName(disposition); name != "" {
		return name
	}
	path := u.EscapedPath()
	segment := path[strings.LastIndexByte(path, '/')+1:]
	if name, err := url.PathUnescape(segment); err == nil && name != "" {
		return name
	}
	return "file"
}

// dispositionName reads the file name out of a Content-Disposition header (RFC 6266):
// filename* (RFC 8187, UTF-8, and ISO-8859-1 of its predecessor) before filename, else "".
// It reads more than mime.ParseMediaType, which gives up on what servers really send:
// blanks in unquoted names, repeated parameters, Latin-1 bytes.
func dispositionName(header string) string {
	_, rest, _ := strings.Cut(header, ";")
	var plain, extended string
	for rest != "" {
		var name, value string
		name, value, rest = nextParameter(rest)
		switch strings.ToLower(name) {
		case "filename":
			if plain == "" {
				plain = fromLatin1(value)
			}
		case "filename*":
			if extended == "" {
				extended = decodeExtended(value)
			}
		}
	}
	if extended != "" {
		return extended
	}
	return plain
}

// nextParameter cuts the first "name=value" off s, up to and with its semicolon. A value
// that begins with a quote ends at the next unescaped one; a backslash escapes only a quote
// or another backslash, so that paths of Windows stay whole.
func nextParameter(s string) (name, value, rest string) {
	end := strings.IndexAny(s, ";=")
	if end < 0 {
		return strings.TrimSpace(s), "", ""
	}
	name = strings.TrimSpace(s[:end])
	if s[end] == ';' {
		return name, "", s[end+1:]
	}
	s = strings.TrimLeft(s[end+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return name, strings.TrimSpace(value), rest
	}
	var text strings.Builder
	i := 1
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			i++
		}
		text.WriteByte(s[i])
	}
	_, rest, _ = strings.Cut(s[min(i+1, len(s)):], ";")
	return name, text.String(), rest
}

// decodeExtended decodes charset'language'percent-encoded (RFC 8187, section 3.2), or "".
func decodeExtended(value string) string {
	charset, rest, _ := strings.Cut(value, "'")
	_, coded, found := strings.Cut(rest, "'")
	if !found {
		return ""
	}
	raw, err := url.PathUnescape(coded)
	if err != nil {
		return ""
	}
	switch strings.ToLower(charset) {
	case "utf-8", "us-ascii":
		if utf8.ValidString(raw) {
			return raw
		}
	case "iso-8859-1":
		return latin1(raw)
	}
	return ""
}

// fromLatin1 returns s if it is UTF-8, and else reads it as ISO-8859-1, the historic
// character set of header values (RFC 9110, section 5.5).
func fromLatin1(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return latin1(s)
}

func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}
