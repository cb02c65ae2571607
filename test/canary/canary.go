// Package canary makes secrets for tests to plant, and finds them again however they are
// written: as they are, in base64 at any place of a longer text, for a URL, in hexadecimal, or as
// package fmt prints bytes. It imports nothing of the service.
package canary

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// Secret is one that is planted. No two are the same.
type Secret struct {
	Name  string
	Text  string // what to plant
	forms []form
}

// form is one way to write a part of a secret.
type form struct {
	words string
	bytes []byte
}

// Word is a secret that is a word, such as a secret access key or a token.
func Word(name string) Secret {
	text := "canary/" + rand.Text() + "+" + rand.Text()
	return Secret{Name: name, Text: text, forms: forms("", text)}
}

// AzureKey is like a key of a storage account: 64 bytes in base64.
func AzureKey() Secret {
	raw := random(64)
	text := base64.StdEncoding.EncodeToString(raw)
	return Secret{Name: "the key of a storage account", Text: text, forms: append(forms("", text), forms("decoded, ", string(raw))...)}
}

// AzureSignature is like a shared access signature for a container, to read, write, delete and
// list. What is secret is its sig.
func AzureSignature() Secret {
	raw := random(32)
	sig := base64.StdEncoding.EncodeToString(raw)
	sent := url.QueryEscape(sig)
	text := "sv=2024-11-04&sr=c&sp=rcwdl&se=2099-01-01T00%3A00%3A00Z&sig=" + sent
	return Secret{Name: "a shared access signature", Text: text,
		forms: append(append(forms("", sig), forms("as it is sent, ", sent)...), forms("decoded, ", string(raw))...)}
}

// MasterKey is like one that seals credentials: 32 bytes in base64, without the number before
// it.
func MasterKey() Secret {
	raw := random(32)
	text := base64.StdEncoding.EncodeToString(raw)
	return Secret{Name: "a master key", Text: text, forms: append(forms("", text), forms("decoded, ", string(raw))...)}
}

// ServiceAccount is like the JSON of the key of a service account of Google. What is secret is
// its private key, of which a line and the bytes of another place are looked for.
func ServiceAccount(t testing.TB) Secret {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "test", "private_key_id": "1", "private_key": block,
		"client_email": "tester@test.iam.gserviceaccount.com", "client_id": "1", "token_uri": "https://oauth2.googleapis.com/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Split(block, "\n")[len(der)/2/48] // a line holds 48 bytes
	secret := private.D.Bytes()[:48]
	return Secret{Name: "the key of a service account", Text: string(text),
		forms: append(append(forms("", line), forms("decoded, ", string(secret))...), form{"in decimal", []byte(private.D.String())})}
}

// In names the form in which the secret is in a text, "" where it is not.
func (s Secret) In(text []byte) string {
	for _, f := range s.forms {
		if bytes.Contains(text, f.bytes) {
			return f.words
		}
	}
	return ""
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// forms are the ways to write a text.
func forms(before, text string) []form {
	raw := []byte(text)
	list := []form{
		{before + "as it is", raw},
		{before + "for a query", []byte(url.QueryEscape(text))},
		{before + "for a path", []byte(url.PathEscape(text))},
		{before + "in hexadecimal", []byte(hex.EncodeToString(raw))},
		{before + "in capital hexadecimal", []byte(strings.ToUpper(hex.EncodeToString(raw)))},
		{before + "as a list of bytes", []byte(strings.Trim(fmt.Sprint(raw), "[]"))},
	}
	for shift := range 3 {
		list = append(list,
			form{before + "in base64", inside(base64.StdEncoding, raw, shift)},
			form{before + "in base64 of URLs", inside(base64.URLEncoding, raw, shift)})
	}
	return list
}

// inside is what base64 makes of raw behind so many other bytes, without the characters that
// depend on what stands before and behind.
func inside(e *base64.Encoding, raw []byte, shift int) []byte {
	text := e.WithPadding(base64.NoPadding).EncodeToString(append(make([]byte, shift), raw...))
	first, behind := (8*shift+5)/6, 8*(shift+len(raw))/6
	return []byte(text[first:behind])
}
