package jobprocess

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"compressor/internal/problem"
)

func TestOutcomeCheck(t *testing.T) {
	many := problem.New(problem.OptionsInvalid)
	for range maxFields + 1 {
		many = many.With(problem.Field{Path: "image.resize", Message: "wrong"})
	}
	tests := []struct {
		name    string
		outcome Outcome
		good    bool
	}{
		{"kept", Outcome{}, true},
		{"a result", Outcome{File: "result.jpg", Report: json.RawMessage(`{}`)}, true},
		{"a hidden result", Outcome{File: ".result"}, true},
		{"a problem", Outcome{Problem: problem.New(problem.FileCorrupt)}, true},
		{"no code", Outcome{Problem: &problem.Problem{}}, false},
		{"too many fields", Outcome{Problem: many}, false},
		{"parent", Outcome{File: ".."}, false},
		{"itself", Outcome{File: "."}, false},
		{"a path", Outcome{File: "a/b"}, false},
		{"absolute", Outcome{File: "/etc/passwd"}, false},
		{"NUL", Outcome{File: "a\x00b"}, false},
		{"too long", Outcome{File: strings.Repeat("a", 256)}, false},
		{"a huge report", Outcome{Report: bytes.Repeat([]byte("1"), maxReportBytes+1)}, false},
	}
	for _, test := range tests {
		if err := test.outcome.check(); (err == nil) != test.good {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestClean(t *testing.T) {
	tests := []struct{ in, want string }{
		{"The file is damaged.", "The file is damaged."},
		{"tab\tline\nred\x1b[31m", "tablinered[31m"},
		{"bad\xff\xfeutf", "badutf"},
		{"right\u202eleft", "rightleft"},
		{strings.Repeat("é", 600), strings.Repeat("é", maxText/2)},
		{"x" + strings.Repeat("é", 600), "x" + strings.Repeat("é", maxText/2-1)},
	}
	for _, test := range tests {
		if got := clean(test.in); got != test.want {
			t.Errorf("%.20q became %.40q, want %.40q", test.in, got, test.want)
		}
	}
}

// FuzzListen reads what a taken-over job process could write. Whatever it is, what comes
// out is fit to be shown, and progress never falls.
func FuzzListen(f *testing.F) {
	for _, seed := range []string{
		`{"progress":{"phase":"encoding","done":1,"total":3,"percent":33.3}}` + "\n" + `{"outcome":{"file":"result"}}`,
		`{"outcome":{"problem":{"code":"file-corrupt","message":"It is\u001b[31m damaged."}}}`,
		`{"outcome":{"problem":{"code":"options-invalid","errors":[{"field":"a","message":"b"}]}}}`,
		`{"outcome":{"file":"../in","report":{"a":[1,2]}}}`, `{"ready":true}`, `{}`, `null`, `[`,
		`{"progress":{"percent":1e308,"done":-5}}` + "\n" + `{"progress":{"percent":-1e308}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := bytes.Split(data, []byte("\n"))
		receive := func(v any) error {
			if len(lines) == 0 {
				return io.EOF
			}
			line := lines[0]
			lines = lines[1:]
			return json.Unmarshal(line, v)
		}
		last := 0.0
		outcome, err := listen(receive, func(p Progress) {
			if p.Percent < last || p.Percent > 100 || p.Done < 0 || p.Total < 0 || unfit(p.Phase, maxPhase) {
				t.Fatalf("progress %+v after %v", p, last)
			}
			last = p.Percent
		})
		if err != nil {
			return
		}
		if outcome.File != "" && strings.ContainsAny(outcome.File, "/\x00") {
			t.Fatalf("a result outside the folder: %q", outcome.File)
		}
		if p := outcome.Problem; p != nil {
			if unfit(p.Message, maxText) || p.Code.HTTP() == 0 || errors.Is(p, problem.New("no-such-code")) {
				t.Fatalf("problem %+v", p)
			}
		}
	})
}

func unfit(text string, limit int) bool {
	return len(text) > limit || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)
}
