package gcs_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"compressor/internal/storage"
	"compressor/internal/storage/gcs"
	"compressor/internal/storage/storagetest"
	"compressor/internal/vault"
	"compressor/test/canary"
)

// TestBucketHidesSecret: what is printed of a bucket that was used, or of its fault, holds
// neither the key of the account nor the token that was given for it.
func TestBucketHidesSecret(t *testing.T) {
	account, token := canary.ServiceAccount(t), canary.Word("a token")
	sent := false
	answer := func(r *http.Request, _ []byte) storagetest.Answer {
		if r.URL.Path == "/token" {
			return storagetest.Answer{Status: http.StatusOK, Header: map[string]string{"Content-Type": "application/json"},
				Body: fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3599}`, token.Text)}
		}
		sent = sent || r.Header.Get("Authorization") == "Bearer "+token.Text
		return storagetest.Answer{Status: http.StatusForbidden}
	}
	p := storage.Place{Provider: storage.GCS, Bucket: "example-bucket", Credentials: storage.Credentials{ServiceAccount: vault.NewSecret(account.Text)}}
	b, err := gcs.Open(p, gcs.Options{Client: &http.Client{Transport: &storagetest.Recorder{Answer: answer}}, Tries: storagetest.Quick()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Stat(t.Context(), "key")
	seen := canary.Printed(b, *b, p, err, errors.Unwrap(err))
	for _, secret := range []canary.Secret{account, token} {
		if form := secret.In(seen); form != "" || err == nil || !sent {
			t.Errorf("%s is seen %s; the token was sent: %v; %v", secret.Name, form, sent, err)
		}
	}
}
