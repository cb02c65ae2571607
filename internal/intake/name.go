package intake

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxName      = 255 // bytes: the limit of common file systems
	maxExtension = 32  // bytes: what is longer is no extension worth keeping in a cut name

	nonJoiner, joiner = '\u200c', '\u200d'
)

// CleanName makes a file name out of one that a stranger gave: the last segment after
// slashes of either kind, without control characters, line separators, text direction
// overrides, invisible marks and bytes that are not UTF-8, without leading dots (hidden
// files, "..") and blanks or dots at the end, at most 255 bytes, cut between characters so
// that a short extension stays. If nothing remains it is "file". A clean name stays as it is.
func CleanName(name string) string {
	name = strings.TrimRight(withoutUnsafe(name), `/\`)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = trimEnds(name)
	if len(name) > maxName {
		extension := path.Ext(name)
		if len(extension) > maxExtension {
			extension = ""
		}
		name = trimEnds(cut(name, maxName-len(extension)) + extension)
	}
	if name == "" {
		return "file"
	}
	return name
}

// withoutUnsafe drops what could deceive a reader, or break a terminal or a header. The
// zero-width joiners stay, since scripts and emoji need them.
func withoutUnsafe(s string) string {
	return strings.Map(func(r rune) rune {
		if r != nonJoiner && r != joiner && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

func trimEnds(name string) string {
	blankOrDot := func(r rune) bool { return r == '.' || r == joiner || r == nonJoiner || unicode.IsSpace(r) }
	return strings.TrimFunc(name, blankOrDot)
}

// cut shortens s to at most size bytes without splitting a character.
func cut(s string, size int) string {
	for size > 0 && size < len(s) && !utf8.RuneStart(s[size]) {
		size--
	}
	return s[:size]
}
