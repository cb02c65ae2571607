package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// wrong is a reply that names fields.
type wrong struct {
	Code   string
	Errors []struct{ Field, Message string }
}

// expect holds the one field that is wrong against what is expected.
func (w wrong) expect(t *testing.T, what, code, field, message string) {
	t.Helper()
	if w.Code != code || len(w.Errors) != 1 || w.Errors[0].Field != field || w.Errors[0].Message != message {
		t.Errorf("%s: %+v", what, w)
	}
}

// TestLocalFolder: what leads out of the folder of a local connector is told of the field that
// asked for it, with its value: at once where the name tells it, and when it is read where only
// a link does. So is a connector whose folder the operator no longer allows.
func TestLocalFolder(t *testing.T) {
	t.Parallel()
	root, outside, c := t.TempDir(), t.TempDir(), newClient()
	for _, file := range []string{filepath.Join(root, "cat.jpg"), filepath.Join(outside, "secret.jpg")} {
		if err := os.WriteFile(file, catPhoto(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(root, "out")); err != nil {
		t.Fatal(err)
	}
	s := start(t, "COMPRESSOR_LOCAL_ROOTS="+root)
	id := s.connect(c, map[string]any{"name": "disk", "provider": "local", "path": root})
	source := func(path string) string { return `{"source":{"id":"` + id + `","path":"` + path + `"}}` }
	const invalid, link = "options-invalid", "A link on that path leads out of the folder of the connector; got "

	var good fields
	s.post(c, "/1.0/fetch", source("cat.jpg"), http.StatusOK, &good)
	var w wrong
	s.post(c, "/1.0/fetch", source("../secret.jpg"), http.StatusUnprocessableEntity, &w)
	w.expect(t, "above", invalid, "source.path", "Must be the path of a file below the folder of the connector, without segments that are empty, . or ..; got '../secret.jpg'.")
	s.post(c, "/1.0/fetch", source("out/secret.jpg"), http.StatusUnprocessableEntity, &w)
	w.expect(t, "by a link", "source-failed", "source.path", link+"'out/secret.jpg'.")

	store := `"store":{"id":"` + id + `","path":"results/"}}`
	s.post(c, "/1.0/batch", `{"source":{"id":"`+id+`","prefix":"/etc/"},`+store, http.StatusUnprocessableEntity, &w)
	w.expect(t, "absolute", invalid, "source.prefix", "Must be the beginning of paths below the folder of the connector, without a slash at its start; got '/etc/'.")
	var ack fields
	s.post(c, "/1.0/batch", `{"source":{"id":"`+id+`","prefix":"out/"},`+store, http.StatusAccepted, &ack)
	if f := s.await(t, c, ack.ID); f.Status != "failed" || f.Code != "source-failed" {
		t.Errorf("%+v", f)
	}

	s.kill()
	s.env = []string{"COMPRESSOR_LOCAL_ROOTS=" + outside}
	s.launch()
	s.waitReady()
	const moved = ", whose 'path' must be a folder below one of COMPRESSOR_LOCAL_ROOTS, which it no longer is."
	s.post(c, "/1.0/fetch", source("cat.jpg"), http.StatusUnprocessableEntity, &w)
	w.expect(t, "source", invalid, "source.id", "Must name a connector that can be used; got '"+id+"'"+moved)
	s.post(c, "/1.0/fetch", `{"url":"https://example.com/cat.jpg",`+store, http.StatusUnprocessableEntity, &w)
	w.expect(t, "store", invalid, "store.id", "Must name a connector that can be used; got '"+id+"'"+moved)
}
