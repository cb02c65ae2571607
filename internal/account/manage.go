package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"compressor/internal/database"
	"compressor/internal/problem"
)

// maxName is the longest name of a key, in characters.
const maxName = 255

// List returns all keys, the oldest first, revoked ones too.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	return k.query(ctx, `SELECT `+columns+` ORDER BY created, id`)
}

// Page is a part of List: at most limit keys after the first offset.
func (k *Keys) Page(ctx context.Context, offset, limit int) ([]Key, error) {
	return k.query(ctx, `SELECT `+columns+` ORDER BY created, id LIMIT $1 OFFSET $2`, limit, offset)
}

func (k *Keys) query(ctx context.Context, text string, args ...any) ([]Key, error) {
	rows, err := k.db.Read().QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("API keys: %w", err)
	}
	defer rows.Close()
	var keys []Key
	for rows.Next() {
		key, _, err := scan(rows)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("API keys: %w", err)
	}
	return keys, nil
}

// Get returns a key, also a revoked one. Error: not-found.
func (k *Keys) Get(ctx context.Context, id string) (Key, error) { return get(ctx, k.db.Read(), id) }

// Querier is a pool or a transaction.
type Querier interface {
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

func get(ctx context.Context, q Querier, id string) (Key, error) {
	key, _, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` WHERE api_key.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Key{}, problem.New(problem.NotFound)
	}
	return key, err
}

// Change changes a key that is not revoked: edit sets Name, Scopes, Own or Expires of the key
// as it stands. The change holds at once in this process, within trust in others. Errors:
// not-found; options-invalid, whose fields are named name, scopes, limits.rate,
// limits.concurrent, limits.queued, limits.bytes, limits.until, expires and, where the key as
// a whole cannot be changed so, id.
func (k *Keys) Change(ctx context.Context, id string, edit func(*Key)) (Key, error) {
	return k.change(ctx, id, edit, false)
}

// ChangeSafely is Change that takes the scope admin, at once or at a date, from no key that is
// the last good one with it: nobody could manage keys then.
func (k *Keys) ChangeSafely(ctx context.Context, id string, edit func(*Key)) (Key, error) {
	return k.change(ctx, id, edit, true)
}

func (k *Keys) change(ctx context.Context, id string, edit func(*Key), keepAdmin bool) (Key, error) {
	var key Key
	err := k.db.InTx(ctx, func(tx *sql.Tx) error {
		old, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if !old.Revoked.IsZero() {
			return problem.Invalid(problem.Field{Path: "id", Message: "This key is revoked, for good."})
		}
		key = old
		edit(&key)
		key.Own.Until, key.Expires = stored(key.Own.Until), stored(key.Expires)
		if wrong := k.faults(key, old); len(wrong) > 0 {
			return problem.Invalid(wrong...)
		}
		if keepAdmin {
			if err := k.keepAdmin(ctx, tx, old, key); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE api_key SET name = $1, scopes = $2, rate_limit = $3, concurrent = $4,
			queued = $5, bytes = $6, limits_until = $7, expires = $8 WHERE id = $9`,
			key.Name, join(key.Scopes), key.Own.Rate, key.Own.Concurrent,
			key.Own.Queued, key.Own.Bytes, database.Millis(key.Own.Until), database.Millis(key.Expires), id)
		if err != nil {
			return fmt.Errorf("change of a key: %w", err)
		}
		return nil
	})
	if err != nil {
		return Key{}, err
	}
	k.distrust()
	return key, nil
}

// stored is a time as it comes back from the database.
func stored(t time.Time) time.Time { return database.Time(database.Millis(t)) }

// Revoke ends a key for good: at once in this process, within trust in others. To revoke it
// again changes nothing. Error: not-found.
func (k *Keys) Revoke(ctx context.Context, id string) (Key, error) { return k.revoke(ctx, id, false) }

// RevokeSafely is Revoke, but for the last good key with the scope admin: options-invalid.
func (k *Keys) RevokeSafely(ctx context.Context, id string) (Key, error) {
	return k.revoke(ctx, id, true)
}

