// Package connector keeps the ways into the buckets of clients: where they are, and the
// credentials, sealed (package vault). Connectors belong to the installation, not to one API
// key: a key with the scope connectors manages all of them, and any key that may compress
// may name one by its id. The secrets come in and go to the drivers, and nowhere else.
package connector

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

	"github.com/google/uuid"

	"compressor/internal/database"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/storage"
	"compressor/internal/vault"
)

// maxName is the longest name of a connector, in characters.
const maxName = 255

// Connector is what may be seen of one: never a secret.
type Connector struct {
	ID       string // UUID v4
	Name     string
	Provider storage.Provider
	Shown    map[string]string // of the credentials, see storage.Credentials.Shown
	Bucket   string
	Region   string
	Path     string // where a request names none; for Local the folder, as it was given
	ACL      storage.ACL
	Endpoint string
	Created  time.Time
	Updated  time.Time // also when credentials were replaced
	Used     time.Time // to about a minute; zero: never
}

// Config is what a Store needs beside its database.
type Config struct {
	Keys  vault.Source
	Roots []string         // folders below which local connectors may be
	Now   func() time.Time // time.Now when nil
}

// Store holds the connectors of a database. It is safe for concurrent use, and beside
// another process that does the same.
type Store struct {
	db    *database.DB
	keys  vault.Source
	roots []string
	now   func() time.Time
}

// New returns the connectors of db. See Check.
func New(db *database.DB, c Config) *Store {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Store{db: db, keys: c.Keys, roots: c.Roots, now: c.Now}
}

// Create makes a connector. The provider is asked nothing. The first one makes a master key
// where none was given. Error: options-invalid, whose fields are those of the body, and
// without fields where there is no place for a master key.
func (s *Store) Create(ctx context.Context, c recipe.Connector) (Connector, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return Connector{}, fmt.Errorf("new connector: %w", err)
	}
	r := asked(c)
	r.ID, r.Created, r.Updated = id.String(), stored(s.now()), stored(s.now())
	given := credentials(c.Credentials)
	if wrong := s.faults(r, given); len(wrong) > 0 {
		return Connector{}, problem.Invalid(wrong...)
	}
	ring, err := s.ringToSeal(ctx)
	if err != nil {
		return Connector{}, err
	}
	if err := r.seal(ring, given); err != nil {
		return Connector{}, err
	}
	err = s.db.InTx(ctx, func(tx *sql.Tx) error {
		if err := plant(ctx, tx, ring); err != nil {
			return err
		}
		if err := nameIsFree(ctx, tx, r); err != nil {
			return err
		}
		return r.insert(ctx, tx)
	})
	if err != nil {
		return Connector{}, err
	}
	return r.Connector, nil
}

// asked is the row that a connector is to be.
func asked(c recipe.Connector) row {
	return row{Connector: Connector{
		Name: c.Name, Provider: storage.Provider(c.Provider), Bucket: c.Bucket, Region: c.Region,
		Path: c.Path, ACL: storage.ACL(c.ACL), Endpoint: c.Endpoint,
	}}
}

// Explain adds to the wrong options of a body what else is wrong with the connector that it
// asks for, so that all is told at once. c is what was good of it. Any other error is
// returned as it is.
func (s *Store) Explain(err error, c recipe.Connector) error {
	return explain(err, s.faults(asked(c), credentials(c.Credentials)))
}

// ExplainPatch is Explain for what a connector would be by a patch. One that is not there, or
// cannot be opened, adds nothing.
func (s *Store) ExplainPatch(ctx context.Context, id string, err error, p recipe.ConnectorPatch) error {
	ring, failed := s.keys.Read()
	if failed != nil {
		return err
	}
	r, failed := get(ctx, s.db.Read(), id)
	if failed != nil {
		return err
	}
	given, wrong, failed := r.patch(ring, p)
	if failed != nil {
		return err
	}
	return explain(err, problem.Invalid(wrong...).Also(s.faults(r, given)...).Fields)
}

// explain adds more to wrong options, but for what follows from them.
func explain(err error, more []problem.Field) error {
	if !problem.Has(err, problem.OptionsInvalid) {
		return err
	}
	p := problem.From(err)
	for _, f := range p.Fields {
		group, _, _ := strings.Cut(f.Path, ".")
		switch group {
		case "provider", "endpoint": // by which all else is judged
			return err
		case "credentials": // of which a part is missing now
			more = slices.DeleteFunc(more, func(f problem.Field) bool { return strings.HasPrefix(f.Path, group) })
		}
	}
	return p.Also(more...)
}

// List returns all connectors, the oldest first.
func (s *Store) List(ctx context.Context) ([]Connector, error) {
	rows, err := query(ctx, s.db.Read(), ` ORDER BY created, id`)
	if err != nil {
		return nil, err
	}
	var list []Connector
	for _, r := range rows {
		list = append(list, r.Connector)
	}
	return list, nil
}

