package report_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"compressor/internal/report"
)

// nested is a report of so many parts at each of two depths.
func nested(parts int) report.Report {
	leaf := report.Report{Path: "\x01\x02<é>.png", Reason: report.Smallest, Chosen: "palette", Attempts: []report.Attempt{
		{Label: "palette level=40", Size: 4000, Verdict: "draft"}, {Label: "palette level=44", Size: 4400, Verdict: "chosen"}}}
	inner := report.Report{Path: "inner.zip", Reason: report.Smallest, Chosen: "recompressed", Attempts: leaf.Attempts}
	inner.Parts = slices.Repeat([]report.Report{leaf}, parts)
	return report.Report{Reason: report.Smallest, Chosen: "recompressed", Notes: []string{"first"}, Attempts: leaf.Attempts,
		Parts: slices.Repeat([]report.Report{inner}, parts)}
}

func length(t *testing.T, v any) int {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return len(text)
}

// TestWithin: what is too large loses attempts of parts, then parts, and says so; the report
// that was given stays as it was.
func TestWithin(t *testing.T) {
	whole := nested(20)
	size := length(t, whole)
	slack := 20 * 21 * len(",\"parts\":[],")
	const tried = 20 * 21 * 100 // bytes of attempts, at least
	for _, test := range []struct {
		bytes, parts, attempts int
		note                   string
	}{
		{size + slack + 100, 20, 2, ""},
		{size - 1, 20, 0, "What was tried for each member is left out: the report would be too large."},
		{size - tried + slack, 20, 0, "What was tried for each member is left out: the report would be too large."},
		{size / 8, 0, 0, "The reports of the members are left out: they would be too large."},
	} {
		got := whole.Within(test.bytes)
		name := fmt.Sprintf("%d of %d bytes", test.bytes, size)
		if n := length(t, got); n > test.bytes {
			t.Errorf("%s: %d", name, n)
		}
		if len(got.Parts) != test.parts || len(got.Attempts) != 2 {
			t.Errorf("%s: %d parts, %d attempts", name, len(got.Parts), len(got.Attempts))
		}
		if len(got.Parts) > 0 && (len(got.Parts[3].Attempts) != test.attempts || len(got.Parts[3].Parts[4].Attempts) != test.attempts) {
			t.Errorf("%s: %+v", name, got.Parts[3])
		}
		notes := []string{"first"}
		if test.note != "" {
			notes = append(notes, test.note)
		}
		if !slices.Equal(got.Notes, notes) {
			t.Errorf("%s: %q", name, got.Notes)
		}
	}
	if length(t, whole) != size || len(whole.Notes) != 1 {
		t.Error("the report itself changed")
	}
}
