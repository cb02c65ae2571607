package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"compressor/internal/report"
)

func TestTrim(t *testing.T) {
	score := 81.5
	full := report.Report{
		Reason: report.Smallest, Chosen: "a", Score: &score, SavedBytes: 5, Lost: []string{"gps"},
		Attempts: []report.Attempt{{Label: "a", Verdict: "chosen"}}, Parts: []report.Report{{Path: "p"}},
	}
	if got := full.Trim(report.None); got != nil {
		t.Errorf("none: %+v", got)
	}
	brief := full.Trim(report.Brief)
	if brief == nil || brief.Attempts != nil || brief.Parts != nil || brief.Chosen != "a" || *brief.Score != score || len(brief.Lost) != 1 {
		t.Errorf("brief: %+v", brief)
	}
	all := full.Trim(report.Full)
	if all == nil || len(all.Attempts) != 1 || len(all.Parts) != 1 {
		t.Errorf("full: %+v", all)
	}
	if len(full.Attempts) != 1 || len(full.Parts) != 1 {
		t.Error("Trim changed the report")
	}
}

// TestJSON: what says nothing is left out; what was saved and why always stands there.
func TestJSON(t *testing.T) {
	data, err := json.Marshal(report.Report{Reason: report.NothingWon, Chosen: report.Original})
	want := `{"reason":"no-attempt-was-smaller","chosen":"original","saved_bytes":0,"saved_percent":0}`
	if err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
	data, err = json.Marshal(report.File{Name: "a.jpg", Type: "image", Format: "jpeg", MIME: "image/jpeg", Size: 3})
	want = `{"name":"a.jpg","type":"image","format":"jpeg","mime":"image/jpeg","size":3,"sha1":"","sha256":""}`
	if err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
	var zero float64
	data, err = json.Marshal(report.Attempt{Label: "a", Score: &zero})
	if err != nil || !strings.Contains(string(data), `"score":0`) {
		t.Errorf("a score of zero is a score: %s, %v", data, err)
	}
}
