package s3

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

func TestReasons(t *testing.T) {
	for _, c := range []struct {
		code   string
		status int
		want   storage.Reason
	}{
		{"AccessControlListNotSupported", 400, storage.ACLRefused},
		{"InvalidAccessKeyId", 403, storage.BadKey},
		{"SignatureDoesNotMatch", 403, storage.BadKey},
		{"AccessDenied", 403, storage.Denied},
		{"NoSuchBucket", 404, storage.NoBucket},
		{"PermanentRedirect", 301, storage.NoBucket},
		{"AuthorizationHeaderMalformed", 400, storage.NoBucket},
		{"NoSuchKey", 404, storage.NoObject},
		{"NotFound", 404, storage.NoObject},
		{"PreconditionFailed", 412, storage.Exists},
		{"ConditionalRequestConflict", 409, storage.Busy},
		{"BadDigest", 400, storage.Corrupted},
		{"SlowDown", 503, storage.Busy},
		{"RequestTimeout", 400, storage.Slow},
		{"InternalError", 500, storage.Failed},
		{"NotImplemented", 501, storage.Invalid},
		{"QuotaExceeded", 403, storage.Full},
		{"SomethingNew", 403, storage.Denied},
		{"", 502, storage.Failed},
	} {
		if got := transfer.ReasonOf(reasons[:], c.code, c.status, storage.NoObject); got != c.want {
			t.Errorf("%s %d: %s, want %s", c.code, c.status, got, c.want)
		}
	}
}

// TestCodesOnce: a code with two reasons would have the one that comes first.
func TestCodesOnce(t *testing.T) {
	seen := map[string]storage.Reason{}
	for _, row := range reasons {
		for _, code := range row.Codes {
			if before, twice := seen[code]; twice {
				t.Errorf("%s stands for %s and %s", code, before, row.Reason)
			}
			seen[code] = row.Reason
		}
	}
}

// TestTagOf: the ETag is the one that S3 documents for parts: the MD5 of their MD5s.
func TestTagOf(t *testing.T) {
	part := func(tag string) types.CompletedPart { return types.CompletedPart{ETag: aws.String(tag)} }
	// The MD5s of "a" and "b"; md5sum gives that of both.
	parts := []types.CompletedPart{part(`"0cc175b9c0f1b6a831c399e269772661"`), part(`"92eb5ffee6ae2fec3ad71c777531578f"`)}
	if got := tagOf(parts); got != "96e024ba2074fe77e8e965ba43a704be-2" {
		t.Errorf("%s", got)
	}
	for _, odd := range []string{"", "not-hex", `"abcd"`} {
		if got := tagOf([]types.CompletedPart{part(odd)}); got != "" {
			t.Errorf("%q: %s", odd, got)
		}
	}
}

func TestOpen(t *testing.T) {
	good := storage.Place{Provider: storage.S3, Region: "eu-central-1", Bucket: "a-bucket"}
	if _, err := Open(good, Options{}); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*storage.Place){
		"region that is a host":    func(p *storage.Place) { p.Region = "evil.example/#" },
		"bucket that is a path":    func(p *storage.Place) { p.Bucket = "a/b" },
		"bucket that is an ARN":    func(p *storage.Place) { p.Bucket = "arn:aws:s3:us-east-1:123456789012:accesspoint/x" },
		"provider without buckets": func(p *storage.Place) { p.Provider = storage.Local },
		"other protocol":           func(p *storage.Place) { p.Provider = storage.Azure },
		"no region":                func(p *storage.Place) { p.Region = "" },
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			change(&p)
			if _, err := Open(p, Options{}); !storage.Is(err, storage.Invalid) {
				t.Errorf("%v, want %s", err, storage.Invalid)
			}
		})
	}
}

// FuzzDecoded: whatever a store lists, a name is decoded or refused.
func FuzzDecoded(f *testing.F) {
	f.Add("a%20b+c")
	f.Add("%zz")
	f.Fuzz(func(t *testing.T, key string) {
		plain, err := decoded(key, types.EncodingTypeUrl)
		if err == nil && len(plain) > len(key) || err != nil && !storage.Is(err, storage.Failed) {
			t.Errorf("%q: %q, %v", key, plain, err)
		}
		if same, err := decoded(key, ""); err != nil || same != key {
			t.Errorf("%q without encoding: %q, %v", key, same, err)
		}
	})
}
