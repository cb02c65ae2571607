package webhook

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"compressor/internal/job"
	"compressor/internal/problem"
)

// open1 is a bench outside of a bubble.
func open1(t *testing.T) *bench {
	b := newBench(t, t.TempDir())
	t.Cleanup(func() { b.db.Close() })
	return b
}

// TestSigned: another library takes what we sign, with each of the secrets, and nothing that
// was changed.
func TestSigned(t *testing.T) {
	old, new1 := newSecret(), newSecret()
	now := time.Now()
	headers, err := signed("an-id", now, []byte(`{"a":1}`), []string{old, new1})
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for name, value := range headers {
		h.Set(name, value)
	}
	check := func(secret, body string, h http.Header) error {
		w, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		return w.Verify([]byte(body), h)
	}
	for _, secret := range []string{old, new1} {
		if err := check(secret, `{"a":1}`, h); err != nil {
			t.Error(err)
		}
		if check(secret, `{"a":2}`, h) == nil {
			t.Error("another body passes")
		}
		for _, name := range []string{"webhook-id", "webhook-timestamp"} {
			other := h.Clone()
			other.Set(name, "1"+h.Get(name))
			if check(secret, `{"a":1}`, other) == nil {
				t.Errorf("another %s passes", name)
			}
		}
	}
	if check(newSecret(), `{"a":1}`, h) == nil {
		t.Error("another secret passes")
	}
}

func TestCheckSecret(t *testing.T) {
	of := func(n int) string { return secretMark + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for secret, good := range map[string]bool{
		newSecret(): true, of(24): true, of(64): true, of(23): false, of(65): false, "": false,
		strings.TrimPrefix(of(24), secretMark): false, secretMark + "!": false, of(25)[:37]: false,
	} {
		if err := CheckSecret(secret); (err == nil) != good {
			t.Errorf("%s: %v", secret, err)
		}
	}
}

// TestSeal: what is sealed opens under its own words only, and not when a byte was changed.
func TestSeal(t *testing.T) {
	s, err := newSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.close("hidden words", "secret", "1", "k")
	if err != nil || strings.Contains(string(sealed), "hidden") {
		t.Fatal(sealed, err)
	}
	var text string
	if err := s.open(sealed, &text, "secret", "1", "k"); err != nil || text != "hidden words" {
		t.Error(text, err)
	}
	for _, words := range [][]string{{"secret", "2", "k"}, {"secret", "1", "j"}, {"target", "1", "k"}, {"secret", "1"}} {
		if s.open(sealed, &text, words...) == nil {
			t.Errorf("it opens under %v", words)
		}
	}
	for i := range sealed {
		other := slices.Clone(sealed)
		other[i] ^= 1
		if s.open(other, &text, "secret", "1", "k") == nil {
			t.Errorf("it opens with byte %d changed", i)
		}
	}
	if s.open(nil, &text) == nil {
		t.Error("nothing opens")
	}
	if _, err := newSealer(make([]byte, 31)); err == nil {
		t.Error("a short key will do")
	}
}

func TestShown(t *testing.T) {
	for raw, want := range map[string]string{
		"https://h/a%2Fb":                  "https://h/a%2Fb",
		"https://us%40er:pa:ss@h:1/p":      "https://us%40er:***@h:1/p",
		"http://user@h":                    "http://user@h",
		"http://h?token=abc&x=&flag":       "http://h?token=***&x=***&=***",
		"http://h/p#fragment":              "http://h/p",
		"https://[2001:db8::1]:8443/?a=%3": "https://[2001:db8::1]:8443/?a=***",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := shown(u); got != want {
			t.Errorf("%s is shown as %s, want %s", raw, got, want)
		}
	}
}

// TestNotice: what is refused, and that nothing secret stands in the row of a job, nor in
// that of its delivery.
func TestNotice(t *testing.T) {
	b := open1(t)
	all := []job.State{job.Completed, job.Failed}
	for _, c := range []struct {
		url     string
		headers map[string]string
		fields  []string
	}{
		{"https://h/", map[string]string{"X-A": "b", "Authorization": "Bearer c"}, nil},
		{"", nil, []string{"webhook.url"}},
		{"ftp://h/", map[string]string{"User-Agent": "a"}, []string{"webhook.headers.User-Agent", "webhook.url"}},
		{"https://h/", map[string]string{"Webhook-ID": "a", "content-type": "b", "Host": "c", "X-A": "b\n"},
			[]string{"webhook.headers.Host", "webhook.headers.Webhook-ID", "webhook.headers.X-A", "webhook.headers.content-type"}},
		{"https://private.example/", nil, []string{"webhook.url"}},
	} {
		_, err := b.Notice("k", Order{URL: c.url, Headers: c.headers, Events: all})
		var got []string
		if err != nil {
			for _, f := range problem.From(err).Fields {
				got = append(got, f.Path)
			}
		}
		if !slices.Equal(got, c.fields) {
			t.Errorf("%s, %v: %v", c.url, c.headers, err)
		}
	}
	raw, err := b.Notice("k", Order{URL: "https://u:passw0rd@h/?t0ken=v4lue", Headers: map[string]string{"X": "s3cret"}, Events: all})
	if err != nil {
		t.Fatal(err)
	}
	b.ends("k", Order{URL: "https://u:passw0rd@h/?t0ken=v4lue", Headers: map[string]string{"X": "s3cret"}}, nil)
	var row string
	err = b.db.Read().QueryRowContext(t.Context(), `SELECT receiver || shown || target || tries FROM delivery`).Scan(&row)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"passw0rd", "v4lue", "s3cret"} {
		if strings.Contains(string(raw)+row, secret) {
			t.Errorf("%s can be read: %s, %s", secret, raw, row)
		}
	}
}

