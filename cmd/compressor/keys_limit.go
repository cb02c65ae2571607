package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"compressor/internal/account"
	"compressor/internal/config"
	"compressor/internal/problem"
)

// limitFlags are the flags for limits of a key's own. Two are not called as the settings of
// the service that they stand in for, since every setting is a flag of this verb, too.
func (c *keysCall) limitFlags() []flag {
	number := func(name, doc string, to func(*account.Key, int)) flag {
		return flag{name: name, value: "N", doc: doc, set: func(word string) error {
			n, err := strconv.Atoi(word)
			if err != nil || n < 0 {
				return wrongValue("Must be a whole number, 0 for that of the service.")
			}
			c.edits = append(c.edits, func(k *account.Key) { to(k, n) })
			return nil
		}}
	}
	when := func(name, doc string, to func(*account.Key, time.Time)) flag {
		return flag{name: name, value: "TIME", doc: doc, set: func(word string) error {
			at, err := readTime(word)
			c.edits = append(c.edits, func(k *account.Key) { to(k, at) })
			return err
		}}
	}
	size := flag{name: "--bytes", value: "SIZE", doc: "Bytes in the inputs of its jobs that have not ended, such as 20GiB.", set: func(word string) error {
		var b config.Bytes
		err := b.UnmarshalText([]byte(word))
		c.edits = append(c.edits, func(k *account.Key) { k.Own.Bytes = int64(b) })
		if err != nil {
			return wrongValue("Must be " + err.Error() + ".")
		}
		return nil
	}}
	return []flag{
		number("--rate", "Requests in a window; 0 for that of the service, as in the other limits.", func(k *account.Key, n int) { k.Own.Rate = n }),
		number("--running", "Jobs that run at once.", func(k *account.Key, n int) { k.Own.Concurrent = n }),
		number("--waiting", "Jobs that wait.", func(k *account.Key, n int) { k.Own.Queued = n }),
		size,
		when("--until", "From then on the limits are the service's: a time or date in UTC, or never.", func(k *account.Key, t time.Time) { k.Own.Until = t }),
		when("--expires", "When the key ends: likewise.", func(k *account.Key, t time.Time) { k.Expires = t }),
	}
}

// wrongValue is the error of a flag; the parser adds which.
func wrongValue(message string) error { return problem.Invalid(problem.Field{Message: message}) }

// notOfService refuses flags that were meant for a key and are settings of the service.
func notOfService(settings []config.Setting) error {
	meant := map[string]string{"--concurrent": "--running", "--queued": "--waiting", "--rate-limit": "--rate", "--key-bytes": "--bytes"}
	var wrong []problem.Field
	for _, s := range settings {
		if own := meant[s.Flag]; own != "" && s.Source == config.SourceFlag {
			wrong = append(wrong, problem.Field{Path: s.Flag, Message: "Is a setting of the service; that of a key is " + own + "."})
		}
	}
	return badArguments(wrong)
}

// readTime reads a time (RFC 3339), a date, which begins at midnight UTC, or never.
func readTime(word string) (time.Time, error) {
	if word == "never" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, word); err == nil {
			return t, nil
		}
	}
	return time.Time{}, wrongValue("Must be a time such as 2026-11-24T18:00:00Z, a date, or never.")
}

func (c *keysCall) edit(k *account.Key) {
	for _, edit := range c.edits {
		edit(k)
	}
}

// limit changes limits and the end of a key.
func (c *keysCall) limit(ctx context.Context, id string) error {
	key, err := c.keys.Change(ctx, id, c.edit)
	if problem.Has(err, problem.NotFound) {
		return problem.Newf(problem.NotFound, "There is no key with the ID '%s'.", printable(id))
	}
	if err != nil {
		return asFlags(err)
	}
	if c.asJSON {
		return c.json(keyRowOf(key))
	}
	_, err = fmt.Fprintf(c.out, "%s: limits %s, expires %s\n", key.ID, keyRowOf(key).Limits.words(), dash(stamp(key.Expires)))
	return err
}

// asFlags names wrong fields as they were given here.
func asFlags(err error) error {
	if !problem.Has(err, problem.OptionsInvalid) {
		return err
	}
	flags := map[string]string{"limits.concurrent": "--running", "limits.queued": "--waiting", "id": "ID"}
	var wrong []problem.Field
	for _, f := range problem.From(err).Fields {
		if flags[f.Path] == "" {
			flags[f.Path] = "--" + strings.TrimPrefix(f.Path, "limits.")
		}
		wrong = append(wrong, problem.Field{Path: flags[f.Path], Message: f.Message})
	}
	return badArguments(wrong)
}

// words are the limits in short, "-" for none.
func (l keyLimits) words() string {
	var words []string
	for _, n := range []struct {
		name string
		n    int64
	}{{"rate", int64(l.Rate)}, {"running", int64(l.Concurrent)}, {"waiting", int64(l.Queued)}, {"bytes", l.Bytes}} {
		if n.n > 0 {
			words = append(words, fmt.Sprintf("%s=%d", n.name, n.n))
		}
	}
	if l.Until != "" && len(words) > 0 {
		words = append(words, "until="+l.Until)
	}
	return dash(strings.Join(words, ","))
}
