package storage

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/schema"
	"compressor/internal/vault"
)

func lines(fields []problem.Field) string {
	var out []string
	for _, f := range fields {
		out = append(out, f.Path+": "+f.Message)
	}
	return strings.Join(out, "|")
}

// pair are good credentials of the S3 family.
func pair() Credentials {
	return Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: vault.NewSecret("wJalrXUtnFEMI/K7MDENG")}
}

const r2ID = "023e105f4ecef8ad9ca31a8372d0c353"

// access are good credentials of a provider.
func access(t testing.TB, p Provider) Credentials {
	c := pair()
	switch p {
	case R2:
		c.Account = r2ID
	case GCS:
		return Credentials{ServiceAccount: vault.NewSecret(serviceJSON(t, nil))}
	case Azure:
		return Credentials{Account: "shop1", Key: vault.NewSecret(base64.StdEncoding.EncodeToString(make([]byte, 64)))}
	case Local:
		return Credentials{}
	}
	return c
}

// keyDER is an RSA key, made once.
var keyDER = sync.OnceValues(func() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
})

// serviceJSON is the key file of a service account, with some fields changed.
func serviceJSON(t testing.TB, change map[string]string) string {
	t.Helper()
	der, err := keyDER()
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{
		"type": "service_account", "client_email": "shop@project.iam.gserviceaccount.com", "token_uri": TokenURL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}
	maps.Copy(fields, change)
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// place is a good place of a provider, with all that it needs.
func place(t testing.TB, p Provider) Place {
	out := Place{Provider: p, Bucket: "shop-media", Credentials: access(t, p)}
	switch p {
	case S3:
		out.Region = "eu-central-1"
	case Spaces:
		out.Region = "fra1"
	case B2:
		out.Region = "eu-central-003"
	case Local:
		out.Bucket, out.Root = "", "/srv/out"
	}
	return out
}

func TestGoodConnectors(t *testing.T) {
	for _, p := range Providers() {
		if got := lines(Faults(place(t, p), Defaults{})); got != "" {
			t.Errorf("%s: %s", p, got)
		}
	}
	for _, p := range []Place{
		{Provider: S3, Endpoint: "https://minio.example.com:9000/base", Region: "garage", Bucket: "b.c", Credentials: pair()},
		{Provider: GCS, Bucket: "www.example.com", Region: "EU", Credentials: pair()},
		{Provider: Azure, Bucket: "$web", Credentials: Credentials{Account: "shop1", SAS: vault.NewSecret("?sv=2024-11-04&ss=b&sig=abc%3D")}},
		{Provider: R2, Region: "auto", Credentials: access(t, R2)},
	} {
		if got := lines(Faults(p, Defaults{Path: "{id}/"})); got != "" {
			t.Errorf("%s: %s", p.Provider, got)
		}
	}
}

func TestConnectorFaults(t *testing.T) {
	change := func(p Provider, edit func(*Place)) Place {
		out := place(t, p)
		edit(&out)
		return out
	}
	for _, c := range []struct {
		place Place
		d     Defaults
		want  string
	}{
		{Place{Provider: "ftp"}, Defaults{}, "provider: Must be one of s3, gcs, azure, r2, spaces, b2, local; got 'ftp'."},
		{change(S3, func(p *Place) { p.Bucket = "Shop_Media" }), Defaults{}, "bucket: Must be 3 to 63 lower-case letters, digits, dots and hyphens, and no IP address; got 'Shop_Media'."},
		{change(S3, func(p *Place) { p.Region = "frankfurt" }), Defaults{}, "region: Must be a region of AWS, such as eu-central-1; got 'frankfurt'."},
		{change(Azure, func(p *Place) { p.Region = "westeurope" }), Defaults{}, "region: Is not for provider 'azure'; got 'westeurope'."},
		{change(Local, func(p *Place) { p.Bucket = "b" }), Defaults{ACL: Private}, "bucket: Is not for provider 'local'; got 'b'.|acl: Is not for provider 'local'; got 'private'."},
		{change(GCS, func(p *Place) { p.Endpoint = "https://x.example" }), Defaults{ACL: "aws-exec-read"},
			"endpoint: Is not for provider 'gcs'; got 'https://x.example'.|acl: Must be one of public-read, private for provider 'gcs'; got 'aws-exec-read'."},
		{change(S3, func(p *Place) { p.Endpoint = "https://u:canary@x.example" }), Defaults{Path: "a/../b"},
			"endpoint: Must be the base URL of a store, such as https://minio.example.com, without user, query or fragment.|path: Must have no segment . or ..; got 'a/../b'."},
	} {
		if got := lines(Faults(c.place, c.d)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.place.Provider, got, c.want)
		}
	}
}

