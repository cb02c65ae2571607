package storagetest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// Recorder is a transport that keeps the text of each request, with what differs from run to
// run replaced by a word, and answers by itself. Nothing is dialled, so the addresses are
// those of the providers.
type Recorder struct {
	// Answer is what the provider would say.
	Answer func(r *http.Request, body []byte) Answer

	mu       sync.Mutex
	refuse   func(r *http.Request) int // status that takes the place of the answer, 0 for none
	sections []string
	now      []string
}

// Answer is a reply of a provider.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
}

// RoundTrip records and answers.
func (c *Recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	c.now = append(c.now, text(r, body))
	var a Answer
	if c.refuse != nil {
		a.Status = c.refuse(r)
	}
	c.mu.Unlock()
	if a.Status == 0 {
		a = c.Answer(r, body)
	}
	reply := &http.Response{
		Status: strconv.Itoa(a.Status), StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.Body)), ContentLength: int64(len(a.Body)), Request: r,
	}
	for name, value := range a.Header {
		reply.Header.Set(name, value)
	}
	return reply, nil
}

// passing are what differs from run to run, and the words that stand for it.
func passing() map[*regexp.Regexp]string {
	return map[*regexp.Regexp]string{
		regexp.MustCompile(`(?m)^((?:X-Amz-Date|X-Ms-Date): ).*`):                                "${1}DATE",
		regexp.MustCompile(`(?m)^((?:X-Ms-Client-Request-Id|X-Goog-Gcs-Idempotency-Token): ).*`): "${1}ID",
		regexp.MustCompile(`(?m)^((?:User-Agent|X-Goog-Api-Client): ).*`):                        "${1}CLIENT",
		regexp.MustCompile(`(Credential=[^/]+/)\d{8}`):                                           "${1}DAY",
		regexp.MustCompile(`(Signature=)[0-9a-f]{64}`):                                           "${1}SIGNATURE",
		regexp.MustCompile(`(SharedKey [a-z0-9]+:).*`):                                           "${1}SIGNATURE",
		regexp.MustCompile(`boundary=[0-9a-f]+`):                                                 "boundary=BOUNDARY",
		regexp.MustCompile(`(blockid=)[^& ]+`):                                                   "${1}BLOCK",
		regexp.MustCompile(`(<Latest>)[^<]+`):                                                    "${1}BLOCK",
		regexp.MustCompile(`(assertion=)[^&\n]+`):                                                "${1}STATEMENT",
	}
}

// text is a request as lines: method and URL, the headers in order of name, and the body where
// it is no object.
func text(r *http.Request, body []byte) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s\n", r.Method, r.URL)
	header := r.Header.Clone()
	if r.ContentLength > 0 {
		header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
	}
	if said := words(r.Header.Get("Content-Type"), body); said != "" {
		fmt.Fprintf(&out, "\n%s\n", said)
	}
	all := out.String()
	for what, word := range passing() {
		all = what.ReplaceAllString(all, word)
	}
	return all
}

// words is a body that says something about an object, and not the object itself.
func words(kind string, body []byte) string {
	kind, parameters, err := mime.ParseMediaType(kind)
	switch {
	case err != nil:
		return ""
	case kind == "multipart/related": // an object behind what is said about it
		_, said, _ := bytes.Cut(body, []byte("\r\n\r\n"))
		said, _, _ = bytes.Cut(said, []byte("\r\n--"+parameters["boundary"]))
		return strings.TrimSpace(string(said))
	case kind == "application/json", kind == "application/xml", kind == "text/xml", kind == "application/x-www-form-urlencoded":
		return strings.TrimSpace(string(body))
	}
	return ""
}

// Section ends what was recorded under a heading. Parts of one object are sent at once, so
// their texts are sorted.
func (c *Recorder) Section(heading string) {
	part := regexp.MustCompile(`^PUT \S*(partNumber=|comp=block&)`)
	slices.SortStableFunc(c.now, func(a, b string) int {
		if part.MatchString(a) && part.MatchString(b) {
			return strings.Compare(a, b)
		}
		return 0
	})
	c.sections = append(c.sections, "# "+heading+"\n\n"+strings.Join(c.now, "\n"))
	c.now = nil
}