func (k *Keys) revoke(ctx context.Context, id string, keepAdmin bool) (Key, error) {
	var key Key
	err := k.db.InTx(ctx, func(tx *sql.Tx) error {
		old, err := get(ctx, tx, id)
		if key = old; err != nil || !old.Revoked.IsZero() {
			return err
		}
		key.Revoked = stored(k.now())
		if keepAdmin {
			if err := k.keepAdmin(ctx, tx, old, key); err != nil {
				return err
			}
		}
		if _, err = tx.ExecContext(ctx, `UPDATE api_key SET revoked = $1 WHERE id = $2`, database.Millis(key.Revoked), id); err != nil {
			return fmt.Errorf("revoke: %w", err)
		}
		return nil
	})
	if err != nil {
		return Key{}, err
	}
	k.distrust()
	return key, nil
}

// distrust makes each key be looked up anew.
func (k *Keys) distrust() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	clear(k.trusted)
}

// keepAdmin refuses a change by which nobody could manage keys any more.
func (k *Keys) keepAdmin(ctx context.Context, tx *sql.Tx, old, key Key) error {
	now := k.now()
	sooner := !key.Expires.IsZero() && (old.Expires.IsZero() || key.Expires.Before(old.Expires))
	stays := key.May(Admin) && key.Revoked.IsZero() && !sooner
	if !old.May(Admin) || !old.Good(now) || stays {
		return nil
	}
	var others int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM api_key WHERE id <> $1 AND revoked = 0
		AND (expires = 0 OR expires > $2) AND ' ' || scopes || ' ' LIKE '% admin %'`, old.ID, database.Millis(now)).Scan(&others)
	if err != nil {
		return fmt.Errorf("count of keys: %w", err)
	}
	if others == 0 {
		return problem.Invalid(problem.Field{Path: "id",
			Message: "This is the last key with the scope admin. Make another one first, or use the command line of the service."})
	}
	return nil
}

// faults names what is wrong with a key. A date in the past is wrong when it is new.
func (k *Keys) faults(key, old Key) []problem.Field {
	var wrong []problem.Field
	say := func(bad bool, path, message string) {
		if bad {
			wrong = append(wrong, problem.Field{Path: path, Message: message})
		}
	}
	say(utf8.RuneCountInString(key.Name) > maxName || strings.ContainsFunc(key.Name, unicode.IsControl), "name",
		fmt.Sprintf("Must have at most %d characters, none of them a control character.", maxName))
	for _, s := range key.Scopes {
		say(!slices.Contains(Scopes(), s), "scopes", fmt.Sprintf("Must be of %s; got '%.40s'.", strings.ReplaceAll(join(Scopes()), " ", ", "), s))
	}
	if old.ID == "" {
		say(key.Scopes != nil && len(key.Scopes) == 0, "scopes", "Must name at least one.")
	} else {
		say(len(key.Scopes) == 0, "scopes", "Must name at least one. To end a key, revoke it.")
	}
	for path, n := range map[string]int64{"rate": int64(key.Own.Rate), "concurrent": int64(key.Own.Concurrent), "queued": int64(key.Own.Queued), "bytes": key.Own.Bytes} {
		say(n < 0, "limits."+path, "Must be at least 1, or 0 for that of the service.")
	}
	now := k.now()
	past := func(t, before time.Time) bool { return !t.IsZero() && !t.Equal(before) && !t.After(now) }
	const gone = "Must not be in the past; got %s."
	say(past(key.Own.Until, old.Own.Until), "limits.until", fmt.Sprintf(gone, key.Own.Until.UTC().Format(time.RFC3339)))
	say(past(key.Expires, old.Expires), "expires", fmt.Sprintf(gone, key.Expires.UTC().Format(time.RFC3339))+" To end a key at once, revoke it.")
	slices.SortStableFunc(wrong, func(a, b problem.Field) int { return strings.Compare(a.Path, b.Path) })
	return wrong
}

// OwnNow returns what holds now of the limits of a key's own, read within q; none for a key
// that is not known.
func (k *Keys) OwnNow(ctx context.Context, q Querier, id string) (Own, error) {
	var o Own
	var until int64
	err := q.QueryRowContext(ctx, `SELECT rate_limit, concurrent, queued, bytes, limits_until FROM api_key WHERE id = $1`, id).
		Scan(&o.Rate, &o.Concurrent, &o.Queued, &o.Bytes, &until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Own{}, fmt.Errorf("limits of a key: %w", err)
	}
	o.Until = database.Time(until)
	return o.At(k.now()), nil
}
