package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"compressor/internal/problem"
)

// codes reads the declared codes from the source, so that none can lack its row.
func codes(t *testing.T) []problem.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "table.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var list []problem.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, problem.Code(text))
		}
		return true
	})
	return list
}

func TestTable(t *testing.T) {
	rows := map[problem.Code]problem.Row{}
	for _, r := range problem.Table() {
		if _, twice := rows[r.Code]; twice {
			t.Errorf("%s has two rows", r.Code)
		}
		rows[r.Code] = r
	}
	declared := codes(t)
	if len(declared) < 30 || len(declared) != len(rows) {
		t.Errorf("%d codes, %d rows", len(declared), len(rows))
	}
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, code := range declared {
		r, found := rows[code]
		if !found {
			t.Errorf("%s has no row", code)
			continue
		}
		if !kebab.MatchString(string(code)) {
			t.Errorf("%s is not kebab-case", code)
		}
		if r.HTTP < 400 || r.HTTP > 507 || r.Exit < problem.ExitInternal || r.Exit > problem.ExitOutside || r.Retries < 0 || r.Retries > 2 {
			t.Errorf("%s: %+v", code, r)
		}
		if r.When == "" || problem.New(code).Message == "" || strings.ContainsAny(problem.New(code).Message, "/\\") {
			t.Errorf("%s: when %q, message %q", code, r.When, problem.New(code).Message)
		}
		if code.HTTP() != r.HTTP || code.Exit() != r.Exit || code.Retries() != r.Retries {
			t.Errorf("%s: the methods say %d %d %d, the row %+v", code, code.HTTP(), code.Exit(), code.Retries(), r)
		}
	}
}

