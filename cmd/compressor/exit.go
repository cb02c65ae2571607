package main

import (
	"errors"
	"fmt"
	"os"

	"compressor/internal/problem"
)

// errPartly says that some files failed; they were told one by one.
type errPartly struct{ code int }

func (e errPartly) Error() string { return "some files could not be handled" }

// exit tells what went wrong and gives the exit code of the table.
func exit(t terminal, err error) int {
	var partly errPartly
	switch {
	case err == nil:
		return 0
	case errors.As(err, &partly):
		return partly.code
	}
	p := problem.From(err)
	fmt.Fprintln(t.err, "compressor: "+p.Message)
	for _, f := range p.Fields {
		fmt.Fprintf(t.err, "  %s: %s\n", f.Path, f.Message)
	}
	if p.Code == problem.Internal && p.Cause() != nil {
		fmt.Fprintf(t.err, "  %v\n", p.Cause())
	}
	return p.Code.Exit()
}

// hidden is the exit code of a hidden role, whose errors end in the server's log.
func hidden(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