// Get returns a connector. Error: not-found.
func (s *Store) Get(ctx context.Context, id string) (Connector, error) {
	r, err := get(ctx, s.db.Read(), id)
	return r.Connector, err
}

// Update changes what the patch names. Credentials are replaced whole, and must be when the
// endpoint changes: they were not given for another host. Jobs under way go on with what
// they opened. Errors: not-found; options-invalid as from Create.
func (s *Store) Update(ctx context.Context, id string, p recipe.ConnectorPatch) (Connector, error) {
	ring, err := s.keys.Read()
	if err != nil {
		return Connector{}, err
	}
	var r row
	err = s.db.InTx(ctx, func(tx *sql.Tx) error {
		if err := right(ctx, tx, ring); err != nil {
			return err
		}
		if r, err = get(ctx, tx, id); err != nil {
			return err
		}
		given, wrong, err := r.patch(ring, p)
		if err != nil {
			return err
		}
		if all := problem.Invalid(wrong...).Also(s.faults(r, given)...); len(all.Fields) > 0 {
			return all
		}
		if err := nameIsFree(ctx, tx, r); err != nil {
			return err
		}
		if p.Credentials != nil {
			if err := r.seal(ring, given); err != nil {
				return err
			}
		}
		r.Updated = stored(s.now())
		return r.update(ctx, tx)
	})
	if err != nil {
		return Connector{}, err
	}
	return r.Connector, nil
}

// Delete removes a connector, also one that jobs still need: those that have it open go on,
// the others fail with store-failed. Error: not-found.
func (s *Store) Delete(ctx context.Context, id string) error {
	return s.db.InTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM connector WHERE id = $1`, id)
		if err != nil {
			return fmt.Errorf("delete connector: %w", err)
		}
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			err = problem.New(problem.NotFound)
		}
		if err != nil {
			return err
		}
		// With the last one nothing needs the master keys any more.
		if _, err := tx.ExecContext(ctx, `DELETE FROM connector_canary WHERE NOT EXISTS (SELECT 1 FROM connector)`); err != nil {
			return fmt.Errorf("delete connector: %w", err)
		}
		return nil
	})
}

// trust is how long a use goes unnoted after one that was.
const trust = time.Minute

// Open returns the place behind a connector with its secrets, and notes that it was used.
// Errors: not-found; options-invalid, of the field path, for a folder that the operator no
// longer allows. Who is not to see the connector need not see its folder, so it is not shown.
func (s *Store) Open(ctx context.Context, id string) (storage.Place, storage.Defaults, error) {
	r, err := get(ctx, s.db.Read(), id)
	if err != nil {
		return storage.Place{}, storage.Defaults{}, err
	}
	ring, err := s.keys.Read()
	if err != nil {
		return storage.Place{}, storage.Defaults{}, err
	}
	given, err := r.open(ring)
	if err != nil {
		return storage.Place{}, storage.Defaults{}, err
	}
	place, defaults := r.place(given)
	if r.Provider == storage.Local {
		var wrong string
		if place.Root, wrong = storage.Folder(s.roots, r.Path); wrong != "" {
			return storage.Place{}, storage.Defaults{}, problem.Invalid(problem.Field{Path: "path",
				Message: "Must be a folder below one of COMPRESSOR_LOCAL_ROOTS, which it no longer is."})
		}
	}
	if now := s.now(); now.Sub(r.Used) >= trust {
		// Nobody was promised to the minute, so a full disk stops no job here.
		s.db.ExecLazily(ctx, `UPDATE connector SET used = $1 WHERE id = $2`, database.Millis(now), id) //nolint:errcheck // see above
	}
	return place, defaults, nil
}

// faults names what is wrong with a connector.
func (s *Store) faults(r row, c storage.Credentials) []problem.Field {
	var wrong []problem.Field
	if n := utf8.RuneCountInString(r.Name); n < 1 || n > maxName || strings.ContainsFunc(r.Name, unicode.IsControl) {
		wrong = append(wrong, problem.Field{Path: "name", Message: fmt.Sprintf("Must have 1 to %d characters, none of them a control character; got %d.", maxName, n)})
	}
	wrong = append(wrong, storage.Faults(r.place(c))...)
	if r.Provider == storage.Local {
		if _, message := storage.Folder(s.roots, r.Path); message != "" {
			wrong = append(wrong, problem.Field{Path: "path", Message: message})
		}
	}
	return wrong
}

// nameIsFree refuses a name that another connector has.
func nameIsFree(ctx context.Context, tx *sql.Tx, r row) error {
	var other string
	err := tx.QueryRowContext(ctx, `SELECT id FROM connector WHERE name = $1 AND id <> $2`, r.Name, r.ID).Scan(&other)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("name of a connector: %w", err)
	}
	return problem.Invalid(problem.Field{Path: "name", Message: fmt.Sprintf("Must be one that no other connector has; got '%s'.", r.Name)})
}

// stored is a time as it comes back from the database.
func stored(t time.Time) time.Time { return database.Time(database.Millis(t)) }