func TestCredentialFaults(t *testing.T) {
	secret := vault.NewSecret
	for _, c := range []struct {
		p    Provider
		c    Credentials
		want string
	}{
		{S3, Credentials{}, "access_key_id: Is required for provider 's3'.|secret_access_key: Is required for provider 's3'."},
		{S3, Credentials{AccessKeyID: "a/b", SecretAccessKey: secret("canary canary")},
			"access_key_id: Must be at most 128 printable characters without blanks, commas and slashes.|secret_access_key: Must be at most 512 printable characters without blanks."},
		{Spaces, Credentials{AccessKeyID: "a", SecretAccessKey: secret("b"), SAS: secret("canary"), Account: "c"},
			"account: Is not for provider 'spaces'.|sas: Is not for provider 'spaces'."},
		{R2, pair(), "account: Is required for provider 'r2'."},
		{R2, Credentials{AccessKeyID: "a", SecretAccessKey: secret("b"), Account: "evil.example/"}, "account: Must be the id of an account: 32 hexadecimal digits, in lower case."},
		{GCS, Credentials{}, ": Must have 'access_key_id' with 'secret_access_key' or 'service_account'."},
		{GCS, Credentials{AccessKeyID: "a", ServiceAccount: secret("canary")},
			": Must have one way in, not two: either 'access_key_id' with 'secret_access_key' or 'service_account'."},
		{GCS, Credentials{SecretAccessKey: secret("b")}, "access_key_id: Is required for provider 'gcs'."},
		{Azure, Credentials{Account: "shop1"}, ": Must have 'account' with 'key' or 'account' with 'sas'."},
		{Azure, Credentials{Account: "shop1", Key: secret("canary"), SAS: secret("sv=1&sig=2")}, ": Must have one way in, not two: either 'account' with 'key' or 'account' with 'sas'."},
		{Azure, Credentials{Account: "Shop", Key: secret("canary")},
			"account: Must be the name of a storage account: 3 to 24 lower-case letters and digits.|key: Must be a key of a storage account, in base64."},
		{Azure, Credentials{SAS: secret("https://canary?sv=1")},
			"account: Is required for provider 'azure'.|sas: Must be a shared access signature, with sv and sig."},
		{Local, Credentials{Key: secret("canary")}, "key: Is not for provider 'local'."},
	} {
		var wrong faults
		checkCredentials(&wrong, c.p, c.c)
		got := strings.ReplaceAll(strings.ReplaceAll(lines(wrong), "credentials.", ""), "credentials:", ":")
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.p, got, c.want)
		}
		if strings.Contains(got, "canary") {
			t.Errorf("%s: a message shows a secret: %s", c.p, got)
		}
	}
}

// TestServiceAccount refuses what would have this service run a program, or ask an address
// that somebody else chose.
func TestServiceAccount(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		good bool
	}{
		"good":           {serviceJSON(t, nil), true},
		"no token_uri":   {serviceJSON(t, map[string]string{"token_uri": ""}), true},
		"other token":    {serviceJSON(t, map[string]string{"token_uri": "http://169.254.169.254/token"}), false},
		"other type":     {serviceJSON(t, map[string]string{"type": "external_account"}), false},
		"user":           {serviceJSON(t, map[string]string{"type": "authorized_user"}), false},
		"other universe": {serviceJSON(t, map[string]string{"universe_domain": "evil.example"}), false},
		"no key":         {serviceJSON(t, map[string]string{"private_key": "-----BEGIN"}), false},
		"no email":       {serviceJSON(t, map[string]string{"client_email": ""}), false},
		"large":          {serviceJSON(t, map[string]string{"x": strings.Repeat("x", maxServiceAccount)}), false},
		"no JSON":        {"/etc/key.json", false},
	} {
		if serviceAccount(c.text) != c.good {
			t.Errorf("%s: good is %v", name, !c.good)
		}
	}
}

