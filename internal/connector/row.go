package connector

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"compressor/internal/database"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/storage"
	"compressor/internal/vault"
)

// row is a connector as the database has it.
type row struct {
	Connector
	sealed []byte
	keyID  uint32
}

// binding is what the credentials of a row are sealed to: that row, and the host that they
// are for. Whoever can write to the database can neither give them to another connector nor
// have them sent elsewhere.
func (r row) binding() string {
	return "connector/" + r.ID + "/" + string(r.Provider) + "/" + r.Endpoint
}

// seal puts credentials into the row.
func (r *row) seal(ring vault.Ring, c storage.Credentials) error {
	text, err := c.Reveal()
	if err != nil {
		return fmt.Errorf("credentials of connector %s: %w", r.ID, err)
	}
	if r.sealed, err = ring.Seal(r.binding(), text); err != nil {
		return fmt.Errorf("credentials of connector %s: %w", r.ID, err)
	}
	r.keyID, r.Shown = ring.Newest(), c.Shown()
	return nil
}

// open takes the credentials out.
func (r row) open(ring vault.Ring) (storage.Credentials, error) {
	text, err := ring.Open(r.binding(), r.sealed)
	if err != nil {
		return storage.Credentials{}, fmt.Errorf("credentials of connector %s: %w", r.ID, err)
	}
	c, err := storage.ParseCredentials(text)
	if err != nil {
		return storage.Credentials{}, fmt.Errorf("credentials of connector %s: %w", r.ID, err)
	}
	return c, nil
}

// place is the row as drivers take it; the folder of a local one is still to be found.
func (r row) place(c storage.Credentials) (storage.Place, storage.Defaults) {
	p := storage.Place{Provider: r.Provider, Endpoint: r.Endpoint, Region: r.Region, Bucket: r.Bucket, Credentials: c}
	d := storage.Defaults{ACL: r.ACL}
	if r.Provider != storage.Local {
		d.Path = r.Path
	}
	return p, d
}

// patch changes the row and returns its credentials, new or old, and what is wrong with the
// patch itself.
func (r *row) patch(ring vault.Ring, p recipe.ConnectorPatch) (given storage.Credentials, wrong []problem.Field, err error) {
	switch moved := p.Endpoint != nil && *p.Endpoint != r.Endpoint; {
	case p.Credentials != nil:
		given = credentials(*p.Credentials)
	case moved:
		wrong = []problem.Field{{Path: "credentials", Message: "Must be given again when the endpoint changes."}}
	default:
		if given, err = r.open(ring); err != nil {
			return storage.Credentials{}, nil, err
		}
	}
	set(&r.Name, p.Name)
	set(&r.Bucket, p.Bucket)
	set(&r.Region, p.Region)
	set(&r.Path, p.Path)
	set(&r.ACL, p.ACL)
	set(&r.Endpoint, p.Endpoint)
	return given, wrong, nil
}

// set changes a text to one that was given.
func set[T ~string](to *T, given *string) {
	if given != nil {
		*to = T(*given)
	}
}

func credentials(c recipe.Credentials) storage.Credentials {
	return storage.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, ServiceAccount: c.ServiceAccount, Account: c.Account, Key: c.Key, SAS: c.SAS}
}

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

const columns = `id, name, provider, bucket, region, path, acl, endpoint, shown, sealed, key_id, created, updated, used`

// query reads rows; rest is what follows the name of the table.
func query(ctx context.Context, q querier, rest string, args ...any) ([]row, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM connector`+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("connectors: %w", err)
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("connectors: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("connectors: %w", err)
	}
	return out, nil
}

func scan(rows *sql.Rows) (row, error) {
	var r row
	var shown, sealed string
	var created, updated, used int64
	err := rows.Scan(&r.ID, &r.Name, &r.Provider, &r.Bucket, &r.Region, &r.Path, &r.ACL, &r.Endpoint, &shown, &sealed, &r.keyID, &created, &updated, &used)
	if err != nil {
		return row{}, err
	}
	if err := json.Unmarshal([]byte(shown), &r.Shown); err != nil {
		return row{}, fmt.Errorf("%s: %w", r.ID, err)
	}
	if r.sealed, err = base64.StdEncoding.DecodeString(sealed); err != nil {
		return row{}, fmt.Errorf("%s: %w", r.ID, err)
	}
	r.Created, r.Updated, r.Used = database.Time(created), database.Time(updated), database.Time(used)
	return r, nil
}

// get reads one row. Error: not-found.
func get(ctx context.Context, q querier, id string) (row, error) {
	rows, err := query(ctx, q, ` WHERE id = $1`, id)
	if err == nil && len(rows) == 0 {
		err = problem.New(problem.NotFound)
	}
	if err != nil {
		return row{}, err
	}
	return rows[0], nil
}

func (r row) insert(ctx context.Context, tx *sql.Tx) error {
	shown, err := json.Marshal(r.Shown)
	if err != nil {
		return fmt.Errorf("new connector: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO connector (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)`,
		r.ID, r.Name, string(r.Provider), r.Bucket, r.Region, r.Path, string(r.ACL), r.Endpoint, string(shown),
		base64.StdEncoding.EncodeToString(r.sealed), r.keyID, database.Millis(r.Created), database.Millis(r.Updated))
	if err != nil {
		return fmt.Errorf("new connector: %w", err)
	}
	return nil
}

func (r row) update(ctx context.Context, tx *sql.Tx) error {
	shown, err := json.Marshal(r.Shown)
	if err != nil {
		return fmt.Errorf("change of a connector: %w", err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE connector SET name = $1, bucket = $2, region = $3, path = $4, acl = $5, endpoint = $6,
		shown = $7, sealed = $8, key_id = $9, updated = $10 WHERE id = $11`,
		r.Name, r.Bucket, r.Region, r.Path, string(r.ACL), r.Endpoint, string(shown),
		base64.StdEncoding.EncodeToString(r.sealed), r.keyID, database.Millis(r.Updated), r.ID)
	if err != nil {
		return fmt.Errorf("change of a connector: %w", err)
	}
	return nil
}
