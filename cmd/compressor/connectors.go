package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"compressor/internal/config"
	"compressor/internal/connector"
	"compressor/internal/database"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/schema"
)

const connectorsHelp = `Usage: compressor connectors create FILE
       compressor connectors list
       compressor connectors test ID [--bucket NAME]
       compressor connectors delete ID

Manages the ways into buckets of a data folder (--data DIR or COMPRESSOR_DATA), also while
its service runs. FILE holds the JSON of POST /1.0/connectors; - is the standard input, so
that no credential stands in a command line. They are sealed at once and never shown again.
test writes, reads, removes and lists a small object, and tells which right is missing.`

// maxConnector is the longest JSON of a connector, in bytes.
const maxConnector = 1 << 20

// connectorRow is one connector as --json tells it.
type connectorRow struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Provider    string            `json:"provider"`
	Credentials map[string]string `json:"credentials,omitempty"`
	Bucket      string            `json:"bucket,omitempty"`
	Region      string            `json:"region,omitempty"`
	Path        string            `json:"path,omitempty"`
	ACL         string            `json:"acl,omitempty"`
	Endpoint    string            `json:"endpoint,omitempty"`
	Created     string            `json:"created"`
	LastUsed    string            `json:"last_used,omitempty"`
}

// rightRow is one right as --json tells it.
type rightRow struct {
	Right   string `json:"right"`
	OK      bool   `json:"ok"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// connectorsCall is what the verb connectors was asked.
type connectorsCall struct {
	terminal
	config     config.Config
	connectors *connector.Store
	bucket     string
	asJSON     bool
}

// connectors is the verb that manages the ways into buckets.
func connectors(ctx context.Context, args []string, t terminal) error {
	c := connectorsCall{terminal: t}
	flags := []flag{
		textFlag("--bucket", "NAME", "test: another bucket than the connector's.", &c.bucket),
		onFlag("--json", "Print JSON.", &c.asJSON),
	}
	if t.helped(args, connectorsHelp, flags) {
		return nil
	}
	settings, rest, err := t.readBeside(args, flags)
	if err != nil {
		return err
	}
	c.config = settings
	do, err := c.choose(rest)
	if err != nil {
		return err
	}
	missing := "There are no connectors yet"
	if rest[0] == "create" {
		missing = ""
	}
	return withDatabase(ctx, c.config.Server.Data, missing, func(db *database.DB) error {
		c.connectors = connectorsOf(db, c.config, newLog(c.config.Log, t.err))
		return do(ctx)
	})
}

// choose finds what is to be done.
func (c *connectorsCall) choose(rest []string) (func(context.Context) error, error) {
	word := ""
	if len(rest) > 0 {
		word = rest[0]
	}
	if c.bucket != "" && word != "test" {
		return nil, problem.Newf(problem.OptionsInvalid, "--bucket is for test only.")
	}
	switch {
	case word == "create" && len(rest) == 2:
		return func(ctx context.Context) error { return c.create(ctx, rest[1]) }, nil
	case word == "create":
		return nil, problem.Newf(problem.OptionsInvalid, "Say which file holds the JSON of the connector, or - for the standard input.")
	case word == "list" && len(rest) == 1:
		return c.list, nil
	case word == "test" && len(rest) == 2:
		return func(ctx context.Context) error { return c.test(ctx, rest[1]) }, nil
	case word == "delete" && len(rest) == 2:
		return func(ctx context.Context) error { return c.delete(ctx, rest[1]) }, nil
	case word == "test" || word == "delete":
		return nil, problem.Newf(problem.OptionsInvalid, "Say which connector to %s, by the ID that 'compressor connectors list' shows.", word)
	}
	return nil, problem.Newf(problem.OptionsInvalid, "Say what to do: create FILE, list, test ID or delete ID.")
}

func (c *connectorsCall) create(ctx context.Context, file string) error {
	text, err := c.body(file)
	if err != nil {
		return err
	}
	bodies, err := schema.Of(recipe.Connector{}, schema.Opts{})
	if err != nil {
		return err
	}
	var asked recipe.Connector
	if err := bodies.Salvage(text, &asked); err != nil {
		return c.connectors.Explain(err, asked)
	}
	made, err := c.connectors.Create(ctx, asked)
	if err != nil {
		return err
	}
	if c.asJSON {
		return c.json(connectorRowOf(made))
	}
	_, err = fmt.Fprintln(c.out, made.ID)
	return err
}

// body reads the JSON of a connector.
func (c *connectorsCall) body(file string) ([]byte, error) {
	from := c.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, problem.Newf(problem.NotFound, "The file '%s' cannot be read: %v.", printable(file), rootCause(err))
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxConnector+1))
	if err == nil && len(text) > maxConnector {
		err = problem.Newf(problem.FileTooLarge, "The JSON is larger than %d bytes.", maxConnector)
	}
	return text, err
}

func (c *connectorsCall) list(ctx context.Context) error {
	all, err := c.connectors.List(ctx)
	if err != nil {
		return err
	}
	out, rows := []connectorRow{}, [][]string{}
	for _, one := range all {
		r := connectorRowOf(one)
		out = append(out, r)
		rows = append(rows, []string{r.ID, printable(r.Name), r.Provider, dash(r.Bucket), dash(r.Region), dash(printable(r.Path)), r.Created, dash(r.LastUsed)})
	}
	if c.asJSON {
		return c.json(out)
	}
	return c.table([]string{"ID", "NAME", "PROVIDER", "BUCKET", "REGION", "PATH", "CREATED", "LAST USED"}, rows)
}

func (c *connectorsCall) test(ctx context.Context, id string) error {
	t, err := storesOf(c.connectors, c.config).Try(ctx, id, c.bucket)
	if err != nil {
		return c.missing(err, id)
	}
	out, rows := []rightRow{}, [][]string{}
	for _, r := range t.Rights {
		row := rightRow{Right: r.Name, OK: r.Fault == nil}
		state := "ok"
		if r.Fault != nil {
			row.Reason, row.Message = string(r.Fault.Reason), t.Why(r)
			state = printable(row.Message)
		}
		out = append(out, row)
		rows = append(rows, []string{r.Name, state})
	}
	if c.asJSON {
		err = c.json(out)
	} else {
		err = c.table([]string{"RIGHT", "STATE"}, rows)
	}
	if err == nil && !t.OK() {
		err = problem.Newf(problem.StoreFailed, "The connector cannot store results.")
	}
	return err
}

func (c *connectorsCall) delete(ctx context.Context, id string) error {
	if err := c.connectors.Delete(ctx, id); err != nil {
		return c.missing(err, id)
	}
	c.tell("%s is deleted.", id)
	return nil
}

func (c *connectorsCall) missing(err error, id string) error {
	if problem.Has(err, problem.NotFound) {
		return problem.Newf(problem.NotFound, "There is no connector with the ID '%s'.", printable(id))
	}
	return err
}

func connectorRowOf(c connector.Connector) connectorRow {
	return connectorRow{
		ID: c.ID, Name: c.Name, Provider: string(c.Provider), Credentials: c.Shown, Bucket: c.Bucket, Region: c.Region,
		Path: c.Path, ACL: string(c.ACL), Endpoint: c.Endpoint, Created: stamp(c.Created), LastUsed: stamp(c.Used),
	}
}