func TestShown(t *testing.T) {
	for want, c := range map[string]Credentials{
		"map[access_key_id:…MPLE]":                                  pair(),
		"map[access_key_id:…abc]":                                   {AccessKeyID: "abc"},
		"map[service_account:shop@project.iam.gserviceaccount.com]": access(t, GCS),
		"map[account:shop1]":                                        access(t, Azure),
		"map[access_key_id:…MPLE account:" + r2ID + "]":             access(t, R2),
		"map[]": {},
	} {
		if got := fmt.Sprint(c.Shown()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		text, err := c.Reveal()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseCredentials(text)
		if err != nil || fmt.Sprint(back.Shown()) != want || back.SecretAccessKey.Reveal() != c.SecretAccessKey.Reveal() || back.Key.Reveal() != c.Key.Reveal() ||
			back.ServiceAccount.Reveal() != c.ServiceAccount.Reveal() || back.Account != c.Account {
			t.Errorf("%q came back otherwise: %v", want, err)
		}
	}
	if _, err := ParseCredentials([]byte(`{"key": canary`)); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("damaged: %v", err)
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, c := range []struct {
		rule      func(string) bool
		good, bad string
	}{
		{s3Bucket, "abc my.bucket-1 1a2 " + long, "ab -abc abc- .abc a..b Abc a_b 192.168.5.4 a/b a%2fb abc\x00 " + long + "a"},
		{gcsBucket, "abc a_b www.example.com " + long + "." + long, "ab _abc a..b 10.0.0.1 Abc " + long + "a " + long + "." + long + "a." + long},
		{azureContainer, "abc a-b-c $root $web 123", "ab a--b -ab ab- a.b a_b Abc $logs"},
		{r2Bucket, "abc a-b", "ab a.b -ab ab- a_b"},
		{b2Bucket, "abcdef a-b-c-d", "abcde a.bcdef MyBucket abcdef-"},
		{awsRegion, "eu-central-1 us-gov-west-1 ap-southeast-5 cn-north-1 eusc-de-east-1 us-isob-east-1", "eu eu-central eu-central-1.evil.com EU-central-1 eu-central-100 us--1 1-2-3 a-b-c-d-1"},
		{b2Region, "us-west-000 us-west-004 eu-central-003 ca-central-001 us-east-005", "us-west-4 west-000 us-west-000x us-west-000.evil.com"},
		{spacesRegion, "nyc3 fra1 ams3", "nyc n3 nyc3.evil.com nyc333"},
		{location, "EU europe-west3 nam4", "a eu.west eu/west"},
		{identifier, "a _a a1", "1a a-b a.b"},
		{endpoint, "http://127.0.0.1:9000 https://s3.example.com https://s3.example.com/a/b/ https://[2001:db8::1]:443 http://minio",
			"ftp://x x.example //x.example https:// https://u@x.example https://u:p@x.example https://x.example?a=b https://x.example? https://x.example#a https://x.example:0 " +
				"https://x.example: https://x.example:99999 https://x.example/a/../b https://x.example/%2e%2e/b https://x..example https://[fe80::1%25eth0] https://x.example\\@evil.com " +
				"https://exämple.com https://x.example/a%0d%0ab https://a_b.example https://x.example//a"},
	} {
		for _, s := range strings.Fields(c.good) {
			if !c.rule(s) {
				t.Errorf("%q is refused", s)
			}
		}
		for s := range strings.SplitSeq(c.bad, " ") {
			if c.rule(s) {
				t.Errorf("%q passes", s)
			}
		}
	}
}

// TestWordsOfTheWire: what the options list is what some provider takes, and the other way.
func TestWordsOfTheWire(t *testing.T) {
	acls, classes := map[string]bool{}, map[string]bool{}
	for _, p := range Providers() {
		r, ok := RulesOf(p, "")
		if !ok {
			t.Fatalf("%s has no rules", p)
		}
		for _, a := range r.ACLs {
			acls[string(a)] = true
		}
		for _, c := range r.Classes {
			classes[c.Name] = true
			if r.Value(c.Name) != c.Value {
				t.Errorf("%s: %s", p, c.Name)
			}
		}
	}
	options, err := schema.JSONSchema(recipe.Store{}, schema.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	connector, err := schema.JSONSchema(recipe.Connector{}, schema.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	enum := func(of map[string]any, name string) []string {
		var out []string
		for _, w := range of["properties"].(map[string]any)[name].(map[string]any)["enum"].([]any) {
			out = append(out, w.(string))
		}
		return slices.Sorted(slices.Values(out))
	}
	if got, want := enum(options, "acl"), slices.Sorted(maps.Keys(acls)); !slices.Equal(got, want) || !slices.Equal(enum(connector, "acl"), want) {
		t.Errorf("acl: %v, want %v", got, want)
	}
	if got, want := enum(options, "class"), slices.Sorted(maps.Keys(classes)); !slices.Equal(got, want) {
		t.Errorf("class: %v, want %v", got, want)
	}
	var providers []string
	for _, p := range Providers() {
		providers = append(providers, string(p))
	}
	if got := enum(connector, "provider"); !slices.Equal(got, slices.Sorted(slices.Values(providers))) {
		t.Errorf("provider: %v", got)
	}
}

func TestURL(t *testing.T) {
	for _, c := range []struct {
		place Place
		key   string
		want  string
	}{
		{place(t, S3), "a b/ü+1?.png", "https://shop-media.s3.eu-central-1.amazonaws.com/a%20b/%C3%BC%2B1%3F.png"},
		{Place{Provider: S3, Bucket: "www.example.com", Region: "eu-central-1"}, "a", "https://s3.eu-central-1.amazonaws.com/www.example.com/a"},
		{Place{Provider: S3, Bucket: "b-1", Region: "cn-north-1"}, "a", "https://b-1.s3.cn-north-1.amazonaws.com.cn/a"},
		{Place{Provider: S3, Bucket: "b-1", Region: "x", Endpoint: "https://minio.example.com/base/"}, "a/b", "https://minio.example.com/base/b-1/a/b"},
		{place(t, Spaces), "a", "https://shop-media.fra1.digitaloceanspaces.com/a"},
		{place(t, B2), "a", "https://shop-media.s3.eu-central-003.backblazeb2.com/a"},
		{place(t, R2), "a", "https://" + r2ID + ".r2.cloudflarestorage.com/shop-media/a"},
		{place(t, GCS), "a#1", "https://storage.googleapis.com/shop-media/a%231"},
		{place(t, Azure), "a", "https://shop1.blob.core.windows.net/shop-media/a"},
		{place(t, Local), "a b/c", "local:a%20b/c"},
	} {
		if got := URL(c.place, c.key); got != c.want {
			t.Errorf("%s: %s, want %s", c.place.Provider, got, c.want)
		}
	}
}

func TestFault(t *testing.T) {
	reasons := []Reason{NoBucket, NoObject, BadKey, Denied, Exists, ACLRefused, Invalid, Outside, Corrupted, Full, Forbidden, Unreachable, Slow, Busy, Failed}
	again := map[Reason]bool{Busy: true, Slow: true, Unreachable: true, Corrupted: true}
	seen := map[string]bool{}
	for _, r := range reasons {
		f := NewFault("write", r, "SomeCode", 0, io.ErrUnexpectedEOF)
		p := f.Problem()
		if p.Code != problem.StoreFailed || !strings.HasSuffix(p.Message, " (SomeCode).") || seen[p.Message] || !errors.Is(p, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v", r, p)
		}
		seen[p.Message] = true
		if f.Retry() != again[r] {
			t.Errorf("%s: tried again: %v", r, f.Retry())
		}
	}
	if !NewFault("write", Failed, "", 503, nil).Retry() || NewFault("write", Failed, "", 400, nil).Retry() {
		t.Error("failed is tried again by its status")
	}
	for reason, want := range map[Reason]problem.Code{NoObject: problem.SourceFailed, Slow: problem.SourceTooSlow, Forbidden: problem.SourceForbidden} {
		if p := NewFault("read", reason, "", 0, nil).SourceProblem(); p.Code != want {
			t.Errorf("%s: %v", reason, p)
		}
	}
	for reason, want := range map[Reason]string{
		Outside: "source.path: A link on that path leads out of the folder of the connector; got 'a/b'.",
		Denied:  "source.path: The store refuses that to the credentials of the connector; got 'a/b'.",
		BadKey:  "", Slow: "",
	} {
		if got := lines(NewFault("read", reason, "", 0, nil).Field("source.path", "a/b")); got != want {
			t.Errorf("%s: %s", reason, got)
		}
	}
	cause := errors.New("https://user:canary@host")
	for _, code := range []string{"<xml>canary", strings.Repeat("x", 65), "a b"} {
		f := NewFault("list", Denied, code, 403, cause)
		if text := fmt.Sprint(f, f.Problem(), f.SourceProblem()); f.Code != "" || strings.Contains(text, "canary") || f.Error() != "storage: list: denied (HTTP 403)" {
			t.Errorf("%s", text)
		}
	}
}

func TestFolder(t *testing.T) {
	for _, c := range []struct{ roots, path, folder, wrong string }{
		{"/srv/a /srv/b", "/srv/a/x/", "/srv/a/x", ""},
		{"/srv/a/ /srv/b", "/srv/a", "/srv/a", ""},
		{"/srv/a", "x//y", "/srv/a/x/y", ""},
		{"/", "/any", "/any", ""},
		{"", "/srv/a", "", "COMPRESSOR_LOCAL_ROOTS"},
		{"/srv/a", "", "", "Is required"},
		{"/srv/a", "/srv/ab", "", "below one of COMPRESSOR_LOCAL_ROOTS; got '/srv/ab'"},
		{"/srv/a", "/srv/a/../b", "", "no segment .."},
		{"/srv/a", "..", "", "no segment .."},
		{"/srv/a", "x\ny", "", "no control characters; got 'x?y'"},
		{"/srv/a /srv/b", "x", "", "Must be absolute"},
	} {
		folder, wrong := Folder(strings.Fields(c.roots), c.path)
		if folder != c.folder || (wrong == "") != (c.wrong == "") || !strings.Contains(wrong, c.wrong) {
			t.Errorf("%q below %q: %q, %q", c.path, c.roots, folder, wrong)
		}
	}
}
