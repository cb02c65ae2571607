package storage

import (
	"strings"

	"compressor/internal/problem"
)

// CheckName finds what is wrong with the name of an object to read, as far as the name itself
// tells. at is the field. A store takes nearly any text for a name; on Local it is the path of
// a file below the folder.
func CheckName(at string, p Provider, name string) []problem.Field {
	var wrong faults
	if text := badPath(name); p == Local && text != "" {
		wrong.say(at, "Must be the path of a file below the folder of the connector, %s; got %s.", text, Shown(name))
	}
	return wrong
}

// CheckPrefix is CheckName for what names begin with; nothing at all is the beginning of all.
// What follows the last slash need be no whole segment: "." begins ".hidden". But ".." is
// taken for what it looks like.
func CheckPrefix(at string, p Provider, prefix string) []problem.Field {
	whole, begun := "", prefix
	if slash := strings.LastIndexByte(prefix, '/'); slash >= 0 {
		whole, begun = prefix[:slash+1], prefix[slash+1:]
	}
	if begun == "" || begun == "." {
		begun = "x"
	}
	var wrong faults
	if text := badPath(whole + begun); p == Local && text != "" {
		wrong.say(at, "Must be the beginning of paths below the folder of the connector, %s; got %s.", text, Shown(prefix))
	}
	return wrong
}

// badPath says what a path below a folder must be and is not, or "".
func badPath(path string) string {
	switch {
	case path == "":
		return "not empty"
	case strings.HasPrefix(path, "/"):
		return "without a slash at its start"
	case strings.ContainsRune(path, 0):
		return "without a NUL"
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return "without segments that are empty, . or .."
		}
	}
	return ""
}
