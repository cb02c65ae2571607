package azure_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"compressor/internal/egress"
	"compressor/internal/storage"
	"compressor/internal/storage/azure"
	"compressor/internal/storage/storagetest"
	"compressor/internal/vault"
	"compressor/test/servers"
)

func TestStore(t *testing.T) { storagetest.Run(t, benches(t, servers.Azurite(t), false)) }

// TestSignature runs what depends on the credentials with a signature instead of a key.
func TestSignature(t *testing.T) {
	storagetest.Run(t, benches(t, servers.Azurite(t), true), "Sizes", "Names", "Keep", "Remove", "Missing", "WrongKey", "DiesForGood")
}

func benches(t *testing.T, server servers.Store, signed bool) func(t *testing.T) *storagetest.Bench {
	key, err := container.NewSharedKeyCredential(server.Key, server.Secret)
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	return func(t *testing.T) *storagetest.Bench {
		made++
		bucket := fmt.Sprintf("test-%v-%d", signed, made)
		client, err := container.NewClientWithSharedKeyCredential(server.URL+"/"+bucket, key, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Create(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		look := looker{server: server, bucket: bucket, sas: signature(t, key, bucket, sas.ContainerPermissions{Read: true, Write: true, Create: true, List: true})}
		return &storagetest.Bench{
			Endpoint: server.URL, Look: look.at, Fill: look.fill,
			Can: storagetest.Can{
				Metadata: true, NoACL: true, Refuses: true, Keys: true, Digests: true, Keeps: true, Nested: true, UTF16: true, Slashes: true,
				Headers: []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type"},
			},
			Open: func(t *testing.T, s storagetest.Setup) storage.Bucket {
				p := storage.Place{Provider: storage.Azure, Bucket: bucket, Credentials: storage.Credentials{Account: server.Key}}
				if s.Bucket != "" {
					p.Bucket = s.Bucket
				}
				switch {
				case signed:
					text := signature(t, key, p.Bucket, sas.ContainerPermissions{Read: true, Write: true, Create: true, List: true, Delete: true})
					if s.WrongKey {
						text = strings.Replace(text, "sig=", "sig=AAAA", 1)
					}
					p.Credentials.SAS = vault.NewSecret(text)
				case s.WrongKey:
					p.Credentials.Key = vault.NewSecret(base64.StdEncoding.EncodeToString(make([]byte, 64)))
				default:
					p.Credentials.Key = vault.NewSecret(server.Secret)
				}
				b, err := azure.Open(p, azure.Options{Client: s.Client, Endpoint: s.Endpoint, Tries: s.Tries})
				if err != nil {
					t.Fatal(err)
				}
				return b
			},
		}
	}
}

func signature(t *testing.T, key *container.SharedKeyCredential, bucket string, may sas.ContainerPermissions) string {
	t.Helper()
	q, err := sas.BlobSignatureValues{
		Protocol: sas.ProtocolHTTPSandHTTP, ContainerName: bucket, Permissions: may.String(),
		StartTime: time.Now().Add(-time.Hour).UTC(), ExpiryTime: time.Now().Add(time.Hour).UTC(),
	}.SignWithSharedKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return q.Encode()
}

// looker sees objects by net/http alone, with a signature.
type looker struct {
	server      servers.Store
	bucket, sas string
}

func (l looker) url(key string) string {
	return l.server.URL + "/" + l.bucket + "/" + strings.ReplaceAll(url.PathEscape(key), "%2F", "/") + "?" + l.sas
}

func (l looker) at(t *testing.T, key string) (storagetest.Seen, bool) {
	t.Helper()
	reply, err := http.Get(l.url(key))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	if reply.StatusCode == http.StatusNotFound {
		return storagetest.Seen{}, false
	}
	if reply.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", key, data)
	}
	s := storagetest.Seen{Size: int64(len(data)), Sum: sha256.Sum256(data), Headers: map[string]string{}, Metadata: map[string]string{}}
	for name := range reply.Header {
		s.Headers[name] = reply.Header.Get(name)
		if short, meta := strings.CutPrefix(name, "X-Ms-Meta-"); meta {
			s.Metadata[strings.ToLower(short)] = reply.Header.Get(name)
		}
	}
	return s, true
}

func (l looker) fill(t *testing.T, keys []string) {
	t.Helper()
	next := make(chan string)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for key := range next {
				r, err := http.NewRequest(http.MethodPut, l.url(key), strings.NewReader("five!"))
				if err != nil {
					t.Error(err)
					continue
				}
				r.Header.Set("X-Ms-Blob-Type", "BlockBlob")
				reply, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					continue
				}
				reply.Body.Close()
				if reply.StatusCode != http.StatusCreated {
					t.Errorf("%q: %s", key, reply.Status)
				}
			}
		})
	}
	for _, key := range keys {
		next <- key
	}
	close(next)
	wait.Wait()
}

