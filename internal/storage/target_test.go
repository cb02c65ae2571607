package storage

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"compressor/internal/recipe"
)

// ask is a store option with nothing but the id.
func ask(edit func(*recipe.Store)) recipe.Store {
	s := recipe.Store{ID: "c", Overwrite: true}
	edit(&s)
	return s
}

func TestAim(t *testing.T) {
	p := place(t, S3)
	s := recipe.Store{
		ID: "c", Bucket: "other", Region: "us-east-1", Path: "x/{name}.{ext}", ACL: "bucket-owner-read", Class: "glacier-ir",
		Metadata: map[string]string{"Made-By": "us"}, Tags: map[string]string{"Größe": "a b+-=._:/@"},
		Headers: map[string]string{"cache-control": "max-age=60", "EXPIRES": "Wed, 01 Dec 2027 16:00:00 GMT", "Content-type": "image/png; charset=x"},
	}
	target, wrong := Aim(p, Defaults{Path: "y/", ACL: Private}, s)
	if len(wrong) > 0 {
		t.Fatal(lines(wrong))
	}
	o, wrong := target.Object(NamesOf("id", "a.png", "sum"), "image/webp")
	if len(wrong) > 0 || o.Key != "x/a.png" || o.MIME != "image/webp" || o.ACL != "bucket-owner-read" || !o.ACLNamed || o.Class != "glacier-ir" || !o.Keep {
		t.Errorf("%+v, %s", o, lines(wrong))
	}
	want := map[string]string{"Cache-Control": "max-age=60", "Expires": "Wed, 01 Dec 2027 16:00:00 GMT", "Content-Type": "image/png; charset=x"}
	if !maps.Equal(o.Headers, want) || !maps.Equal(o.Metadata, s.Metadata) || !maps.Equal(o.Tags, s.Tags) {
		t.Errorf("%+v", o)
	}
	if target.Place.Bucket != "other" || target.Place.Region != "us-east-1" || target.Place.Credentials != p.Credentials {
		t.Errorf("%+v", target.Place)
	}
	o.Headers["Cache-Control"], o.Metadata["Made-By"] = "mine", "me"
	if again, _ := target.Object(NamesOf("id", "b.png", "sum"), "image/webp"); again.Headers["Cache-Control"] != "max-age=60" || s.Metadata["Made-By"] != "us" {
		t.Error("objects of one target share a map")
	}
	if _, wrong := target.Object(NamesOf("id", "../a.png", "sum"), ""); lines(wrong) != "store.path: Must have no segment . or ..; got 'x/../a.png'." {
		t.Error(lines(wrong))
	}
}

// TestDefaults: what the connector says holds where the request is silent, and then what
// the provider implies. An ACL that anybody named is named.
func TestDefaults(t *testing.T) {
	none := ask(func(*recipe.Store) {})
	for _, c := range []struct {
		place Place
		d     Defaults
		ask   recipe.Store
		want  string
	}{
		{place(t, S3), Defaults{}, none, "shop-media eu-central-1 a.png public-read false"},
		{place(t, S3), Defaults{Path: "x/", ACL: Private}, none, "shop-media eu-central-1 x/a.png private true"},
		{place(t, S3), Defaults{Path: "x/"}, ask(func(s *recipe.Store) { s.Path, s.ACL = "/", "public-read" }), "shop-media eu-central-1 a.png public-read true"},
		{Place{Provider: S3, Endpoint: "https://x.example", Bucket: "b"}, Defaults{}, none, "b us-east-1 a.png public-read false"},
		{place(t, R2), Defaults{}, none, "shop-media auto a.png public-read false"},
		{place(t, GCS), Defaults{}, none, "shop-media  a.png public-read false"},
		{place(t, Azure), Defaults{}, ask(func(s *recipe.Store) { s.Container = "other" }), "other  a.png  false"},
		{place(t, Azure), Defaults{}, ask(func(s *recipe.Store) { s.Bucket = "other" }), "other  a.png  false"},
		{place(t, Local), Defaults{}, ask(func(s *recipe.Store) { s.Path = "x/" }), "  x/a.png  false"},
		{Place{Provider: Spaces, Region: "fra1"}, Defaults{}, ask(func(s *recipe.Store) { s.Bucket = "fra1" }), "fra1 fra1 a.png public-read false"},
	} {
		target, wrong := Aim(c.place, c.d, c.ask)
		o, more := target.Object(NamesOf("id", "a.png", "sum"), "image/png")
		got := fmt.Sprint(target.Place.Bucket, " ", target.Place.Region, " ", o.Key, " ", string(o.ACL), " ", o.ACLNamed)
		if got != c.want || len(wrong)+len(more) > 0 || o.Keep {
			t.Errorf("%s: %q %s%s, want %q", c.place.Provider, got, lines(wrong), lines(more), c.want)
		}
	}
}

