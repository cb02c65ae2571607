package storage

import (
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// namesOf are those of a result with this file name.
func namesOf(file string) Names {
	return NamesOf("0f4abbd9-b5fe-4483-a9db-5bc647c1fbcb", file, "627edcb41ff75c65684505ab4f214227795ee825")
}

func TestKey(t *testing.T) {
	const id, sha1 = "0f4abbd9-b5fe-4483-a9db-5bc647c1fbcb", "627edcb41ff75c65684505ab4f214227795ee825"
	for _, c := range []struct{ path, file, want string }{
		{"", "a.b.png", "a.b.png"},
		{"/", "a.png", "a.png"},
		{"x/", "a.png", "x/a.png"},
		{"/x/y/", "a.png", "x/y/a.png"},
		{"x", "a.png", "x"},
		{"/x/y.png", "a.png", "x/y.png"},
		{"x//y", "a.png", "x//y"},
		{"{id}/{name}.{ext}", "a.b.png", id + "/a.b.png"},
		{"{name}-{sha1}.{ext}", "a.png", "a-" + sha1 + ".png"},
		{"{name}.{ext}", "README", "README"},
		{"{name}{ext}", "README", "README"},
		{"{name}.min.{ext}", ".htaccess", ".htaccess.min"},
		{"{id}/", "{sha1}.png", id + "/{sha1}.png"},
		{"{name}", "{id}.png", "{id}"},
		{"}{name}}", "a.png", "}a}"},
		{"…/日本.png", "a.png", "…/日本.png"},
		{"...", "a.png", "..."},
		{strings.Repeat("x", 1024), "a.png", strings.Repeat("x", 1024)},
	} {
		if got, wrong := Key(c.path, namesOf(c.file)); got != c.want || len(wrong) > 0 {
			t.Errorf("%q for %q: %q, %s; want %q", c.path, c.file, got, lines(wrong), c.want)
		}
		if wrong := CheckPath("store.path", c.path); len(wrong) > 0 {
			t.Errorf("%q is refused beforehand: %s", c.path, lines(wrong))
		}
	}
}

func TestKeyFaults(t *testing.T) {
	for _, c := range []struct {
		path, file, want string
		before           bool // seen without the names
	}{
		{"a/../b", "a", "Must have no segment . or ..; got 'a/../b'.", true},
		{"..", "a", "Must have no segment . or ..; got '..'.", true},
		{"./a", "a", "Must have no segment . or ..; got './a'.", true},
		{"../", "a", "Must have no segment . or ..; got '../a'.", true},
		{"//a", "a", "Must begin with at most one slash; got '//a'.", true},
		{"a\x00b", "a", "Must have no control characters; got 'a?b'.", true},
		{"a\u0085b", "a", "Must have no control characters; got 'a?b'.", true},
		{"a\xffb", "a", "Must be UTF-8; got 'a\ufffdb'.", true},
		{"{Name}", "a", "Must have no placeholders but {id}, {name}, {ext} and {sha1}; got '{Name}'.", true},
		{"{}", "a", "Must have no placeholders but {id}, {name}, {ext} and {sha1}; got '{}'.", true},
		{"a{b", "a", "Must close each { with a }; got 'a{b'.", true},
		{strings.Repeat("ü", 513), "a", "Must make a name of at most 1024 bytes; got 1026.", true},
		{strings.Repeat("x", 1000) + "{id}", "a", "Must make a name of at most 1024 bytes; got 1036.", true},
		{strings.Repeat("x", 1000) + "/", strings.Repeat("y", 24), "Must make a name of at most 1024 bytes; got 1025.", false},
		{"{ext}", "README", "Must make a name that is not empty.", false},
		{"a/..{ext}", "README", "Must have no segment . or ..; got 'a/.'.", false},
		{"a/...{ext}", "README", "Must have no segment . or ..; got 'a/..'.", false},
		{"{name}/a", "..", "Must have no segment . or ..; got '../a'.", false},
		{"", "..", "Must have no segment . or ..; got '..'.", false},
	} {
		key, wrong := Key(c.path, namesOf(c.file))
		if got := lines(wrong); key != "" || got != "store.path: "+c.want {
			t.Errorf("%q for %q: %q, %s", c.path, c.file, key, got)
		}
		if wrong := CheckPath("path", c.path); (len(wrong) > 0) != c.before || c.before && wrong[0].Path != "path" {
			t.Errorf("%q beforehand: %s", c.path, lines(wrong))
		}
	}
}

func TestDistinct(t *testing.T) {
	for path, want := range map[string]bool{"": true, "/": true, "x/": true, "{id}": true, "x/{name}.png": true, "{sha1}": true, "x": false, "x.{ext}": false} {
		if Distinct(path) != want {
			t.Errorf("%q: %v", path, !want)
		}
	}
}

// FuzzKey: whatever path and name, a key is one that every store takes, its URL leads back
// to it, and what is refused beforehand would have been refused.
func FuzzKey(f *testing.F) {
	f.Add("{id}/{name}.{ext}", "a b.png")
	f.Add("x/", "..")
	f.Add("//{sha1}{ext}", ".")
	f.Add("a{b", "\x00")
	f.Fuzz(func(t *testing.T, path, file string) {
		if file == "" {
			return // no result is without a name
		}
		key, wrong := Key(path, namesOf(file))
		early := CheckPath("path", path)
		if len(wrong) > 0 {
			return
		}
		if len(early) > 0 {
			t.Fatalf("%q is refused beforehand (%s), and makes %q", path, lines(early), key)
		}
		if key == "" || len(key) > maxKey || key[0] == '/' || !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) ||
			strings.Contains("/"+key+"/", "/../") || strings.Contains("/"+key+"/", "/./") {
			t.Fatalf("%q makes %q", path, key)
		}
		for _, p := range []Place{{Provider: S3, Bucket: "bucket", Region: "eu-central-1"}, {Provider: GCS, Bucket: "bucket"}} {
			u, err := url.Parse(URL(p, key))
			if err != nil || strings.TrimPrefix(strings.TrimPrefix(u.Path, "/bucket"), "/") != key || u.RawQuery != "" || u.Fragment != "" {
				t.Fatalf("%q is at %v, %v", key, u, err)
			}
		}
	})
}