// TestRights: a signature that lacks a right is told from a wrong one.
func TestRights(t *testing.T) {
	server := servers.Azurite(t)
	b := benches(t, server, false)(t)
	key, err := container.NewSharedKeyCredential(server.Key, server.Secret)
	if err != nil {
		t.Fatal(err)
	}
	p := storage.Place{Provider: storage.Azure, Bucket: "test-false-1", Credentials: storage.Credentials{
		Account: server.Key, SAS: vault.NewSecret(signature(t, key, "test-false-1", sas.ContainerPermissions{Read: true}))}}
	bucket, err := azure.Open(p, azure.Options{Client: storagetest.Client(egress.Policy{}), Endpoint: b.Endpoint})
	if err != nil {
		t.Fatal(err)
	}
	_, err = bucket.Put(t.Context(), storage.Object{Key: "key", MIME: "image/png"}, storagetest.Body(t, 10, 1))
	var f *storage.Fault
	if !errors.As(err, &f) || f.Reason != storage.Denied || strings.Contains(fmt.Sprint(err, errors.Unwrap(err)), "sig=") {
		t.Errorf("%v, want %s", err, storage.Denied)
	}
}

// TestUnknownAccount: what the service tells of an account that it does not know is no tale of
// an object where one is written, or where all are listed.
func TestUnknownAccount(t *testing.T) {
	server := servers.Azurite(t)
	p := storage.Place{Provider: storage.Azure, Bucket: "box", Credentials: storage.Credentials{Account: "nobody", Key: vault.NewSecret(server.Secret)}}
	bucket, err := azure.Open(p, azure.Options{Client: storagetest.Client(egress.Policy{}), Endpoint: strings.TrimSuffix(server.URL, server.Key) + "nobody"})
	if err != nil {
		t.Fatal(err)
	}
	_, written := bucket.Put(t.Context(), storage.Object{Key: "key", MIME: "image/png"}, storagetest.Body(t, 10, 1))
	listed := bucket.List(t.Context(), "", "", func(storage.Info) error { return nil })
	for _, err := range []error{written, listed} {
		if !storage.Is(err, storage.NoBucket) {
			t.Errorf("%v, want %s", err, storage.NoBucket)
		}
	}
}

// TestOpen: what cannot be credentials is refused before anything is asked.
func TestOpen(t *testing.T) {
	for _, c := range []struct {
		name   string
		place  storage.Place
		reason storage.Reason
	}{
		{"key not in base64", storage.Place{Provider: storage.Azure, Bucket: "box", Credentials: storage.Credentials{Account: "account", Key: vault.NewSecret("no base64!")}}, storage.BadKey},
		{"account that is a host", storage.Place{Provider: storage.Azure, Bucket: "box", Credentials: storage.Credentials{Account: "a.example/x", Key: vault.NewSecret("AAAA")}}, storage.Invalid},
		{"bucket that is a path", storage.Place{Provider: storage.Azure, Bucket: "box/../other", Credentials: storage.Credentials{Account: "account", Key: vault.NewSecret("AAAA")}}, storage.Invalid},
		{"other provider", storage.Place{Provider: storage.S3, Bucket: "box", Credentials: storage.Credentials{Account: "account", Key: vault.NewSecret("AAAA")}}, storage.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := azure.Open(c.place, azure.Options{})
			var f *storage.Fault
			if !errors.As(err, &f) || f.Reason != c.reason {
				t.Errorf("%v, want %s", err, c.reason)
			}
		})
	}
}
