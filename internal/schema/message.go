package schema

import (
	"fmt"
	"slices"
	"strings"
)

// must says what a value has to be, and what it was; of a secret at most its kind.
func must(n *node, what string, v *value) string {
	if n.single {
		what = strings.Replace(what, "a list", "one value or a list", 1)
	}
	switch {
	case !n.rules.writeOnly:
		return "Must be " + what + "; got " + v.show() + "."
	case v.shape != isText:
		return "Must be " + what + "; got " + v.kind() + "."
	}
	return "Must be " + what + "."
}

// among checks the words of an enum.
func among(n *node, v *value) string {
	if len(n.rules.enum) == 0 || slices.Contains(n.rules.enum, v.text) {
		return ""
	}
	return must(n, "one of "+strings.Join(n.rules.enum, ", "), v)
}

// inside checks the bounds of a number.
func inside(n *node, f float64, v *value) string {
	low, high := n.rules.minimum, n.rules.maximum
	switch {
	case (low == nil || f >= low.value) && (high == nil || f <= high.value):
		return ""
	case high == nil:
		return must(n, "at least "+low.text, v)
	case low == nil:
		return must(n, "at most "+high.text, v)
	}
	return must(n, "between "+low.text+" and "+high.text, v)
}

// lengthMessage says that a text is too long or too short; that of a secret is not told.
func lengthMessage(which string, limit, length int, secret bool) string {
	if which == "at least" && limit == 1 {
		return "Must not be empty."
	}
	noun := "characters"
	if limit == 1 {
		noun = "character"
	}
	message := fmt.Sprintf("Must be %s %d %s long", which, limit, noun)
	if secret {
		return message + "."
	}
	return fmt.Sprintf("%s; got %d.", message, length)
}

// first is the first message that is one.
func first(messages ...string) string {
	for _, m := range messages {
		if m != "" {
			return m
		}
	}
	return ""
}

// unknown is the message for a name that n does not have: the nearest one that it has, else
// where in the whole document that name belongs, else all that could stand there.
func unknown(name string, n, top *node) string {
	var names []string
	for _, f := range n.fields {
		names = append(names, f.name)
	}
	if near := Nearest(name, names); near != "" {
		return "Unknown option; did you mean '" + near + "'?"
	}
	if path := where(top, name, ""); path != "" {
		return "Unknown option; did you mean '" + path + "'?"
	}
	if len(names) == 0 {
		return "Unknown option; none is known here."
	}
	return "Unknown option; known here: " + strings.Join(names, ", ") + "."
}

// where is the path of the first option below n whose path ends in name, so that a name
// without its hash, or a whole path as a name, finds its place.
func where(n *node, name, path string) string {
	if n == nil || n.kind != hash {
		return ""
	}
	for _, f := range n.fields {
		at := join(path, f.name)
		if strings.HasSuffix("."+at, "."+name) {
			return at
		}
	}
	for _, f := range n.fields {
		if found := where(f.node, name, join(path, f.name)); found != "" {
			return found
		}
	}
	return ""
}

// Nearest is the name most like the given one, or "" where none is like enough: within one
// edit for three to five letters, and one more for each three further, up to three; or one
// that it begins. Case and the signs - and _ do not count.
func Nearest(name string, names []string) string {
	plain := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }
	if len(name) > 64 {
		return ""
	}
	best, least := "", min(3, len(name)/3)+1
	for _, candidate := range names {
		if d := distance(plain(name), plain(candidate)); d < least {
			best, least = candidate, d
		}
	}
	if best != "" || len(name) < 3 {
		return best
	}
	for _, candidate := range names {
		if strings.HasPrefix(plain(candidate), plain(name)) {
			return candidate
		}
	}
	return ""
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn
// a into b (optimal string alignment, after Damerau 1964), byte by byte.
func distance(a, b string) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
