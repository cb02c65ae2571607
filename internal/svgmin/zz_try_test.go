package svgmin

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"compressor/internal/svgfile"
)

func TestTry(t *testing.T) {
	dirs := os.Getenv("TRY")
	if dirs == "" {
		t.Skip()
	}
	out := os.Getenv("OUT")
	for _, dir := range strings.Fields(dirs) {
		files, _ := filepath.Glob(dir)
		var in, exact, lossy, again int
		for _, f := range files {
			data, _ := os.ReadFile(f)
			doc, err := svgfile.Parse(data)
			if err != nil {
				fmt.Println(f, err)
				continue
			}
			e, err := Minify(data, Options{})
			if err != nil {
				t.Fatal(f, err)
			}
			l, err := Minify(data, Options{Tolerance: Tolerance(doc)})
			if err != nil {
				t.Fatal(f, err)
			}
			in += len(data)
			exact += len(e)
			lossy += len(l)
			doc2, _ := svgfile.Parse(l)
			l2, _ := Minify(l, Options{Tolerance: Tolerance(doc2)})
			if string(l2) != string(l) {
				again++
				if again < 4 { fmt.Println("again:", f, len(l), len(l2)) }
			}
			if out != "" {
				os.WriteFile(filepath.Join(out, filepath.Base(f)), l, 0o644)
			}
		}
		fmt.Printf("%s: %d files in %d exact %d lossy %d again %d\n", dir, len(files), in, exact, lossy, again)
	}
}
