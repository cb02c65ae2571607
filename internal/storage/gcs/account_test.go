package gcs

import (
	"strings"
	"testing"

	"compressor/internal/storage"
	"compressor/internal/vault"
)

// FuzzAccount: whatever is parsed is a service account of Google's, and no error repeats the
// text.
func FuzzAccount(f *testing.F) {
	f.Add(`{"type":"service_account","client_email":"a@b","private_key":"KEY","token_uri":"https://oauth2.googleapis.com/token"}`)
	f.Add(`{"type":"service_account","client_email":"a@b","private_key":"KEY","token_uri":"https://evil.example/token"}`)
	f.Add(`{"type":"external_account"}`)
	f.Add(`{"type":"service_account","TYPE":"authorized_user","client_email":"a@b","private_key":"KEY"}`)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parse(vault.NewSecret(text))
		if err != nil {
			if len(text) > 30 && strings.Contains(err.Error(), text) {
				t.Errorf("the error repeats the text: %v", err)
			}
			return
		}
		if a.Type != "service_account" || a.Email == "" || a.PrivateKey == "" ||
			a.TokenURL != "" && a.TokenURL != storage.TokenURL || a.Universe != "" && a.Universe != universe {
			t.Errorf("%q: parsed as %+v", text, a)
		}
	})
}
