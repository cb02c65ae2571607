package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"compressor/test/servers"
)

// signatureOf is a shared access signature for the container of the tests.
func signatureOf(t testing.TB, at servers.Store, may sas.ContainerPermissions) string {
	t.Helper()
	key, err := container.NewSharedKeyCredential(at.Key, at.Secret)
	if err != nil {
		t.Fatal(err)
	}
	q, err := sas.BlobSignatureValues{
		Protocol: sas.ProtocolHTTPSandHTTP, ContainerName: bucketName, Permissions: may.String(),
		StartTime: time.Now().Add(-time.Hour).UTC(), ExpiryTime: time.Now().Add(time.Hour).UTC(),
	}.SignWithSharedKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return q.Encode()
}

// TestConnectorTest: a connector that may not delete is told so, with the name of the object
// that its test has left.
func TestConnectorTest(t *testing.T) {
	t.Parallel()
	c, azurite := newClient(), servers.Azurite(t)
	makeContainer(t, azurite)
	s := storing(t, "COMPRESSOR_AZURE_ENDPOINT="+strings.TrimSuffix(azurite.URL, "/"+azurite.Key))
	id := s.connect(c, map[string]any{"name": "no delete", "provider": "azure", "bucket": bucketName, "path": "in/", "credentials": map[string]string{
		"account": azurite.Key, "sas": signatureOf(t, azurite, sas.ContainerPermissions{Create: true, Write: true, Read: true, List: true})}})
	var trial struct {
		OK     bool
		Rights []struct {
			Right, Reason, Message string
			OK                     bool
		}
	}
	s.post(c, "/1.0/connectors/"+id+"/test", "", http.StatusOK, &trial)
	named := ""
	for _, r := range trial.Rights {
		if r.OK == (r.Right == "remove") {
			t.Errorf("%+v", r)
		}
		if _, after, found := strings.Cut(r.Message, "'"); found {
			named, _, _ = strings.Cut(after, "'")
		}
	}
	if trial.OK || !strings.HasPrefix(named, "in/.compressor-test-") {
		t.Fatalf("%+v", trial)
	}
	read, err := http.Get(azurite.URL + "/" + bucketName + "/" + named + "?" + signatureOf(t, azurite, sas.ContainerPermissions{Read: true}))
	if err != nil {
		t.Fatal(err)
	}
	defer read.Body.Close()
	if read.StatusCode != http.StatusOK {
		t.Errorf("%s: status %d", named, read.StatusCode)
	}
}
