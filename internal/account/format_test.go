package account

import (
	"regexp"
	"strings"
	"testing"
)

func TestGenerate(t *testing.T) {
	form := regexp.MustCompile(`^ck_live_[0-9a-zA-Z]{43}[0-9a-zA-Z]{6}$`)
	seen := map[string]bool{}
	for range 200 {
		key := generate()
		if !form.MatchString(key) || !plausible(key) || seen[key] {
			t.Fatalf("generated %q", key)
		}
		seen[key] = true
		if visible(key) != key[:12] {
			t.Errorf("%q shows %q", key, visible(key))
		}
	}
}

// TestTypingErrors: a changed, missing, doubled or swapped character of a generated key is
// seen without the database.
func TestTypingErrors(t *testing.T) {
	key := generate()
	for i := len(mark); i < len(key); i++ {
		for _, c := range "0aZ" {
			if wrong := key[:i] + string(c) + key[i+1:]; wrong != key && plausible(wrong) {
				t.Errorf("%q passes for %q", wrong, key)
			}
		}
		if plausible(key[:i] + key[i+1:]) {
			t.Errorf("passes without character %d", i)
		}
		if i+1 < len(key) && key[i] != key[i+1] && plausible(key[:i]+key[i+1:i+2]+key[i:i+1]+key[i+2:]) {
			t.Errorf("passes with %d and %d swapped", i, i+1)
		}
	}
}

func TestPlausible(t *testing.T) {
	for key, want := range map[string]bool{
		"":                        false,
		"fifteen-chars-x":         false,
		"sixteen-chars-xy":        true,
		"ääääääääääääääää":        true, // 16 characters, 32 bytes
		"with a blank and: more":  true,
		"line\nbreak-in-the-key":  false,
		"nul\x00in-the-long-key":  false,
		mark + "0123456789abcdef": false, // bears the mark, is none
		strings.Repeat("x", 512):  true,
		strings.Repeat("x", 513):  false,
	} {
		if plausible(key) != want {
			t.Errorf("plausible(%q) is not %v", key, want)
		}
	}
	if visible("my-own-chosen-key") != "" {
		t.Error("a chosen key is shown in part")
	}
}

// FuzzPlausible: no text panics, and what bears the mark of a generated key passes only
// if its checksum is right.
func FuzzPlausible(f *testing.F) {
	f.Add(generate())
	f.Add("ck_live_")
	f.Add("sixteen-chars-xy")
	f.Add(strings.Repeat("\xff", 600))
	f.Fuzz(func(t *testing.T, key string) {
		if !plausible(key) {
			return
		}
		if len(key) < shortest || len(key) > longest {
			t.Errorf("%d bytes pass", len(key))
		}
		if body, ok := strings.CutPrefix(key, mark); ok && checksum(mark+body[:keyDigits]) != body[keyDigits:] {
			t.Errorf("%q passes with a wrong checksum", key)
		}
	})
}
