package egress

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"compressor/internal/problem"
)

func TestCheckHeaders(t *testing.T) {
	many, large := map[string]string{}, map[string]string{"X": strings.Repeat("y", maxHeaderBytes)}
	for i := range maxHeaders + 1 {
		many[fmt.Sprint("X-", i)] = "y"
	}
	for _, test := range []struct {
		headers map[string]string
		want    string // the paths of the wrong fields
	}{
		{nil, ""},
		{map[string]string{"Authorization": "Bearer x", "cookie": "a=b", "User-Agent": "me", "X-é": ""}, "headers.X-é"},
		{map[string]string{"Host": "a", "Content-Type": "b", "content-length": "3", "Accept": "*/*"}, "headers.Content-Type headers.Host headers.content-length"},
		{map[string]string{"Connection": "x", "TE": "x", "Upgrade": "x", "transfer-encoding": "chunked", "Proxy-Authorization": "x"}, "headers.Connection headers.Proxy-Authorization headers.TE headers.Upgrade headers.transfer-encoding"},
		{map[string]string{"X": "a\r\nHost: b"}, "headers.X"},
		{map[string]string{"X": "a\x00"}, "headers.X"},
		{map[string]string{"X Y": "a", "": "b", "Z:": "c"}, "headers. headers.X Y headers.Z:"},
		{map[string]string{"a\r\nb\xff": "a"}, "headers.ab"},
		{map[string]string{"X-A": "1", "x-a": "2"}, "headers.x-a"},
		{many, "headers"},
		{large, "headers"},
	} {
		var paths []string
		for _, f := range CheckHeaders(test.headers) {
			paths = append(paths, f.Path)
		}
		if got := strings.Join(paths, " "); got != test.want {
			t.Errorf("%v: wrong are %q, want %q", test.headers, got, test.want)
		}
	}
}

// TestInvalidRequest wants every wrong field named at once, before anything is sent.
func TestInvalidRequest(t *testing.T) {
	_, err := sealed(Policy{}).Fetch(t.Context(), Request{URL: "ftp://a.test/", Headers: map[string]string{"Host": "b", "Content-Range": "c"}}, io.Discard)
	if !problem.Has(err, problem.OptionsInvalid) || len(problem.From(err).Fields) != 3 {
		t.Errorf("%v", err)
	}
}
