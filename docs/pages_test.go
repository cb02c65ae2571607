package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"compressor/internal/recipe"
)

// written lists the pages that people write.
func written(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(pages, root+"/README.md", root+"/CHANGELOG.md")
}

// TestLinks: every relative link leads to a file, and every anchor to a heading.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	generated, err := filepath.Glob("generated/*.md")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, page := range append(written(t), generated...) {
		for _, m := range link.FindAllStringSubmatch(withoutCode(read(t, page)), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			checked++
			target, anchor, _ := strings.Cut(m[1], "#")
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, m[1])
				continue
			}
			if anchor != "" && !anchors(read(t, path))[anchor] {
				t.Errorf("%s: the link %s names no heading", page, m[1])
			}
		}
	}
	if checked == 0 {
		t.Fatal("no link found")
	}
}

// withoutCode drops fenced blocks.
func withoutCode(page string) string {
	return regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(page, "")
}

// anchors are the names by which headings can be linked to.
func anchors(page string) map[string]bool {
	names := map[string]bool{}
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(withoutCode(page), -1) {
		names[strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return names
}

// TestLevels: the pages that tell of the levels tell the floors of the code.
func TestLevels(t *testing.T) {
	for _, page := range []string{root + "/README.md", "images.md"} {
		content := read(t, page)
		for _, level := range []recipe.Compression{recipe.CompressionMedium, recipe.CompressionHigh, recipe.CompressionUltra} {
			row := fmt.Sprintf("| `%s` | %g |", level, level.Floor())
			if !strings.Contains(content, row) {
				t.Errorf("%s does not say %q", page, row)
			}
		}
	}
}

// TestFiles: every source file that a page names in code exists.
func TestFiles(t *testing.T) {
	named := regexp.MustCompile("`((?:cmd|internal|scripts|testdata|docs|test)/[A-Za-z0-9_./-]+)`")
	checked := 0
	for _, page := range written(t) {
		for _, m := range named.FindAllStringSubmatch(read(t, page), -1) {
			checked++
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s: there is no %s", page, m[1])
			}
		}
	}
	if checked == 0 {
		t.Fatal("no file named")
	}
}

// TestLength: the README stays something that is read to its end.
func TestLength(t *testing.T) {
	if lines := strings.Count(read(t, root+"/README.md"), "\n"); lines > 150 {
		t.Errorf("README.md has %d lines; at most 150 are read", lines)
	}
}

// TestExcerpts: the code in adding-a-format.md stands in the file that was named last.
func TestExcerpts(t *testing.T) {
	step := regexp.MustCompile("(?ms)^From `([^`]+)`:$|^```go\n(.*?)^```$")
	source, checked := "", 0
	for _, m := range step.FindAllStringSubmatch(read(t, "adding-a-format.md"), -1) {
		if m[1] != "" {
			source = read(t, filepath.Join(root, m[1]))
			continue
		}
		checked++
		if !strings.Contains(source, m[2]) {
			t.Errorf("adding-a-format.md: the code has changed; it no longer reads\n%s", m[2])
		}
	}
	if checked == 0 {
		t.Fatal("no excerpt found")
	}
}