// TestPromises spells out what clients rely on: status, exit code, retries, and the four
// documented messages word for word.
func TestPromises(t *testing.T) {
	for code, want := range map[problem.Code][3]int{
		problem.MultipartBroken: {400, 2, 0}, problem.KeyMissing: {401, 3, 0}, problem.KeyInvalid: {401, 3, 0},
		problem.ScopeMissing: {403, 3, 0}, problem.NotFound: {404, 4, 0}, problem.MethodNotAllowed: {405, 2, 0},
		problem.UploadStalled: {408, 6, 0}, problem.LinkExpired: {410, 4, 0}, problem.FileTooLarge: {413, 2, 0},
		problem.MediaTypeUnsupported: {415, 2, 0}, problem.FormatUnsupported: {415, 5, 0},
		problem.BodyNotJSON: {422, 2, 0}, problem.OptionsInvalid: {422, 2, 0}, problem.FileEmpty: {422, 5, 0},
		problem.FileCorrupt: {422, 5, 0}, problem.FileEncrypted: {422, 5, 0}, problem.LimitExceeded: {422, 5, 0},
		problem.FormatUnsafe: {422, 5, 0}, problem.PreserveImpossible: {422, 5, 0}, problem.SourceForbidden: {422, 2, 0},
		problem.SourceFailed: {422, 6, 2}, problem.SourceTooSlow: {504, 6, 2}, problem.RateLimited: {429, 6, 0},
		problem.KeyBusy: {429, 6, 0}, problem.Canceled: {409, 6, 0}, problem.WorkerDied: {422, 5, 1},
		problem.WorkerTimeout: {422, 5, 1}, problem.QueueFull: {503, 6, 0}, problem.Draining: {503, 6, 0},
		problem.StorageFull: {507, 6, 0}, problem.Internal: {500, 1, 1},
	} {
		if got := [3]int{code.HTTP(), code.Exit(), code.Retries()}; got != want {
			t.Errorf("%s: HTTP, exit and retries %v, want %v", code, got, want)
		}
	}
	for code, want := range map[problem.Code]string{
		problem.BodyNotJSON:    "Incoming request body does not contain a valid JSON data",
		problem.OptionsInvalid: "Validation failed for one or more parameters",
		problem.KeyInvalid:     problem.New(problem.KeyMissing).Message,
	} {
		if got := problem.New(code).Message; got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	if unknown := problem.Code("no-such"); unknown.HTTP() != 500 || unknown.Exit() != problem.ExitInternal {
		t.Error("an unknown code is our own fault")
	}
}

func TestTableIsACopy(t *testing.T) {
	problem.Table()[0].HTTP = 999
	if problem.Table()[0].HTTP == 999 {
		t.Error("the table can be changed from outside")
	}
}

func TestProblem(t *testing.T) {
	secret := errors.New("open /var/lib/x: boom")
	base := problem.New(problem.FileCorrupt)
	p := base.Because(secret).With(problem.Field{Path: "image.crop", Message: "Leaves the picture."})
	if base.Cause() != nil || len(base.Fields) != 0 {
		t.Error("Because or With changed the original")
	}
	more := p.With(problem.Field{Path: "image.resize", Message: "Too large."})
	if len(p.Fields) != 1 || len(more.Fields) != 2 {
		t.Errorf("%d and %d fields", len(p.Fields), len(more.Fields))
	}
	if !errors.Is(p, secret) || p.Cause() != secret || !errors.Is(p, base) || errors.Is(p, problem.New(problem.Internal)) {
		t.Error("errors.Is")
	}
	wrapped := fmt.Errorf("candidate: %w", p)
	if problem.From(wrapped) != p || !problem.Has(wrapped, problem.FileCorrupt) || problem.Has(wrapped, problem.Internal) {
		t.Error("From or Has does not find it")
	}
	full := problem.From(fmt.Errorf("write: %w", syscall.ENOSPC))
	if full.Code != problem.StorageFull || !errors.Is(full, syscall.ENOSPC) || problem.Full(secret) {
		t.Errorf("From of a full disk: %v", full)
	}
	ours := problem.From(secret)
	if ours.Code != problem.Internal || ours.Cause() != secret || problem.Has(secret, problem.Internal) {
		t.Errorf("From of a plain error: %v", ours)
	}
	if problem.Has(nil, problem.Internal) {
		t.Error("nil is no problem")
	}
	if text := p.Error(); !strings.HasPrefix(text, "file-corrupt: ") || !strings.HasSuffix(text, "[image.crop: Leaves the picture.]") || strings.Contains(text, "boom") {
		t.Errorf("text %q", text)
	}
	if got := problem.Newf(problem.FormatUnsupported, "Not %s.", "gif").Message; got != "Not gif." {
		t.Errorf("Newf %q", got)
	}
	if invalid := problem.Invalid(problem.Field{Path: "x"}); invalid.Code != problem.OptionsInvalid || len(invalid.Fields) != 1 {
		t.Errorf("Invalid %v", invalid)
	}
}

// TestJSON: a problem crosses the job protocol and the database, without its cause.
func TestJSON(t *testing.T) {
	p := problem.Invalid(problem.Field{Path: "image.crop", Message: "m"}).Because(errors.New("secret"))
	data, err := json.Marshal(p)
	if err != nil || strings.Contains(string(data), "secret") {
		t.Fatalf("%s, %v", data, err)
	}
	var back problem.Problem
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if back.Error() != p.Error() || back.Cause() != nil {
		t.Errorf("%v came back as %v", p, &back)
	}
}

// TestJoin: faults of options add up, and anything else goes before them.
func TestJoin(t *testing.T) {
	a, b := problem.Invalid(problem.Field{Path: "a", Message: "x"}), problem.Invalid(problem.Field{Path: "b", Message: "y"})
	full := problem.New(problem.StorageFull)
	for _, c := range []struct {
		errs []error
		want string
	}{
		{nil, "<nil>"},
		{[]error{nil, nil}, "<nil>"},
		{[]error{a, nil, b}, problem.Invalid(problem.Field{Path: "a", Message: "x"}, problem.Field{Path: "b", Message: "y"}).Error()},
		{[]error{a, full, b}, full.Error()},
	} {
		if got := fmt.Sprint(problem.Join(c.errs...)); got != c.want {
			t.Errorf("%v: %s, want %s", c.errs, got, c.want)
		}
	}
}

// TestAlso: what is named already is not named again, nor what lies below it.
func TestAlso(t *testing.T) {
	p := problem.Invalid(problem.Field{Path: "a", Message: "x"})
	got := p.Also(problem.Field{Path: "a", Message: "y"}, problem.Field{Path: "a.b", Message: "y"}, problem.Field{Path: "ab", Message: "y"})
	if want := problem.Invalid(problem.Field{Path: "a", Message: "x"}, problem.Field{Path: "ab", Message: "y"}).Error(); got.Error() != want || len(p.Fields) != 1 {
		t.Errorf("%v, want %s", got, want)
	}
}
