package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"compressor/internal/codec/all"
	"compressor/internal/config"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
	"compressor/internal/schema"
)

// order is what the verb compress was asked to do.
type order struct {
	recipe  recipe.Recipe
	named   []string // option groups that were named
	detail  report.Detail
	output  string // folder; "" for beside the input
	inPlace bool
	force   bool
	asJSON  bool
	jobs    int // at once
	inputs  []string
	formats *format.Table
}

// interrupted is the exit code after Ctrl-C or SIGTERM, as shells have it.
const interrupted = 130

const compressHelp = `Usage: compressor compress [flags] FILE-OR-FOLDER...

Makes files smaller, each in a caged process of its own, and prints what came of them.
Originals stay as they are unless --in-place is given.

Where results go:
  photo.jpg  to  photo.compressed.jpg, beside it
  folder/    to  folder.compressed/, beside it, with the same names below it
  -o DIR     to  DIR/photo.jpg, and what is in folder/ to the same names below DIR
Another format brings another extension. A file that could not be made smaller is copied
as it is. No other file is overwritten without --force. Folders are searched in sorted
order; hidden files and links in them are passed over, and kinds of files that are not
handled are listed but not copied.

Exit codes: 0 all went well; 2 the call is wrong; 4 no such file; 5 a file cannot be
handled; 6 something outside failed, such as a full disk; 1 our own fault; 130 interrupted.
Of several, 1 comes before 6, 5, 4 and 2; the other files are done all the same.

The settings of the job processes that 'compressor config' lists count here, too, such as
--job-memory, --job-wall, --pixels and --sandbox-require.`

// compress is the verb that makes files smaller.
func compress(ctx context.Context, args []string, t terminal) error {
	b, err := newOrderBuilder()
	if err != nil {
		return err
	}
	if t.helped(args, compressHelp, b.flags) {
		return nil
	}
	loaded, err := t.settings(args)
	if err != nil {
		return err
	}
	o, err := b.finish(loaded)
	if err != nil {
		return err
	}
	items, err := plan(o)
	if err != nil {
		return err
	}
	outcomes, err := compressAll(ctx, t, loaded.Config, o, items)
	if ctx.Err() != nil && outcomes == nil {
		t.tell("stopped")
		return errPartly{interrupted}
	}
	if err != nil {
		return err
	}
	if err := t.results(o, outcomes); err != nil {
		return err
	}
	if ctx.Err() != nil {
		t.tell("stopped")
		return errPartly{interrupted}
	}
	return worst(outcomes)
}

// worst is the error for the exit code that says most about what went wrong, or nil.
func worst(outcomes []outcome) error {
	failed := map[int]bool{}
	for _, o := range outcomes {
		if o.err != nil {
			failed[problem.From(o.err).Code.Exit()] = true
		}
	}
	for _, code := range []int{
		problem.ExitInternal, problem.ExitOutside, problem.ExitFile,
		problem.ExitMissing, problem.ExitDenied, problem.ExitUsage,
	} {
		if failed[code] {
			return errPartly{code}
		}
	}
	return nil
}

// orderBuilder turns flags into an order. The options of files are those of the wire, under
// the same rules, since the same schema reads them.
type orderBuilder struct {
	order    order
	jobs     string
	document *schema.Document
	flags    []flag
}

// notHere are the options of a request that mean nothing without a service.
func notHere(path string) bool {
	return path == "async" || path == "tag" || path == "response.mode" || strings.HasPrefix(path, "webhook.")
}

func newOrderBuilder() (*orderBuilder, error) {
	rows := all.Codecs().Rows()
	table, err := format.NewTable(rows...)
	if err != nil {
		return nil, err
	}
	options, err := schema.Of(recipe.Envelope{}, formatWords(rows))
	if err != nil {
		return nil, err
	}
	b := &orderBuilder{order: order{formats: table}, document: options.Document()}
	o := &b.order
	output := textFlag("--output", "DIR", "Folder for the results; made if missing.", &o.output)
	output.short = "-o"
	b.flags = []flag{
		output,
		onFlag("--in-place", "Replace each file by its result, if that is smaller and of the same format.", &o.inPlace),
		onFlag("--force", "Overwrite files that stand where results go, but never an original.", &o.force),
		onFlag("--json", "Print one JSON document instead of a table.", &o.asJSON),
		textFlag("--jobs", "N", "Files handled at once. Default: one per core.", &b.jobs),
	}
	for _, option := range options.Options() {
		if option.Type != "hash" && !notHere(option.Path) {
			b.flags = append(b.flags, b.optionFlag(option))
		}
	}
	return b, nil
}

// optionFlag is the flag of one option.
func (b *orderBuilder) optionFlag(o schema.Option) flag {
	f := flag{name: "--" + o.Path, value: strings.ToUpper(o.Type), doc: o.Doc}
	switch {
	case o.Type == "boolean":
		f.value, f.truth = "", true
	case o.Type == "integer" || o.Type == "number":
		f.value = "N"
	case o.Type == "list":
		f.value = "A,B"
	case o.Type == "string" && len(o.Enum) > 0:
		f.value = "WORD"
	default:
		f.value = "TEXT"
	}
	switch {
	case len(o.Enum) > 0:
		f.doc += " Words: " + strings.Join(o.Enum, ", ") + "."
	case o.Minimum != "" && o.Maximum != "":
		f.doc += " From " + o.Minimum + " to " + o.Maximum + "."
	}
	if o.Default != "" {
		f.doc += " Default: " + o.Default + "."
	}
	f.set = func(value string) error {
		if group, _, ok := strings.Cut(o.Path, "."); ok {
			b.name(group)
		}
		return b.document.Set(o.Path, value)
	}
	return f
}

// name notes that an option group was named.
func (b *orderBuilder) name(group string) {
	if !slices.Contains(b.order.named, group) {
		b.order.named = append(b.order.named, group)
	}
}

// finish sets the flags and checks the whole.
func (b *orderBuilder) finish(loaded config.Loaded) (order, error) {
	inputs, wrong := parseFlags(b.flags, loaded)
	var envelope recipe.Envelope
	if err := b.document.Decode(&envelope); err != nil {
		p := problem.From(err)
		if p.Code != problem.OptionsInvalid {
			return order{}, err
		}
		for _, f := range p.Fields {
			name, _, _ := strings.Cut(f.Path, "[") // which entry of a list it is shows in the message
			wrong = append(wrong, problem.Field{Path: "--" + name, Message: f.Message})
		}
	}
	o := b.order
	o.recipe, o.detail, o.inputs, o.jobs = envelope.Recipe, report.Detail(envelope.Report), inputs, loaded.Jobs.Slots
	if b.jobs != "" {
		n, err := strconv.Atoi(b.jobs)
		if err != nil || n < 1 || n > 1024 {
			wrong = append(wrong, problem.Field{Path: "--jobs", Message: fmt.Sprintf("Must be a whole number from 1 to 1024; got '%s'.", printable(b.jobs))})
		}
		o.jobs = n
	}
	if info, err := os.Stat(o.output); o.output != "" && err == nil && !info.IsDir() {
		wrong = append(wrong, problem.Field{Path: "--output", Message: "Must be a folder, or new; '" + printable(o.output) + "' is a file."})
	}
	if o.inPlace && o.output != "" {
		wrong = append(wrong, problem.Field{Path: "--in-place", Message: "Not together with --output."})
	}
	if len(inputs) == 0 {
		wrong = append(wrong, problem.Field{Path: "FILE-OR-FOLDER", Message: "Name at least one file or folder."})
	}
	return o, badArguments(wrong)
}
