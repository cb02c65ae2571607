package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"compressor/internal/config"
	"compressor/internal/problem"
	"compressor/internal/schema"
)

// flag is one flag of a verb.
type flag struct {
	name  string // "--output"
	short string // "-o", or ""
	value string // what the help calls its value, "DIR"; "" for a switch
	truth bool   // a switch that true or false may follow
	doc   string
	set   func(value string) error // a switch is set to "true"
}

// onFlag is a plain switch.
func onFlag(name, doc string, to *bool) flag {
	return flag{name: name, doc: doc, set: func(string) error { *to = true; return nil }}
}

// textFlag takes a text.
func textFlag(name, value, doc string, to *string) flag {
	return flag{name: name, value: value, doc: doc, set: func(s string) error { *to = s; return nil }}
}

// helped prints the help of a verb if the arguments ask for it.
func (t terminal) helped(args []string, text string, flags []flag) bool {
	for _, arg := range args {
		if arg == "--" {
			return false
		}
		if arg != "--help" && arg != "-h" {
			continue
		}
		fmt.Fprintln(t.out, text)
		if len(flags) > 0 {
			fmt.Fprintln(t.out)
			writeFlags(t.out, flags)
		}
		return true
	}
	return false
}

// settings finds the settings, and tells the warnings.
func (t terminal) settings(args []string) (config.Loaded, error) {
	loaded, err := config.Load(args, t.env, os.ReadFile)
	for _, w := range loaded.Warnings {
		t.tell("warning: %s", w)
	}
	return loaded, err
}

// read finds the settings and sets the flags; rest is what is left of the arguments.
func (t terminal) read(args []string, flags []flag) (loaded config.Loaded, rest []string, err error) {
	loaded, err = t.settings(args)
	if err != nil {
		return loaded, nil, err
	}
	rest, wrong := parseFlags(flags, loaded)
	return loaded, rest, badArguments(wrong)
}

// readOnly is read for a verb that takes nothing but flags.
func (t terminal) readOnly(args []string, flags []flag) (config.Loaded, error) {
	loaded, rest, err := t.read(args, flags)
	if err == nil {
		err = noMore(rest)
	}
	return loaded, err
}

// parseFlags sets the flags that are left of the arguments once the settings are taken out,
// and returns the rest, in order. Both --name value and --name=value will do; nothing after
// -- is a flag. All that is wrong is named at once.
func parseFlags(flags []flag, loaded config.Loaded) (rest []string, wrong []problem.Field) {
	args := loaded.Rest
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			rest = append(rest, args...)
			break
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			rest = append(rest, arg)
			continue
		}
		name, value, given := strings.Cut(arg, "=")
		f := find(flags, name)
		switch {
		case f == nil:
			wrong = append(wrong, problem.Field{Path: printable(name), Message: unknownFlag(flags, loaded.Settings, name)})
			continue
		case given && f.value == "" && !f.truth:
			wrong = append(wrong, problem.Field{Path: f.name, Message: "Takes no value."})
			continue
		case given:
		case f.truth && len(args) > 0 && (args[0] == "true" || args[0] == "false"):
			value, args = args[0], args[1:]
		case f.value == "":
			value = "true"
		case len(args) == 0:
			wrong = append(wrong, problem.Field{Path: f.name, Message: "Needs a value."})
			continue
		default:
			value, args = args[0], args[1:]
		}
		if err := f.set(value); err != nil {
			wrong = append(wrong, ofFlag(*f, err)...)
		}
	}
	return rest, wrong
}

// badArguments is the error for a wrong call, nil if nothing is wrong.
func badArguments(wrong []problem.Field) error {
	if len(wrong) == 0 {
		return nil
	}
	return problem.Newf(problem.OptionsInvalid, "The arguments are not valid.").With(wrong...)
}

// ofFlag names the flag in what is wrong with its value.
func ofFlag(f flag, err error) []problem.Field {
	fields := problem.From(err).Fields
	if len(fields) == 0 {
		return []problem.Field{{Path: f.name, Message: err.Error()}}
	}
	for i := range fields {
		fields[i].Path = f.name
	}
	return fields
}

func find(flags []flag, name string) *flag {
	i := slices.IndexFunc(flags, func(f flag) bool { return f.name == name || (f.short != "" && f.short == name) })
	if i < 0 {
		return nil
	}
	return &flags[i]
}

// unknownFlag is the message for a flag that does not exist: the nearest one that does, or
// one that ends so, as --quality is meant for --image.quality.
func unknownFlag(flags []flag, settings []config.Setting, name string) string {
	var names []string
	for _, f := range flags {
		names = append(names, f.name)
	}
	for _, s := range settings {
		names = append(names, s.Flag)
	}
	near := schema.Nearest(name, names)
	if near == "" {
		end := "." + strings.TrimLeft(name, "-")
		if i := slices.IndexFunc(names, func(n string) bool { return strings.HasSuffix(n, end) }); i >= 0 {
			near = names[i]
		}
	}
	if near == "" {
		return "Unknown flag; --help lists those there are."
	}
	return "Unknown flag; did you mean '" + near + "'?"
}

// noMore is the error for arguments that a verb has no use for, or nil.
func noMore(rest []string) error {
	var wrong []problem.Field
	for _, arg := range rest {
		wrong = append(wrong, problem.Field{Path: printable(arg), Message: "Unexpected argument."})
	}
	return badArguments(wrong)
}

// writeFlags lists flags for the help.
func writeFlags(w io.Writer, flags []flag) {
	for _, f := range flags {
		name := f.name
		if f.short != "" {
			name = f.short + ", " + name
		}
		if f.value != "" {
			name += " " + f.value
		}
		fmt.Fprintln(w, "  "+name)
		writeText(w, "      ", "      ", f.doc)
	}
}

// helpWidth is how wide a help text may be, in characters.
const helpWidth = 90

// writeText writes a paragraph, the first line and the others each behind its indent.
func writeText(w io.Writer, first, others, text string) {
	line, empty := first, true
	for _, word := range strings.Fields(text) {
		if !empty && utf8.RuneCountInString(line)+utf8.RuneCountInString(word) > helpWidth {
			fmt.Fprintln(w, strings.TrimRight(line, " "))
			line = others
		}
		line, empty = line+word+" ", false
	}
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}
