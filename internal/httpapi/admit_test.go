package httpapi

import (
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"compressor/internal/account"
	"compressor/internal/problem"
)

func basic(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }

func TestKeys(t *testing.T) {
	s := start(t, nil)
	const own = "a key: with colons"
	if _, _, err := s.keys.Seed(t.Context(), own, "own"); err != nil {
		t.Fatal(err)
	}
	revoked, key, err := s.keys.Create(t.Context(), "revoked")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.keys.Revoke(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		values []string
		code   problem.Code // "" if it is good
	}{
		{"bearer", []string{"Bearer " + s.key}, ""},
		{"bearer, another case", []string{"bEARER  " + s.key}, ""},
		{"basic", []string{basic(s.key + ":")}, ""},
		{"basic, with colons", []string{basic(own + ":")}, ""},
		{"none", nil, problem.KeyMissing},
		{"empty", []string{""}, problem.KeyInvalid},
		{"empty bearer", []string{"Bearer "}, problem.KeyMissing},
		{"empty basic", []string{basic(":")}, problem.KeyMissing},
		{"basic with a password", []string{basic(s.key + ":x")}, problem.KeyInvalid},
		{"basic with the key as password", []string{basic(":" + s.key)}, problem.KeyInvalid},
		{"basic without colon", []string{basic(s.key)}, problem.KeyInvalid},
		{"basic that is no base64", []string{"Basic " + s.key}, problem.KeyInvalid},
		{"no scheme", []string{s.key}, problem.KeyInvalid},
		{"another scheme", []string{"Digest " + s.key}, problem.KeyInvalid},
		{"two", []string{"Bearer " + s.key, "Bearer " + s.key}, problem.KeyInvalid},
		{"wrong", []string{"Bearer " + s.key + "x"}, problem.KeyInvalid},
		{"revoked", []string{"Bearer " + revoked}, problem.KeyInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.code == "" {
				if a := s.try(t, "GET", "/1.0/account", http.Header{"Authorization": c.values}, nil); a.status != 200 {
					t.Error(a.text)
				}
				return
			}
			a := s.try(t, "GET", "/1.0/account?key="+s.key+"&api_key="+s.key, http.Header{"Authorization": c.values}, nil)
			expectError(t, a, 401, c.code, "A valid API key is required.")
			if got := a.header.Values("WWW-Authenticate"); len(got) != 2 || !strings.HasPrefix(got[0], "Basic ") || !strings.HasPrefix(got[1], "Bearer ") {
				t.Errorf("WWW-Authenticate %q", got)
			}
			if a.header.Get("X-Ratelimit-Limit") != "" {
				t.Error("rate headers for a key that is not good")
			}
		})
	}
}

func TestScopes(t *testing.T) {
	s := start(t, nil)
	reader, _, err := s.keys.Create(t.Context(), "reader", account.Read)
	if err != nil {
		t.Fatal(err)
	}
	worker, _, err := s.keys.Create(t.Context(), "worker", account.Compress)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key, method, path string
		may               bool
	}{
		{reader, "GET", "/1.0/account", true},
		{reader, "POST", "/1.0/upload", false},
		{reader, "POST", "/1.0/fetch", false},
		{reader, "GET", "/1.0/jobs/" + linkID, true},
		{reader, "DELETE", "/1.0/jobs/" + linkID, false},
		{worker, "GET", "/1.0/account", false},
		{worker, "POST", "/1.0/upload", true},
		{worker, "GET", "/1.0/jobs/" + linkID, false},
		{worker, "DELETE", "/1.0/jobs/" + linkID, true},
	} {
		a := s.try(t, c.method, c.path, http.Header{"Authorization": {"Bearer " + c.key}}, nil)
		if (a.status != 403) != c.may {
			t.Errorf("%s %s: %s", c.method, c.path, a.text)
		}
		if !c.may {
			expectError(t, a, 403, problem.ScopeMissing, "")
		}
		if a.header.Get("X-Ratelimit-Limit") == "" {
			t.Errorf("%s %s: no rate headers", c.method, c.path)
		}
	}
}

