package s3_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"compressor/internal/egress"
	"compressor/internal/storage"
	"compressor/internal/storage/s3"
	"compressor/internal/storage/storagetest"
	"compressor/internal/vault"
	"compressor/test/servers"
)

// place is a bucket of a provider.
func place(p storage.Provider) storage.Place {
	region := map[storage.Provider]string{storage.S3: "us-east-1", storage.Spaces: "fra1", storage.B2: "eu-central-003"}[p]
	return storage.Place{Provider: p, Region: region, Credentials: storage.Credentials{Account: "0123456789abcdef0123456789abcdef"}}
}

// TestStores runs the suite for each provider: on buckets with ACLs on, where that is for their
// client to choose, and for S3 also on one that enforces its owner.
func TestStores(t *testing.T) {
	all := []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires"}
	for _, c := range []struct {
		name  string
		place storage.Place
		owned types.ObjectOwnership
		front answer
		can   storagetest.Can
		only  []string
	}{
		{"S3", place(storage.S3), aclsOn, nil, storagetest.Can{Tags: true, Keeps: true}, nil},
		{"S3OwnerEnforced", place(storage.S3), aclsOff, ownerEnforced, storagetest.Can{NoACL: true, Refuses: true, Tags: true, Keeps: true}, []string{"Properties", "ACL", "Keep", "LostAnswer"}},
		{"Compatible", compatible(), aclsOn, nil, storagetest.Can{Tags: true, Keeps: true}, nil},
		{"Spaces", place(storage.Spaces), aclsOn, nil, storagetest.Can{}, nil},
		{"B2", place(storage.B2), aclsOn, nil, storagetest.Can{}, nil},
		{"R2", place(storage.R2), aclsOff, notImplemented, storagetest.Can{NoACL: true, Refuses: true, Keeps: true}, nil},
		{"GCS", place(storage.GCS), aclsOn, nil, storagetest.Can{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.can.Headers, c.can.Metadata, c.can.Keys, c.can.Digests = all, true, true, true
			storagetest.Run(t, benches(t, c.place, c.owned, c.front, c.can), c.only...)
		})
	}
}

// compatible is a bucket behind an endpoint that the connector names. A test that has a server
// puts its address there.
func compatible() storage.Place {
	p := place(storage.S3)
	p.Endpoint, p.Region = "https://store.example", ""
	return p
}

// answer takes requests that the test server does not answer as the provider documents.
type answer func(w http.ResponseWriter, r *http.Request) bool

