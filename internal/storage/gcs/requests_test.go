package gcs_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"compressor/internal/storage"
	"compressor/internal/storage/gcs"
	"compressor/internal/storage/storagetest"
)

// update is -update: write the texts instead of comparing.
var update = flag.Bool("update", false, "rewrite testdata/requests")

// TestRequests compares what is sent with the texts that were held against the documentation:
// docs/connectors-requests.md names the pages.
func TestRequests(t *testing.T) {
	recorder := &storagetest.Recorder{Answer: (&provider{}).answer}
	p := storage.Place{Provider: storage.GCS, Bucket: "example-bucket", Credentials: storage.Credentials{ServiceAccount: account(t, newGiver(t).key)}}
	b, err := gcs.Open(p, gcs.Options{Client: &http.Client{Transport: recorder}, Tries: storagetest.Quick()})
	if err != nil {
		t.Fatal(err)
	}
	rules, _ := storage.RulesOf(storage.GCS, "")
	recorder.Operations(t, b, rules)
	if _, err := b.Put(t.Context(), storage.Object{Key: wrong, MIME: "image/webp"}, storagetest.Body(t, 1000, 1)); err == nil {
		t.Error("what arrived otherwise passes for written")
	}
	recorder.Section("Write, and take back what arrived otherwise")
	recorder.Compare(t, "gcs.txt", *update)
}

// wrong is the name of an object that the provider keeps with other contents.
const wrong = "wrong"

// provider answers as Google does, in short. It believes the digests it is told.
type provider struct {
	mu    sync.Mutex
	begun string // what is said of the object of the session
}

func (p *provider) answer(r *http.Request, body []byte) storagetest.Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	ok := storagetest.Answer{Status: http.StatusOK, Header: map[string]string{"Content-Type": "application/json"}, Body: "{}"}
	switch {
	case r.URL.Path == "/token":
		ok.Body = `{"access_token":"TOKEN","token_type":"Bearer","expires_in":3599}`
	case r.Method == http.MethodDelete:
		return storagetest.Answer{Status: http.StatusNoContent}
	case q.Has("upload_id") && !strings.HasSuffix(r.Header.Get("Content-Range"), "/16778216"):
		ok.Header["X-Http-Status-Code-Override"] = "308"
	case q.Has("upload_id"):
		ok.Body = object([]byte(p.begun), 16778216)
	case q.Get("uploadType") == "resumable":
		p.begun = string(body)
		ok.Header["Location"] = "https://storage.googleapis.com/upload/storage/v1/b/example-bucket/o?uploadType=resumable&upload_id=UPLOAD"
	case q.Get("uploadType") == "multipart":
		_, said, _ := bytes.Cut(body, []byte("\r\n\r\n"))
		ok.Body = object(said, 1000)
	case r.Method == http.MethodGet && r.URL.Path == "/storage/v1/b/example-bucket/o" && q.Get("pageToken") == "":
		ok.Body = `{"nextPageToken":"NEXT"}`
	}
	return ok
}

// object is the resource of an object of so many bytes.
func object(said []byte, size int) string {
	var o struct{ Name, Md5Hash, Crc32c string }
	if err := json.NewDecoder(bytes.NewReader(said)).Decode(&o); err != nil {
		return err.Error()
	}
	if o.Name == wrong {
		size--
	}
	return fmt.Sprintf(`{"generation":"7","md5Hash":%q,"crc32c":%q,"size":"%d","etag":"x"}`, o.Md5Hash, o.Crc32c, size)
}
