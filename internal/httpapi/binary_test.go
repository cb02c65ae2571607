package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/work"
)

func TestTakesNoJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                  false,
		"*/*":                               false,
		"application/json":                  false,
		"application/*;q=0.1":               false,
		"application/problem+json":          false,
		"application/json, text/plain, */*": false, // axios
		"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2": false, // Java
		"image/avif,image/webp,image/*,*/*;q=0.8":              false, // browsers
		"nonsense":                        false,
		";,;":                             false,
		"image/*;q=0":                     false,
		"image/*":                         true,
		"IMAGE/WebP":                      true,
		"image/webp, image/*;q=0.5":       true,
		"application/zip":                 true,
		"application/octet-stream":        true,
		"image/*, application/json;q=0.0": true,
		"image/*, */*; Q=0":               true,
		"image/*, */*;q=x":                false,
	} {
		if got := takesNoJSON(http.Header{"Accept": {accept}}); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
	if takesNoJSON(http.Header{}) || takesNoJSON(http.Header{"Accept": {"image/*", "application/json"}}) {
		t.Error("none, or two lines")
	}
}

func TestBinary(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct{ data, accept string }{{`{"response":{"mode":"binary"},"tag":"ü😀"}`, ""}, {`{"tag":"ü😀"}`, "image/*"}, {`{"tag":"ü😀","report":"full"}`, "image/png"}} {
		a := s.upload1(t, c.data, "Accept", c.accept)
		if a.status != 200 || a.text != content {
			t.Fatalf("%d %s", a.status, a.text)
		}
		for name, want := range map[string]string{
			"Content-Type": "image/jpeg", "Content-Length": "19", "Content-Disposition": "inline; filename*=utf-8''Strand%20%C3%BC.jpg",
			"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
			"Etag": `"` + strings.Repeat("ab", 32) + `"`, "Repr-Digest": "sha-256=:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=:",
			"X-Ratelimit-Limit": "100000",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		text := a.header.Get(resultHeader)
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("header of %s", text)
		}
		var body map[string]any
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Fatal(err)
		}
		want := sorted("id url input output expires_at tag")
		out, _ := body["output"].(map[string]any)
		if keysOf(body) != want || body["tag"] != "ü😀" || out["name"] != "Strand ü.jpg" || body["id"] != a.header.Get("X-Request-Id") {
			t.Errorf("%s", text)
		}
	}
	if a := s.fetch1(t, `{"url":"http://example.com/","response":{"mode":"binary"}}`); a.text != content {
		t.Errorf("fetched: %s", a.text)
	}
	for _, accept := range []string{"*/*", "", "application/json"} {
		if a := s.upload1(t, "{}", "Accept", accept); a.header.Get("Content-Type") != "application/json" || a.header.Get(resultHeader) != "" {
			t.Errorf("Accept: %s: %v", accept, a.header)
		}
	}
}

// TestBinaryIsNot: what is answered in JSON although a binary reply was asked for.
func TestBinaryIsNot(t *testing.T) {
	s := start(t, nil)
	const binary = `{"response":{"mode":"binary"}}`
	if a := s.upload1(t, `{"response":{"mode":"binary"},"async":true}`); a.status != 202 || keysOf(a.body) != "id status" {
		t.Errorf("async: %d %s", a.status, a.text)
	}
	s.desk.wait = func(context.Context, *job.Job) error { return nil }
	if a := s.upload1(t, binary); a.status != 202 || keysOf(a.body) != "id status" {
		t.Errorf("not ready in time: %d %s", a.status, a.text)
	}
	s.desk.wait = func(_ context.Context, j *job.Job) error {
		j.State, j.Problem = job.Failed, problem.New(problem.FileCorrupt)
		return nil
	}
	expectError(t, s.upload1(t, binary), 422, problem.FileCorrupt, "")
	expectError(t, s.upload1(t, "{}", "Accept", "image/*"), 422, problem.FileCorrupt, "")
	s.desk.wait = func(_ context.Context, j *job.Job) error {
		complete(j)
		j.Expires = noon // over already
		return nil
	}
	expectError(t, s.upload1(t, binary), 410, problem.LinkExpired, "")
	expectError(t, s.upload1(t, `{"response":{"mode":"xml"}}`), 422, problem.OptionsInvalid, notValid, "response.mode: Must be one of json, binary; got 'xml'.")
	s.desk.submit = func(work.Submission) error { t.Error("submitted"); return nil }
	for _, other := range []string{"webhook", "store"} {
		a := s.upload1(t, `{"response":{"mode":"binary"},"`+other+`":{"url":"https://example.com","id":"x"}}`)
		if a.status != 422 || a.body["code"] != "options-invalid" {
			t.Errorf("with %s: %d %s", other, a.status, a.text)
		}
	}
}

// TestBinaryAlone: the rule itself, whatever options there are.
func TestBinaryAlone(t *testing.T) {
	x := &exchange{r: &http.Request{Header: http.Header{"Accept": {"image/*"}}}}
	for given, wrong := range map[string]bool{`{}`: false, `{"webhook":null,"store":null}`: false, `{"webhook":{}}`: true, `{"store":{"id":"x"}}`: true} {
		how, err := answeringOf(x, recipe.Envelope{}, members([]byte(given)))
		if !how.binary || problem.Has(err, problem.OptionsInvalid) != wrong {
			t.Errorf("%s: %+v, %v", given, how, err)
		}
	}
}
