package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"compressor/internal/account"
	"compressor/internal/problem"
)

// stored is a service whose key may manage connectors, too.
func stored(t testing.TB) *service {
	s := start(t, nil)
	secret, _, err := s.keys.Create(t.Context(), "stores", account.Compress, account.Read, account.Connectors)
	if err != nil {
		t.Fatal(err)
	}
	s.key = secret
	return s
}

// json1 sends a body of JSON.
func (s *service) json1(t testing.TB, method, path, text string) answer {
	t.Helper()
	return s.try(t, method, path, http.Header{"Content-Type": {"application/json"}}, strings.NewReader(text))
}

// connect makes a connector and gives its id.
func (s *service) connect(t testing.TB, text string) string {
	t.Helper()
	a := s.json1(t, "POST", "/1.0/connectors", text)
	if a.status != http.StatusCreated {
		t.Fatalf("status %d: %s", a.status, a.text)
	}
	return a.body["id"].(string)
}

const compatibleStore = `{"name":"shop","provider":"s3","credentials":{"access_key_id":"AKIA","secret_access_key":"s"},
	"bucket":"shop-media","region":"eu-central-1","path":"x/","acl":"private","endpoint":"https://minio.example.com"}`

// TestPatchNull: null takes away what a connector can be without, one by one and in one go,
// and is refused by its name for what it cannot.
func TestPatchNull(t *testing.T) {
	s := stored(t)
	path := "/1.0/connectors/" + s.connect(t, compatibleStore)
	given := []string{"bucket", "region", "path", "acl"}
	left := slices.Clone(given)
	for _, name := range given {
		a := s.json1(t, "PATCH", path, fmt.Sprintf(`{%q:null}`, name))
		left = slices.DeleteFunc(left, func(s string) bool { return s == name })
		if a.status != http.StatusOK {
			t.Fatalf("%s: status %d: %s", name, a.status, a.text)
		}
		for _, read := range []answer{a, s.try(t, "GET", path, nil, nil)} {
			for _, other := range given {
				if _, there := read.body[other]; there != slices.Contains(left, other) {
					t.Errorf("%s taken away: %s there: %v", name, other, there)
				}
			}
		}
	}
	a := s.json1(t, "PATCH", path, `{"endpoint":null}`)
	expectError(t, a, 422, problem.OptionsInvalid, "", "credentials: Must be given again when the endpoint changes.")
	a = s.json1(t, "PATCH", path, `{"endpoint":null,"name":"new","credentials":{"access_key_id":"AKIA","secret_access_key":"s"}}`)
	if _, there := a.body["endpoint"]; a.status != http.StatusOK || there || a.body["name"] != "new" {
		t.Errorf("status %d: %s", a.status, a.text)
	}
	const refused = ": Cannot be taken away, only changed; got null."
	a = s.json1(t, "PATCH", path, `{"name":null,"provider":null,"credentials":null,"bucket":"other-media"}`)
	expectError(t, a, 422, problem.OptionsInvalid, "",
		"provider: Unknown option; known here: name, credentials, bucket, region, path, acl, endpoint.", "name"+refused, "credentials"+refused)
	if a = s.try(t, "GET", path, nil, nil); a.body["name"] != "new" || a.body["bucket"] != nil {
		t.Errorf("a refused patch changed it: %s", a.text)
	}
	a = s.json1(t, "PATCH", path, `{"name":null,"bucket":"B","endpoint":"https://other.example.com"}`)
	expectError(t, a, 422, problem.OptionsInvalid, "", "name"+refused, "credentials: Must be given again when the endpoint changes.",
		"bucket: Must be 3 to 63 lower-case letters, digits, dots and hyphens, and no IP address; got 'B'.")
	path = "/1.0/connectors/" + s.connect(t, `{"name":"disk","provider":"local","path":"box"}`)
	a = s.json1(t, "PATCH", path, `{"path":null}`)
	expectError(t, a, 422, problem.OptionsInvalid, "", "path: Is required for provider 'local': a folder below one of COMPRESSOR_LOCAL_ROOTS.")
}