// storeFault is a store option, on top of nothing but the id, and what is wrong with it.
type storeFault struct {
	p    Provider
	edit func(*recipe.Store)
	want string
}

func ascii(n int) string { return strings.Repeat("x", n) }

func TestStoreFaults(t *testing.T) {
	checkStore(t, []storeFault{
		{S3, func(s *recipe.Store) { s.Bucket, s.Region = "A", "mars" },
			"bucket: Must be 3 to 63 lower-case letters, digits, dots and hyphens, and no IP address; got 'A'.|region: Must be a region of AWS, such as eu-central-1; got 'mars'."},
		{S3, func(s *recipe.Store) { s.Container = "abc" }, "container: Is not for provider 's3'; got 'abc'."},
		{Local, func(s *recipe.Store) { s.Bucket, s.ACL, s.Class = "abc", "private", "standard" },
			"bucket: Is not for provider 'local'; got 'abc'.|acl: Is not for provider 'local'; got 'private'.|class: Is not for provider 'local'; got 'standard'."},
		{Azure, func(s *recipe.Store) { s.Region, s.ACL, s.Class = "eu", "public-read", "archive" },
			"region: Is not for provider 'azure'; got 'eu'.|acl: Is not for provider 'azure'; got 'public-read'.|class: Is not for provider 'azure'; got 'archive'."},
		{R2, func(s *recipe.Store) { s.Region, s.Class = "eu", "standard-ia" }, "region: Must be auto, as for every bucket of R2; got 'eu'.|class: Is not for provider 'r2'; got 'standard-ia'."},
		{GCS, func(s *recipe.Store) { s.ACL, s.Class = "bucket-owner-read", "glacier" },
			"acl: Must be one of public-read, private for provider 'gcs'; got 'bucket-owner-read'.|class: Must be one of standard, nearline, coldline, archive for provider 'gcs'; got 'glacier'."},
		{S3, func(s *recipe.Store) { s.Class = "nearline" },
			"class: Must be one of standard, reduced-redundancy, standard-ia, onezone-ia, intelligent-tiering, glacier, glacier-ir, deep-archive for provider 's3'; got 'nearline'."},
		{Azure, func(s *recipe.Store) { s.Bucket, s.Container, s.Class = "abc", "abd", "archive" },
			"store: Specify either 'bucket' or 'container', not both.|class: Is not for provider 'azure'; got 'archive'."},
		{S3, func(s *recipe.Store) { s.Path = "a/../b" }, "path: Must have no segment . or ..; got 'a/../b'."},
	})
}

func TestHeaderFaults(t *testing.T) {
	checkStore(t, []storeFault{
		{Azure, func(s *recipe.Store) { s.Headers = map[string]string{"Expires": "x"} },
			"headers.Expires: Must be one of Cache-Control, Content-Disposition, Content-Encoding, Content-Language, Content-Type for provider 'azure'; got 'Expires'."},
		{B2, func(s *recipe.Store) { s.Headers = map[string]string{"content-language": "de"} },
			"headers.content-language: Must be one of Cache-Control, Content-Disposition, Content-Encoding, Content-Type for provider 'b2'; got 'content-language'."},
		{S3, func(s *recipe.Store) {
			s.Headers = map[string]string{"X-Amz-Acl": "private", "a\r\nb": "x", "Cache-Control": "a\r\nX-Amz-Acl: private", "cache-control": "", "Content-Type": "png"}
		}, "headers.Cache-Control: Must be 1 to 1024 bytes of printable ASCII, without blanks at its ends; got 'a??X-Amz-Acl: private'.|" +
			"headers.Content-Type: Must be a media type, such as image/png; got 'png'.|" +
			"headers.X-Amz-Acl: Must be one of Cache-Control, Content-Disposition, Content-Encoding, Content-Language, Content-Type, Expires for provider 's3'; got 'X-Amz-Acl'.|" +
			"headers.a??b: Must be one of Cache-Control, Content-Disposition, Content-Encoding, Content-Language, Content-Type, Expires for provider 's3'; got 'a??b'.|" +
			"headers.cache-control: Must be 1 to 1024 bytes of printable ASCII, without blanks at its ends; got ''."},
		{S3, func(s *recipe.Store) {
			s.Headers = map[string]string{"Expires": "tomorrow", "Cache-Control": "a", "CACHE-CONTROL": "b"}
		}, "headers.Cache-Control: Is given more than once; case does not count.|headers.Expires: Must be a date of HTTP, such as Wed, 01 Dec 2027 16:00:00 GMT; got 'tomorrow'."},
		{Local, func(s *recipe.Store) { s.Headers = map[string]string{"Cache-Control": "a"} }, "headers.Cache-Control: Is not for provider 'local', which keeps no headers."},
	})
}

