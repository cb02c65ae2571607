package s3_test

import (
	"flag"
	"net/http"
	"testing"

	"compressor/internal/storage"
	"compressor/internal/storage/s3"
	"compressor/internal/storage/storagetest"
	"compressor/internal/vault"
)

// update is -update: write the texts instead of comparing.
var update = flag.Bool("update", false, "rewrite testdata/requests")

// TestRequests compares what is sent to each provider with the texts that were held against
// its documentation: docs/connectors-requests.md names the pages.
func TestRequests(t *testing.T) {
	for _, c := range []struct {
		file  string
		place storage.Place
	}{
		{"s3.txt", place(storage.S3)},
		{"s3-compatible.txt", compatible()},
		{"r2.txt", place(storage.R2)},
		{"spaces.txt", place(storage.Spaces)},
		{"b2.txt", place(storage.B2)},
		{"gcs-interoperability.txt", place(storage.GCS)},
	} {
		t.Run(c.file, func(t *testing.T) {
			c.place.Bucket = "example-bucket"
			c.place.Credentials.AccessKeyID, c.place.Credentials.SecretAccessKey = "EXAMPLEKEY", vault.NewSecret("example-secret")
			recorder := &storagetest.Recorder{Answer: answers}
			b, err := s3.Open(c.place, s3.Options{Client: &http.Client{Transport: recorder}, Tries: storagetest.Quick()})
			if err != nil {
				t.Fatal(err)
			}
			rules, _ := storage.RulesOf(c.place.Provider, c.place.Endpoint)
			recorder.Operations(t, b, rules)
			recorder.Compare(t, c.file, *update)
		})
	}
}

// answers are the shortest that S3 gives.
func answers(r *http.Request, _ []byte) storagetest.Answer {
	q := r.URL.Query()
	etag := map[string]string{"ETag": `"d41d8cd98f00b204e9800998ecf8427e"`, "Content-Type": "application/xml"}
	switch {
	case r.Method == http.MethodHead:
		return storagetest.Answer{Status: http.StatusNotFound}
	case r.Method == http.MethodDelete:
		return storagetest.Answer{Status: http.StatusNoContent}
	case q.Has("uploads"):
		return storagetest.Answer{Status: http.StatusOK, Header: etag, Body: `<InitiateMultipartUploadResult><UploadId>UPLOAD</UploadId></InitiateMultipartUploadResult>`}
	case r.Method == http.MethodPost:
		return storagetest.Answer{Status: http.StatusOK, Header: etag, Body: `<CompleteMultipartUploadResult><ETag>"x-2"</ETag></CompleteMultipartUploadResult>`}
	case q.Has("list-type") && !q.Has("continuation-token"):
		return storagetest.Answer{Status: http.StatusOK, Header: etag, Body: `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>NEXT</NextContinuationToken></ListBucketResult>`}
	case q.Has("list-type"):
		return storagetest.Answer{Status: http.StatusOK, Header: etag, Body: `<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>`}
	}
	return storagetest.Answer{Status: http.StatusOK, Header: etag}
}