// TestPatchDescribed: the description of the API allows null where it is taken, and only there.
func TestPatchDescribed(t *testing.T) {
	s := start(t, nil)
	var d struct {
		Paths map[string]struct {
			Patch struct {
				RequestBody struct {
					Content map[string]struct {
						Schema struct{ Properties map[string]struct{ Type any } }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(s.try(t, "GET", "/1.0/openapi.json", nil, nil).text), &d); err != nil {
		t.Fatal(err)
	}
	properties := d.Paths["/1.0/connectors/{id}"].Patch.RequestBody.Content["application/json"].Schema.Properties
	var nullable []string
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if fmt.Sprint(properties[name].Type) == "[string null]" {
			nullable = append(nullable, name)
		}
	}
	if got := strings.Join(nullable, " "); got != "acl bucket endpoint path region" {
		t.Errorf("null is allowed for %q of %d", got, len(properties))
	}
}

// TestAllFaultsAtOnce: what the tags of a body find wrong does not hide what its provider, or
// the connector that it names, finds.
func TestAllFaultsAtOnce(t *testing.T) {
	s := stored(t)
	a := s.json1(t, "POST", "/1.0/connectors", `{"name":"","provider":"azure","bucket":"B","container":"c","region":"x","acl":"all",
		"credentials":{"account":"shop1","key":"AAAA","sas":"?sig=x"}}`)
	expectError(t, a, 422, problem.OptionsInvalid, notValid,
		"container: Unknown option; known here: name, provider, credentials, bucket, region, path, acl, endpoint.",
		"name: Must not be empty.",
		"credentials: Must have one way in, not two: either 'account' with 'key' or 'account' with 'sas'.",
		"bucket: Must be 3 to 63 lower-case letters, digits and single hyphens, or $root or $web; got 'B'.",
		"region: Is not for provider 'azure'; got 'x'.",
		"acl: Is not for provider 'azure'; got 'all'.")
	a = s.json1(t, "POST", "/1.0/connectors", `{"name":"x","provider":"azure","bucket":"B","credentials":{"account":"shop1","key":[]}}`)
	expectError(t, a, 422, problem.OptionsInvalid, notValid, "credentials.key: Must be text; got a list.",
		"bucket: Must be 3 to 63 lower-case letters, digits and single hyphens, or $root or $web; got 'B'.")
	a = s.json1(t, "POST", "/1.0/connectors", `{"name":"x","provider":"ftp","bucket":"B"}`) // by whose rules?
	expectError(t, a, 422, problem.OptionsInvalid, notValid, "provider: Must be one of s3, gcs, azure, r2, spaces, b2, local; got 'ftp'.")

	id := s.connect(t, `{"name":"disk","provider":"local","path":"box"}`)
	store := `"store":{"id":"` + id + `","bucket":"a","container":"b","path":"../x"}`
	source := `"source":{"id":"` + id + `","path":"/x"}`
	level := "image.compression: Must be one of medium, high, ultra, lossless, none; got 'max'."
	stores := []string{"store.bucket: Is not for provider 'local'; got 'a'.", "store.container: Is not for provider 'local'; got 'b'.",
		"store.path: Must have no segment . or ..; got '../x'."}
	from := "source.path: Must be the path of a file below the folder of the connector, without a slash at its start; got '/x'."
	below := func(path string, fields ...string) (out []string) {
		for _, f := range fields {
			out = append(out, path+f)
		}
		return out
	}
	const wrong = `"image":{"compression":"max"},`
	a = s.upload1(t, `{`+wrong+store+`}`)
	expectError(t, a, 422, problem.OptionsInvalid, notValid, append([]string{level}, stores...)...)
	a = s.fetch1(t, `{`+wrong+source+`,`+store+`}`)
	expectError(t, a, 422, problem.OptionsInvalid, notValid, append([]string{level, from}, stores...)...)
	a = s.json1(t, "POST", "/1.0/batch", `{"items":[{`+wrong+`"url":"https://example.com/"},{`+wrong+source+`},{"url":"https://example.com/",`+store+`}]}`)
	expectError(t, a, 422, problem.OptionsInvalid, notValid,
		slices.Concat(below("items[0].", level), below("items[1].", level, from), below("items[2].", stores...))...)
	a = s.json1(t, "POST", "/1.0/batch", `{`+wrong+`"source":{"id":"`+id+`","prefix":"../","x":1},`+store+`}`)
	expectError(t, a, 422, problem.OptionsInvalid, notValid, slices.Concat([]string{level}, stores, []string{
		"source.x: Unknown option; known here: id, bucket, container, region, prefix.",
		"source.prefix: Must be the beginning of paths below the folder of the connector, without segments that are empty, . or ..; got '../'."})...)
}
