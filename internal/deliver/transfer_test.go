package deliver

import (
	"context"
	"strings"
	"testing"

	"compressor/internal/recipe"
	"compressor/internal/storage"
)

// places are connectors by their ids.
type places map[string]storage.Place

func (p places) Open(_ context.Context, id string) (storage.Place, storage.Defaults, error) {
	return p[id], storage.Defaults{}, nil
}

// TestOneBucketByTwoNames: results do not fall on sources because the bucket goes by another
// host name. Nothing is asked of it.
func TestOneBucketByTwoNames(t *testing.T) {
	aws := func(endpoint, bucket string) storage.Place {
		return storage.Place{Provider: storage.S3, Endpoint: endpoint, Region: "eu-central-1", Bucket: bucket}
	}
	p := places{
		"own":       aws("", "shop-media"),
		"global":    aws("https://s3.amazonaws.com", "shop-media"),
		"dualstack": aws("https://s3.dualstack.eu-central-1.amazonaws.com", "shop-media"),
		"in host":   aws("https://shop-media.s3.eu-central-1.amazonaws.com", "in"),
		"other":     aws("https://s3.amazonaws.com", "shop-results"),
		"minio":     aws("https://minio.example.com", "shop-media"),
		"minio too": aws("https://MINIO.example.com:443/", "shop-media"),
		"alias":     aws("https://store.example.com", "shop-media"),
	}
	d := New(p, func(storage.Place) (storage.Bucket, error) { return nil, nil }, 1)
	for _, c := range []struct {
		from, prefix, to, path string
		above                  bool   // the results would lie above the sources
		inPlace                string // a key whose result takes its place
		result                 string // a key that lies among the results
	}{
		{from: "own", prefix: "in/", to: "own", path: "/", above: true},
		{from: "own", prefix: "in/", to: "global", path: "/", above: true},
		{from: "global", prefix: "in/", to: "dualstack", path: "/", above: true},
		{from: "own", prefix: "in/a/", to: "in host", path: "/", above: true},
		{from: "own", prefix: "in/", to: "dualstack", path: "in/", inPlace: "in/x"},
		{from: "own", prefix: "in/a/", to: "in host", path: "a/", inPlace: "in/a/x"},
		{from: "own", prefix: "in/", to: "global", path: "in/out/", result: "in/out/x"},
		{from: "in host", prefix: "", to: "own", path: "in/out/", result: "out/x"},
		{from: "own", prefix: "in/", to: "other", path: "/"},
		{from: "own", prefix: "in/", to: "minio", path: "/"},
		{from: "minio", prefix: "in/", to: "minio too", path: "/", above: true},
		{from: "minio", prefix: "in/", to: "alias", path: "/"}, // which docs/connectors.md admits
	} {
		what := c.from + " " + c.prefix + " to " + c.to + " " + c.path
		source, target := recipe.Prefix{ID: c.from, Prefix: c.prefix}, recipe.Store{ID: c.to, Path: c.path, Overwrite: true}
		err := d.CheckTransfer(t.Context(), source, target)
		if got := told(err); strings.Contains(got, "|store.path: Must not be a folder above") != c.above || (err != nil) != c.above {
			t.Errorf("%s: %v", what, err)
		}
		if c.above {
			continue
		}
		tr, err := d.Begin(t.Context(), source, target, nil)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if c.inPlace != "" && (!tr.InPlace(c.inPlace, "") || tr.InPlace(c.inPlace, ".webp")) || c.inPlace == "" && tr.InPlace(c.prefix+"x", "") {
			t.Errorf("%s: in place wrong", what)
		}
		if c.result != "" && !tr.isResult(c.result) || tr.isResult(c.prefix+"x") {
			t.Errorf("%s: results wrong", what)
		}
	}
}
