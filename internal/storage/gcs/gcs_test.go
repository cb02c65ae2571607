package gcs_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"compressor/internal/egress"
	"compressor/internal/storage"
	"compressor/internal/storage/gcs"
	"compressor/internal/storage/storagetest"
	"compressor/internal/vault"
	"compressor/test/servers"
)

const (
	email = "writer@project.iam.gserviceaccount.com"
	token = "ya29.test-token"
)

// giver stands for Google's token address: it checks a statement as Google documents
// (developers.google.com/identity/protocols/oauth2/service-account#httprest) and gives a token.
type giver struct {
	url string
	key *rsa.PrivateKey
}

func newGiver(t *testing.T) *giver {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	g := &giver{key: key}
	server := httptest.NewServer(http.HandlerFunc(g.give))
	t.Cleanup(server.Close)
	g.url = server.URL + "/token"
	return g
}

func (g *giver) give(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if err := g.check(r); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":%q}`, err)
		return
	}
	fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3599}`, token)
}

func (g *giver) check(r *http.Request) error {
	parts := strings.Split(r.FormValue("assertion"), ".")
	if r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || len(parts) != 3 {
		return fmt.Errorf("not a grant")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&g.key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		return err
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var claims struct {
		Iss, Scope, Aud string
		Exp, Iat        int64
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return err
	}
	if claims.Iss != email || claims.Aud != g.url || !strings.HasPrefix(claims.Scope, "https://www.googleapis.com/auth/devstorage.") ||
		claims.Exp-claims.Iat > 3600 || time.Until(time.Unix(claims.Exp, 0)) < 0 {
		return fmt.Errorf("claims %+v", claims)
	}
	return nil
}

// account is the JSON of a service account with this key.
func account(t *testing.T, key *rsa.PrivateKey) vault.Secret {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": email, "private_key_id": "key-1", "token_uri": "https://oauth2.googleapis.com/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return vault.NewSecret(string(text))
}

func TestStore(t *testing.T) {
	storagetest.Run(t, benches(t, nil, storagetest.Can{
		ACL: true, Class: "nearline", Metadata: true, Keys: true, Digests: true, Keeps: true, Nested: true,
		Headers: []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type"},
	}))
}

// TestUniform runs what concerns ACLs on a bucket with uniform access, which fake-gcs-server
// does not know. The answer is the one that Google gives
// (cloud.google.com/storage/docs/uniform-bucket-level-access).
func TestUniform(t *testing.T) {
	refuse := func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("predefinedAcl") == "" {
			return false
		}
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":{"code":400,"message":"Cannot insert legacy ACL for an object when uniform bucket-level access is enabled. Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access","errors":[{"message":"Cannot insert legacy ACL","domain":"global","reason":"invalid"}]}}`)
		return true
	}
	storagetest.Run(t, benches(t, refuse, storagetest.Can{
		NoACL: true, Refuses: true, Keys: true, Digests: true, Keeps: true, Nested: true,
	}), "ACL")
}

