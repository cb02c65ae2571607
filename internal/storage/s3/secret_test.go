package s3_test

import (
	"errors"
	"net/http"
	"testing"

	"compressor/internal/storage"
	"compressor/internal/storage/s3"
	"compressor/internal/storage/storagetest"
	"compressor/internal/vault"
	"compressor/test/canary"
)

// TestBucketHidesSecret: what is printed of a bucket that was used, or of its fault, holds no
// credentials.
func TestBucketHidesSecret(t *testing.T) {
	secret := canary.Word("a secret access key")
	p := place(storage.S3)
	p.Bucket, p.Credentials.AccessKeyID, p.Credentials.SecretAccessKey = "example-bucket", "EXAMPLEKEY", vault.NewSecret(secret.Text)
	b, err := s3.Open(p, s3.Options{Client: &http.Client{Transport: &storagetest.Recorder{Answer: answers}}, Tries: storagetest.Quick()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Stat(t.Context(), "key")
	if form := secret.In(canary.Printed(b, *b, p, err, errors.Unwrap(err))); form != "" || err == nil {
		t.Errorf("it is seen %s; %v", form, err)
	}
}
