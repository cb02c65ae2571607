package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// The rules of what people see.
//
// Results go to the standard output, as a table or with --json as one JSON document;
// warnings, progress and what went wrong go to the standard error. Progress is drawn on a
// terminal only. Sizes are in powers of 1000 with one decimal ("122.6 kB"), percentages
// and scores have one decimal, times are RFC 3339 in UTC, and "-" stands for nothing.
// Text that comes from a file, from its name or from a job process is shown without
// control characters, which could drive the terminal.

// tell writes one line to the standard error.
func (t terminal) tell(message string, args ...any) {
	fmt.Fprintln(t.err, "compressor: "+printable(fmt.Sprintf(message, args...)))
}

// json writes v as one indented document.
func (t terminal) json(v any) error {
	e := json.NewEncoder(t.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table writes rows in columns below a head. Columns whose head begins with ">" hold
// figures and are aligned to the right.
func (t terminal) table(head []string, rows [][]string) error {
	widths := make([]int, len(head))
	for i, h := range head {
		widths[i] = utf8.RuneCountInString(strings.TrimPrefix(h, ">"))
		for _, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	right := make([]bool, len(head))
	names := make([]string, len(head))
	for i, h := range head {
		names[i], right[i] = strings.CutPrefix(h, ">")
	}
	for _, row := range append([][]string{names}, rows...) {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if right[i] {
				cell = gap + cell
			} else {
				cell += gap
			}
			line.WriteString(cell + "  ")
		}
		if _, err := fmt.Fprintln(t.out, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// width is that of the terminal behind w in characters, or 0 if it is none.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 1 {
		return 80
	}
	return columns
}

// size writes a count of bytes for people.
func size(n int64) string {
	if n < 1000 && n > -1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n)/1000, []string{"kB", "MB", "GB", "TB"}
	for len(units) > 1 && (value >= 999.95 || value <= -999.95) {
		value, units = value/1000, units[1:]
	}
	return fmt.Sprintf("%.1f %s", value, units[0])
}

// percent writes a share, of 100.
func percent(p float64) string { return fmt.Sprintf("%.1f %%", p) }

// score writes a score, if there is one.
func score(s *float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", *s)
}

// dash stands for nothing.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// yes writes a fact.
func yes(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}

// counted is "1 file" or "3 files".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// printable is s without what could drive a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
