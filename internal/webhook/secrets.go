package webhook

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"

	"compressor/internal/database"
	"compressor/internal/problem"
)

// maxSecrets is how many secrets of one key are live at once: two, so that one can follow
// the other without a delivery that fails its check.
const maxSecrets = 2

// Secret is one of the secrets that deliveries of a key are signed with.
type Secret struct {
	ID    string // UUID v4
	Last4 string // its last four characters
	Made  time.Time

	text string
	seen bool // somebody was shown it
}

// Secrets lists the secrets of a key, oldest first.
func (b *Box) Secrets(ctx context.Context, keyID string) ([]Secret, error) {
	return b.secrets(ctx, b.db.Read(), keyID)
}

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

func (b *Box) secrets(ctx context.Context, q querier, keyID string) ([]Secret, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, sealed, last4, shown, created FROM webhook_secret
		WHERE key_id = $1 ORDER BY created, id`, keyID)
	if err != nil {
		return nil, fmt.Errorf("webhook secrets: %w", err)
	}
	defer rows.Close()
	var out []Secret
	for rows.Next() {
		var s Secret
		var sealed string
		var created int64
		if err := rows.Scan(&s.ID, &sealed, &s.Last4, &s.seen, &created); err != nil {
			return nil, fmt.Errorf("webhook secrets: %w", err)
		}
		raw, err := base64.StdEncoding.DecodeString(sealed)
		if err != nil {
			return nil, fmt.Errorf("webhook secret %s: %w", s.ID, err)
		}
		if err := b.seal.open(raw, &s.text, "secret", s.ID, keyID); err != nil {
			return nil, fmt.Errorf("webhook secret %s: %w", s.ID, err)
		}
		s.Made = database.Time(created)
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("webhook secrets: %w", err)
	}
	return out, nil
}

// MakeSecret makes another secret for a key and returns it: the only time that anybody sees
// it. One that the service made by itself, because there was none to sign with, is shown
// now instead. Error: options-invalid when the key has two already.
func (b *Box) MakeSecret(ctx context.Context, keyID string) (text string, s Secret, err error) {
	err = b.db.InTx(ctx, func(tx *sql.Tx) error {
		have, err := b.secrets(ctx, tx, keyID)
		if err != nil {
			return err
		}
		for _, old := range have {
			if !old.seen {
				s = old
				return show(ctx, tx, old.ID)
			}
		}
		if len(have) >= maxSecrets {
			return problem.Invalid(problem.Field{Path: "secrets", Message: "This key has two webhook secrets already, which is the most. Remove one first."})
		}
		s, err = b.addSecret(ctx, tx, keyID, newSecret(), true)
		return err
	})
	return s.text, s, err
}

func show(ctx context.Context, tx *sql.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE webhook_secret SET shown = TRUE WHERE id = $1`, id); err != nil {
		return fmt.Errorf("webhook secret: %w", err)
	}
	return nil
}

func (b *Box) addSecret(ctx context.Context, tx *sql.Tx, keyID, text string, seen bool) (Secret, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return Secret{}, fmt.Errorf("webhook secret: %w", err)
	}
	s := Secret{ID: id.String(), Last4: text[len(text)-4:], Made: database.Time(database.Millis(b.now())), text: text, seen: seen}
	sealed, err := b.seal.close(text, "secret", s.ID, keyID)
	if err != nil {
		return Secret{}, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO webhook_secret (id, key_id, sealed, last4, shown, created) VALUES ($1, $2, $3, $4, $5, $6)`,
		s.ID, keyID, base64.StdEncoding.EncodeToString(sealed), s.Last4, seen, database.Millis(s.Made))
	if err != nil {
		return Secret{}, fmt.Errorf("webhook secret: %w", err)
	}
	return s, nil
}

// DropSecret removes a secret of a key: from now on nothing is signed with it. Error:
// not-found.
func (b *Box) DropSecret(ctx context.Context, keyID, id string) error {
	n, err := b.db.Exec(ctx, `DELETE FROM webhook_secret WHERE id = $1 AND key_id = $2`, id, keyID)
	if err != nil {
		return fmt.Errorf("webhook secret: %w", err)
	}
	if n == 0 {
		return problem.New(problem.NotFound)
	}
	return nil
}

// SeedSecret makes a secret of the operator's own one of a key's. If it is one already,
// nothing changes; if the key has two others, it takes the place of the older. It must
// pass CheckSecret.
func (b *Box) SeedSecret(ctx context.Context, keyID, text string) error {
	if _, err := secretKey(text); err != nil {
		return err
	}
	return b.db.InTx(ctx, func(tx *sql.Tx) error {
		have, err := b.secrets(ctx, tx, keyID)
		if err != nil {
			return err
		}
		for _, s := range have {
			if s.text == text {
				return nil
			}
		}
		if len(have) >= maxSecrets {
			if _, err := tx.ExecContext(ctx, `DELETE FROM webhook_secret WHERE id = $1`, have[0].ID); err != nil {
				return fmt.Errorf("webhook secret: %w", err)
			}
		}
		_, err = b.addSecret(ctx, tx, keyID, text, true)
		return err
	})
}

// signers are the secrets to sign with, oldest first. A key that has none gets one: every
// delivery is signed, and MakeSecret shows it to whoever wants to check.
func (b *Box) signers(ctx context.Context, keyID string) ([]string, error) {
	have, err := b.secrets(ctx, b.db.Read(), keyID)
	if err != nil {
		return nil, err
	}
	if len(have) == 0 {
		err = b.db.InTx(ctx, func(tx *sql.Tx) error {
			if have, err = b.secrets(ctx, tx, keyID); err != nil || len(have) > 0 {
				return err
			}
			s, err := b.addSecret(ctx, tx, keyID, newSecret(), false)
			have = []Secret{s}
			return err
		})
	}
	var texts []string
	for _, s := range have {
		texts = append(texts, s.text)
	}
	return texts, err
}
