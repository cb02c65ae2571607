package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// sealVersion begins everything sealed, so that another way to seal can follow.
const sealVersion = 1

// sealer keeps secrets in the database: AES-256-GCM with random nonces. What a text is, and
// whose, is bound to it, so that no row can pass for another.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (sealer, error) {
	if len(key) != 32 {
		return sealer{}, fmt.Errorf("key of the webhooks: %d bytes, not 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("key of the webhooks: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealer{}, fmt.Errorf("key of the webhooks: %w", err)
	}
	return sealer{aead}, nil
}

// bound is what a sealed text is bound to. None of the words may hold a zero byte, and none
// does: they are ids and our own.
func bound(words []string) []byte {
	return []byte("webhook\x00" + strings.Join(words, "\x00"))
}

// close seals v as JSON.
func (s sealer) close(v any, words ...string) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return s.aead.Seal([]byte{sealVersion}, nil, text, bound(words)), nil
}

// open reads what close made.
func (s sealer) open(sealed []byte, v any, words ...string) error {
	if len(sealed) == 0 || sealed[0] != sealVersion {
		return errors.New("a sealed text of a webhook is of an unknown version")
	}
	text, err := s.aead.Open(nil, nil, sealed[1:], bound(words))
	if err != nil {
		return errors.New("a sealed text of a webhook cannot be opened: it is damaged, or the file \"pepper\" is not the one it was sealed under")
	}
	return json.Unmarshal(text, v)
}
