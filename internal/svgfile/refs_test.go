package svgfile_test

import (
	"slices"
	"testing"

	"compressor/internal/svgfile"
)

// TestReferences: every id that a renderer may understand by a value.
func TestReferences(t *testing.T) {
	for value, want := range map[string][]string{
		"none":                    nil,
		"url(#a)":                 {"a"},
		"url( '#a' ) URL(#b)":     {"a", "b"},
		`url("#a)b")`:             {"a)b"},
		"url(#%C3%A9)":            {"%C3%A9", "é"},
		"url(#%zz)":               {"%zz"},
		`url(#a\:b) url(#a\3a b)`: {`a\:b`, "a:b", `a\3a b`, "a:b"},
		"url(x.svg#a) url(#)":     nil,
		"url(#a":                  {"a"},
		"url(":                    nil,
	} {
		if got := svgfile.References(value); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
	for target, want := range map[string][]string{" #a ": {"a"}, "#%61": {"%61", "a"}, "a": nil, "#": nil, `#\`: {`\`}} {
		if got := svgfile.Fragments(target); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}

// TestEncodedCost: a reference costs the same however it is written.
func TestEncodedCost(t *testing.T) {
	cost := func(target string) svgfile.Cost {
		doc := parsed(t, `<svg xmlns="http://www.w3.org/2000/svg"><g id="a"><path/><path/></g><use href="`+target+`"/></svg>`)
		return doc.Cost(doc.Survey())
	}
	if plain, encoded := cost("#a"), cost("#%61"); plain != encoded {
		t.Errorf("%v, and %v encoded", plain, encoded)
	}
}

// TestUnread: style sheets that are not in style elements.
func TestUnread(t *testing.T) {
	for in, want := range map[string]bool{
		`<?xml-stylesheet href="#a"?><svg xmlns="http://www.w3.org/2000/svg"/>`:                                 true,
		`<svg xmlns="http://www.w3.org/2000/svg"><link xmlns="http://www.w3.org/1999/xhtml"/></svg>`:            true,
		`<svg xmlns="http://www.w3.org/2000/svg"><style xmlns="http://www.w3.org/1999/xhtml">a{}</style></svg>`: false,
	} {
		s := parsed(t, in).Survey()
		if s.Unread != want || !want && len(s.Styles) != 1 {
			t.Errorf("%s: %v, %d style elements", in, s.Unread, len(s.Styles))
		}
	}
}