func TestMetadataFaults(t *testing.T) {
	checkStore(t, []storeFault{
		{S3, func(s *recipe.Store) {
			s.Metadata = map[string]string{"a_b": "x", "ok-1": "ü", "": "x", "A": "1", "a": "2"}
		},
			"metadata.: Must have a name of letters, digits and hyphens for provider 's3'; got ''.|metadata.a: Is given more than once; case does not count.|" +
				"metadata.a_b: Must have a name of letters, digits and hyphens for provider 's3'; got 'a_b'.|metadata.ok-1: Must be printable ASCII, without blanks at its ends; got 'ü'."},
		{Azure, func(s *recipe.Store) { s.Metadata = map[string]string{"a_b": "x", "a-b": "x", "1a": "x"} },
			"metadata.1a: Must have a name of letters, digits and underscores, with no digit first for provider 'azure'; got '1a'.|" +
				"metadata.a-b: Must have a name of letters, digits and underscores, with no digit first for provider 'azure'; got 'a-b'."},
		{S3, func(s *recipe.Store) { s.Metadata = map[string]string{"a": ascii(2047)} }, ""},
		{S3, func(s *recipe.Store) { s.Metadata = map[string]string{"a": ascii(1024), "b": ascii(1023)} },
			"metadata: Must be at most 2048 bytes, names and values together; got 2049."},
		{Local, func(s *recipe.Store) { s.Metadata = map[string]string{"a": "x"} }, "metadata.a: Is not for provider 'local', which keeps no metadata."},

		{GCS, func(s *recipe.Store) { s.Tags = map[string]string{"a": "x"} }, "tags: Is not for provider 'gcs'."},
		{GCS, func(s *recipe.Store) {
			s.Tags, s.Headers, s.Metadata = map[string]string{}, map[string]string{}, map[string]string{}
		}, ""},
		{S3, func(s *recipe.Store) {
			s.Tags = map[string]string{"aws:x": "x", "": "x", "a&b": "x", "ok": "a&b", ascii(129): "x", "long": ascii(257)}
		}, "tags.: NAME; got ''.|tags.a&b: NAME; got 'a&b'.|tags.aws:x: NAME; got 'aws:x'.|tags.long: VALUE; got '" + ascii(60) + "…'.|tags.ok: VALUE; got 'a&b'.|" +
			"tags." + ascii(60) + "…: NAME; got '" + ascii(60) + "…'."},
		{S3, func(s *recipe.Store) {
			s.Tags = map[string]string{"a": "", "b": "", "c": "", "d": "", "e": "", "f": "", "g": "", "h": "", "i": "", "j": "", "k": ""}
		}, "tags: Must have at most 10 entries; got 11."},
	})
}

func checkStore(t *testing.T, list []storeFault) {
	t.Helper()
	for _, c := range list {
		_, wrong := Aim(place(t, c.p), Defaults{}, ask(c.edit))
		got := strings.ReplaceAll(lines(wrong), "store.", "")
		got = strings.ReplaceAll(got, "Must have a name of 1 to 128 letters, digits, blanks and any of + - = . _ : / @, which does not begin with aws:", "NAME")
		got = strings.ReplaceAll(got, "Must be at most 256 letters, digits, blanks and any of + - = . _ : / @", "VALUE")
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.p, got, c.want)
		}
	}
}

// TestNeeded: what neither the connector nor the request says is asked for.
func TestNeeded(t *testing.T) {
	const bucket, region = "store.bucket: Is required, since the connector names none.", "store.region: Is required, since the connector names none."
	for p, want := range map[Provider]string{S3: bucket + "|" + region, Spaces: bucket + "|" + region, B2: bucket + "|" + region, GCS: bucket, Azure: bucket, R2: bucket, Local: ""} {
		if _, wrong := Aim(Place{Provider: p}, Defaults{}, ask(func(*recipe.Store) {})); lines(wrong) != want {
			t.Errorf("%s: %s", p, lines(wrong))
		}
	}
	if _, wrong := (Place{Provider: S3, Region: "eu-central-1"}).In("source", "X", ""); !strings.HasPrefix(lines(wrong), "source.bucket: Must be") {
		t.Error(lines(wrong))
	}
}