// benches makes a bench of each call, with a bucket of its own on one server.
func benches(t *testing.T, front func(http.ResponseWriter, *http.Request) bool, can storagetest.Can) func(t *testing.T) *storagetest.Bench {
	t.Helper()
	server, google := servers.GCS(t), newGiver(t)
	endpoint := storagetest.Front(t, server.URL, func(w http.ResponseWriter, r *http.Request) bool {
		// fake-gcs-server does not look. The address of a session is a credential by itself.
		if r.Header.Get("Authorization") != "Bearer "+token && !r.URL.Query().Has("upload_id") {
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return front != nil && front(w, r)
	})
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good, wrong, made := account(t, google.key), account(t, other), 0
	return func(t *testing.T) *storagetest.Bench {
		made++
		look := looker{url: server.URL, bucket: fmt.Sprintf("test-bucket-%d", made)}
		look.make(t)
		return &storagetest.Bench{
			Endpoint: endpoint, Look: look.at, Fill: look.fill, Can: can,
			Open: func(t *testing.T, s storagetest.Setup) storage.Bucket {
				p := storage.Place{Provider: storage.GCS, Bucket: look.bucket, Credentials: storage.Credentials{ServiceAccount: good}}
				if s.Bucket != "" {
					p.Bucket = s.Bucket
				}
				if s.WrongKey {
					p.Credentials.ServiceAccount = wrong
				}
				b, err := gcs.Open(p, gcs.Options{Client: s.Client, Endpoint: s.Endpoint, TokenURL: google.url, Tries: s.Tries})
				if err != nil {
					t.Fatal(err)
				}
				return b
			},
		}
	}
}

// looker sees objects through the JSON API by net/http alone.
type looker struct{ url, bucket string }

func (l looker) make(t *testing.T) {
	t.Helper()
	l.post(t, l.url+"/storage/v1/b?project=p", fmt.Sprintf(`{"name":%q}`, l.bucket))
}

func (l looker) post(t *testing.T, to, body string) {
	t.Helper()
	reply, err := http.Post(to, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		t.Fatal(reply.Status)
	}
}

func (l looker) fill(t *testing.T, keys []string) {
	t.Helper()
	for _, key := range keys {
		l.post(t, l.url+"/upload/storage/v1/b/"+l.bucket+"/o?uploadType=media&name="+url.QueryEscape(key), "five!")
	}
}

func (l looker) at(t *testing.T, key string) (storagetest.Seen, bool) {
	t.Helper()
	get := func(query string) ([]byte, bool) {
		reply, err := http.Get(l.url + "/storage/v1/b/" + l.bucket + "/o/" + url.PathEscape(key) + query)
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		body, err := io.ReadAll(reply.Body)
		if err != nil {
			t.Fatal(err)
		}
		return body, reply.StatusCode == http.StatusOK
	}
	raw, ok := get("")
	if !ok {
		return storagetest.Seen{}, false
	}
	var o struct {
		ContentType, CacheControl, ContentDisposition, ContentEncoding, ContentLanguage string

		StorageClass string
		Metadata     map[string]string
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&o); err != nil {
		t.Fatal(err)
	}
	data, _ := get("?alt=media")
	s := storagetest.Seen{Size: int64(len(data)), Sum: sha256.Sum256(data), Metadata: o.Metadata, Headers: map[string]string{
		"Content-Type": o.ContentType, "Cache-Control": o.CacheControl, "Content-Disposition": o.ContentDisposition,
		"Content-Encoding": o.ContentEncoding, "Content-Language": o.ContentLanguage,
	}}
	if o.StorageClass != "STANDARD" {
		s.Class = strings.ToLower(o.StorageClass)
	}
	rules, _ := get("/acl")
	s.ACL = aclOf(t, rules)
	return s, true
}

// aclOf is the canned ACL that a list of rules comes to. The server tells none from private.
func aclOf(t *testing.T, list []byte) storage.ACL {
	t.Helper()
	var rules struct {
		Items []struct{ Entity, Role string }
	}
	if err := json.Unmarshal(list, &rules); err != nil || len(rules.Items) == 0 {
		t.Fatalf("the ACL %s: %v", list, err)
	}
	for _, r := range rules.Items {
		if r.Entity == "allUsers" && r.Role == "READER" {
			return storage.PublicRead
		}
	}
	return storage.Private
}

// TestAccounts: only a service account of Google's is taken, and no other address than
// Google's is ever told anything.
func TestAccounts(t *testing.T) {
	google := newGiver(t)
	for name, text := range map[string]string{
		"no JSON":          "-----BEGIN",
		"user":             `{"type":"authorized_user","client_id":"x","client_secret":"y","refresh_token":"z"}`,
		"external account": `{"type":"external_account","credential_source":{"executable":{"command":"/bin/sh"}}}`,
		"other address":    strings.Replace(account(t, google.key).Reveal(), "oauth2.googleapis.com", "oauth2.example.com", 1),
		"plain http":       strings.Replace(account(t, google.key).Reveal(), "https://oauth2", "http://oauth2", 1),
		"other universe":   strings.Replace(account(t, google.key).Reveal(), `"client_email"`, `"universe_domain":"example.com","client_email"`, 1),
		"no key":           `{"type":"service_account","client_email":"a@b"}`,
	} {
		t.Run(name, func(t *testing.T) {
			p := storage.Place{Provider: storage.GCS, Bucket: "test-bucket", Credentials: storage.Credentials{ServiceAccount: vault.NewSecret(text)}}
			_, err := gcs.Open(p, gcs.Options{Client: storagetest.Client(egress.Policy{})})
			if f, ok := err.(*storage.Fault); !ok || f.Reason != storage.BadKey {
				t.Errorf("%v, want %s", err, storage.BadKey)
			}
		})
	}
}
