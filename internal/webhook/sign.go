package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// The form of a secret (Standard Webhooks 1.0, "Signature scheme"): whsec_ and 24 to 64
// random bytes in base64.
const (
	secretMark  = "whsec_"
	secretBytes = 24
	leastSecret = 24
	mostSecret  = 64
)

// newSecret makes a secret.
func newSecret() string {
	var raw [secretBytes]byte
	rand.Read(raw[:]) //nolint:errcheck // never fails, by its documentation
	return secretMark + base64.StdEncoding.EncodeToString(raw[:])
}

// errSecret says what a secret must look like, without repeating it.
var errSecret = errors.New("a webhook secret is whsec_ and 24 to 64 bytes in base64")

// secretKey is the key inside a secret.
func secretKey(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, secretMark)
	raw, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(raw) < leastSecret || len(raw) > mostSecret {
		return nil, errSecret
	}
	return raw, nil
}

// CheckSecret says what is wrong with a secret of the operator's own, without repeating it.
func CheckSecret(secret string) error {
	_, err := secretKey(secret)
	return err
}

// signed returns the three headers of Standard Webhooks: the signature holds one word for
// each secret, so that a receiver may change from one to the other at its leisure.
func signed(id string, at time.Time, body []byte, secrets []string) (map[string]string, error) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	var words []string
	for _, s := range secrets {
		key, err := secretKey(s)
		if err != nil {
			return nil, err
		}
		m := hmac.New(sha256.New, key)
		m.Write([]byte(id + "." + stamp + ".")) //nolint:errcheck // a hash never fails
		m.Write(body)                           //nolint:errcheck // likewise
		words = append(words, "v1,"+base64.StdEncoding.EncodeToString(m.Sum(nil)))
	}
	return map[string]string{
		"Webhook-Id": id, "Webhook-Timestamp": stamp, "Webhook-Signature": strings.Join(words, " "),
	}, nil
}
