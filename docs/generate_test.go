package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"compressor/internal/codec/all"
	"compressor/internal/config"
	"compressor/internal/format"
	"compressor/internal/httpapi"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/schema"
)

// page gathers the text of one generated page.
type page struct{ bytes.Buffer }

// newPage begins a page and says where it comes from.
func newPage(title, from string) *page {
	p := &page{}
	fmt.Fprintf(p, "# %s\n\n<!-- Generated from %s by \"go test ./docs -update\". Do not edit. -->\n", title, from)
	return p
}

// text writes a paragraph.
func (p *page) text(s string) { fmt.Fprintf(p, "\n%s\n", s) }

// table writes a table; a row is one cell for each heading.
func (p *page) table(headings []string, rows [][]string) {
	fmt.Fprintf(p, "\n| %s |\n|%s\n", strings.Join(headings, " | "), strings.Repeat(" --- |", len(headings)))
	for _, row := range rows {
		for i, cell := range row {
			row[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(p, "| %s |\n", strings.Join(row, " | "))
	}
}

// code marks a word as code; nothing stays nothing.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// plain is a text that stands outside of code.
func plain(s string) string { return strings.ReplaceAll(s, "<", "&lt;") }

// codes marks each word.
func codes(words []string) string {
	marked := make([]string, len(words))
	for i, w := range words {
		marked[i] = code(w)
	}
	return strings.Join(marked, ", ")
}

// words are the output formats of each family, as the service gives them to the schema.
func words() schema.Opts {
	enums := map[string][]string{}
	for _, r := range all.Codecs().Rows() {
		enums[string(r.Family)] = append(enums[string(r.Family)], string(r.ID))
	}
	return schema.Opts{Enums: enums}
}

func optionsOf(t *testing.T, v any) []schema.Option {
	t.Helper()
	options, err := schema.Options(v, words())
	if err != nil {
		t.Fatal(err)
	}
	return options
}

func optionsPage(t *testing.T) []byte {
	upload, fetch := optionsOf(t, recipe.Upload{}), optionsOf(t, recipe.Fetch{})
	p := newPage("Options", "internal/recipe")
	p.text("What a request may ask for: in the form field `data` of `POST /1.0/upload`, and in the body of\n" +
		"`POST /1.0/fetch`. On the command line each option is a flag of the same path, such as\n" +
		"`--image.resize.width 800`, but for `async`, `response`, `webhook` and `tag`, which mean nothing\n" +
		"there. An unknown option is an error that names the nearest known one.")
	spellings := recipe.Formats{}.Aliases()
	for _, from := range sortedKeys(spellings) {
		p.text(fmt.Sprintf("As a format, %s is read as %s.", code(from), code(spellings[from])))
	}
	p.text("## Of every request")
	p.table(optionHeadings(), optionRows(upload))
	p.text("## Of `POST /1.0/fetch` only")
	p.table(optionHeadings(), optionRows(slices.DeleteFunc(fetch, func(o schema.Option) bool {
		return slices.ContainsFunc(upload, func(u schema.Option) bool { return u.Path == o.Path })
	})))
	return p.Bytes()
}

func optionHeadings() []string { return []string{"option", "type", "default", "allowed", "meaning"} }

func optionRows(options []schema.Option) [][]string {
	var rows [][]string
	for _, o := range options {
		rows = append(rows, []string{code(o.Path), optionType(o), code(o.Default), optionRules(o), plain(o.Doc)})
	}
	return rows
}

// optionType is the type in words.
func optionType(o schema.Option) string {
	word := o.Type
	if o.Items != "" {
		word += " of " + o.Items
	}
	if o.OneOrList {
		word = o.Items + ", or " + word
	}
	return word
}

// optionRules says what an option may be beyond its type.
func optionRules(o schema.Option) string {
	var rules []string
	add := func(given bool, rule string) {
		if given {
			rules = append(rules, rule)
		}
	}
	add(o.Required, "required")
	add(len(o.Enum) > 0, codes(o.Enum))
	add(o.Minimum != "" && o.Maximum != "", o.Minimum+" to "+o.Maximum)
	add(o.MaxLength > 0, fmt.Sprintf("at most %d characters", o.MaxLength))
	add(o.MaxItems > 0, fmt.Sprintf("at most %d entries", o.MaxItems))
	add(o.Pattern != "", code(o.Pattern))
	return strings.Join(rules, "; ")
}

func errorsPage(t *testing.T) []byte {
	p := newPage("Errors", "internal/problem/table.go")
	p.text("Every error reply is JSON with `success`, `status`, `id`, `message`, `code` and, where parameters are\n" +
		"wrong, `errors`: a list of `field` and `message`. `code` never changes meaning; `message` may. The exit\n" +
		"code is that of the command line; retries are those the service makes by itself before a job fails.")
	var rows [][]string
	for _, r := range problem.Table() {
		rows = append(rows, []string{code(string(r.Code)), fmt.Sprint(r.HTTP), fmt.Sprint(r.Exit), fmt.Sprint(r.Retries),
			plain(r.When), plain(problem.New(r.Code).Message)})
	}
	p.table([]string{"code", "HTTP", "exit", "retries", "when", "message, unless there is a better one"}, rows)
	p.text("A failed job, read at `GET /1.0/jobs/{id}`, is a 200: the read succeeded. Its HTTP status then\n" +
		"stands in `http_status`, and `status` is the word `failed`.")
	if reserved := unsent(t); len(reserved) > 0 {
		p.text("This version never sends " + codes(reserved) + ".\nTheir names are taken, so that they mean nothing else.")
	}
	return p.Bytes()
}

func formatsPage(*testing.T) []byte {
	p := newPage("Formats", "the rows in internal/codec/*")
	p.text("The kinds of files that this version reads and writes. Contents decide what a file is, not its\n" +
		"name. Anything else is a 415, `format-unsupported`.")
	var rows [][]string
	for _, r := range all.Codecs().Rows() {
		rows = append(rows, []string{r.Label, code(string(r.ID)), code(string(r.Family)), code(r.MIME), codes(r.Ext),
			yes(r.Lossy), yes(r.Alpha), yes(r.Animates), place(r)})
	}
	p.table([]string{"format", "`format`", "`type`", "`mime`", "extensions", "with loss", "transparency", "animation", "download"}, rows)
	p.text("\"With loss\": can be written with loss. \"Animation\": the format can hold it; that does not mean\n" +
		"that it is handled, see [images.md](../images.md). \"Download\": whether browsers may show it in place.")
	return p.Bytes()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func place(r format.Row) string {
	if r.Inline {
		return "inline"
	}
	return "attachment"
}

func settingsPage(t *testing.T) []byte {
	loaded, err := config.Load(nil, nil, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	p := newPage("Settings", "internal/config")
	p.text("A setting comes from its default, the file that `--config` or `COMPRESSOR_CONFIG` names (lines of\n" +
		"`NAME=value`), the environment, or the command line; the later wins. An empty one counts as not\n" +
		"given. `compressor config` prints them with their values and where those come from.")
	section := ""
	var rows [][]string
	flush := func() {
		if section != "" {
			p.text("## " + strings.ToUpper(section[:1]) + section[1:])
			p.table([]string{"variable", "flag", "default", "allowed", "meaning"}, rows)
		}
		rows = nil
	}
	for _, s := range loaded.Settings {
		if s.Section != section {
			flush()
			section = s.Section
		}
		rows = append(rows, []string{code(s.Name), code(s.Flag), code(s.Default), s.Allowed, plain(s.Doc)})
	}
	flush()
	return p.Bytes()
}

// openapiPage asks the service itself, without anything behind it.
func openapiPage(t *testing.T) []byte {
	table, err := format.NewTable(all.Codecs().Rows()...)
	if err != nil {
		t.Fatal(err)
	}
	server, err := httpapi.New(httpapi.Config{BaseURL: "http://127.0.0.1:8080"}, httpapi.Services{
		Formats: table, Options: words(), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	reply := httptest.NewRecorder()
	server.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/1.0/openapi.json", nil))
	if reply.Code != http.StatusOK {
		t.Fatalf("status %d: %s", reply.Code, reply.Body)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, reply.Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	out.WriteByte('\n')
	return out.Bytes()
}
