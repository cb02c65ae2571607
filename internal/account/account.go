// Package account knows who may ask: API keys, what each may do, how often, and what it
// has used. A key is shown once, when it is made; the database holds a keyed hash.
package account

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"compressor/internal/database"
	"compressor/internal/problem"
)

// Scope is one thing a key may do.
type Scope string

// The scopes.
const (
	Compress   Scope = "compress"   // submit, cancel
	Read       Scope = "read"       // look at jobs and the account
	Connectors Scope = "connectors" // manage storage connectors
	Admin      Scope = "admin"      // manage keys
)

// Scopes lists all there are.
func Scopes() []Scope { return []Scope{Compress, Read, Connectors, Admin} }

// DefaultScopes are those of a key for which none were named.
func DefaultScopes() []Scope { return []Scope{Compress, Read} }

// Key is what is known of an API key: never the key itself.
type Key struct {
	ID       string // UUID v4
	Name     string
	Prefix   string // first characters of a generated key, "" for one of the operator's own
	Scopes   []Scope
	Own      Own
	Created  time.Time
	Expires  time.Time // zero: never
	Revoked  time.Time // zero: it is not
	LastUsed time.Time // to about a second; zero: never
}

// Own are limits of a key's own. 0 is the service's.
type Own struct {
	Rate       int       // requests a window
	Concurrent int       // jobs that run at once
	Queued     int       // jobs that wait
	Bytes      int64     // of the inputs of jobs that have not ended
	Until      time.Time // from then on all are the service's; zero: for good
}

// At is what holds at a time.
func (o Own) At(now time.Time) Own {
	if !o.Until.IsZero() && !now.Before(o.Until) {
		return Own{}
	}
	return o
}

// May says whether the key has a scope.
func (k Key) May(s Scope) bool { return slices.Contains(k.Scopes, s) }

// Good says whether the key may be used at a time.
func (k Key) Good(now time.Time) bool {
	return k.Revoked.IsZero() && (k.Expires.IsZero() || now.Before(k.Expires))
}

// trust is how long a key that was good counts as good without another look. Revoking in
// this process ends it at once; in another, after this at the latest.
const trust = 500 * time.Millisecond

// Keys holds the API keys of a database. It is safe for concurrent use.
type Keys struct {
	db     *database.DB
	pepper pepper
	now    func() time.Time

	mu      sync.Mutex
	trusted map[hash]entry // good keys only, so it is never larger than the table
	changes int            // counts changes of keys, for a look that ran beside one
}

type hash [sha256.Size]byte

type entry struct {
	key   Key
	until time.Time
}

// Open returns the keys of db, whose data folder also holds, or gets, the secret of their
// hashes. now is the clock, time.Now when nil.
func Open(ctx context.Context, db *database.DB, now func() time.Time) (*Keys, error) {
	var n int
	if err := db.Read().QueryRowContext(ctx, `SELECT COUNT(*) FROM api_key`).Scan(&n); err != nil {
		return nil, fmt.Errorf("API keys: %w", err)
	}
	p, err := loadPepper(db.Dir(), n)
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &Keys{db: db, pepper: p, now: now, trusted: make(map[hash]entry)}, nil
}

// Derive returns 32 bytes for another purpose that follow from the secret of the hashes
// (HKDF with SHA-256, RFC 5869): the same as long as that stays, and telling nothing of it.
func (k *Keys) Derive(purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, k.pepper[:], nil, "compressor "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("key of %s: %w", purpose, err)
	}
	return key, nil
}

func (k *Keys) hash(secret string) hash {
	m := hmac.New(sha256.New, k.pepper[:])
	m.Write([]byte(secret)) //nolint:errcheck // a hash never fails
	return hash(m.Sum(nil))
}

// Create makes a key and returns it: the only time that anybody sees it. No scopes means
// DefaultScopes.
func (k *Keys) Create(ctx context.Context, name string, scopes ...Scope) (secret string, key Key, err error) {
	return k.Make(ctx, Key{Name: name, Scopes: scopes})
}

// Make is Create of a key with limits of its own and an end: Name, Scopes, Own and Expires
// of like are those of the key. nil Scopes means DefaultScopes; an empty list is wrong. Error:
// options-invalid, with the fields as Change names them.
func (k *Keys) Make(ctx context.Context, like Key) (secret string, key Key, err error) {
	if wrong := k.faults(like, Key{}); len(wrong) > 0 {
		return "", Key{}, problem.Invalid(wrong...)
	}
	like.Own.Until, like.Expires = stored(like.Own.Until), stored(like.Expires)
	secret = generate()
	key, _, err = k.insert(ctx, secret, like)
	return secret, key, err
}

