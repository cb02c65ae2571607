package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"compressor/internal/account"
	"compressor/internal/database"
	"compressor/internal/problem"
)

// keyRow is one API key as --json tells it. Key is there once, when it is made.
type keyRow struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Key      string          `json:"key,omitempty"`
	Prefix   string          `json:"prefix,omitempty"`
	Scopes   []account.Scope `json:"scopes"`
	Limits   keyLimits       `json:"limits"`
	Created  string          `json:"created"`
	Expires  string          `json:"expires,omitempty"`
	LastUsed string          `json:"last_used,omitempty"`
	Revoked  string          `json:"revoked,omitempty"`
}

// keyLimits are limits of a key's own; one that is left out is the service's.
type keyLimits struct {
	Rate       int    `json:"rate,omitempty"`
	Concurrent int    `json:"concurrent,omitempty"`
	Queued     int    `json:"queued,omitempty"`
	Bytes      int64  `json:"bytes,omitempty"`
	Until      string `json:"until,omitempty"`
}

// keysCall is what the verb keys was asked.
type keysCall struct {
	terminal
	keys         *account.Keys
	name, scopes string
	edits        []func(*account.Key) // limits and the end
	asJSON       bool
}

const keysHelp = `Usage: compressor keys create [--name NAME] [--scopes A,B] [LIMITS]
       compressor keys list
       compressor keys limit ID LIMITS
       compressor keys revoke ID

Manages the API keys of a data folder (--data DIR or COMPRESSOR_DATA), also while its
service runs. A key is shown once, when it is made. What is changed or
revoked holds within a second. LIMITS are of the key's own, in place of the service's;
'keys limit' leaves alone what is not named.`

// keys is the verb that creates, lists and revokes API keys, also beside a running service.
func keys(ctx context.Context, args []string, t terminal) error {
	c := keysCall{terminal: t}
	flags := []flag{
		textFlag("--name", "NAME", "create: what the key is for.", &c.name),
		textFlag("--scopes", "A,B", "create: what it may do, of "+scopeWords(account.Scopes(), ", ")+". Default: "+scopeWords(account.DefaultScopes(), ",")+".", &c.scopes),
	}
	flags = append(append(flags, c.limitFlags()...), onFlag("--json", "Print JSON.", &c.asJSON))
	if t.helped(args, keysHelp, flags) {
		return nil
	}
	settings, rest, err := t.readBeside(args, flags)
	if err != nil {
		return err
	}
	do, err := c.choose(rest)
	if err != nil {
		return err
	}
	missing := "There are no keys yet"
	if rest[0] == "create" {
		missing = ""
	}
	return withDatabase(ctx, settings.Server.Data, missing, func(db *database.DB) (err error) {
		if c.keys, err = account.Open(ctx, db, time.Now); err != nil {
			return err
		}
		return do(ctx)
	})
}

// choose finds what is to be done.
func (c *keysCall) choose(rest []string) (func(context.Context) error, error) {
	switch {
	case len(rest) == 0:
		return nil, problem.Newf(problem.OptionsInvalid, "Say what to do: create, list, limit ID or revoke ID.")
	case rest[0] == "create" && len(rest) == 1:
		scopes, err := readScopes(c.scopes)
		return func(ctx context.Context) error { return c.create(ctx, scopes) }, err
	case rest[0] != "create" && (c.name != "" || c.scopes != ""):
		return nil, problem.Newf(problem.OptionsInvalid, "--name and --scopes are for create only.")
	case rest[0] == "limit" && len(rest) == 2 && len(c.edits) > 0:
		return func(ctx context.Context) error { return c.limit(ctx, rest[1]) }, nil
	case rest[0] == "limit":
		return nil, problem.Newf(problem.OptionsInvalid, "Say which key to limit, by the ID that 'compressor keys list' shows, and how: --rate, --running, --waiting, --bytes, --until or --expires.")
	case rest[0] != "create" && len(c.edits) > 0:
		return nil, problem.Newf(problem.OptionsInvalid, "Limits are for create and limit only.")
	case rest[0] == "list" && len(rest) == 1:
		return c.list, nil
	case rest[0] == "revoke" && len(rest) == 2:
		return func(ctx context.Context) error { return c.revoke(ctx, rest[1]) }, nil
	case rest[0] == "revoke":
		return nil, problem.Newf(problem.OptionsInvalid, "Say which key to revoke, by the ID that 'compressor keys list' shows.")
	case rest[0] == "create" || rest[0] == "list":
		return nil, noMore(rest[1:])
	}
	return nil, problem.Newf(problem.OptionsInvalid, "There is nothing to do by the name '%s': create, list, limit ID or revoke ID.", printable(rest[0]))
}

func (c *keysCall) create(ctx context.Context, scopes []account.Scope) error {
	like := account.Key{Name: c.name, Scopes: scopes}
	c.edit(&like)
	secret, key, err := c.keys.Make(ctx, like)
	if err != nil {
		return asFlags(err)
	}
	if c.asJSON {
		row := keyRowOf(key)
		row.Key = secret
		return c.json(row)
	}
	c.tell("key %s, which may %s; it is not shown again:", key.ID, scopeWords(key.Scopes, " "))
	_, err = fmt.Fprintln(c.out, secret)
	return err
}

func (c *keysCall) list(ctx context.Context) error {
	all, err := c.keys.List(ctx)
	if err != nil {
		return err
	}
	out, rows := []keyRow{}, [][]string{}
	for _, key := range all {
		r := keyRowOf(key)
		out = append(out, r)
		rows = append(rows, []string{r.ID, dash(r.Prefix), dash(printable(r.Name)), scopeWords(r.Scopes, ","), r.Limits.words(), r.Created, dash(r.Expires), dash(r.LastUsed), dash(r.Revoked)})
	}
	if c.asJSON {
		return c.json(out)
	}
	return c.table([]string{"ID", "PREFIX", "NAME", "SCOPES", "LIMITS", "CREATED", "EXPIRES", "LAST USED", "REVOKED"}, rows)
}

func (c *keysCall) revoke(ctx context.Context, id string) error {
	key, err := c.keys.Revoke(ctx, id)
	if problem.Has(err, problem.NotFound) {
		return problem.Newf(problem.NotFound, "There is no key with the ID '%s'.", printable(id))
	}
	if err != nil {
		return err
	}
	if c.asJSON {
		return c.json(keyRowOf(key))
	}
	_, err = fmt.Fprintf(c.out, "%s is revoked since %s\n", key.ID, stamp(key.Revoked))
	return err
}

// readScopes reads a comma separated list; none means the default ones.
func readScopes(list string) ([]account.Scope, error) {
	var scopes []account.Scope
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		known := false
		for _, s := range account.Scopes() {
			known = known || string(s) == word
		}
		if !known {
			return nil, badArguments([]problem.Field{{Path: "--scopes",
				Message: "Must be of " + scopeWords(account.Scopes(), ", ") + "; got '" + printable(word) + "'."}})
		}
		scopes = append(scopes, account.Scope(word))
	}
	return scopes, nil
}

func scopeWords(scopes []account.Scope, between string) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, between)
}

func keyRowOf(k account.Key) keyRow {
	return keyRow{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, Scopes: k.Scopes,
		Limits:  keyLimits{Rate: k.Own.Rate, Concurrent: k.Own.Concurrent, Queued: k.Own.Queued, Bytes: k.Own.Bytes, Until: stamp(k.Own.Until)},
		Created: stamp(k.Created), Expires: stamp(k.Expires), LastUsed: stamp(k.LastUsed), Revoked: stamp(k.Revoked),
	}
}

// stamp writes a time, "" for none.
func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