// refusal answers requests with one of these ACLs as S3 does.
func refusal(status int, code string, acls ...string) answer {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !slices.Contains(acls, r.Header.Get("X-Amz-Acl")) {
			return false
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>No.</Message></Error>`, code)
		return true
	}
}

// versitygw takes any ACL of an object, whatever the ownership of the bucket, and keeps none.
// These answer for it as AWS (docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html)
// and Cloudflare (developers.cloudflare.com/r2/api/s3/api) document.
func ownerEnforced(w http.ResponseWriter, r *http.Request) bool {
	return refusal(http.StatusBadRequest, "AccessControlListNotSupported", "public-read", "private")(w, r)
}

func notImplemented(w http.ResponseWriter, r *http.Request) bool {
	return refusal(http.StatusNotImplemented, "NotImplemented", "public-read", "private")(w, r)
}

// What may be asked of a bucket about the ACLs of its objects: with the first they count, with
// the second its owner owns them all and there are none.
const (
	aclsOn  = types.ObjectOwnershipBucketOwnerPreferred
	aclsOff = types.ObjectOwnershipBucketOwnerEnforced
)

// benches makes a bench of each call, with a bucket of that ownership on one server.
func benches(t *testing.T, p storage.Place, owned types.ObjectOwnership, front answer, can storagetest.Can) func(t *testing.T) *storagetest.Bench {
	region := p.Region
	switch p.Provider {
	case storage.R2, storage.GCS:
		region = "auto"
	case storage.S3:
		region = "us-east-1"
	}
	server := servers.Versity(t, region)
	p.Credentials.AccessKeyID, p.Credentials.SecretAccessKey = server.Key, vault.NewSecret(server.Secret)
	client := clientOf(server, region)
	endpoint, made := server.URL, 0
	if front != nil {
		endpoint = storagetest.Front(t, server.URL, front)
	}
	return func(t *testing.T) *storagetest.Bench {
		made++
		p := p
		p.Bucket = fmt.Sprintf("test-bucket-%d", made)
		makeBucket(t, client, p.Bucket, owned)
		look := looker{client: client, bucket: p.Bucket, dir: server.Dir}
		return &storagetest.Bench{
			Endpoint: endpoint, Look: look.at, Unfinished: look.unfinished, Fill: look.fill, Can: can,
			Open: func(t *testing.T, s storagetest.Setup) storage.Bucket {
				q := p
				if s.Bucket != "" {
					q.Bucket = s.Bucket
				}
				if q.Endpoint != "" {
					q.Endpoint = s.Endpoint
				}
				if s.WrongKey {
					q.Credentials.SecretAccessKey = vault.NewSecret("not-the-secret")
				}
				b, err := s3.Open(q, s3.Options{Client: s.Client, Endpoint: s.Endpoint, Tries: s.Tries})
				if err != nil {
					t.Fatal(err)
				}
				return b
			},
		}
	}
}

// clientOf is a client of a server that is not the driver.
func clientOf(server servers.Store, region string) *sdk.Client {
	return sdk.New(sdk.Options{
		Region: region, BaseEndpoint: &server.URL, UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: server.Key, SecretAccessKey: server.Secret}, nil
		}),
	})
}

// looker sees objects by the files that the server keeps them in, and their properties by the
// SDK, not through the driver.
type looker struct {
	client      *sdk.Client
	bucket, dir string
}

func (l looker) at(t *testing.T, key string) (storagetest.Seen, bool) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(l.dir, l.bucket, filepath.FromSlash(key)))
	if errors.Is(err, fs.ErrNotExist) {
		return storagetest.Seen{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	s := storagetest.Seen{Size: int64(len(data)), Sum: sha256.Sum256(data), Headers: map[string]string{}, Tags: map[string]string{}}
	head, err := l.client.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: &l.bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	s.Metadata = head.Metadata
	for name, value := range map[string]*string{
		"Cache-Control": head.CacheControl, "Content-Disposition": head.ContentDisposition, "Content-Encoding": head.ContentEncoding,
		"Content-Language": head.ContentLanguage, "Content-Type": head.ContentType, "Expires": head.ExpiresString,
	} {
		s.Headers[name] = aws.ToString(value)
	}
	tags, err := l.client.GetObjectTagging(t.Context(), &sdk.GetObjectTaggingInput{Bucket: &l.bucket, Key: &key})
	if err == nil {
		for _, tag := range tags.TagSet {
			s.Tags[*tag.Key] = *tag.Value
		}
	}
	return s, true
}

func (l looker) fill(t *testing.T, keys []string) {
	t.Helper()
	for _, key := range keys {
		path := filepath.Join(l.dir, l.bucket, filepath.FromSlash(key))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("five!"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func (l looker) unfinished(t *testing.T) int {
	t.Helper()
	list, err := l.client.ListMultipartUploads(t.Context(), &sdk.ListMultipartUploadsInput{Bucket: &l.bucket})
	if err != nil {
		t.Fatal(err)
	}
	return len(list.Uploads)
}

// TestACLRefusals: however a store says that it takes no ACL, what nobody named is left out,
// and what somebody named is not.
func TestACLRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		front  answer
		reason storage.Reason
	}{
		{"owner enforced", refusal(http.StatusBadRequest, "AccessControlListNotSupported", "public-read"), storage.ACLRefused},
		{"public access blocked", refusal(http.StatusForbidden, "AccessDenied", "public-read"), storage.Denied},
		{"not that of the bucket", refusal(http.StatusBadRequest, "InvalidRequest", "public-read"), storage.Invalid},
		{"not implemented", refusal(http.StatusNotImplemented, "NotImplemented", "public-read"), storage.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := benches(t, place(storage.S3), aclsOn, c.front, storagetest.Can{})(t)
			bucket := b.Open(t, storagetest.Setup{Endpoint: b.Endpoint, Client: storagetest.Client(egress.Policy{})})
			o := storage.Object{Key: "key", MIME: "image/png", ACL: storage.PublicRead, ACLNamed: true}
			_, err := bucket.Put(t.Context(), o, storagetest.Body(t, 10, 1))
			var f *storage.Fault
			if !errors.As(err, &f) || f.Reason != c.reason {
				t.Errorf("named: %v, want %s", err, c.reason)
			}
			if _, there := b.Look(t, "key"); there {
				t.Error("named: written all the same")
			}
			o.ACLNamed = false
			w, err := bucket.Put(t.Context(), o, storagetest.Body(t, 10, 1))
			if _, there := b.Look(t, "key"); err != nil || len(w.Notes) != 1 || !there {
				t.Errorf("not named: %+v, %v, written %v", w, err, there)
			}
		})
	}
}
