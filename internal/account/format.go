package account

import (
	"crypto/rand"
	"hash/crc32"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The form of a generated key: "ck_live_", 32 random bytes as 43 digits of base 62, and
// the CRC-32 (IEEE) of all that as six more. Scanners for leaked secrets can match it,
// and a typing error is refused without a look into the database.
const (
	mark      = "ck_live_"
	keyBytes  = 32
	keyDigits = 43 // 62^43 > 2^256 > 62^42
	sumDigits = 6  // 62^6 > 2^32
	shown     = len(mark) + 4
)

// Bounds of a key of the operator's own, in characters and in bytes.
const (
	shortest = 16
	longest  = 512
)

// generate makes a new key from crypto/rand.
func generate() string {
	var raw [keyBytes]byte
	rand.Read(raw[:]) //nolint:errcheck // never fails, by its documentation
	key := mark + base62(new(big.Int).SetBytes(raw[:]), keyDigits)
	return key + checksum(key)
}

func base62(n *big.Int, digits int) string {
	text := n.Text(62)
	return strings.Repeat("0", digits-len(text)) + text
}

func checksum(text string) string {
	return base62(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(text)))), sumDigits)
}

// plausible says whether key can be one of ours: of sane length and, when it bears the
// mark of a generated key, whole.
func plausible(key string) bool {
	if len(key) > longest || utf8.RuneCountInString(key) < shortest {
		return false
	}
	if strings.ContainsFunc(key, unicode.IsControl) {
		return false
	}
	if !strings.HasPrefix(key, mark) {
		return true
	}
	body := len(mark) + keyDigits
	return len(key) == body+sumDigits && checksum(key[:body]) == key[body:]
}

// visible is the part of a key that may be shown: enough to tell generated keys apart,
// nothing of a key somebody chose.
func visible(key string) string {
	if strings.HasPrefix(key, mark) {
		return key[:shown]
	}
	return ""
}
