package recipe_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/schema"
)

func TestStore(t *testing.T) {
	for document, want := range map[string]string{
		`{"id":"c"}`: "true ",
		`{"id":"c","overwrite":false,"tags":{"a":"b"}}`: "false ",
		`{}`:                          "false id: Is required.",
		`{"id":"c","acl":"everyone"}`: "false acl: Must be one of public-read, private, public-read-write, authenticated-read, aws-exec-read, bucket-owner-read, bucket-owner-full-control; got 'everyone'.",
	} {
		var s recipe.Store
		err := schema.Decode([]byte(document), &s, schema.Opts{})
		if got := fmt.Sprint(s.Overwrite, " ", wrong(err)); got != want {
			t.Errorf("%s: %s", document, got)
		}
	}
}

func wrong(err error) string {
	if err == nil {
		return ""
	}
	var out []string
	for _, f := range problem.From(err).Fields {
		out = append(out, f.Path+": "+f.Message)
	}
	return strings.Join(out, "|")
}

// TestConnector: secrets come in, and are seen in no message and no print.
func TestConnector(t *testing.T) {
	var c recipe.Connector
	good := `{"name":"shop","provider":"gcs","credentials":{"access_key_id":"id","secret_access_key":"canary","service_account":"{\"canary\":1}","account":"a","key":"canary","sas":"canary"},"bucket":"b","endpoint":"e"}`
	if err := schema.Decode([]byte(good), &c, schema.Opts{}); err != nil {
		t.Fatal(err)
	}
	if c.Name != "shop" || c.Bucket != "b" || c.Credentials.AccessKeyID != "id" || c.Credentials.SecretAccessKey.Reveal() != "canary" ||
		c.Credentials.ServiceAccount.Reveal() != `{"canary":1}` || c.Credentials.Account != "a" || c.Credentials.Key.Reveal() != "canary" || c.Credentials.SAS.Reveal() != "canary" {
		t.Errorf("%+v", c)
	}
	text, err := json.Marshal(c)
	if shown := fmt.Sprintf("%v %+v %#v %s", c, &c, c, text); err != nil || strings.Contains(shown, "canary") {
		t.Errorf("%s, %v", shown, err)
	}
	bad := `{"name":"","provider":"ftp","credentials":{"access_key_id":"canary` + strings.Repeat("x", 128) + `","key":["canary"],"sas":"[secret]","password":"canary"}}`
	want := "name: Must not be empty.|provider: Must be one of s3, gcs, azure, r2, spaces, b2, local; got 'ftp'.|" +
		"credentials.password: Unknown option; known here: access_key_id, secret_access_key, service_account, account, key, sas.|" +
		"credentials.access_key_id: Must be at most 128 characters long.|credentials.key: Must be text; got a list.|credentials.sas: Must be the secret itself, not what stands for it."
	if got := wrong(schema.Decode([]byte(bad), &c, schema.Opts{})); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestConnectorPatch tells what was left out from what was taken away, which what a connector
// must have cannot be.
func TestConnectorPatch(t *testing.T) {
	patches := schema.Opts{Patch: true}
	var p recipe.ConnectorPatch
	good := `{"bucket":"","region":null,"path":null,"acl":null,"endpoint":null,"credentials":{"sas":"canary","key":null}}`
	if err := schema.Decode([]byte(good), &p, patches); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]*string{"bucket": p.Bucket, "region": p.Region, "path": p.Path, "acl": p.ACL, "endpoint": p.Endpoint} {
		if text == nil || *text != "" {
			t.Errorf("%s was not taken away", name)
		}
	}
	if p.Name != nil || p.Credentials == nil || p.Credentials.SAS.Reveal() != "canary" {
		t.Errorf("%+v", p)
	}
	const refused = "Cannot be taken away, only changed; got null."
	want := "provider: Unknown option; known here: name, credentials, bucket, region, path, acl, endpoint.|name: " + refused + "|credentials: " + refused
	if got := wrong(schema.Decode([]byte(`{"provider":null,"name":null,"credentials":null,"bucket":null}`), &p, patches)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
