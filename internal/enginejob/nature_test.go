package enginejob

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNature: films and archives have the longer clock, films alone the tools.
func TestNature(t *testing.T) {
	for data, film := range map[string]bool{
		"\x00\x00\x00\x18ftypisom": true, "\x00\x00\x00\x14ftypqt  ": true, "\x00\x00\x00\x08wide\x00\x00\x00\x00": true,
		"\x00\x00\x10\x00moov\x00\x00\x00\x6c": true, "\x00\x00\x00\x18ftypavif": false, "\x00\x00\x00\x18ftypheic": false,
		"\x00\x00\x00\x18ftypmiaf": false, "\x00\x00\x00\x18ftypM4A ": false, "<!--moov--><svg/>": false, "<!--wide--><svg/>": false,
		"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d": false, "PK\x03\x04 a few more bytes": false, "PK\x05\x06": false, "": false, "ftyp": false,
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		want := nature{film: film, archive: strings.HasPrefix(data, "PK")}
		if got, err := natureOf(path); got != want || err != nil {
			t.Errorf("%q: %v, %v", data, got, err)
		}
	}
	if _, err := natureOf(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there")
	}
}
