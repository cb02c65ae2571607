package intake

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/egress"
	"compressor/internal/problem"
)

func TestFetch(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/named":
			w.Header().Set("Content-Disposition", `attachment; filename="../a\\b.jpg"`)
			io.WriteString(w, "JPEG")
		case "/dir/c%2e.png", "/dir/c..png":
			io.WriteString(w, "PNG")
		case "/empty":
		case "/endless":
			for err := error(nil); err == nil; {
				_, err = w.Write(make([]byte, 4096))
			}
		case "/cut":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "short")
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	client := egress.New(egress.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, MaxBytes: 1 << 20})
	for _, test := range []struct {
		url, name, content string
		want               problem.Code
	}{
		{server.URL + "/named", "b.jpg", "JPEG", ""},
		{server.URL + "/dir/c..png?x", "c..png", "PNG", ""},
		{server.URL + "/empty", "", "", problem.FileEmpty},
		{server.URL + "/endless", "", "", problem.FileTooLarge},
		{server.URL + "/cut", "", "", problem.SourceFailed},
		{server.URL + "/missing", "", "", problem.SourceFailed},
		{strings.Replace(server.URL, "127.0.0.1", "127.0.0.2", 1), "", "", problem.SourceForbidden},
		{"file:///etc/passwd", "", "", problem.OptionsInvalid},
	} {
		dir := t.TempDir()
		staged, err := Fetch(t.Context(), client, egress.Request{URL: test.url}, blob.NewScratch(dir))
		left, _ := os.ReadDir(dir)
		if test.want != "" {
			if !problem.Has(err, test.want) || len(left) != 0 {
				t.Errorf("%s: %v, want %s; %d files left", test.url, err, test.want, len(left))
			}
			continue
		}
		if err != nil || len(left) != 1 || staged.Name != test.name {
			t.Fatalf("%s: %v, %+v, %d files", test.url, err, staged, len(left))
		}
		if content, err := staged.Blob.Bytes(100); err != nil || string(content) != test.content {
			t.Errorf("%s: %q, %v", test.url, content, err)
		}
	}
}
