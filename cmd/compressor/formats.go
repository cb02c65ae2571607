package main

import (
	"context"
	"strings"

	"compressor/internal/codec/all"
	"compressor/internal/format"
)

// formatRow is one kind of file as --json tells it.
type formatRow struct {
	ID         format.ID     `json:"id"`
	Type       format.Family `json:"type"`
	Label      string        `json:"label"`
	MIME       string        `json:"mime"`
	Extensions []string      `json:"extensions"`
	Lossy      bool          `json:"lossy"`    // can be written with loss
	Alpha      bool          `json:"alpha"`    // can hold transparency
	Animated   bool          `json:"animated"` // can hold more than one frame
}

// formats is the verb that lists the kinds of files that are handled.
func formats(_ context.Context, args []string, t terminal) error {
	asJSON := false
	flags := []flag{onFlag("--json", "Print a JSON list.", &asJSON)}
	if t.helped(args, "Usage: compressor formats [--json]\n\nLists the kinds of files that this build handles.", flags) {
		return nil
	}
	if _, err := t.readOnly(args, flags); err != nil {
		return err
	}
	var out []formatRow
	var rows [][]string
	for _, r := range all.Codecs().Rows() {
		out = append(out, formatRow{r.ID, r.Family, r.Label, r.MIME, r.Ext, r.Lossy, r.Alpha, r.Animates})
		rows = append(rows, []string{string(r.ID), string(r.Family), r.MIME, strings.Join(r.Ext, " "), yes(r.Lossy), yes(r.Alpha), yes(r.Animates)})
	}
	if asJSON {
		return t.json(out)
	}
	return t.table([]string{"FORMAT", "TYPE", "MEDIA TYPE", "EXTENSIONS", "LOSSY", "ALPHA", "ANIMATED"}, rows)
}
