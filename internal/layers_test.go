package internal_test

import (
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

// mayImport is the architecture: each package under internal, and which others it may
// import. A new package must be added here before the build is green. docs/architecture.md
// says why the layers are what they are.
var mayImport = map[string]string{
	// words
	"problem": "",
	"format":  "problem",
	"blob":    "",
	"schema":  "problem",
	"vault":   "",

	// asks and answers
	"recipe": "format problem vault",
	"report": "format",

	// powers
	"sandbox":         "",
	"turns":           "",
	"egress":          "problem",
	"vips":            "problem",
	"deflate":         "problem",
	"redeflate":       "",
	"ssimulacra2":     "",
	"jpegdct":         "problem",
	"jpegquant":       "jpegdct",
	"pngfile":         "deflate problem redeflate",
	"quantize":        "",
	"zipfile":         "problem",
	"zipfile/ziptest": "",
	"webpfile":        "problem",
	"photometa":       "",
	"raster":          "blob problem recipe svgfile vips",
	"blob/disk":       "blob problem",
	"database":        "problem",
	"storage":         "blob problem recipe vault",
	"storage/all":     "storage storage/*",
	"storage/*":       "blob egress problem storage storage/transfer vault",
	"bitstream":       "",
	"avifparts":       "bitstream problem",
	"mp4file":         "bitstream problem",
	"ffmpeg":          "problem sandbox",
	"svgfile":         "problem",
	"svgmin":          "svgfile",

	// the contract, and the formats: they never import each other, the engine or a service
	"codec":           "blob format recipe",
	"picture":         "blob codec format photometa problem raster recipe",
	"codec/*":         "avifparts blob codec deflate ffmpeg format jpegdct jpegquant mp4file photometa picture pngfile problem quantize raster recipe redeflate svgfile svgmin vips webpfile zipfile",
	"codec/all":       "codec codec/*",
	"codec/codectest": "blob codec codec/all engine format metric problem recipe report vips",

	// the engine knows no format and no family; metrics meet it here
	"engine": "blob codec format problem recipe report",
	"metric": "blob codec engine ffmpeg mp4file photometa problem raster ssimulacra2 svgfile vips zipfile",

	// services
	"jobprocess":    "problem sandbox turns",
	"enginejob":     "blob codec engine jobprocess mp4file problem recipe report",
	"job":           "problem",
	"job/store":     "database job problem",
	"job/storetest": "job problem",
	"queue":         "job",
	"account":       "database problem",
	"intake":        "blob egress problem",
	"webhook":       "database egress job problem",
	"connector":     "database problem recipe storage vault",
	"deliver":       "blob problem recipe storage",
	"resumable":     "blob/disk job problem work",
	"work":          "blob blob/disk codec deliver egress engine enginejob format intake job jobprocess problem recipe report storage turns",

	// edges never import codecs, stores or the engine
	"httpapi": "account blob connector deliver egress format intake job problem recipe report resumable schema webhook work",
	"config":  "problem schema",
}

// onlyIn fences off powers: an import and the folders that may use it.
var onlyIn = map[string]string{
	"os/exec":               "sandbox",
	"C":                     "vips deflate ssimulacra2",
	"unsafe":                "vips deflate ssimulacra2 sandbox",
	"plugin":                "",
	"crypto/cipher":         "vault webhook",
	"database/sql":          "database job/store queue account webhook connector",
	"net/http":              "egress httpapi storage/all storage/gcs storage/storagetest",
	"golang.org/x/net/idna": "egress",
	"modernc.org/sqlite":    "database",
	"github.com/Azure/azure-sdk-for-go/sdk/azcore":                   "storage/azure",
	"github.com/aws/aws-sdk-go-v2/aws":                               "storage/s3",
	"github.com/aws/aws-sdk-go-v2/service/s3":                        "storage/s3",
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container": "storage/azure",
	"google.golang.org/api/storage/v1":                               "storage/gcs",
	"google.golang.org/api/option":                                   "storage/gcs",
	"cloud.google.com/go/auth":                                       "storage/gcs",
	"github.com/tus/tusd/v2/pkg/handler":                             "httpapi resumable",
	"github.com/riverqueue/river":                                    "queue",
	"github.com/landlock-lsm/go-landlock":                            "sandbox",
	"github.com/elastic/go-seccomp-bpf":                              "sandbox",
}

// notImported are imports that nobody may use, and why.
var notImported = map[string]string{
	"log":       "logs are slog, handed down",
	"testing":   "test code does not belong in what is shipped, but in codec/codectest and job/storetest",
	"math/rand": "results are deterministic; secrets need crypto/rand",
}

func TestLayers(t *testing.T) {
	walk(t, func(file, pkg string, imports []string) {
		allowed, known := mayImport[pkg]
		if !known {
			allowed, known = mayImport[path.Dir(pkg)+"/*"]
		}
		if !known {
			t.Errorf("%s: package %s is not in mayImport: say what it may depend on", file, pkg)
		}
		for _, imp := range imports {
			if dep, ours := strings.CutPrefix(imp, "compressor/internal/"); ours && !listed(allowed, dep) {
				t.Errorf("%s: %s must not import %s", file, pkg, dep)
			}
			if folders, fenced := onlyIn[imp]; fenced && !listed(folders, pkg) {
				t.Errorf("%s: must not import %q; only %q may", file, imp, folders)
			}
			if why, banned := notImported[imp]; banned && !strings.HasSuffix(pkg, "test") {
				t.Errorf("%s: must not import %q: %s", file, imp, why)
			}
		}
	})
}

// TestEveryRowIsUsed keeps the tables honest: a row for a package that is gone is a lie.
func TestEveryRowIsUsed(t *testing.T) {
	seen := map[string]bool{}
	walk(t, func(_, pkg string, _ []string) { seen[pkg] = true })
	for pkg := range mayImport {
		if !strings.HasSuffix(pkg, "*") && !seen[pkg] {
			t.Errorf("mayImport lists %s, which does not exist", pkg)
		}
	}
}

// walk visits every file under internal that is no test.
func walk(t *testing.T, visit func(file, pkg string, imports []string)) {
	t.Helper()
	// Files are parsed here rather than by the go command: with a subprocess, the test
	// cache would not see changed inputs and would answer green over a planted violation.
	err := filepath.WalkDir(".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range parsed.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, imp)
		}
		visit(file, filepath.ToSlash(filepath.Dir(file)), imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func listed(list, pkg string) bool {
	return slices.ContainsFunc(strings.Fields(list), func(pattern string) bool {
		ok, _ := path.Match(pattern, pkg)
		return ok
	})
}
