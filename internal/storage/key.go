package storage

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"compressor/internal/problem"
)

// maxKey is the longest name of an object, in bytes of UTF-8: that of S3, GCS and B2.
const maxKey = 1024

// Names are what placeholders in a path stand for.
type Names struct {
	ID   string // {id}: of the job
	Name string // {name}: of the result, without extension
	Ext  string // {ext}: its extension without the dot, "" if it has none
	SHA1 string // {sha1}: of the result, in hex
}

// NamesOf splits the file name of a result. A dot that begins a name begins no extension.
func NamesOf(id, file, sha1 string) Names {
	n := Names{ID: id, Name: file, SHA1: sha1}
	if dot := strings.LastIndexByte(file, '.'); dot > 0 && dot < len(file)-1 {
		n.Name, n.Ext = file[:dot], file[dot+1:]
	}
	return n
}

// File is the file name of the result.
func (n Names) File() string {
	if n.Ext == "" {
		return n.Name
	}
	return n.Name + "." + n.Ext
}

// Key is the name of the object that a path asks for. No path is the name of the result, at
// the root, and one that ends in / is a folder for it; one leading slash does not count. A
// dot before {ext} goes where there is no extension. The fault is of the field store.path.
func Key(path string, n Names) (string, []problem.Field) {
	key, wrong := expand(path, n)
	if wrong == "" {
		wrong = checkKey(key)
	}
	if wrong != "" {
		return "", []problem.Field{{Path: "store.path", Message: wrong}}
	}
	return key, nil
}

// CheckPath finds what is wrong with a path whatever the names will be. at is the field.
func CheckPath(at, path string) []problem.Field {
	shortest := Names{ID: strings.Repeat("0", 36), Name: "x", SHA1: strings.Repeat("0", 40)}
	key, wrong := expand(path, shortest)
	if wrong == "" && len(key) > maxKey {
		wrong = checkKey(key)
	}
	if wrong == "" {
		shortest.Ext = "x" // so that a segment is taken for .. only where nothing is to fill it
		key, _ = expand(path, shortest)
		wrong = checkSegments(key)
	}
	if wrong != "" {
		return []problem.Field{{Path: at, Message: wrong}}
	}
	return nil
}

// Distinct says whether results of different files get names of their own by this path: a
// batch needs that.
func Distinct(path string) bool {
	if path == "" || strings.HasSuffix(path, "/") {
		return true
	}
	for _, hole := range []string{"{id}", "{name}", "{sha1}"} {
		if strings.Contains(path, hole) {
			return true
		}
	}
	return false
}

// expand fills the placeholders of a path in one pass, so that a name may hold braces. It
// returns what is wrong with them, or "".
func expand(path string, n Names) (key, wrong string) {
	path = strings.TrimPrefix(path, "/")
	var out strings.Builder
	rest := path
	for {
		text, after, hole := strings.Cut(rest, "{")
		word, end, closed := strings.Cut(after, "}")
		if hole && !closed {
			return "", "Must close each { with a }; got " + Shown(path) + "."
		}
		fill := ""
		switch {
		case !hole:
		case word == "id":
			fill = n.ID
		case word == "name":
			fill = n.Name
		case word == "ext" && n.Ext == "":
			text = strings.TrimSuffix(text, ".")
		case word == "ext":
			fill = n.Ext
		case word == "sha1":
			fill = n.SHA1
		default:
			return "", "Must have no placeholders but {id}, {name}, {ext} and {sha1}; got " + Shown("{"+word+"}") + "."
		}
		out.WriteString(text)
		out.WriteString(fill)
		if !hole {
			break
		}
		rest = end
	}
	if path == "" || strings.HasSuffix(path, "/") {
		out.WriteString(n.File())
	}
	return out.String(), ""
}

// checkKey says what is wrong with the name of an object, or "".
func checkKey(key string) string {
	if len(key) > maxKey {
		return fmt.Sprintf("Must make a name of at most %d bytes; got %d.", maxKey, len(key))
	}
	if key == "" {
		return "Must make a name that is not empty."
	}
	return checkSegments(key)
}

// checkSegments is checkKey but for the length.
func checkSegments(key string) string {
	switch {
	case !utf8.ValidString(key):
		return "Must be UTF-8; got " + Shown(key) + "."
	case strings.ContainsFunc(key, unicode.IsControl):
		return "Must have no control characters; got " + Shown(key) + "."
	case strings.HasPrefix(key, "/"):
		return "Must begin with at most one slash; got " + Shown("/"+key) + "."
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "." || segment == ".." {
			return "Must have no segment . or ..; got " + Shown(key) + "."
		}
	}
	return ""
}

// maxShown is how much of a wrong value a message repeats, in characters.
const maxShown = 60

// Shown is a value of the client's, for a message.
func Shown(value string) string {
	clean := make([]rune, 0, maxShown+1)
	for _, r := range value {
		if len(clean) == maxShown {
			clean = append(clean, '…')
			break
		}
		if !unicode.IsPrint(r) {
			r = '?'
		}
		clean = append(clean, r)
	}
	return "'" + string(clean) + "'"
}