// Seed adds a key of the operator's own, any text of at least 16 characters. If the key
// is known already, revoked or not, nothing changes and added is false.
func (k *Keys) Seed(ctx context.Context, secret, name string, scopes ...Scope) (key Key, added bool, err error) {
	if !plausible(secret) {
		return Key{}, false, fmt.Errorf("an API key has %d to %d characters, none of them a control character; one that begins with %s must be a generated one, whole",
			shortest, longest, mark)
	}
	return k.insert(ctx, secret, Key{Name: name, Scopes: scopes})
}

func (k *Keys) insert(ctx context.Context, secret string, key Key) (Key, bool, error) {
	if len(key.Scopes) == 0 {
		key.Scopes = DefaultScopes()
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return Key{}, false, fmt.Errorf("new API key: %w", err)
	}
	h := k.hash(secret)
	key.ID, key.Prefix = id.String(), visible(secret)
	key.Created = database.Time(database.Millis(k.now()))
	added := false
	err = k.db.InTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO api_key (id, name, prefix, hash, scopes, created,
			rate_limit, concurrent, queued, bytes, limits_until, expires)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (hash) DO NOTHING`,
			key.ID, key.Name, key.Prefix, hex.EncodeToString(h[:]), join(key.Scopes), database.Millis(key.Created),
			key.Own.Rate, key.Own.Concurrent, key.Own.Queued, key.Own.Bytes,
			database.Millis(key.Own.Until), database.Millis(key.Expires))
		if err != nil {
			return fmt.Errorf("new API key: %w", err)
		}
		n, err := res.RowsAffected()
		if added = n == 1; err != nil || added {
			return err
		}
		key, _, err = scan(tx.QueryRowContext(ctx, byHash, hex.EncodeToString(h[:])))
		return err
	})
	if err != nil {
		return Key{}, false, err
	}
	return key, added, nil
}

// Authenticate returns the key behind secret. Errors: key-missing for "", key-invalid for
// any other that is not good, in the same words whatever the reason.
func (k *Keys) Authenticate(ctx context.Context, secret string) (Key, error) {
	if secret == "" {
		return Key{}, problem.New(problem.KeyMissing)
	}
	if !plausible(secret) {
		return Key{}, problem.New(problem.KeyInvalid)
	}
	h := k.hash(secret)
	now := k.now()
	k.mu.Lock()
	e, known := k.trusted[h]
	changes := k.changes
	k.mu.Unlock()
	if known && now.Before(e.until) && e.key.Good(now) {
		return e.key, nil
	}
	key, stored, err := scan(k.db.Read().QueryRowContext(ctx, byHash, hex.EncodeToString(h[:])))
	if errors.Is(err, sql.ErrNoRows) {
		return Key{}, problem.New(problem.KeyInvalid)
	}
	if err != nil {
		return Key{}, err
	}
	// The look-up went by a keyed hash, whose timing tells nothing of a key; this is for
	// a database that compares text in ways of its own.
	if subtle.ConstantTimeCompare(stored[:], h[:]) != 1 || !key.Good(now) {
		return Key{}, problem.New(problem.KeyInvalid)
	}
	k.mu.Lock()
	if k.changes == changes {
		k.trusted[h] = entry{key: key, until: now.Add(trust)}
	}
	k.mu.Unlock()
	return key, nil
}

const columns = `api_key.id, name, prefix, hash, scopes, rate_limit, concurrent, queued, bytes, limits_until,
	created, expires, revoked, COALESCE(last_used, 0)
	FROM api_key LEFT JOIN usage ON usage.key_id = api_key.id`

const byHash = `SELECT ` + columns + ` WHERE hash = $1`

func scan(row interface{ Scan(...any) error }) (Key, hash, error) {
	var key Key
	var text, scopes string
	var until, created, expires, revoked, used int64
	err := row.Scan(&key.ID, &key.Name, &key.Prefix, &text, &scopes, &key.Own.Rate, &key.Own.Concurrent, &key.Own.Queued,
		&key.Own.Bytes, &until, &created, &expires, &revoked, &used)
	if err != nil {
		return Key{}, hash{}, fmt.Errorf("API key: %w", err)
	}
	for _, s := range strings.Fields(scopes) {
		key.Scopes = append(key.Scopes, Scope(s))
	}
	key.Own.Until, key.Expires = database.Time(until), database.Time(expires)
	key.Created, key.Revoked, key.LastUsed = database.Time(created), database.Time(revoked), database.Time(used)
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != sha256.Size {
		return Key{}, hash{}, fmt.Errorf("API key %s: damaged hash", key.ID)
	}
	return key, hash(raw), nil
}

func join(scopes []Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}