// TestSecrets: at most two, of their own key only; the service's own is shown once; the
// operator's takes the place of the oldest.
func TestSecrets(t *testing.T) {
	b, ctx := open1(t), t.Context()
	made, err := b.signers(ctx, "k")
	if err != nil || len(made) != 1 {
		t.Fatal(made, err)
	}
	if again, err := b.signers(ctx, "k"); err != nil || !slices.Equal(again, made) {
		t.Error(again, err)
	}
	first, s, err := b.MakeSecret(ctx, "k")
	if err != nil || first != made[0] || s.Last4 != first[len(first)-4:] {
		t.Errorf("the first to be shown is %s, %v, not the one that signed", first, err)
	}
	second, _, err := b.MakeSecret(ctx, "k")
	if err != nil || second == first {
		t.Error(second, err)
	}
	_, _, err = b.MakeSecret(ctx, "k")
	if p := problem.From(err); p.Message != problem.New(problem.OptionsInvalid).Message || len(p.Fields) != 1 || p.Fields[0].Path != "secrets" {
		t.Errorf("a third: %v", err)
	}
	if err := b.DropSecret(ctx, "other", s.ID); !problem.Has(err, problem.NotFound) {
		t.Errorf("a foreign one: %v", err)
	}
	own := newSecret()
	for range 2 {
		if err := b.SeedSecret(ctx, "k", own); err != nil {
			t.Fatal(err)
		}
	}
	if now, err := b.signers(ctx, "k"); err != nil || len(now) != 2 || !slices.Contains(now, own) || slices.Contains(now, first) {
		t.Errorf("after the operator's: %d secrets, %v", len(now), err)
	}
	if err := b.SeedSecret(ctx, "k", "whsec_short"); !errors.Is(err, errSecret) {
		t.Error(err)
	}
	var row string
	if err := b.db.Read().QueryRowContext(ctx, `SELECT group_concat(sealed) FROM webhook_secret`).Scan(&row); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{own, second} {
		if strings.Contains(row, strings.TrimPrefix(text, secretMark)) {
			t.Error("a secret stands in the database")
		}
	}
}

// TestList: pages of the log, by key and state.
func TestList(t *testing.T) {
	b := open1(t)
	for range 3 {
		b.ends("k", Order{URL: "https://h/"}, nil)
		time.Sleep(2 * time.Millisecond) // the order is by time
	}
	b.ends("k", Order{URL: "https://h/", Delay: time.Hour}, nil)
	b.ends("other", Order{URL: "https://h/"}, nil)
	for _, c := range []struct {
		state                      State
		offset, limit, want, total int
	}{{"", 0, 10, 4, 4}, {"", 3, 10, 1, 4}, {"", 0, 2, 2, 4}, {"", 9, 2, 0, 4}, {Scheduled, 0, 10, 1, 1}, {Created, 1, 10, 2, 3}, {Failed, 0, 10, 0, 0}} {
		list, total, err := b.List(t.Context(), "k", c.state, c.offset, c.limit)
		if err != nil || len(list) != c.want || total != c.total {
			t.Errorf("%+v: %d of %d, %v", c, len(list), total, err)
		}
		for i := range list {
			if list[i].KeyID != "k" || i > 0 && list[i].Made.After(list[i-1].Made) {
				t.Errorf("%+v: number %d is %+v", c, i, list[i])
			}
		}
	}
	if _, err := b.Get(t.Context(), "other", b.only("other").ID); err != nil {
		t.Error(err)
	}
	if _, err := b.Get(t.Context(), "k", b.only("other").ID); !problem.Has(err, problem.NotFound) {
		t.Errorf("a foreign one: %v", err)
	}
}