// Operations does with a bucket whose transport is c all that the service does, also what it
// does where a store fails or refuses.
func (c *Recorder) Operations(t *testing.T, b storage.Bucket, r storage.Rules) {
	t.Helper()
	full := described(r)
	put(t, b, full, Body(t, 1000, 1))
	c.Section("Write, with all that can be said of an object")
	put(t, b, storage.Object{Key: "kept", MIME: "image/webp", Keep: true}, Body(t, 1000, 1))
	c.Section("Write, unless there is one")
	full.Keep = true
	put(t, b, full, Body(t, transfer.Small+1000, 1))
	c.Section("Write a large object, unless there is one")
	if _, err := b.Stat(t.Context(), full.Key); err != nil {
		fails(t, err, storage.NoObject)
	}
	c.Section("Tell of one")
	if _, _, _, err := read(t.Context(), b, full.Key); err != nil {
		t.Fatal(err)
	}
	c.Section("Read")
	if err := b.List(t.Context(), "folder/", "folder/a", func(storage.Info) error { return nil }); err != nil {
		t.Fatal(err)
	}
	c.Section("List, two pages")
	if err := b.Remove(t.Context(), full.Key); err != nil {
		t.Fatal(err)
	}
	c.Section("Remove")
	c.failures(t, b)
}

// failures are writes that a store does not let through.
func (c *Recorder) failures(t *testing.T, b storage.Bucket) {
	t.Helper()
	tries := 0
	c.refuse = func(r *http.Request) int {
		conditional := r.Header.Get("If-None-Match") != "" || r.URL.Query().Has("ifGenerationMatch")
		switch {
		case !changes(r):
			return 0
		case tries == 0:
			tries++
			return http.StatusServiceUnavailable
		case conditional:
			return http.StatusPreconditionFailed
		}
		return 0
	}
	if _, err := b.Put(t.Context(), storage.Object{Key: "kept", MIME: "image/webp", Keep: true}, Body(t, 2000, 1)); err != nil {
		fails(t, err, storage.Exists)
	}
	c.Section("Write, unless there is one, and look whether the one there is ours")
	const size = transfer.Small + 1000
	c.refuse = func(r *http.Request) int {
		if changes(r) && lastOf(r, size) {
			return http.StatusForbidden
		}
		return 0
	}
	_, err := b.Put(t.Context(), storage.Object{Key: "given up", MIME: "image/webp"}, Body(t, size, 1))
	fails(t, err, storage.Denied)
	c.Section("Write a large object, and give it up")
	c.refuse = nil
}

// described is an object of which all is said that the provider takes.
func described(r storage.Rules) storage.Object {
	full := storage.Object{Key: "folder/a file+1.webp", MIME: "image/webp", Headers: map[string]string{}}
	values := map[string]string{
		"Cache-Control": "public, max-age=86400", "Content-Disposition": "inline", "Content-Encoding": "identity",
		"Content-Language": "de", "Content-Type": "image/webp", "Expires": "Wed, 01 Dec 2027 16:00:00 GMT",
	}
	for _, name := range r.Headers {
		full.Headers[name] = values[name]
	}
	if r.Metadata.Good != nil {
		full.Metadata = map[string]string{"origin": "camera"}
	}
	if r.Tags {
		full.Tags = map[string]string{"team": "print + web"}
	}
	if len(r.ACLs) > 0 {
		full.ACL = storage.PublicRead
	}
	if len(r.Classes) > 1 {
		full.Class = r.Classes[1].Name
	}
	return full
}

// Compare compares all that was recorded with the texts in the file, or writes it.
func (c *Recorder) Compare(t *testing.T, file string, update bool) {
	t.Helper()
	file = filepath.Join("testdata", "requests", file)
	got := strings.Join(c.sections, "\n")
	if update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	old, now := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(old), len(now)) {
		if i >= len(old) || i >= len(now) || old[i] != now[i] {
			t.Fatalf("%s:%d is not what is sent now: run this test with -update", file, i+1)
		}
	}
}
