package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// whole is what the tests look at of a batch.
type whole struct {
	fields
	Counts struct{ Total, Completed, Failed, Canceled int } `json:"counts"`
	Items  []fields                                         `json:"items"`
}

// sendBatch posts files as one batch, again as long as no reply came.
func sendBatch(s *server, c *http.Client, files [][]byte, options, once string) fields {
	s.t.Helper()
	parts := []part{{name: "data", body: options}}
	for i, f := range files {
		parts = append(parts, part{"file", fmt.Sprintf("photo-%d.jpg", i), string(f)})
	}
	var got fields
	err := eventually(patience, func() error {
		body, contentType, err := form(parts...)
		if err != nil {
			return err
		}
		r, err := http.NewRequest(http.MethodPost, s.base()+"/1.0/batch", body)
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Idempotency-Key", once)
		r.SetBasicAuth(key, "")
		reply, err := do(c, r)
		if err != nil {
			return err
		}
		if reply.status != http.StatusAccepted {
			return fmt.Errorf("status %d: %s", reply.status, reply.body)
		}
		got, err = reply.fields()
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// TestKillBatch kills the server again and again under a batch: no item is lost or counted
// twice, the batch ends once, and its one notice arrives.
func TestKillBatch(t *testing.T) {
	t.Parallel()
	hook, err := newReceiver()
	if err != nil {
		t.Fatal(err)
	}
	defer hook.stop() //nolint:errcheck // the test is over
	const photos, bad, kills = 8, 2, 4
	var files [][]byte
	for i := range photos {
		files = append(files, photo(400+40*i, 300, uint64(60+i)))
	}
	files = append(files, []byte("no picture"), nil)
	s, c := newServer(t, filepath.Join(t.TempDir(), "data")), newClient()
	s.env = []string{"COMPRESSOR_EGRESS_WEBHOOK_ALLOW=127.0.0.1", "COMPRESSOR_WEBHOOK_RETRIES=200ms,500ms,1s,2s,5s"}
	s.launch()
	s.waitReady()
	t.Cleanup(func() { s.stop(); s.checkNothingLeft() })
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 3))
	sent := make(chan fields, 1)
	go func() {
		sent <- sendBatch(s, c, files, `{"webhook":{"url":"http://`+hook.address+`/ok"}}`, "one")
	}()
	for range kills {
		time.Sleep(time.Duration(random.Int64N(int64(2 * time.Second))))
		s.kill()
		s.launch()
	}
	s.waitReady()
	id := (<-sent).ID
	s.await(t, c, id)
	checkWhole(t, s, c, id, files, photos)
	checkNotices(t, hook, id)
}

// checkWhole: all items of an ended batch are there, in order, the first ones completed,
// each with one result.
func checkWhole(t *testing.T, s *server, c *http.Client, id string, files [][]byte, photos int) {
	t.Helper()
	r, err := get(c, s.base(), "/1.0/jobs/"+id)
	if err != nil {
		t.Fatal(err)
	}
	var w whole
	if err := json.Unmarshal(r.body, &w); err != nil {
		t.Fatal(err)
	}
	if w.Status != "completed" || w.Counts.Total != len(files) || w.Counts.Completed != photos || w.Counts.Failed != len(files)-photos || len(w.Items) != len(files) {
		t.Errorf("%s", r.body)
	}
	results := s.files("results")
	for i, item := range w.Items[:photos] {
		if item.Input.SHA256 != sha(files[i]) {
			t.Errorf("item %d is not file %d", i, i)
		}
		if _, err := download(c, s.base(), item); err != nil {
			t.Errorf("item %d: %v", i, err)
		}
		n := 0
		for _, name := range results {
			if strings.HasPrefix(name, item.ID) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("item %d has %d result files", i, n)
		}
	}
}

// checkNotices: at least one came, all of the same delivery, and each tells of the end.
func checkNotices(t *testing.T, hook *receiver, id string) {
	t.Helper()
	var got []notice
	err := eventually(patience, func() error {
		hook.mu.Lock()
		defer hook.mu.Unlock()
		if got = hook.got["/ok"]; len(got) == 0 {
			return fmt.Errorf("no notice came")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range got {
		var w whole
		if err := json.Unmarshal(n.body, &w); err != nil || w.ID != id || w.Status != "completed" || len(w.Items) != w.Counts.Total {
			t.Errorf("%s, %v", n.body, err)
		}
		if n.header.Get("Webhook-Id") != got[0].header.Get("Webhook-Id") {
			t.Error("told twice, under two ids")
		}
	}
}
