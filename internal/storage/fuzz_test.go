package storage

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzEndpoint: what passes names a host, and an object behind it has that host.
func FuzzEndpoint(f *testing.F) {
	for _, s := range []string{"https://minio.example.com:9000/base", "http://[2001:db8::1]", "https://u@x", "https://x\\@y", "https://x/%2e%2e/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !endpoint(s) {
			return
		}
		base, err := url.Parse(s)
		if err != nil || base.Hostname() == "" {
			t.Fatalf("%q: %v", s, err)
		}
		u, err := url.Parse(URL(Place{Provider: S3, Endpoint: s, Bucket: "bucket"}, "a/b"))
		if err != nil || u.Host != base.Host || u.User != nil || u.RawQuery != "" || !strings.HasSuffix(u.Path, "/bucket/a/b") {
			t.Fatalf("%q leads to %v, %v", s, u, err)
		}
	})
}

// FuzzFolder: whatever the path, the folder is a root or below one.
func FuzzFolder(f *testing.F) {
	for _, s := range []string{"/srv/a/x", "x/./y", "/srv/a/../b", "..", "/srv/ab", "/srv//a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, roots := range [][]string{{"/srv/a"}, {"/srv/a/", "/srv/b"}} {
			folder, wrong := Folder(roots, path)
			if wrong != "" {
				continue
			}
			below := false
			for _, root := range roots {
				rel, err := filepath.Rel(root, folder)
				below = below || err == nil && (rel == "." || filepath.IsLocal(rel))
			}
			if !below {
				t.Fatalf("%q is %q, outside of %q", path, folder, roots)
			}
		}
	})
}

// FuzzServiceAccount: what passes is of the one type that is safe, with Google's address for
// tokens, also to a reader that takes names as they are written.
func FuzzServiceAccount(f *testing.F) {
	good := serviceJSON(f, nil)
	f.Add(good)
	f.Add(serviceJSON(f, map[string]string{"type": "external_account"}))
	f.Add(`{"type":"service_account","TYPE":"external_account"}`)
	f.Add(strings.TrimSuffix(good, "}") + `,"Token_URI":"http://169.254.169.254/"}`)
	f.Add(`{"token_uri":"http://169.254.169.254/","Token_URI":"` + TokenURL + `",` + strings.Replace(good[1:], `"token_uri"`, `"x"`, 1))
	f.Add(strings.TrimSuffix(good, "}") + `,"universe_domain":"evil.example","univerſe_domain":"googleapis.com"}`)
	f.Fuzz(func(t *testing.T, s string) {
		if !serviceAccount(s) {
			return
		}
		var k map[string]any
		if err := json.Unmarshal([]byte(s), &k); err != nil {
			t.Fatal(err)
		}
		if k["type"] != "service_account" || k["token_uri"] != nil && k["token_uri"] != "" && k["token_uri"] != TokenURL ||
			k["universe_domain"] != nil && k["universe_domain"] != "" && k["universe_domain"] != "googleapis.com" {
			t.Fatalf("%s", s)
		}
	})
}
