package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// batch is the order as a client sends it if it is one of several files: to be fetched, or in
// a form.
func (m *material) batch(base string, o order) (*http.Request, error) {
	options := map[string]any{"webhook": m.webhook(o)}
	var parts []part
	var items []any
	for _, file := range o.items {
		if o.kind == batchForm {
			parts = append(parts, part{"file", m.names[file], string(m.files[file])})
		} else {
			items = append(items, map[string]any{"url": m.address(file)})
		}
	}
	if o.kind == batchJSON {
		options["items"] = items
	}
	text, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	body, contentType := bytes.NewBuffer(text), "application/json"
	if o.kind == batchForm {
		if body, contentType, err = form(append(parts, part{name: "data", body: string(text)})...); err != nil {
			return nil, err
		}
	}
	return o.post(base+"/1.0/batch", contentType, body)
}

// see notes what is told of an ended batch and its items. All of these must be there, and only
// the broken ones have failed.
func (k *killing) see(id string, files []int) error {
	r, err := get(k.c, k.s.base(), "/1.0/jobs/"+id)
	if err != nil {
		return err
	}
	var w whole
	if err := json.Unmarshal(r.body, &w); err != nil {
		return err
	}
	failed := 0
	for i, item := range w.Items {
		if i >= len(files) {
			break
		}
		want := ""
		if k.names[files[i]] == broken {
			want, failed = "failed", failed+1
		}
		k.history.acceptAs(item.ID, files[i], want)
		k.items[item.ID] = true
		k.sawEnd(item)
	}
	k.history.saw(id, fmt.Sprint(w.Status), w.path(), "")
	k.ends[id] = fmt.Sprint(w.Status)
	got := []int{len(w.Items), w.Counts.Total, w.Counts.Completed, w.Counts.Failed}
	if want := []int{len(files), len(files), len(files) - failed, failed}; !slices.Equal(got, want) {
		return fmt.Errorf("batch %s has %d items and counts %d, %d, %d instead of %d", id, got[0], got[1], got[2], got[3], want)
	}
	return nil
}
