package config

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"compressor/internal/problem"
	"compressor/internal/schema"
)

// Describe writes a table of every setting: value, source, default, flag and meaning. It
// never writes a secret.
func Describe(w io.Writer, settings []Setting) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SETTING\tVALUE\tSOURCE\tDEFAULT\tFLAG\tMEANING") // the writer keeps its error for Flush
	for _, s := range settings {
		meaning := s.Doc
		if s.Allowed != "" {
			meaning += " (" + s.Allowed + ")"
		}
		fmt.Fprintln(t, strings.Join([]string{s.Name, dash(s.Value), s.Source, dash(s.Default), s.Flag, meaning}, "\t"))
	}
	return t.Flush()
}

// dash stands for nothing.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Unexpected is the error for an argument that is neither a setting nor known to the verb.
func (l Loaded) Unexpected(argument string) error {
	name, _, _ := strings.Cut(argument, "=")
	names := []string{fileFlag}
	for _, s := range l.Settings {
		names = append(names, s.Flag)
	}
	message := "Unknown argument."
	if strings.HasPrefix(name, "--") {
		message = "Unknown flag."
		if near := schema.Nearest(name, names); near != "" {
			message = "Unknown flag; did you mean '" + near + "'?"
		}
	}
	return problem.Newf(problem.OptionsInvalid, "The arguments are not valid.").With(problem.Field{Path: name, Message: message})
}
