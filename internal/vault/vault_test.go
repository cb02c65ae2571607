package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// key is a master key of one repeated byte, as a ring is written.
func key(id uint32, fill byte) string {
	return fmt.Sprintf("%d:%s", id, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, KeySize)))
}

func ring(t testing.TB, text string) Ring {
	t.Helper()
	r, err := ParseRing(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func seal(t testing.TB, r Ring, binding, text string) []byte {
	t.Helper()
	sealed, err := r.Seal(binding, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestParseRing(t *testing.T) {
	for _, c := range []struct {
		text string
		ids  []uint32
		want string
	}{
		{key(1, 'a'), []uint32{1}, ""},
		{key(9, 'a') + "," + key(4294967295, 'b') + " , " + key(2, 'c'), []uint32{2, 9, 4294967295}, ""},
		{"# first\n" + key(1, 'a') + " # the old one\r\n\n" + key(2, 'b') + ",\n", []uint32{1, 2}, ""},
		{"", nil, "there is no master key"},
		{" , \n# 1:abc", nil, "there is no master key"},
		{key(0, 'a'), nil, "number 1: must begin with an id from 1 to 4294967295"},
		{key(1, 'a') + ",4294967296:AA==", nil, "number 2: must begin with an id"},
		{"-1:AA==", nil, "must begin with an id"},
		{"+1:AA==", nil, "must begin with an id"},
		{"c2VjcmV0", nil, "must begin with an id"},
		{"5", nil, "the id 5 must be 32 bytes; got 0"},
		{"5:c2VjcmV0", nil, "the id 5 must be 32 bytes; got 6"},
		{"5:c2VjcmV0!", nil, "the id 5 must be base64"},
		{key(5, 'a') + "\n" + key(5, 'b'), nil, "number 2: the id 5 stands twice"},
	} {
		r, err := ParseRing(c.text)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(strings.ReplaceAll(err.Error(), "key with the ", ""), c.want) {
			t.Errorf("%q: %v; want %q", c.text, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%q: the message shows the key: %v", c.text, err)
		}
		if !slices.Equal(r.IDs(), c.ids) || len(c.ids) > 0 && r.Newest() != c.ids[len(c.ids)-1] {
			t.Errorf("%q: %v, newest %d; want %v", c.text, r.IDs(), r.Newest(), c.ids)
		}
	}
}

// TestVector opens an envelope that was made by another implementation (Python's
// cryptography 48, HKDF and AESGCM), so that neither the format nor the derivation of keys
// can change unseen.
func TestVector(t *testing.T) {
	r, sealed := vector(t)
	if text, err := r.Open("connector/one", sealed); err != nil || string(text) != "secret" {
		t.Errorf("%q, %v", text, err)
	}
	if ours := seal(t, r, "connector/one", "secret"); len(ours) != 99 || len(ours) != len(sealed) || !bytes.Equal(ours[:5], sealed[:5]) {
		t.Errorf("% x is of another form", ours)
	}
}

func vector(t testing.TB) (Ring, []byte) {
	t.Helper()
	sealed, err := hex.DecodeString("0100000007" +
		"6465666768696a6b6c6d6e6f" + "23d8d4597d36f3d76da3c881de619a4dfac6e997b41e76986e16cecd0e61db59" + "2bf656aa6e0080e073a474defeda91cd" +
		"78797a7b7c7d7e7f80818283" + "4b235fbbdc3c" + "3584528c73153348c15d48ab3f22fb55")
	if err != nil {
		t.Fatal(err)
	}
	return ring(t, "7:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), sealed
}

func TestSealOpen(t *testing.T) {
	old, both, other := ring(t, key(1, 'a')), ring(t, key(1, 'a')+","+key(2, 'b')), ring(t, key(1, 'x'))
	for _, text := range []string{"", "secret", strings.Repeat("long ", 5000)} {
		sealed := seal(t, old, "connector/one", text)
		if got, err := both.Open("connector/one", sealed); err != nil || string(got) != text {
			t.Errorf("a ring that has the old key: %v", err)
		}
		if id, err := KeyOf(sealed); id != 1 || err != nil || len(sealed) != len(text)+Overhead {
			t.Errorf("key %d, %v, %d bytes", id, err, len(sealed))
		}
		if bytes.Equal(sealed, seal(t, old, "connector/one", text)) {
			t.Error("sealed to the same bytes twice")
		}
		for _, binding := range []string{"connector/two", "connector/on", "connector/one/", ""} {
			if _, err := old.Open(binding, sealed); !damaged(err, 1) {
				t.Errorf("as %q: %v", binding, err)
			}
		}
		if _, err := other.Open("connector/one", sealed); !damaged(err, 1) {
			t.Errorf("another key of the same id: %v", err)
		}
	}
	if id, err := KeyOf(seal(t, both, "b", "s")); id != 2 || err != nil {
		t.Errorf("the newest key seals, not %d, %v", id, err)
	}
	if _, err := (Ring{}).Seal("b", nil); !errors.Is(err, errNoKey) {
		t.Errorf("an empty ring seals: %v", err)
	}
}

func damaged(err error, id uint32) bool {
	var d *DamagedError
	return errors.As(err, &d) && d.ID == id
}

// TestRewrap: the data key is under another master key and the body is as it was.
func TestRewrap(t *testing.T) {
	old, both, new := ring(t, key(1, 'a')), ring(t, key(1, 'a')+","+key(2, 'b')), ring(t, key(2, 'b'))
	sealed := seal(t, old, "b", "secret")
	again, err := both.Rewrap("b", sealed)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := KeyOf(again); id != 2 || err != nil || !bytes.Equal(again[bodyAt:], sealed[bodyAt:]) {
		t.Errorf("key %d, %v", id, err)
	}
	if text, err := new.Open("b", again); err != nil || string(text) != "secret" {
		t.Errorf("without the old key: %q, %v", text, err)
	}
	var missing *MissingKeyError
	if _, err := new.Open("b", sealed); !errors.As(err, &missing) || missing.ID != 1 {
		t.Errorf("a dropped key: %v", err)
	}
	if _, err := new.Rewrap("b", sealed); !errors.As(err, &missing) {
		t.Errorf("a dropped key: %v", err)
	}
	if _, err := both.Rewrap("c", sealed); !damaged(err, 1) {
		t.Errorf("another row: %v", err)
	}
	mixed := append(slices.Clone(again[:bodyAt]), seal(t, old, "b", "other")[bodyAt:]...)
	if _, err := both.Open("b", mixed); !damaged(err, 2) {
		t.Errorf("the body of another text: %v", err)
	}
}

// TestEveryByteCounts flips each bit of an envelope, and cuts it at each length.
func TestEveryByteCounts(t *testing.T) {
	r := ring(t, key(1, 'a')+","+key(3, 'c'))
	sealed := seal(t, r, "b", "secret")
	for i := range sealed {
		for bit := range 8 {
			bad := slices.Clone(sealed)
			bad[i] ^= 1 << bit
			if text, err := r.Open("b", bad); err == nil {
				t.Fatalf("bit %d of byte %d: opened as %q", bit, i, text)
			}
		}
		if _, err := r.Open("b", sealed[:i]); err == nil {
			t.Fatalf("opened when cut to %d bytes", i)
		}
	}
	if _, err := r.Open("b", append(slices.Clone(sealed), 0)); err == nil {
		t.Error("opened with a byte too many")
	}
}

// TestNothingPrints tries the ways in which a value gets into a log or a reply.
func TestNothingPrints(t *testing.T) {
	const canary = "canary-7f3a"
	s := NewSecret(canary)
	r := ring(t, "1:"+base64.StdEncoding.EncodeToString([]byte(canary+strings.Repeat("x", KeySize-len(canary)))))
	type holder struct {
		Shown  Secret
		hidden Secret
		ring   Ring
		keys   map[string]Secret
	}
	h := holder{s, s, r, map[string]Secret{"k": s}}
	var out bytes.Buffer
	for _, verb := range strings.Split("v +v #v s q x X d p t c U e b", " ") {
		for _, v := range []any{s, &s, r, &r, h, &h, []Secret{s}, Source{Text: s}} {
			fmt.Fprintf(&out, "%"+verb+"\n", v)
		}
	}
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		log.Info("m", "s", s, "p", &s, "r", r, "h", h, "list", []any{s, h})
	}
	text, err := json.Marshal(map[string]any{"s": s, "h": h, "r": r, "m": map[Secret]int{s: 1}})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	for _, form := range []string{canary, hex.EncodeToString([]byte(canary)), strings.ToUpper(hex.EncodeToString([]byte(canary))),
		fmt.Sprint([]byte(canary))[1:30], base64.StdEncoding.EncodeToString([]byte(canary))[:12]} {
		if strings.Contains(out.String(), form) {
			t.Errorf("%q is seen in:\n%s", form, out.String())
		}
	}
	if s.Reveal() != canary || s.Empty() || !NewSecret("").Empty() || (Secret{}).Reveal() != "" {
		t.Error("a secret is not what it was made of")
	}
	var back Secret
	if err := json.Unmarshal([]byte(`"`+canary+`"`), &back); err != nil || back.Reveal() != canary {
		t.Errorf("read from JSON: %v", err)
	}
	if err := json.Unmarshal([]byte(`"[secret]"`), &back); err == nil {
		t.Error("the placeholder passes for a secret")
	}
}

func FuzzParseRing(f *testing.F) {
	f.Add(key(1, 'a') + "," + key(2, 'b'))
	f.Add("# none\n")
	f.Add("1:")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRing(text)
		if (err == nil) == r.Empty() {
			t.Fatalf("%v with %d keys", err, len(r.keys))
		}
		if err != nil {
			return
		}
		if again, err := ParseRing(text + "\n"); err != nil || !slices.Equal(again.IDs(), r.IDs()) {
			t.Fatalf("a line break more: %v", err)
		}
		if got, err := r.Open("b", seal(t, r, "b", text)); err != nil || string(got) != text {
			t.Fatal(err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	r, good := vector(f)
	f.Add(good)
	f.Add(good[:Overhead-1])
	f.Add([]byte{version, 0, 0, 0, 9})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		text, err := r.Open("connector/one", sealed)
		if err == nil && (!bytes.Equal(sealed, good) || string(text) != "secret") {
			t.Fatalf("a forgery opened as %q", text)
		}
		if _, again := r.Rewrap("connector/one", sealed); again != nil && err == nil {
			t.Fatalf("opens, and is not wrapped anew: %v", again)
		}
	})
}

func BenchmarkSealOpen(b *testing.B) {
	r := ring(b, key(1, 'a'))
	for b.Loop() {
		sealed, err := r.Seal("connector/one", []byte("secret"))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Open("connector/one", sealed); err != nil {
			b.Fatal(err)
		}
	}
}
