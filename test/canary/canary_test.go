package canary

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"testing"
)

// TestIn: each secret is found however it is written, and nothing else is taken for it.
func TestIn(t *testing.T) {
	ways := map[string]func(string) string{
		"as it is": func(s string) string { return s },
		"JSON":     func(s string) string { b, _ := json.Marshal(s); return string(b) },
		"query":    func(s string) string { return url.Values{"q": {s}}.Encode() },
		"path":     url.PathEscape,
		"hex":      func(s string) string { return hex.EncodeToString([]byte(s)) },
		"%X":       func(s string) string { return fmt.Sprintf("%X", s) },
		"%v":       func(s string) string { return fmt.Sprint([]byte(s)) },
		"base64 0": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s + "!")) },
		"base64 1": func(s string) string { return base64.URLEncoding.EncodeToString([]byte("a" + s + "bc")) },
		"base64 2": func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte("ab" + s + "c")) },
	}
	for _, plant := range []func() Secret{func() Secret { return Word("word") }, AzureKey, AzureSignature, func() Secret { return ServiceAccount(t) }} {
		s, other := plant(), plant()
		for name, way := range ways {
			if text := []byte("before " + way(s.Text) + " behind"); s.In(text) == "" || other.In(text) != "" {
				t.Errorf("%s, %s: found %q, another as %q", s.Name, name, s.In(text), other.In(text))
			}
		}
	}
}

// TestDecoded: the bytes behind a text are looked for, too.
func TestDecoded(t *testing.T) {
	key := AzureKey()
	raw, err := base64.StdEncoding.DecodeString(key.Text)
	if err != nil || key.In(raw) == "" {
		t.Errorf("a key of Azure: %v", err)
	}
	account := ServiceAccount(t)
	var file struct {
		Key string `json:"private_key"`
	}
	if err := json.Unmarshal([]byte(account.Text), &file); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(file.Key))
	if account.In(block.Bytes) == "" {
		t.Error("the key of a service account")
	}
}
