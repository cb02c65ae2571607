package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"compressor/internal/zipfile/ziptest"
)

// kind is how an order is sent.
type kind int

const (
	single    kind = iota // one file, sent or to be fetched
	batchJSON             // files to be fetched
	batchForm             // files in one form
	tus                   // one file, in two pieces
)

// broken is a file that fails.
const broken = "broken.png"

// order is one job that a client of the kill test wants done, until it has a reply.
type order struct {
	n      int
	kind   kind
	name   string // of the file
	data   []byte // nil: to be fetched
	file   int    // which file it is: those of one number have one result
	broken bool
	async  bool
	hook   string // path of the receiver, "" for no webhook
	cancel bool
	once   bool  // with an idempotency key: however many tries, one job
	items  []int // which files, of a batch
}

// material is what the orders of a kill test are made of.
type material struct {
	source   *httptest.Server // of what is fetched
	receiver *receiver
	names    []string
	files    [][]byte
}

func newMaterial(t *testing.T) *material {
	t.Helper()
	m := &material{}
	add := func(name string, data []byte) { m.names, m.files = append(m.names, name), append(m.files, data) }
	for i := range 3 {
		add("photo.jpg", photo(260+120*i, 200+90*i, uint64(40+i)))
	}
	add("graphic.png", graphic(160, 120, 3))
	add("mixed.zip", ziptest.Zip(ziptest.File("photo.jpg", photo(200, 150, 6)), ziptest.File("text.txt", bytes.Repeat([]byte("text "), 400))))
	add(broken, graphic(160, 120, 4)[:700])
	add("film.mp4", film(t, "192x108", 2))
	m.source = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var i int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d/", &i); err != nil || i >= len(m.files) {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		http.ServeContent(w, r, "", noTime, bytes.NewReader(m.files[i]))
	}))
	t.Cleanup(m.source.Close)
	var err error
	if m.receiver, err = newReceiver(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.receiver.stop() }) //nolint:errcheck // the test is over
	return m
}

// order makes the nth order: every kind of file, of asking and of waiting, in turn.
func (m *material) order(n int) order {
	films := len(m.files) - 1
	o := order{n: n, file: n % films, async: n%2 == 1, once: n%3 != 0, cancel: n%16 == 8}
	if n%7 < 3 {
		o.hook = fmt.Sprintf("/fail/%d/%d", n%3, n)
	}
	switch n % 10 {
	case 3:
		o.file, o.cancel = films, n%40 == 33
	case 6, 7:
		o.kind, o.cancel, o.hook = batchJSON, false, fmt.Sprintf("/fail/%d/%d", n%3, n)
		if n%10 == 7 {
			o.kind = batchForm
		}
		o.items = []int{n % 3, (n + 1) % films, films - (n+n/10)%2} // every other one has a film, the rest a broken file
	case 9:
		o.kind, o.cancel = tus, false
	}
	o.name, o.broken = m.names[o.file], o.items == nil && m.names[o.file] == broken
	if n%5 != 4 || o.kind == tus {
		o.data = m.files[o.file]
	}
	o.async = o.async || o.hook != "" || o.cancel
	return o
}

// address is where a file can be fetched.
func (m *material) address(file int) string {
	return fmt.Sprintf("%s/%d/%s", m.source.URL, file, m.names[file])
}

// webhook is the option of an order that has one.
func (m *material) webhook(o order) any {
	return map[string]any{"url": "http://" + m.receiver.address + o.hook}
}

// request is the order as a client sends it.
func (m *material) request(base string, o order) (*http.Request, error) {
	if o.items != nil {
		return m.batch(base, o)
	}
	options := map[string]any{"async": o.async}
	if o.hook != "" {
		options["webhook"] = m.webhook(o)
	}
	if o.data == nil {
		options["url"] = m.address(o.file)
	}
	text, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	if o.data == nil {
		return o.post(base+"/1.0/fetch", "application/json", bytes.NewBuffer(text))
	}
	body, contentType, err := form(part{"file", o.name, string(o.data)}, part{name: "data", body: string(text)})
	if err != nil {
		return nil, err
	}
	return o.post(base+"/1.0/upload", contentType, body)
}

