package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// KeySize is the length of a master key, in bytes.
const KeySize = 32

// purpose goes into every key encryption key, so that a master key used elsewhere as well
// gives other keys there.
const purpose = "compressor connector kek v1"

// Ring is a set of master keys. The one with the highest id seals, and every one opens what
// it has sealed. The zero Ring is empty. A Ring is immutable and safe for concurrent use.
type Ring struct {
	keys   map[uint32]cipher.AEAD // what wraps data keys; the master keys themselves are not kept
	newest uint32
}

// ParseRing reads master keys from a text such as "1:<base64>,2:<base64>": ids from 1 to
// 4294967295 in decimal, each with 32 bytes in base64 (RFC 4648, section 4). A line break
// separates as a comma does, blanks do not count, and what begins with # is a comment to
// the end of its line. An error says which key is wrong, by its place and never by its text.
func ParseRing(text string) (Ring, error) {
	r := Ring{keys: map[uint32]cipher.AEAD{}}
	place := 0
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for entry := range strings.SplitSeq(line, ",") {
			if entry = strings.TrimSpace(entry); entry == "" {
				continue
			}
			place++
			if err := r.add(entry); err != nil {
				return Ring{}, fmt.Errorf("master key number %d: %w", place, err)
			}
		}
	}
	if place == 0 {
		return Ring{}, errors.New("there is no master key: at least one is needed, as id:base64")
	}
	return r, nil
}

// add takes one id:base64 in.
func (r *Ring) add(entry string) error {
	word, text, _ := strings.Cut(entry, ":")
	id, err := strconv.ParseUint(word, 10, 32)
	if err != nil || id == 0 {
		return errors.New("must begin with an id from 1 to 4294967295 and a colon")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return fmt.Errorf("the key with the id %d must be base64", id)
	}
	if len(key) != KeySize {
		return fmt.Errorf("the key with the id %d must be %d bytes; got %d", id, KeySize, len(key))
	}
	if r.keys[uint32(id)] != nil {
		return fmt.Errorf("the id %d stands twice", id)
	}
	wrap, err := hkdf.Key(sha256.New, key, nil, purpose, KeySize)
	if err != nil {
		return fmt.Errorf("the key with the id %d: %w", id, err)
	}
	r.keys[uint32(id)], err = newAEAD(wrap)
	r.newest = max(r.newest, uint32(id))
	return err
}

// newAEAD is AES-256-GCM with random nonces of 96 bits, which stand before what is sealed.
func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Empty says whether there is no key.
func (r Ring) Empty() bool { return len(r.keys) == 0 }

// Newest is the id of the key that seals, 0 for an empty Ring.
func (r Ring) Newest() uint32 { return r.newest }

// Has says whether the key with this id is there.
func (r Ring) Has(id uint32) bool { return r.keys[id] != nil }

// IDs lists the ids, lowest first.
func (r Ring) IDs() []uint32 { return slices.Sorted(maps.Keys(r.keys)) }

// Format hides the keys from every verb of package fmt.
func (r Ring) Format(f fmt.State, _ rune) { hide(f) }

// LogValue hides the keys from slog.
func (r Ring) LogValue() slog.Value { return slog.StringValue(hidden) }
