package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"compressor/test/servers"
)

// makeBucket makes one by the JSON API.
func makeBucket(t testing.TB, at, body string) {
	t.Helper()
	r, err := http.Post(at, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("bucket: status %d", r.StatusCode)
	}
}

// makeContainer makes one by Azure's SDK.
func makeContainer(t testing.TB, at servers.Store) {
	t.Helper()
	key, err := container.NewSharedKeyCredential(at.Key, at.Secret)
	if err != nil {
		t.Fatal(err)
	}
	client, err := container.NewClientWithSharedKeyCredential(at.URL+"/"+bucketName, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}
