package storage

import "testing"

func TestSourceNames(t *testing.T) {
	const name, prefix = "at: Must be the path of a file below the folder of the connector, ", "at: Must be the beginning of paths below the folder of the connector, "
	for _, c := range []struct{ name, asName, asPrefix string }{
		{"a", "", ""},
		{"a/b.png", "", ""},
		{"..a/b..", "", ""},
		{".", name + "without segments that are empty, . or ..; got '.'.", ""},
		{"a/.", name + "without segments that are empty, . or ..; got 'a/.'.", ""},
		{"", name + "not empty; got ''.", ""},
		{"a/", name + "without segments that are empty, . or ..; got 'a/'.", ""},
		{"..", name + "without segments that are empty, . or ..; got '..'.", prefix + "without segments that are empty, . or ..; got '..'."},
		{"a/../b", name + "without segments that are empty, . or ..; got 'a/../b'.", prefix + "without segments that are empty, . or ..; got 'a/../b'."},
		{"a//b", name + "without segments that are empty, . or ..; got 'a//b'.", prefix + "without segments that are empty, . or ..; got 'a//b'."},
		{"/etc/passwd", name + "without a slash at its start; got '/etc/passwd'.", prefix + "without a slash at its start; got '/etc/passwd'."},
		{"a\x00b", name + "without a NUL; got 'a?b'.", prefix + "without a NUL; got 'a?b'."},
	} {
		if got := lines(CheckName("at", Local, c.name)); got != c.asName {
			t.Errorf("name %q: %s", c.name, got)
		}
		if got := lines(CheckPrefix("at", Local, c.name)); got != c.asPrefix {
			t.Errorf("prefix %q: %s", c.name, got)
		}
		if wrong := append(CheckName("at", S3, c.name), CheckPrefix("at", S3, c.name)...); len(wrong) > 0 {
			t.Errorf("%q on s3: %s", c.name, lines(wrong))
		}
	}
}
