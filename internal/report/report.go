// Package report is the answer: what was tried, what was chosen, and why. The same
// value stands in HTTP replies, webhooks, job records and the command line.
package report

import "compressor/internal/format"

// Detail is how much of a report a client wants.
type Detail string

// The details, as in the option "report".
const (
	None  Detail = "none"
	Brief Detail = "brief"
	Full  Detail = "full"
)

// Reason says why the result is what it is. The list is closed.
type Reason string

// The reasons.
const (
	Smallest     Reason = "smallest-within-quality"     // the smallest attempt at or above the floor
	NothingWon   Reason = "no-attempt-was-smaller"      // the original is the result
	BelowQuality Reason = "every-attempt-below-quality" // smaller ones existed, none was good enough
	Fits         Reason = "best-within-size"            // the best attempt that is no larger than was asked for
	Fixed        Reason = "fixed-by-options"            // format, size, crop or quality left no choice
	NotAsked     Reason = "compression-none"            // the client asked for no compression
	Signed       Reason = "signed-file-left-untouched"  // any change would break a signature
	NotHandled   Reason = "feature-not-handled"         // the file uses something that is not handled yet
	BudgetSpent  Reason = "budget-spent"                // the bound of the whole request was reached
	PartDamaged  Reason = "part-kept-as-it-was"         // a damaged or unknown member stays untouched
)

// Report is what happened to one file. Everything but the attempts' Milliseconds is a
// function of input, options and engine version.
type Report struct {
	Path         string    `json:"path,omitempty"` // empty at the top, "word/media/image1.png" for a part
	Reason       Reason    `json:"reason"`
	Why          string    `json:"why,omitempty"`    // the feature, for feature-not-handled
	Chosen       string    `json:"chosen"`           // label of the chosen attempt, or "original"
	Metric       string    `json:"metric,omitempty"` // the metric of Score
	Score        *float64  `json:"score,omitempty"`  // of the finished file against what was asked; 100 is equal
	Worst        *float64  `json:"worst,omitempty"`  // lowest score of any region
	SavedBytes   int64     `json:"saved_bytes"`      // negative where another format or size was asked for
	SavedPercent float64   `json:"saved_percent"`
	Ignored      []string  `json:"ignored,omitempty"` // options that did not apply to this file
	Lost         []string  `json:"lost,omitempty"`    // what was dropped from the file
	Notes        []string  `json:"notes,omitempty"`   // what else a reader should know
	Attempts     []Attempt `json:"attempts,omitempty"`
	Parts        []Report  `json:"parts,omitempty"`
}

// Original is the label of the input among the attempts.
const Original = "original"

// Attempt is one way that was tried.
type Attempt struct {
	Label        string   `json:"label"` // "trellis q=78.39 4:2:0"
	Size         int64    `json:"size"`
	Score        *float64 `json:"score,omitempty"`
	Verdict      string   `json:"verdict"` // chosen, larger, below-quality, not-smallest, failed: <code>
	Milliseconds int64    `json:"ms"`
}

// File describes an input or an output, as in replies.
type File struct {
	Name     string         `json:"name"`
	Type     format.Family  `json:"type"`
	Format   format.ID      `json:"format"`
	MIME     string         `json:"mime"`
	Size     int64          `json:"size"`
	SHA1     string         `json:"sha1"`
	SHA256   string         `json:"sha256"`
	Width    int            `json:"width,omitempty"`    // pixels, as shown
	Height   int            `json:"height,omitempty"`   // pixels, as shown
	Duration float64        `json:"duration,omitempty"` // seconds
	Pages    int            `json:"pages,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"` // groups: pixels, exif, xmp, iptc, icc
}

// Trim returns the report at the asked detail; nil for None.
func (r Report) Trim(d Detail) *Report {
	switch d {
	case None:
		return nil
	case Full:
		return &r
	}
	r.Attempts, r.Parts = nil, nil
	return &r
}
