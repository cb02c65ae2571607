package egress

import (
	"mime"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFileName(t *testing.T) {
	for _, test := range []struct{ disposition, url, want string }{
		{`attachment; filename="beach.jpg"`, "http://a/x.png", "beach.jpg"},
		{`attachment; filename=beach.jpg`, "http://a/x.png", "beach.jpg"},
		{`attachment; filename = my beach.jpg ; x=y`, "http://a/x.png", "my beach.jpg"},
		{`attachment;FileName="a;b=\"c\".jpg"`, "http://a/x.png", `a;b="c".jpg`},
		{`attachment; filename="C:\dir\x.jpg"`, "http://a/x.png", `C:\dir\x.jpg`},
		{`attachment; filename="plain.jpg"; filename*=UTF-8''%e2%82%ac%20rates.jpg`, "http://a/", "€ rates.jpg"},
		{`attachment; filename*=utf-8'en'%C3%A4.jpg; filename=a.jpg`, "http://a/", "ä.jpg"},
		{`attachment; filename*=ISO-8859-1''%E4.jpg`, "http://a/", "ä.jpg"},
		{`attachment; filename*=UTF-8''%ff.jpg; filename=a.jpg`, "http://a/", "a.jpg"},
		{`attachment; filename*=UTF-8''%zz; filename=a.jpg`, "http://a/", "a.jpg"},
		{`attachment; filename*=KOI8-R''a; filename=a.jpg`, "http://a/", "a.jpg"},
		{`attachment; filename*=nothing; filename=a.jpg`, "http://a/", "a.jpg"},
		{"attachment; filename=\"\xe4.jpg\"", "http://a/", "ä.jpg"},
		{`attachment; filename="a.jpg"; filename="b.jpg"`, "http://a/", "a.jpg"},
		{`attachment; filename="open.jpg`, "http://a/", "open.jpg"},
		{`attachment; filename="open.jpg\`, "http://a/", `open.jpg\`},
		{`attachment; filename=""`, "http://a/x.png", "x.png"},
		{`attachment; filename`, "http://a/x.png", "x.png"},
		{`attachment;;;=;="";filename=a`, "http://a/x.png", "a"},
		{`filename="a.jpg"`, "http://a/x.png", "x.png"}, // no disposition type: not a parameter
		{`inline`, "http://a/dir/x.png?y=z.gif#w", "x.png"},
		{"", "http://a/dir/r%C3%A9sum%C3%A9%2Fx.png", "résumé/x.png"},
		{"", "http://a/dir/", "file"},
		{"", "http://a", "file"},
	} {
		u, err := url.Parse(test.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := fileName(test.disposition, u); got != test.want {
			t.Errorf("%s, %s: %q, want %q", test.disposition, test.url, got, test.want)
		}
	}
}

// FuzzContentDisposition reads hostile headers, and reads back what the standard library
// writes for the same text taken as a name.
func FuzzContentDisposition(f *testing.F) {
	for _, seed := range []string{"beach.jpg", `a"b\c;d=e.jpg`, "€ 'x'%20.png", "\xe4", `x; filename*=UTF-8''%41; filename="`, ";=;\"\\", " ", "a\tb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, header := range []string{text, "attachment; " + text, "attachment; filename*=" + text} {
			if name := dispositionName(header); !utf8.ValidString(name) {
				t.Errorf("%q: name %q is not UTF-8", header, name)
			}
		}
		if !utf8.ValidString(text) || text == "" || strings.ContainsAny(text, "\r\n") {
			return
		}
		header := mime.FormatMediaType("attachment", map[string]string{"filename": text})
		if got := dispositionName(header); got != text {
			t.Errorf("%s: %q, want %q", header, got, text)
		}
	})
}