func (o order) post(url, contentType string, body *bytes.Buffer) (*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth(key, "")
	r.Header.Set("Content-Type", contentType)
	if o.once {
		r.Header.Set("Idempotency-Key", fmt.Sprintf("order-%d", o.n))
	}
	return r, nil
}

// told is the checker of webhooks: each of these jobs was told of, and whoever was told of a
// job was told the same under one id, with all items of a batch.
func (m *material) told(want []string, ends map[string]string, items map[string]bool) []string {
	var out []string
	ids, words := map[string]string{}, map[string]string{}
	m.receiver.mu.Lock()
	defer m.receiver.mu.Unlock()
	for path, notices := range m.receiver.got {
		for _, n := range notices {
			var f whole
			if err := json.Unmarshal(n.body, &f); err != nil {
				out = append(out, fmt.Sprintf("webhook of %s: %v", path, err))
				continue
			}
			if len(f.Items) != f.Counts.Total {
				out = append(out, fmt.Sprintf("batch %s was told of with %d of %d items", f.ID, len(f.Items), f.Counts.Total))
			}
			id, word := n.header.Get("Webhook-Id"), fmt.Sprint(f.Status)
			if ids[f.ID] != "" && (ids[f.ID] != id || words[f.ID] != word) {
				out = append(out, fmt.Sprintf("job %s was told of as %s and %s, %s and %s", f.ID, ids[f.ID], id, words[f.ID], word))
			}
			ids[f.ID], words[f.ID] = id, word
		}
	}
	for item := range items {
		if ids[item] != "" {
			out = append(out, fmt.Sprintf("item %s was told of by itself", item))
		}
	}
	for _, job := range want {
		if ids[job] == "" {
			out = append(out, fmt.Sprintf("job %s, %s, was not told of", job, ends[job]))
		} else if words[job] != ends[job] {
			out = append(out, fmt.Sprintf("job %s is %s and was told of as %s", job, ends[job], words[job]))
		}
	}
	slices.Sort(out)
	return out
}

// TestTold: the checker of webhooks sees each kind of fault.
func TestTold(t *testing.T) {
	say := func(job, state, id string) notice {
		return notice{header: http.Header{"Webhook-Id": {id}}, body: []byte(`{"id":"` + job + `","status":"` + state + `"}`)}
	}
	for _, c := range []struct {
		name    string
		notices []notice
		fault   string
	}{
		{"good", []notice{say("a", "completed", "1"), say("a", "completed", "1"), say("b", "failed", "2")}, ""},
		{"not told", nil, "not told of"},
		{"two ids", []notice{say("a", "completed", "1"), say("a", "completed", "2")}, "told of as 1 and 2"},
		{"two states", []notice{say("a", "failed", "1"), say("a", "completed", "1")}, "failed and completed"},
		{"other state", []notice{say("a", "failed", "1")}, "is completed and was told of as failed"},
		{"no items", []notice{say("a", "completed", "1"), {header: http.Header{"Webhook-Id": {"2"}}, body: []byte(`{"id":"c","counts":{"total":1}}`)}}, "0 of 1 items"},
		{"an item", []notice{say("a", "completed", "1"), say("i", "completed", "2")}, "by itself"},
		{"no JSON", []notice{say("a", "completed", "1"), {body: []byte("x")}}, "invalid"},
	} {
		m := &material{receiver: &receiver{got: map[string][]notice{"/x": c.notices}}}
		faults := m.told([]string{"a"}, map[string]string{"a": "completed"}, map[string]bool{"i": true})
		if c.fault == "" && len(faults) > 0 || c.fault != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.fault)) {
			t.Errorf("%s: %q", c.name, faults)
		}
	}
}
