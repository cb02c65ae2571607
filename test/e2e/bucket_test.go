package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// line is what the list of a job over a bucket says of one object.
type line struct {
	Key, Status, Why string
	Output           file
	Problem          struct{ Code, Message string }
}

// transfer runs a job over a bucket and returns its list, by key.
func (s *server) transfer(c *http.Client, from, store, options string) map[string]line {
	s.t.Helper()
	var ack fields
	s.post(c, "/1.0/batch", `{"source":`+from+`,"store":`+store+options+`}`, http.StatusAccepted, &ack)
	f := s.await(s.t, c, ack.ID)
	if f.Status != "completed" {
		s.t.Fatalf("%+v", f)
	}
	r, err := get(c, s.base(), f.path())
	if err != nil || r.status != http.StatusOK {
		s.t.Fatalf("list: status %d, %v", r.status, err)
	}
	list := map[string]line{}
	for text := range bytes.Lines(r.body) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			s.t.Fatal(err)
		}
		list[l.Key] = l
	}
	return list
}

// change reads or changes what the proxy goes by.
func (b *bucket) change(edit func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	edit()
}

// statuses is what became of each object, by key.
func statuses(list map[string]line) string {
	text := map[string]string{}
	for key, l := range list {
		text[key] = l.Status
	}
	return fmt.Sprint(text)
}

func drawing(width int) []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><!-- a comment --><g><rect width="%d" height="4"/></g></svg>`, width)
}

// TestBucketUnreadable: objects that cannot be read, or are no files of a known kind, are told
// as failed, each with its reason, and the others are done.
func TestBucketUnreadable(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t), newClient()
	s := storing(t)
	id := s.connect(c, b.connector("bucket"))
	b.put("in/a.svg", drawing(1))
	b.put("in/denied.svg", drawing(2))
	b.put("in/empty.svg", nil)
	b.put("in/torn.png", []byte("\x89PNG\r\n\x1a\n, and no more"))
	b.put("in/z.svg", drawing(3))
	b.change(func() { b.refused["/"+bucketName+"/in/denied.svg"] = true })

	list := s.transfer(c, `{"id":"`+id+`","prefix":"in/"}`, `{"id":"`+id+`","path":"out/"}`, "")
	if got, want := statuses(list), "map[in/a.svg:completed in/denied.svg:failed in/empty.svg:failed in/torn.png:failed in/z.svg:completed]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for key, code := range map[string]string{"in/denied.svg": "source-failed", "in/empty.svg": "file-empty", "in/torn.png": "file-corrupt"} {
		if got := list[key].Problem; got.Code != code || got.Message == "" {
			t.Errorf("%s: %+v, want %s", key, got, code)
		}
	}
	if got := strings.Join(b.keys("out/"), " "); got != "out/a.svg out/z.svg" {
		t.Errorf("results: %s", got)
	}
}

// TestBucketKeepsSources: a result whose name another source has is not stored, and one whose
// folder is above that of the sources is refused before anything is read.
func TestBucketKeepsSources(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t), newClient()
	s := storing(t)
	id := s.connect(c, b.connector("bucket"))
	picture, err := os.ReadFile("../../testdata/image/png/palette-dinosaur.png")
	if err != nil {
		t.Fatal(err)
	}
	b.put("in/a.png", picture)
	b.put("in/a.png.webp", catPhoto(t)) // whatever it is called
	b.put("in/b.png", picture)
	before, _ := b.get("in/a.png.webp")
	from := `{"id":"` + id + `","prefix":"in/a.png"}`
	for _, folder := range []string{"out/", "in/"} {
		list := s.transfer(c, `{"id":"`+id+`","prefix":"in/"}`, `{"id":"`+id+`","path":"`+folder+`"}`, `,"image":{"format":"webp","compression":"lossless"}`)
		if l := list["in/a.png"]; l.Status != "skipped" || l.Why != "Another object has the name of its result." {
			t.Errorf("%s: %+v", folder, l)
		}
		if l := list["in/b.png"]; l.Status != "completed" || l.Output.Format != "webp" {
			t.Errorf("%s: %+v", folder, l)
		}
		if keys := strings.Join(b.keys(folder+"b.png.webp"), " "); keys != folder+"b.png.webp" {
			t.Errorf("results: %s", keys)
		}
		if after, _ := b.get("in/a.png.webp"); !bytes.Equal(after, before) {
			t.Errorf("%s: the other source was overwritten", folder)
		}
	}
	var refused struct {
		Errors []struct{ Field, Message string }
	}
	s.post(c, "/1.0/batch", `{"source":`+from+`,"store":{"id":"`+id+`","path":"/"}}`, http.StatusUnprocessableEntity, &refused)
	if len(refused.Errors) != 1 || refused.Errors[0].Field != "store.path" || !strings.HasPrefix(refused.Errors[0].Message, "Must not be a folder above") {
		t.Errorf("%+v", refused)
	}
}

// TestBucketInPlace: objects that were done in place are skipped by the same options and done
// again by others.
func TestBucketInPlace(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t), newClient()
	s := storing(t)
	id := s.connect(c, b.connector("bucket"))
	b.put("in/cat.jpg", catPhoto(t))
	size := len(catPhoto(t))
	for _, run := range []struct{ compression, want string }{
		{"medium", "completed"}, {"medium", "skipped"}, {"ultra", "completed"}, {"ultra", "skipped"},
	} {
		list := s.transfer(c, `{"id":"`+id+`","prefix":"in/"}`, `{"id":"`+id+`","path":"in/"}`, `,"image":{"compression":"`+run.compression+`"}`)
		now, _ := b.get("in/cat.jpg")
		if got := list["in/cat.jpg"].Status; got != run.want || (len(now) < size) != (run.want == "completed") {
			t.Errorf("%s: %s with %d bytes, want %s; before there were %d", run.compression, got, len(now), run.want, size)
		}
		size = len(now)
	}
}

// TestBucketNoACL: in a bucket that takes no ACLs, results are stored: those of a prefix without
// one, and a single one without that which nobody named, which is noted. One that was named is
// not dropped.
func TestBucketNoACL(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t), newClient()
	s := storing(t)
	id := s.connect(c, b.connector("bucket"))
	b.put("in/a.svg", drawing(1))
	out := `{"id":"` + id + `","path":"out/"`
	s.transfer(c, `{"id":"`+id+`","prefix":"in/"}`, out+`}`, "")
	var acl string
	var there bool
	b.change(func() { acl, there = b.acls["/"+bucketName+"/out/a.svg"] })
	if !there || acl != "" {
		t.Errorf("written: %v, with the ACL %q", there, acl)
	}

	b.change(func() { b.noACLs = true })
	f := s.mustUpload(c, "b.svg", drawing(2), `{"store":`+out+`}}`, http.StatusOK)
	if notes := strings.Join(f.Report.Notes, " "); !strings.Contains(notes, "ACL") {
		t.Errorf("notes %q", notes)
	}
	f = s.mustUpload(c, "c.svg", drawing(3), `{"store":`+out+`,"acl":"private"}}`, http.StatusBadGateway)
	if f.Code != "store-failed" {
		t.Errorf("%+v", f)
	}
	list := s.transfer(c, `{"id":"`+id+`","prefix":"in/"}`, `{"id":"`+id+`","path":"more/"}`, "")
	if got := statuses(list); got != "map[in/a.svg:completed]" {
		t.Error(got)
	}
	if got := strings.Join(append(b.keys("more/"), b.keys("out/")...), " "); got != "more/a.svg out/a.svg out/b.svg" {
		t.Errorf("objects: %s", got)
	}
}
