package connector

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"compressor/internal/problem"
	"compressor/internal/vault"
)

// The canary is a known text, sealed with the first connector. Whatever does not open it
// must not seal anything beside it.
const (
	canaryBinding = "connector canary"
	canaryText    = "compressor"
)

// remedy ends every complaint about the master keys.
const remedy = "set " + vault.KeyVariable + " or " + vault.FileVariable + " to the keys that connectors were made with, or restore the file with them"

// Check is called at the start of a service: the master keys, where any are needed, must be
// those that the connectors are sealed under, each of them. The error says what to set.
func (s *Store) Check(ctx context.Context) error {
	ring, err := s.keys.Read()
	if err != nil {
		return err
	}
	if err := right(ctx, s.db.Read(), ring); err != nil {
		return err
	}
	counts, err := s.status(ctx, ring)
	if err != nil {
		return err
	}
	var missing []string
	for _, c := range counts {
		if !c.Given {
			missing = append(missing, fmt.Sprintf("%d (of %d rows)", c.Key, c.Rows))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("credentials of connectors are sealed under master keys that were not given: %s; %s", strings.Join(missing, ", "), remedy)
	}
	return nil
}

// right says whether these are the master keys of this database: whether they open the
// canary, where there is one.
func right(ctx context.Context, q querier, ring vault.Ring) error {
	sealed, _, err := canary(ctx, q)
	if err != nil || sealed == nil {
		return err
	}
	if ring.Empty() {
		return fmt.Errorf("there are connectors, and no master key to open their credentials with: %s", remedy)
	}
	text, err := ring.Open(canaryBinding, sealed)
	if err == nil && string(text) != canaryText {
		err = errors.New("the text that they were tried on is another one")
	}
	if err != nil {
		return fmt.Errorf("the master keys are not those that connectors are sealed under (%w): %s", err, remedy)
	}
	return nil
}

// canary reads the sealed canary, nil where there is none.
func canary(ctx context.Context, q querier) (sealed []byte, keyID uint32, err error) {
	var text string
	err = q.QueryRowContext(ctx, `SELECT sealed, key_id FROM connector_canary`).Scan(&text, &keyID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("canary of the connectors: %w", err)
	}
	if sealed, err = base64.StdEncoding.DecodeString(text); err != nil {
		return nil, 0, fmt.Errorf("canary of the connectors: %w", err)
	}
	return sealed, keyID, nil
}

// ringToSeal returns the master keys for a new connector. Only where nothing is sealed yet
// may a key be made: beside connectors it would be the wrong one.
func (s *Store) ringToSeal(ctx context.Context) (vault.Ring, error) {
	sealed, _, err := canary(ctx, s.db.Read())
	if err != nil {
		return vault.Ring{}, err
	}
	if sealed != nil {
		ring, err := s.keys.Read()
		if err == nil {
			err = right(ctx, s.db.Read(), ring)
		}
		return ring, err
	}
	ring, err := s.keys.Make()
	if errors.Is(err, vault.ErrElsewhere) {
		return vault.Ring{}, problem.Newf(problem.OptionsInvalid, "Credentials cannot be kept here: %v.", vault.ErrElsewhere).Because(err)
	}
	return ring, err
}

// plant seals the canary where there is none, and else has it tried.
func plant(ctx context.Context, tx *sql.Tx, ring vault.Ring) error {
	sealed, _, err := canary(ctx, tx)
	if err != nil {
		return err
	}
	if sealed != nil {
		return right(ctx, tx, ring)
	}
	if sealed, err = ring.Seal(canaryBinding, []byte(canaryText)); err != nil {
		return fmt.Errorf("canary of the connectors: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO connector_canary (id, sealed, key_id) VALUES (1, $1, $2)`,
		base64.StdEncoding.EncodeToString(sealed), ring.Newest())
	if err != nil {
		return fmt.Errorf("canary of the connectors: %w", err)
	}
	return nil
}
