package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// book is the whole report of a run.
type book struct {
	Date      string `json:"date"`
	Cores     int    `json:"cores"`
	Processor string `json:"processor"`
	Corpus    string `json:"corpus"`
	Parts     []part `json:"parts"`
}

// part is what one section found.
type part struct {
	Name   string   `json:"name"`
	Title  string   `json:"title"`
	Tables []table  `json:"tables,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

// table is figures under headings. Cells are strings, integers or floats; floats are
// printed with two decimals.
type table struct {
	Title   string   `json:"title,omitempty"`
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"`
}

func (t *table) add(cells ...any) { t.Rows = append(t.Rows, cells) }

// head says when, where and with what the figures were measured.
func (b *book) head() string {
	return fmt.Sprintf("%s, %d cores, %s, %s", b.Date, b.Cores, b.Processor, b.Corpus)
}

func (p *part) print(w io.Writer) {
	fmt.Fprintf(w, "\n## %s: %s\n", p.Name, p.Title)
	for _, t := range p.Tables {
		t.print(w)
	}
	for _, note := range p.Notes {
		fmt.Fprintf(w, "\n%s\n", note)
	}
}

// print aligns the columns: the first to the left, the others to the right.
func (t *table) print(w io.Writer) {
	fmt.Fprintln(w)
	if t.Title != "" {
		fmt.Fprintf(w, "%s\n", t.Title)
	}
	lines := [][]string{t.Columns}
	for _, row := range t.Rows {
		var line []string
		for _, cell := range row {
			line = append(line, text(cell))
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(t.Columns))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		for i, cell := range line {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				fmt.Fprint(w, "  ", cell, gap)
			} else {
				fmt.Fprint(w, "  ", gap, cell)
			}
		}
		fmt.Fprintln(w)
	}
}

func text(cell any) string {
	switch v := cell.(type) {
	case int:
		return thousands(int64(v))
	case int64:
		return thousands(v)
	case float64:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprint(cell)
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int64) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	digits := fmt.Sprint(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// percent tells how much smaller ours is: -8.0 % is eight percent smaller.
func percent(ours, theirs int64) string {
	if theirs == 0 {
		return "-"
	}
	return fmt.Sprintf("%+.1f %%", 100*(float64(ours)/float64(theirs)-1))
}
