// Command compressor makes files smaller without visible loss: as a service over HTTP,
// and on the command line. One file per verb; main only chooses.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"compressor/internal/jobprocess"
	"compressor/internal/problem"
	"compressor/internal/sandbox"
	"compressor/internal/schema"
)

func main() {
	// The hidden roles come first: a caged process must not have opened anything yet.
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case jobprocess.Role:
			os.Exit(hidden(runJob()))
		case sandbox.AttackRole:
			os.Exit(hidden(sandbox.ServeAttack()))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ()})
	stop()
	os.Exit(code)
}

// terminal is what a verb may read and write.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	env      []string
}

// verb is one thing that compressor does.
type verb struct {
	name, summary string
	run           func(ctx context.Context, args []string, t terminal) error
}

// verbs lists them in the order of the help.
func verbs() []verb {
	return []verb{
		{"serve", "Start the service.", serve},
		{"compress", "Make files and folders smaller.", compress},
		{"keys", "Create, list or revoke API keys.", keys},
		{"connectors", "Create, list, test or delete ways into buckets.", connectors},
		{"masterkeys", "Change the keys that seal the credentials of connectors.", masterKeysVerb},
		{"formats", "List the kinds of files that are handled.", formats},
		{"config", "Print every setting, its value and where that comes from.", printConfig},
		{"doctor", "Check what this machine has; --attack lets the cage be attacked.", doctor},
		{"version", "Print the version.", printVersion},
	}
}

// run chooses the verb and gives the exit code.
func run(ctx context.Context, args []string, t terminal) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		usage(t.out)
		return 0
	}
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
		if v.name == args[0] {
			return exit(t, v.run(ctx, args[1:], t))
		}
	}
	hint := "compressor help lists them."
	if nearest := schema.Nearest(args[0], names); nearest != "" {
		hint = "Did you mean '" + nearest + "'?"
	}
	return exit(t, problem.Newf(problem.OptionsInvalid, "There is no verb '%s'. %s", args[0], hint))
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "Usage: compressor VERB [arguments]")
	fmt.Fprintln(w)
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-10s %s\n", v.name, v.summary)
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "compressor VERB --help tells more of each.")
}
