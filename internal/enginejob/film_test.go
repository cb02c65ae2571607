package enginejob

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFilmLike: films and nothing else have the longer clock and the tools.
func TestFilmLike(t *testing.T) {
	for data, want := range map[string]bool{
		"\x00\x00\x00\x18ftypisom": true, "\x00\x00\x00\x14ftypqt  ": true, "\x00\x00\x00\x08wide\x00\x00\x00\x00": true,
		"\x00\x00\x10\x00moov\x00\x00\x00\x6c": true, "\x00\x00\x00\x18ftypavif": false, "\x00\x00\x00\x18ftypheic": false,
		"\x00\x00\x00\x18ftypmiaf": false, "\x00\x00\x00\x18ftypM4A ": false, "<!--moov--><svg/>": false, "<!--wide--><svg/>": false,
		"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d": false, "PK\x03\x04 a few more bytes": false, "": false, "ftyp": false,
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := filmLike(path); got != want || err != nil {
			t.Errorf("%q: %t, %v", data, got, err)
		}
	}
	if _, err := filmLike(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there")
	}
}
