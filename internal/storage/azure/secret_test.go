package azure_test

import (
	"errors"
	"net/http"
	"testing"

	"compressor/internal/storage"
	"compressor/internal/storage/azure"
	"compressor/internal/storage/storagetest"
	"compressor/internal/vault"
	"compressor/test/canary"
)

// lost is a connection that breaks. The client of package http puts the address that it was
// for into its error.
type lost struct{}

func (lost) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("reset") }

// TestBucketHidesSecret: what is printed of a bucket that was used, or of its fault, holds no
// credentials, although a signature is part of each address.
func TestBucketHidesSecret(t *testing.T) {
	key, sas := canary.AzureKey(), canary.AzureSignature()
	for secret, credentials := range map[*canary.Secret]storage.Credentials{
		&key: {Account: "exampleaccount", Key: vault.NewSecret(key.Text)},
		&sas: {Account: "exampleaccount", SAS: vault.NewSecret(sas.Text)},
	} {
		p := storage.Place{Provider: storage.Azure, Bucket: "example-container", Credentials: credentials}
		b, err := azure.Open(p, azure.Options{Client: &http.Client{Transport: lost{}}, Tries: storagetest.Quick()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Stat(t.Context(), "key")
		if form := secret.In(canary.Printed(b, *b, p, err, errors.Unwrap(err))); form != "" || err == nil {
			t.Errorf("%s is seen %s; %v", secret.Name, form, err)
		}
	}
}
