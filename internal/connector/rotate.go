package connector

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"compressor/internal/vault"
)

// batch is how many rows are wrapped anew in one transaction.
const batch = 100

// maxNamed is how many connectors an error names.
const maxNamed = 10

// Count is how much is sealed under one master key.
type Count struct {
	Key   uint32
	Rows  int  // connectors, and the one known text that keys are tried on
	Given bool // the key is there
	Seals bool // and what is sealed now is sealed under it
}

// Status counts for each master key, the lowest id first, what is sealed under it. One
// with no rows may be dropped.
func (s *Store) Status(ctx context.Context) ([]Count, error) {
	ring, err := s.keys.Read()
	if err != nil {
		return nil, err
	}
	return s.status(ctx, ring)
}

func (s *Store) status(ctx context.Context, ring vault.Ring) ([]Count, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT key_id, COUNT(*) FROM (SELECT key_id FROM connector
		UNION ALL SELECT key_id FROM connector_canary) AS sealed GROUP BY key_id`)
	if err != nil {
		return nil, fmt.Errorf("count of connectors: %w", err)
	}
	defer rows.Close()
	counts := map[uint32]int{}
	ids := ring.IDs()
	for rows.Next() {
		var id uint32
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, fmt.Errorf("count of connectors: %w", err)
		}
		counts[id] = n
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count of connectors: %w", err)
	}
	slices.Sort(ids)
	var out []Count
	for _, id := range slices.Compact(ids) {
		out = append(out, Count{Key: id, Rows: counts[id], Given: ring.Has(id), Seals: id == ring.Newest()})
	}
	return out, nil
}

// Rotate wraps the data keys of all rows, as Status counts them, under the newest master key,
// in batches, and calls each with the number of rows done so far after every batch that is
// committed; each may be nil. It may be ended at any time and called again, and run beside
// a service and beside itself: a row that somebody else changes meanwhile is left to the
// next pass. Every process must have the new key before. Returns how many rows it wrapped
// anew; the error names the connectors that could not be, up to ten.
func (s *Store) Rotate(ctx context.Context, each func(done int)) (int, error) {
	ring, err := s.keys.Read()
	if err != nil {
		return 0, err
	}
	if err := right(ctx, s.db.Read(), ring); err != nil {
		return 0, err
	}
	done, err := s.rotateCanary(ctx, ring)
	if err != nil {
		return 0, err
	}
	if each == nil {
		each = func(int) {}
	}
	for {
		// One pass may miss a row that a process with the older keys seals behind it.
		n, err := s.pass(ctx, ring, func(n int) { each(done + n) })
		done += n
		if n == 0 || err != nil {
			return done, err
		}
	}
}

// pass goes once through the rows that are under an older key, by their ids.
func (s *Store) pass(ctx context.Context, ring vault.Ring, each func(done int)) (done int, err error) {
	var failed []error
	for last := ""; ; {
		rows, err := query(ctx, s.db.Read(), ` WHERE key_id < $1 AND id > $2 ORDER BY id LIMIT $3`, ring.Newest(), last, batch)
		if err != nil || len(rows) == 0 {
			return done, errors.Join(append(failed, err)...)
		}
		last = rows[len(rows)-1].ID
		var good []rewrapped
		for _, r := range rows {
			sealed, err := ring.Rewrap(r.binding(), r.sealed)
			if err != nil {
				if len(failed) < maxNamed {
					failed = append(failed, fmt.Errorf("connector %s: %w", r.ID, err))
				}
				continue
			}
			good = append(good, rewrapped{r.ID, r.sealed, sealed})
		}
		n, err := s.replace(ctx, ring, good)
		if err != nil {
			return done, err
		}
		done += n
		each(done)
	}
}

// rewrapped is the sealed text of a connector, before and after.
type rewrapped struct {
	id        string
	old, anew []byte
}

// replace writes a batch, and says how many rows were still as they were read.
func (s *Store) replace(ctx context.Context, ring vault.Ring, list []rewrapped) (done int, err error) {
	err = s.db.InTx(ctx, func(tx *sql.Tx) error {
		for _, r := range list {
			n, err := swap(ctx, tx, `UPDATE connector SET sealed = $1, key_id = $2 WHERE sealed = $3 AND id = $4`, r, ring, r.id)
			if err != nil {
				return err
			}
			done += n
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("change of the master key: %w", err)
	}
	return done, nil
}

// rotateCanary is the same for the canary.
func (s *Store) rotateCanary(ctx context.Context, ring vault.Ring) (done int, err error) {
	err = s.db.InTx(ctx, func(tx *sql.Tx) error {
		sealed, keyID, err := canary(ctx, tx)
		if err != nil || sealed == nil || keyID >= ring.Newest() {
			return err
		}
		anew, err := ring.Rewrap(canaryBinding, sealed)
		if err != nil {
			return fmt.Errorf("canary of the connectors: %w", err)
		}
		done, err = swap(ctx, tx, `UPDATE connector_canary SET sealed = $1, key_id = $2 WHERE sealed = $3`, rewrapped{old: sealed, anew: anew}, ring)
		return err
	})
	if err != nil {
		return 0, err
	}
	return done, nil
}

// swap writes a sealed text in place of the one it was made from, and of no other.
func swap(ctx context.Context, tx *sql.Tx, text string, r rewrapped, ring vault.Ring, more ...any) (int, error) {
	args := append([]any{base64.StdEncoding.EncodeToString(r.anew), ring.Newest(), base64.StdEncoding.EncodeToString(r.old)}, more...)
	res, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}
