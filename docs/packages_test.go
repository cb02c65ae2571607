package docs_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = ".."

// packagesPage lists the packages with what the layer test lets them import.
func packagesPage(t *testing.T) []byte {
	layers := stringMaps(t, root+"/internal/layers_test.go")
	p := newPage("Packages", "the package comments and internal/layers_test.go")
	p.text("What each package is for, and which others it may import. The layer test fails on any other\n" +
		"import, and on a package that is not listed. `cmd/compressor` wires them together and may\n" +
		"import all of them.")
	var rows [][]string
	for _, pkg := range packagesOf(t, "internal") {
		name := strings.TrimPrefix(pkg.folder, "internal/")
		allowed, known := layers["mayImport"][name]
		if !known {
			allowed = layers["mayImport"][path.Dir(name)+"/*"]
		}
		rows = append(rows, []string{code(name), plain(pkg.synopsis), codes(strings.Fields(allowed))})
	}
	p.table([]string{"package", "in a sentence", "may import"}, rows)
	p.text("## Powers")
	p.text("Some imports are powers. Only these packages hold them:")
	rows = nil
	for _, power := range sortedKeys(layers["onlyIn"]) {
		holders := codes(strings.Fields(layers["onlyIn"][power]))
		if holders == "" {
			holders = "nobody"
		}
		rows = append(rows, []string{code(power), holders})
	}
	p.table([]string{"import", "only in"}, rows)
	p.text("And these nobody below `cmd` imports:")
	rows = nil
	for _, banned := range sortedKeys(layers["notImported"]) {
		rows = append(rows, []string{code(banned), layers["notImported"][banned]})
	}
	p.table([]string{"import", "why not"}, rows)
	return p.Bytes()
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// pkg is a folder with Go files.
type pkg struct{ folder, synopsis string }

// packagesOf lists the packages below a folder of the module, sorted by folder.
func packagesOf(t *testing.T, below string) []pkg {
	t.Helper()
	comments := map[string]string{}
	err := filepath.WalkDir(filepath.Join(root, below), func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		comments[filepath.ToSlash(folder)] += parsed.Doc.Text()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for _, folder := range sortedKeys(comments) {
		sentence := new(doc.Package).Synopsis(comments[folder])
		if sentence == "" {
			t.Errorf("package %s has no comment", folder)
		}
		all = append(all, pkg{folder, withoutName(sentence)})
	}
	return all
}

// withoutName drops the "Package x" that a package comment begins with.
func withoutName(sentence string) string {
	if rest, ok := strings.CutPrefix(sentence, "Package "); ok {
		_, sentence, _ = strings.Cut(rest, " ")
	}
	return sentence
}

// stringMaps reads the top-level variables of a file that are map[string]string literals.
func stringMaps(t *testing.T, file string) map[string]map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	maps := map[string]map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.CompositeLit)
		if !ok {
			return true
		}
		entries := map[string]string{}
		for _, e := range literal.Elts {
			if pair, ok := e.(*ast.KeyValueExpr); ok {
				entries[text(pair.Key)] = text(pair.Value)
			}
		}
		maps[spec.Names[0].Name] = entries
		return true
	})
	if len(maps["mayImport"]) == 0 || len(maps["onlyIn"]) == 0 {
		t.Fatalf("%s: no tables found", file)
	}
	return maps
}

// text is the value of a string literal, "" for anything else.
func text(e ast.Expr) string {
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, _ := strconv.Unquote(literal.Value)
	return s
}

// unsent lists the error codes that no part of the code can send, since none names them.
func unsent(t *testing.T) []string {
	t.Helper()
	names := map[string]string{} // of constants, to their codes
	parsed, err := parser.ParseFile(token.NewFileSet(), root+"/internal/problem/table.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 && text(spec.Values[0]) != "" {
			names[spec.Names[0].Name] = text(spec.Values[0])
		}
		return true
	})
	for _, folder := range []string{"internal", "cmd"} {
		forget(t, folder, names)
	}
	var left []string
	for _, name := range sortedKeys(names) {
		left = append(left, names[name])
	}
	return left
}

// forget drops the names that a source file below folder takes from package problem. Suites
// of tests, whose folders end in "test", do not count.
func forget(t *testing.T, folder string, names map[string]string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(root, folder), func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasSuffix(file, "test"):
			return fs.SkipDir
		case !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "problem" {
					delete(names, s.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
