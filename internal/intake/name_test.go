package intake

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanName(t *testing.T) {
	long := strings.Repeat("ä", 200)
	for _, test := range []struct{ name, want string }{
		{"beach.jpg", "beach.jpg"},
		{"", "file"},
		{".", "file"},
		{"..", "file"},
		{"../../etc/passwd", "passwd"},
		{`C:\fakepath\beach.jpg`, "beach.jpg"},
		{`a/b\c/d.png`, "d.png"},
		{"dir/sub/", "sub"},
		{"///", "file"},
		{".htaccess", "htaccess"},
		{"...jpg", "jpg"},
		{" . a . ", "a"},
		{"a.jpg. .", "a.jpg"},
		{"a\r\nSet-Cookie: b\x00\x7f\u0085.png", "aSet-Cookie: b.png"},
		{"\u202egpj.exe", "gpj.exe"},
		{"a\u2066b\u2069\u200e\u061c\u2028\ufeff.png", "ab.png"},
		{"\u200d\u200c", "file"},
		{"\U0001F469\u200d\U0001F4BB.png", "\U0001F469\u200d\U0001F4BB.png"},
		{"\xff\xfea\xc3.png", "a.png"},
		{`"; rm -rf ~; ".png`, `"; rm -rf ~; ".png`},
		{"résumé 你好.pdf", "résumé 你好.pdf"},
		{long + ".jpeg", strings.Repeat("ä", 125) + ".jpeg"},
		{long, strings.Repeat("ä", 127)},
		{long + "." + strings.Repeat("x", 40), strings.Repeat("ä", 127)},
		{strings.Repeat("x", 4096), strings.Repeat("x", 255)},
		{strings.Repeat("x", 240) + strings.Repeat(" .", 100) + "y", strings.Repeat("x", 240) + strings.Repeat(" .", 6) + " .y"},
	} {
		if got := CleanName(test.name); got != test.want {
			t.Errorf("CleanName(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	for _, seed := range []string{"beach.jpg", `..\../x`, "\u202e\xff.", strings.Repeat("ä.", 200), " .\u200d. ", strings.Repeat("a", 254) + "é.b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := CleanName(name)
		if got == "" || len(got) > maxName || !utf8.ValidString(got) || strings.ContainsAny(got, `/\`) || got[0] == '.' || CleanName(got) != got {
			t.Errorf("CleanName(%q) = %q, and of that %q", name, got, CleanName(got))
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("CleanName(%q) = %q holds %U", name, got, r)
			}
		}
	})
}
