package s3_test

import (
	"errors"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"compressor/internal/egress"
	"compressor/internal/storage"
	"compressor/internal/storage/s3"
	"compressor/internal/storage/storagetest"
	"compressor/internal/storage/transfer"
	"compressor/internal/vault"
	"compressor/test/servers"
)

// makeBucket makes a bucket of that ownership and asks the server whether it is of it.
func makeBucket(t *testing.T, client *sdk.Client, name string, owned types.ObjectOwnership) {
	t.Helper()
	if _, err := client.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: &name, ObjectOwnership: owned}); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetBucketOwnershipControls(t.Context(), &sdk.GetBucketOwnershipControlsInput{Bucket: &name})
	if err != nil {
		t.Fatal(err)
	}
	if rules := got.OwnershipControls.Rules; len(rules) != 1 || rules[0].ObjectOwnership != owned {
		t.Fatalf("the bucket is owned by %v, want %s", rules, owned)
	}
}

// codeOf is the code of a store's refusal, "" where there is none.
func codeOf(t *testing.T, err error) string {
	t.Helper()
	var refused smithy.APIError
	if err != nil && !errors.As(err, &refused) {
		t.Fatal(err)
	}
	if refused == nil {
		return ""
	}
	return refused.ErrorCode()
}

// TestOwnership holds what versitygw itself does with ACLs on buckets of either ownership, with
// nobody answering for it. Its buckets refuse ACLs of their own where they enforce their owner.
// Those of objects it takes in both and shows in neither: docs/connectors-requests.md says so,
// and where this test fails because a new release shows more, the suite is to look at it.
func TestOwnership(t *testing.T) {
	server := servers.Versity(t, "us-east-1")
	client := clientOf(server, "us-east-1")
	for owned, refusal := range map[types.ObjectOwnership]string{aclsOn: "", aclsOff: "AccessControlListNotSupported"} {
		t.Run(string(owned), func(t *testing.T) {
			p := place(storage.S3)
			p.Bucket = map[types.ObjectOwnership]string{aclsOn: "with-acls", aclsOff: "without-acls"}[owned]
			makeBucket(t, client, p.Bucket, owned)
			_, err := client.PutBucketAcl(t.Context(), &sdk.PutBucketAclInput{Bucket: &p.Bucket, ACL: types.BucketCannedACLPublicRead})
			if code := codeOf(t, err); code != refusal {
				t.Errorf("an ACL of the bucket: %q, want %q", code, refusal)
			}
			proxy := storagetest.NewProxy(t, server.URL, nil)
			p.Credentials.AccessKeyID, p.Credentials.SecretAccessKey = server.Key, vault.NewSecret(server.Secret)
			bucket, err := s3.Open(p, s3.Options{Client: storagetest.Client(egress.Policy{}), Endpoint: proxy.URL})
			if err != nil {
				t.Fatal(err)
			}
			for i, acl := range []storage.ACL{"", storage.Private, storage.PublicRead} {
				for _, size := range []int64{100, transfer.Small + 5} {
					before := len(proxy.Requests())
					w, err := bucket.Put(t.Context(), storage.Object{Key: "key", MIME: "image/png", ACL: acl, ACLNamed: acl != ""}, storagetest.Body(t, size, uint64(i)))
					if err != nil || len(w.Notes) != 0 {
						t.Errorf("%d bytes with ACL %q: %+v, %v", size, acl, w, err)
					}
					// The first request makes the object or begins its parts, and the server
					// has checked that it is signed with this header.
					if sent := proxy.Requests()[before].Header.Get("X-Amz-Acl"); sent != string(acl) {
						t.Errorf("%d bytes with ACL %q: %q arrived", size, acl, sent)
					}
				}
			}
			key := "key"
			_, err = client.GetObjectAcl(t.Context(), &sdk.GetObjectAclInput{Bucket: &p.Bucket, Key: &key})
			if code := codeOf(t, err); code != "NotImplemented" {
				t.Errorf("the ACL of an object: %q", code)
			}
		})
	}
}
