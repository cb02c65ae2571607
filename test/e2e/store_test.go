package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"compressor/test/canary"
	"compressor/test/servers"
)

// bucket is one of a running versitygw, behind a proxy that counts what is written.
type bucket struct {
	t      testing.TB
	store  servers.Store
	client *sdk.Client
	url    string // of the proxy

	mu      sync.Mutex
	puts    map[string]int    // by path
	acls    map[string]string // that were sent with them, by path; "" for none
	refused map[string]bool   // paths that the proxy lets nobody read
	noACLs  bool              // the proxy takes none, as a bucket whose owner is enforced
}

const bucketName = "results-of-tests"

func newBucket(t testing.TB) *bucket {
	b := &bucket{t: t, store: servers.Versity(t, "us-east-1"), puts: map[string]int{}, acls: map[string]string{}, refused: map[string]bool{}}
	b.client = sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: &b.store.URL, UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: b.store.Key, SecretAccessKey: b.store.Secret}, nil
		}),
	})
	if _, err := b.client.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String(bucketName)}); err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(b.store.URL)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(at)
		r.Out.Host = r.In.Host // it is signed
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.admits(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	b.url = front.URL
	return b
}

// admits notes a request, and refuses the reading of some objects as S3 does.
func (b *bucket) admits(w http.ResponseWriter, r *http.Request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	status, code := 0, ""
	switch acl := r.Header.Get("X-Amz-Acl"); {
	case r.Method == http.MethodPut && b.noACLs && acl != "":
		status, code = http.StatusBadRequest, "AccessControlListNotSupported"
	case r.Method == http.MethodPut:
		b.puts[r.URL.Path]++
		b.acls[r.URL.Path] = acl
	case r.Method == http.MethodGet && b.refused[r.URL.Path]:
		status, code = http.StatusForbidden, "AccessDenied"
	}
	if code == "" {
		return true
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<Error><Code>%s</Code><Message>no</Message></Error>`, code)
	return false
}

func (b *bucket) put(key string, data []byte) {
	b.t.Helper()
	_, err := b.client.PutObject(b.t.Context(), &sdk.PutObjectInput{Bucket: aws.String(bucketName), Key: &key, Body: bytes.NewReader(data)})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bucket) get(key string) ([]byte, *sdk.GetObjectOutput) {
	b.t.Helper()
	got, err := b.client.GetObject(b.t.Context(), &sdk.GetObjectInput{Bucket: aws.String(bucketName), Key: &key})
	if err != nil {
		b.t.Fatalf("%s: %v", key, err)
	}
	defer got.Body.Close()
	data, err := io.ReadAll(got.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return data, got
}

// keys lists what begins with prefix.
func (b *bucket) keys(prefix string) (keys []string) {
	b.t.Helper()
	pages := sdk.NewListObjectsV2Paginator(b.client, &sdk.ListObjectsV2Input{Bucket: aws.String(bucketName), Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	return keys
}

// storing is a server that may talk to stores on this machine.
func storing(t testing.TB, env ...string) *server {
	return start(t, append([]string{"COMPRESSOR_EGRESS_STORAGE_ALLOW=127.0.0.0/8"}, env...)...)
}

// post sends JSON and reads the reply into out.
func (s *server) post(c *http.Client, path, body string, status int, out any) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.base()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(key, "")
	got, err := do(c, r)
	if err != nil {
		s.t.Fatal(err)
	}
	if got.status != status {
		s.t.Fatalf("POST %s %s: status %d instead of %d: %s", path, body, got.status, status, got.body)
	}
	if err := json.Unmarshal(got.body, out); err != nil {
		s.t.Fatal(err)
	}
}

// connect makes a connector and gives its id.
func (s *server) connect(c *http.Client, body map[string]any) string {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	var made struct{ ID string }
	s.post(c, "/1.0/connectors", string(text), http.StatusCreated, &made)
	return made.ID
}

// connector is that of the bucket, by the name it is to have.
func (b *bucket) connector(name string) map[string]any {
	return map[string]any{"name": name, "provider": "s3", "endpoint": b.url, "bucket": bucketName,
		"credentials": map[string]string{"access_key_id": b.store.Key, "secret_access_key": b.store.Secret}}
}

func catPhoto(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/image/jpeg/progressive-cat.jpg")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestStore: results go to the bucket, waited for or told of by a webhook, with what was asked
// of them; and stay here for a while where that fails.
func TestStore(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t), newClient()
	hook, err := newReceiver()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hook.stop() })
	s := storing(t, "COMPRESSOR_EGRESS_WEBHOOK_ALLOW=127.0.0.1")
	id := s.connect(c, b.connector("bucket"))
	var trial struct{ OK bool }
	if s.post(c, "/1.0/connectors/"+id+"/test", "", http.StatusOK, &trial); !trial.OK {
		t.Error("the connector is told not to work")
	}
	store := `"store":{"id":"` + id + `","path":"a/{name}.{ext}","acl":"private","metadata":{"shop":"7"},"headers":{"cache-control":"max-age=60"}`

	f := s.mustUpload(c, "cat.jpg", catPhoto(t), `{`+store+`}}`, http.StatusOK)
	if want := b.url + "/" + bucketName + "/a/cat.jpg"; f.URL != want || f.ExpiresAt != "" {
		t.Errorf("url %s until %q, want %s", f.URL, f.ExpiresAt, want)
	}
	data, about := b.get("a/cat.jpg")
	if sha(data) != f.Output.SHA256 || about.Metadata["shop"] != "7" || aws.ToString(about.CacheControl) != "max-age=60" || aws.ToString(about.ContentType) != "image/jpeg" {
		t.Errorf("stored: %d bytes, %v, %s, %s", len(data), about.Metadata, aws.ToString(about.CacheControl), aws.ToString(about.ContentType))
	}

	f = s.mustUpload(c, "b.jpg", catPhoto(t), `{`+store+`},"webhook":{"url":"http://`+hook.address+`/ok/store"}}`, http.StatusAccepted)
	if f = s.await(t, c, f.ID); f.Status != "completed" || !strings.HasSuffix(f.URL, "/a/b.jpg") {
		t.Errorf("%+v", f)
	}
	if err := eventually(patience, func() error {
		for _, n := range hook.notices("/ok/store") {
			if bytes.Contains(n.body, []byte("/a/b.jpg")) {
				return nil
			}
		}
		return fmt.Errorf("no webhook tells of the object")
	}); err != nil {
		t.Error(err)
	}

	f = s.mustUpload(c, "cat.jpg", catPhoto(t), `{`+store+`,"overwrite":false}}`, http.StatusBadGateway)
	if f.Code != "store-failed" || f.URL == "" {
		t.Fatalf("%+v", f)
	}
	if r, err := get(c, s.base(), f.path()); err != nil || r.status != http.StatusOK || sha(r.body) != sha(data) {
		t.Errorf("the result that could not be stored: status %d, %v", r.status, err)
	}
	f = s.mustUpload(c, "cat.jpg", catPhoto(t), `{"store":{"id":"`+id+`","bucket":"no-such-bucket"}}`, http.StatusBadGateway)
	if !strings.Contains(f.Message, "no such bucket") {
		t.Errorf("message %q", f.Message)
	}
	s.mustUpload(c, "cat.jpg", catPhoto(t), `{"store":{"id":"cf4ef8a4-0000-4000-8000-000000000000"}}`, http.StatusUnprocessableEntity)
}

// TestStoreBatch: fifty items go below one prefix, each under its own name.
func TestStoreBatch(t *testing.T) {
	t.Parallel()
	const items = 50
	b, c := newBucket(t), newClient()
	s := storing(t)
	id := s.connect(c, b.connector("bucket"))
	b.put("in/cat.jpg", catPhoto(t))
	var list []string
	for i := range items {
		list = append(list, fmt.Sprintf(`{"source":{"id":"%s","path":"in/cat.jpg"},"name":"%d.jpg"}`, id, i))
	}
	var ack fields
	s.post(c, "/1.0/batch", `{"store":{"id":"`+id+`","path":"out/"},"items":[`+strings.Join(list, ",")+`]}`, http.StatusAccepted, &ack)
	f := s.await(t, c, ack.ID)
	if f.Status != "completed" || f.URL != "" {
		t.Errorf("status %v, url %q", f.Status, f.URL)
	}
	if keys := b.keys("out/"); len(keys) != items {
		t.Errorf("%d objects: %v", len(keys), keys)
	}
}

// TestBucket: a bucket of E2E_OBJECTS objects, 200 if it is not set, is compressed by one call;
// the server is killed when half of it is done, and the next one does the rest. Each result is
// written once, and another call finds all of it done.
func TestBucket(t *testing.T) {
	t.Parallel()
	objects := given(t, "E2E_OBJECTS", 200)
	b, c := newBucket(t), newClient()
	s := storing(t)
	id := s.connect(c, b.connector("bucket"))
	var adding sync.WaitGroup
	for part := range 8 {
		adding.Go(func() {
			for i := part; i < objects; i += 8 {
				b.put(fmt.Sprintf("in/%d/%d.svg", i%7, i), fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><!-- %d --><g><rect width="%d" height="4"/></g></svg>`, i, i%8+1))
			}
		})
	}
	adding.Wait()
	call := `{"source":{"id":"` + id + `","prefix":"in/"},"store":{"id":"` + id + `","path":"out/"}}`
	var ack fields
	s.post(c, "/1.0/batch", call, http.StatusAccepted, &ack)
	if err := eventually(patience, func() error {
		if n := len(b.keys("out/")); n < objects/2 {
			return fmt.Errorf("%d objects done", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s.kill()
	s.launch()
	s.waitReady()
	s.await(t, c, ack.ID)
	s.checkTally(c, ack.ID, objects, 0)
	b.checkOnce(objects)

	s.post(c, "/1.0/batch", call, http.StatusAccepted, &ack)
	s.await(t, c, ack.ID)
	s.checkTally(c, ack.ID, 0, objects)
	b.checkOnce(objects)
}

// checkTally holds the counts of a job over a bucket against what is expected. What was stored
// before a kill, but not yet written down, is told as skipped by the next process.
func (s *server) checkTally(c *http.Client, id string, completed, skipped int) {
	s.t.Helper()
	r, err := get(c, s.base(), "/1.0/jobs/"+id)
	if err != nil {
		s.t.Fatal(err)
	}
	var f struct {
		Objects struct{ Total, Completed, Skipped, Failed int }
		URL     string
	}
	if err := json.Unmarshal(r.body, &f); err != nil {
		s.t.Fatal(err)
	}
	o := f.Objects
	if o.Total != completed+skipped || o.Failed != 0 || o.Completed > completed || completed-o.Completed > 8 {
		s.t.Errorf("%+v instead of %d completed and %d skipped", o, completed, skipped)
	}
	list, err := get(c, s.base(), fields{URL: f.URL}.path())
	if err != nil || bytes.Count(list.body, []byte("\n")) != o.Total {
		s.t.Errorf("the list has %d lines of %d, %v", bytes.Count(list.body, []byte("\n")), o.Total, err)
	}
}

// checkOnce: there are so many results, each written once.
func (b *bucket) checkOnce(n int) {
	b.t.Helper()
	if got := len(b.keys("out/")); got != n {
		b.t.Errorf("%d results instead of %d", got, n)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for path, puts := range b.puts {
		if puts != 1 {
			b.t.Errorf("%s was written %d times", path, puts)
		}
	}
	if len(b.puts) != n {
		b.t.Errorf("%d objects were written instead of %d", len(b.puts), n)
	}
}

// TestGoogleAndAzure: the same through the other two protocols, against servers of them.
func TestGoogleAndAzure(t *testing.T) {
	t.Parallel()
	c := newClient()
	google, azurite := servers.GCS(t), servers.Azurite(t)
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"t","token_type":"Bearer","expires_in":3600}`)
	}))
	t.Cleanup(tokens.Close)
	s := storing(t, "COMPRESSOR_GCS_ENDPOINT="+google.URL, "COMPRESSOR_GCS_TOKEN="+tokens.URL,
		"COMPRESSOR_AZURE_ENDPOINT="+strings.TrimSuffix(azurite.URL, "/"+azurite.Key))
	makeBucket(t, google.URL+"/storage/v1/b?project=test", `{"name":"results-of-tests"}`)
	makeContainer(t, azurite)
	for _, body := range []map[string]any{
		{"name": "google", "provider": "gcs", "bucket": bucketName, "credentials": map[string]string{"service_account": canary.ServiceAccount(t).Text}},
		{"name": "azure", "provider": "azure", "bucket": bucketName, "credentials": map[string]string{"account": azurite.Key, "key": azurite.Secret}},
	} {
		id := s.connect(c, body)
		var trial struct {
			OK     bool
			Rights json.RawMessage
		}
		if s.post(c, "/1.0/connectors/"+id+"/test", "", http.StatusOK, &trial); !trial.OK {
			t.Errorf("%v: %s", body["name"], trial.Rights)
		}
		f := s.mustUpload(c, "cat.jpg", catPhoto(t), `{"store":{"id":"`+id+`","path":"in/{name}.{ext}"}}`, http.StatusOK)
		if !strings.HasSuffix(f.URL, "/"+bucketName+"/in/cat.jpg") {
			t.Errorf("url %s", f.URL)
		}
		var again fields
		s.post(c, "/1.0/fetch", `{"source":{"id":"`+id+`","path":"in/cat.jpg"}}`, http.StatusOK, &again)
		if again.Input.SHA256 != f.Output.SHA256 {
			t.Errorf("%v: read %+v, written %+v", body["name"], again.Input, f.Output)
		}
		var ack fields
		s.post(c, "/1.0/batch", `{"source":{"id":"`+id+`","prefix":"in/"},"store":{"id":"`+id+`","path":"out/"}}`, http.StatusAccepted, &ack)
		s.await(t, c, ack.ID)
		s.checkTally(c, ack.ID, 1, 0)
		s.post(c, "/1.0/batch", `{"source":{"id":"`+id+`","prefix":"in/"},"store":{"id":"`+id+`","path":"out/"}}`, http.StatusAccepted, &ack)
		s.await(t, c, ack.ID)
		s.checkTally(c, ack.ID, 0, 1)
	}
}
