package azure_test

import (
	"encoding/base64"
	"flag"
	"net/http"
	"testing"

	"compressor/internal/storage"
	"compressor/internal/storage/azure"
	"compressor/internal/storage/storagetest"
	"compressor/internal/vault"
)

// update is -update: write the texts instead of comparing.
var update = flag.Bool("update", false, "rewrite testdata/requests")

// TestRequests compares what is sent with the texts that were held against the documentation:
// docs/connectors-requests.md names the pages.
func TestRequests(t *testing.T) {
	for file, credentials := range map[string]storage.Credentials{
		"azure-key.txt":       {Account: "exampleaccount", Key: vault.NewSecret(base64.StdEncoding.EncodeToString([]byte("example-key")))},
		"azure-signature.txt": {Account: "exampleaccount", SAS: vault.NewSecret("sv=2026-06-06&sr=c&sp=rwdl&sig=EXAMPLE")},
	} {
		t.Run(file, func(t *testing.T) {
			recorder := &storagetest.Recorder{Answer: answers}
			p := storage.Place{Provider: storage.Azure, Bucket: "example-container", Credentials: credentials}
			b, err := azure.Open(p, azure.Options{Client: &http.Client{Transport: recorder}, Tries: storagetest.Quick()})
			if err != nil {
				t.Fatal(err)
			}
			rules, _ := storage.RulesOf(storage.Azure, "")
			recorder.Operations(t, b, rules)
			recorder.Compare(t, file, *update)
		})
	}
}

// answers are the shortest that Azure gives.
func answers(r *http.Request, _ []byte) storagetest.Answer {
	header := map[string]string{"ETag": `"0x1"`, "Content-Type": "application/xml"}
	switch {
	case r.Method == http.MethodDelete:
		return storagetest.Answer{Status: http.StatusAccepted}
	case r.Method == http.MethodPut:
		return storagetest.Answer{Status: http.StatusCreated, Header: header}
	case r.URL.Query().Get("comp") == "list" && !r.URL.Query().Has("marker"):
		return storagetest.Answer{Status: http.StatusOK, Header: header, Body: `<EnumerationResults><Blobs/><NextMarker>NEXT</NextMarker></EnumerationResults>`}
	case r.URL.Query().Get("comp") == "list":
		return storagetest.Answer{Status: http.StatusOK, Header: header, Body: `<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>`}
	}
	return storagetest.Answer{Status: http.StatusOK, Header: header}
}