func TestRates(t *testing.T) {
	s := start(t, func(_ *Config, l *account.Limits) { l.Requests, l.Reads = 3, 4 })
	left := func(a answer) []string {
		return []string{a.header.Get("X-Ratelimit-Limit"), a.header.Get("X-Ratelimit-Remaining")}
	}
	wrong, header := form(t, part{"file", "a.jpg", ""})
	for i, a := range []answer{
		s.upload1(t, `{}`), s.try(t, "POST", "/1.0/upload", header, wrong), s.try(t, "GET", "/1.0/account", nil, nil),
	} {
		if got := left(a); !slices.Equal(got, []string{"3", strconv.Itoa(2 - i)}) {
			t.Errorf("request %d: %q %s", i, got, a.text)
		}
	}
	a := s.fetch1(t, `{}`)
	seconds := a.header.Get("X-Ratelimit-Reset")
	expectError(t, a, 429, problem.RateLimited, "Rate limit exceeded. Retry in "+seconds+" seconds.")
	if n, err := strconv.Atoi(seconds); err != nil || n < 1 || n > 900 || a.header.Get("Retry-After") != seconds || !slices.Equal(left(a), []string{"3", "0"}) {
		t.Errorf("%v", a.header)
	}
	for _, c := range [][2]string{{"GET", "/1.0/nowhere"}, {"GET", "/1.0//account"}, {"PUT", "/1.0/account"}, {"GET", "/1/2/3"}} {
		a := s.try(t, c[0], c[1], nil, nil)
		expectError(t, a, 429, problem.RateLimited, "")
		if !slices.Equal(left(a), []string{"3", "0"}) || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %v", c, a.header)
		}
	}
	for i := range 4 { // polls have a bucket of their own
		a := s.try(t, "GET", "/1.0/jobs/"+linkID, nil, nil)
		if got := left(a); a.status != 404 || !slices.Equal(got, []string{"4", strconv.Itoa(3 - i)}) {
			t.Errorf("poll %d: %q %s", i, got, a.text)
		}
	}
	expectError(t, s.try(t, "DELETE", "/1.0/jobs/"+linkID, nil, nil), 429, problem.RateLimited, "")
	if u, err := s.meter.Usage(t.Context(), s.keyID); err != nil || u.Requests != 7 {
		t.Errorf("%+v %v: refused requests must not count as use", u, err)
	}
}

// TestUnroutedIsCounted: what leads nowhere counts as what is forbidden does, for a good key.
func TestUnroutedIsCounted(t *testing.T) {
	s := start(t, nil)
	for i, c := range []struct {
		method, path string
		status       int
	}{{"GET", "/nowhere", 404}, {"GET", "/1.0//account", 404}, {"PUT", "/1.0/upload", 405}, {"GET", "/1/2/3", 404}, {"GET", "/1.0/keys", 403}} {
		a := s.try(t, c.method, c.path, nil, nil)
		if left := a.header.Get("X-Ratelimit-Remaining"); a.status != c.status || left != strconv.Itoa(99_999-i) {
			t.Errorf("%s %s: %d, %s left", c.method, c.path, a.status, left)
		}
	}
	if u, err := s.meter.Usage(t.Context(), s.keyID); err != nil || u.Requests != 5 {
		t.Errorf("%+v %v", u, err)
	}
}

// TestRefusedBodiesAreNotRead checks the order: a body is read only after the key and the
// rate were found good.
func TestRefusedBodiesAreNotRead(t *testing.T) {
	s := start(t, func(_ *Config, l *account.Limits) { l.Requests = 1 })
	s.try(t, "GET", "/1.0/account", nil, nil)
	for _, key := range []string{"Bearer nobody-knows-this-key", "Bearer " + s.key} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/1.0/upload", unreadable{t})
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", key)
		r.Header.Set("Expect", "100-continue")
		res, err := (&http.Transport{ExpectContinueTimeout: 1 << 40}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if a := read(t, res); a.status != 401 && a.status != 429 {
			t.Error(a.text)
		}
	}
	if n := strings.Count(s.log.String(), `"in":0`); n != 3 {
		t.Errorf("%d of 3 requests came without a body:\n%s", n, s.log)
	}
}

// unreadable is a body that must not be asked for.
type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the client was asked for its body")
	return 0, io.EOF
}

func TestAccount(t *testing.T) {
	s := start(t, nil)
	s.upload1(t, `{}`)
	a := s.try(t, "GET", "/1.0/account", nil, nil)
	if a.status != 200 || keysOf(a.body) != "id key limits usage" || keysOf(a.body["key"]) != "created_at id name scopes" ||
		keysOf(a.body["limits"]) != "bytes concurrent limit max_bytes queued remaining reset sync_bytes window" || keysOf(a.body["usage"]) != "bytes_in bytes_out days requests" {
		t.Fatal(a.text)
	}
	limits, usage := a.body["limits"].(map[string]any), a.body["usage"].(map[string]any)
	if limits["window"] != 900.0 || limits["limit"] != 100000.0 || limits["remaining"] != 99998.0 || limits["sync_bytes"] != 33554432.0 ||
		usage["requests"] != 1.0 || usage["bytes_in"].(float64) < 4 || usage["bytes_out"].(float64) < 100 {
		t.Error(a.text)
	}
	if strings.Contains(a.text, s.key) {
		t.Error("the key is shown")
	}
	if h := s.try(t, "HEAD", "/1.0/account", nil, nil); h.status != 200 || h.text != "" || h.header.Get("Content-Length") == "" {
		t.Errorf("HEAD: %+v", h)
	}
}
