package storage

import (
	"fmt"
	"strings"
	"testing"
)

// at is a place behind an endpoint.
func at(endpoint, bucket string) Place {
	return Place{Provider: S3, Endpoint: endpoint, Bucket: bucket}
}

func TestIdentity(t *testing.T) {
	r2 := strings.Repeat("0a", 16)
	for _, c := range []struct {
		place Place
		want  string
	}{
		{Place{Provider: S3, Region: "eu-central-1", Bucket: "shop"}, "amazonaws.com shop "},
		{Place{Provider: S3, Region: "us-east-1", Bucket: "shop"}, "amazonaws.com shop "},
		{Place{Provider: S3, Region: "cn-north-1", Bucket: "shop"}, "amazonaws.com.cn shop "},
		{at("https://s3.amazonaws.com", "shop"), "amazonaws.com shop "},
		{at("https://S3.amazonaws.com:443/", "shop"), "amazonaws.com shop "},
		{at("https://s3.eu-central-1.amazonaws.com", "shop"), "amazonaws.com shop "},
		{at("https://s3-eu-west-1.amazonaws.com", "shop"), "amazonaws.com shop "},
		{at("https://s3.dualstack.eu-central-1.amazonaws.com", "shop"), "amazonaws.com shop "},
		{at("https://s3-fips.dualstack.us-east-1.amazonaws.com", "shop"), "amazonaws.com shop "},
		{at("https://s3-accelerate.dualstack.amazonaws.com", "shop"), "amazonaws.com shop "},
		{at("https://shop.s3.eu-central-1.amazonaws.com", "shop"), "amazonaws.com shop shop/"},
		{at("https://my.shop.s3.amazonaws.com/a", "x"), "amazonaws.com my.shop a/x/"},
		{at("https://s3.amazonaws.com/shop", "x"), "amazonaws.com shop x/"},
		{at("https://s3-shop.s3.amazonaws.com", "x"), "amazonaws.com s3-shop x/"},
		{at("https://p-123.s3-accesspoint.us-east-1.amazonaws.com", "x"), "p-123.s3-accesspoint.us-east-1.amazonaws.com x "},
		{at("https://notamazonaws.com", "x"), "notamazonaws.com x "},
		{place(t, GCS), "storage.googleapis.com shop-media "},
		{at("https://shop-media.storage.googleapis.com", "x"), "storage.googleapis.com shop-media x/"},
		{Place{Provider: B2, Region: "eu-central-003", Bucket: "shop"}, "backblazeb2.com shop "},
		{at("https://s3.eu-central-003.backblazeb2.com", "shop"), "backblazeb2.com shop "},
		{Place{Provider: Spaces, Region: "fra1", Bucket: "shop"}, "fra1.digitaloceanspaces.com shop "},
		{at("https://shop.fra1.digitaloceanspaces.com", "x"), "fra1.digitaloceanspaces.com shop x/"},
		{Place{Provider: R2, Bucket: "shop", Credentials: Credentials{Account: r2}}, r2 + ".r2.cloudflarestorage.com shop "},
		{at("https://"+r2+".eu.r2.cloudflarestorage.com", "shop"), r2 + ".eu.r2.cloudflarestorage.com shop "},
		{at("https://shop."+r2+".r2.cloudflarestorage.com", "x"), r2 + ".r2.cloudflarestorage.com shop x/"},
		{place(t, Azure), "shop1.blob.core.windows.net shop-media "},
		{at("http://Minio.example.com.:80/base/", "x"), "minio.example.com/base x "},
		{at("https://minio.example.com/base", "x"), "minio.example.com/base x "},
		{at("https://minio.example.com:9000", "x"), "minio.example.com:9000 x "},
		{Place{Provider: Local, Root: "/srv/a"}, "local /srv/a "},
	} {
		i := c.place.Identity()
		if got := fmt.Sprint(i.Site, " ", i.Bucket, " ", i.Base); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.place.Provider, c.place.Endpoint, got, c.want)
		}
	}
}

// FuzzIdentity: neither case nor a slash at the end nor the port of the scheme makes another
// bucket of an endpoint, and another bucket is never the same one and the same key.
func FuzzIdentity(f *testing.F) {
	for _, s := range []string{"s3.amazonaws.com", "shop.s3.eu-central-1.amazonaws.com", "minio.example.com", "..amazonaws.com", "fra1.digitaloceanspaces.com", "s3.backblazeb2.com", "r2.cloudflarestorage.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if strings.ContainsAny(host, ":/") || !endpoint("https://"+host) {
			return
		}
		one := at("https://"+host, "bucket-a").Identity()
		if other := at("https://"+strings.ToUpper(host)+":443/", "bucket-a").Identity(); one != other {
			t.Fatalf("%q: %+v and %+v", host, one, other)
		}
		if other := at("https://"+host, "bucket-b").Identity(); one == other {
			t.Fatalf("%q: two buckets are %+v", host, one)
		}
	})
}
