package vault

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

// The envelope of a sealed text, in bytes:
//
//	version (1) | id of the master key (4, big endian) | wrapped data key (60) | body
//
// The data key is fresh for each text. It is wrapped under a key that follows from the
// master key (HKDF with SHA-256, RFC 5869), and the body is sealed under it; both are
// AES-256-GCM: nonce (12), ciphertext, tag (16). Wrapped key and body are both bound to
// what the caller names, so that no row can pass for another. The wrapped key is bound to
// version and id, too, the body to the version only: it stays as it is when another master
// key takes over.
const (
	version    = 1
	headerSize = 1 + 4
	overhead   = 12 + 16 // nonce and tag
	bodyAt     = headerSize + KeySize + overhead
)

// Overhead is by how many bytes a sealed text is longer than the text.
const Overhead = bodyAt + overhead

// errNoKey is sealing with an empty Ring.
var errNoKey = errors.New("there is no master key to seal with")

// errForm is something that is no sealed text at all.
var errForm = errors.New("a sealed text is cut short, or of an unknown version")

// MissingKeyError is a sealed text whose master key is not in the Ring.
type MissingKeyError struct{ ID uint32 }

func (e *MissingKeyError) Error() string {
	return fmt.Sprintf("the master key %d, under which a text was sealed, is not among those given", e.ID)
}

// DamagedError is a sealed text that its master key does not open.
type DamagedError struct{ ID uint32 }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("a sealed text cannot be opened: it is damaged or of another row, or the master key %d is not the one it was sealed under", e.ID)
}

// Seal seals a text under the newest key and binds it to binding, such as
// "connector/<id>". The same text is never sealed to the same bytes twice.
func (r Ring) Seal(binding string, text []byte) ([]byte, error) {
	var key [KeySize]byte
	rand.Read(key[:]) //nolint:errcheck // never fails, by its documentation
	sealed, err := r.wrap(binding, key[:])
	if err != nil {
		return nil, err
	}
	body, err := newAEAD(key[:])
	if err != nil {
		return nil, err
	}
	return body.Seal(sealed, nil, text, bound(sealed[:1], binding)), nil
}

// Open returns a text that was sealed with the same binding. Errors: *MissingKeyError,
// *DamagedError, and one for what is no sealed text.
func (r Ring) Open(binding string, sealed []byte) ([]byte, error) {
	key, id, err := r.unwrap(binding, sealed)
	if err != nil {
		return nil, err
	}
	body, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	text, err := body.Open(nil, nil, sealed[bodyAt:], bound(sealed[:1], binding))
	if err != nil {
		return nil, &DamagedError{id}
	}
	return text, nil
}

// Rewrap returns the same sealed text with its data key under the newest key. The text
// itself is not opened. Errors are those of Open.
func (r Ring) Rewrap(binding string, sealed []byte) ([]byte, error) {
	key, _, err := r.unwrap(binding, sealed)
	if err != nil {
		return nil, err
	}
	again, err := r.wrap(binding, key)
	if err != nil {
		return nil, err
	}
	return append(again, sealed[bodyAt:]...), nil
}

// KeyOf is the id of the master key that a text is sealed under.
func KeyOf(sealed []byte) (uint32, error) {
	if len(sealed) < Overhead || sealed[0] != version {
		return 0, errForm
	}
	return binary.BigEndian.Uint32(sealed[1:headerSize]), nil
}

// wrap writes the header and the wrapped data key.
func (r Ring) wrap(binding string, key []byte) ([]byte, error) {
	if r.Empty() {
		return nil, errNoKey
	}
	header := binary.BigEndian.AppendUint32([]byte{version}, r.newest)
	return r.keys[r.newest].Seal(header, nil, key, bound(header, binding)), nil
}

// unwrap reads the data key, and tells whose it is.
func (r Ring) unwrap(binding string, sealed []byte) (key []byte, id uint32, err error) {
	if id, err = KeyOf(sealed); err != nil {
		return nil, 0, err
	}
	if !r.Has(id) {
		return nil, 0, &MissingKeyError{id}
	}
	key, err = r.keys[id].Open(nil, nil, sealed[headerSize:bodyAt], bound(sealed[:headerSize], binding))
	if err != nil {
		return nil, 0, &DamagedError{id}
	}
	return key, id, nil
}

// bound is the data that a seal is bound to. The head is of a fixed size for each use, so
// no two pairs give the same bytes.
func bound(head []byte, binding string) []byte {
	return append(append([]byte(nil), head...), binding...)
}
