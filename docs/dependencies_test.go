package docs_test

import (
	"bufio"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestDependencies: dependencies.md has a row with the right version for every module that
// our code imports or uses as a tool, and none for a module that go.mod does not know.
func TestDependencies(t *testing.T) {
	required, tools := modules(t)
	listed := listedModules(t)
	for module := range directly(t, required, tools) {
		if listed[module] == "" {
			t.Errorf("dependencies.md does not tell of %s %s", module, required[module])
		}
	}
	for module, version := range listed {
		if required[module] != version {
			t.Errorf("dependencies.md tells of %s %s; in go.mod it is %q", module, version, required[module])
		}
	}
}

// TestNativeDependencies: dependencies.md names the npm packages with their pinned versions,
// and the Debian packages that scripts/setup.sh installs.
func TestNativeDependencies(t *testing.T) {
	page := read(t, "dependencies.md")
	pinned := regexp.MustCompile(`"(@img/[^"]+)": "([^"]+)"`).FindAllStringSubmatch(read(t, root+"/package.json"), -1)
	if len(pinned) == 0 {
		t.Fatal("package.json names no package")
	}
	for _, p := range pinned {
		if !strings.Contains(page, "`"+p[1]+"` | `"+p[2]+"`") {
			t.Errorf("dependencies.md does not tell of %s %s", p[1], p[2])
		}
	}
	installed := regexp.MustCompile(`(?m)^install_packages (.+)$`).FindStringSubmatch(read(t, root+"/scripts/setup.sh"))
	if installed == nil {
		t.Fatal("scripts/setup.sh installs no package")
	}
	for _, name := range strings.Fields(strings.TrimSuffix(installed[1], `"$@"`)) {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("dependencies.md does not tell of the Debian package %s", name)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// modules reads go.mod: the version of each required module, and the packages of tools.
func modules(t *testing.T) (required map[string]string, tools []string) {
	t.Helper()
	required = map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(read(t, root+"/go.mod")))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "//")
		words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		switch {
		case len(words) == 2 && words[0] == "tool":
			tools = append(tools, words[1])
		case len(words) == 2 && strings.HasPrefix(words[1], "v"):
			required[words[0]] = words[1]
		}
	}
	return required, tools
}

// directly gives the modules whose packages our own code imports, tests included.
func directly(t *testing.T, required map[string]string, tools []string) map[string]bool {
	t.Helper()
	used := map[string]bool{}
	note := func(imported string) {
		longest := ""
		for module := range required {
			if (imported == module || strings.HasPrefix(imported, module+"/")) && len(module) > len(longest) {
				longest = module
			}
		}
		if longest != "" {
			used[longest] = true
		}
	}
	for _, tool := range tools {
		note(tool)
	}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			note(imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(used) == 0 {
		t.Fatal("no dependency found")
	}
	return used
}

// listedModules reads the rows of dependencies.md that begin with a module and a version.
func listedModules(t *testing.T) map[string]string {
	t.Helper()
	listed := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `([^`@]+\\.[^`@]+/[^`]+)` \\| `(v[^`]+)` \\|")
	for _, m := range row.FindAllStringSubmatch(read(t, "dependencies.md"), -1) {
		if listed[m[1]] != "" {
			t.Errorf("dependencies.md tells of %s twice", m[1])
		}
		listed[m[1]] = m[2]
	}
	return listed
}
