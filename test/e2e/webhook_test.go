package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// TestWebhookKill kills the server at random moments while jobs run and webhooks are sent,
// to a receiver that fails at first, and then holds what the receiver got against the jobs:
// each was told of, under one id.
func TestWebhookKill(t *testing.T) {
	t.Parallel()
	const uploads, kills = 12, 5
	hooks, err := newReceiver()
	if err != nil {
		t.Fatal(err)
	}
	defer hooks.stop() //nolint:errcheck // the test is over
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 5))
	s := newServer(t, filepath.Join(t.TempDir(), "data"), "COMPRESSOR_EGRESS_WEBHOOK_ALLOW=127.0.0.1",
		"COMPRESSOR_WEBHOOK_RETRIES=50ms,100ms,200ms,400ms,800ms,2s,5s")
	s.launch()
	s.waitReady()
	t.Cleanup(func() { s.stop(); s.checkNothingLeft() })
	c := newClient()
	jobs := map[string]string{} // path of the webhook, by job
	for n := range uploads {
		path := fmt.Sprintf("/fail/%d/%d", n%3, n)
		options := fmt.Sprintf(`{"webhook":{"url":"http://%s%s"}}`, hooks.address, path)
		f := s.mustUpload(c, "photo.jpg", photo(300+40*n, 200, uint64(n)), options, 202)
		jobs[f.ID] = path
		if n%2 == 1 && n/2 < kills {
			time.Sleep(time.Duration(random.Int64N(int64(700 * time.Millisecond))))
			s.kill()
			s.launch()
			s.waitReady()
		}
	}
	told := 0
	for id, path := range jobs {
		if err := eventually(patience, func() error { return heard(s, c, id, path, hooks) }); err != nil {
			t.Errorf("job %s: %v", id, err)
		}
		told += len(hooks.notices(path))
	}
	t.Logf("%d jobs, %d kills: %d requests", uploads, kills, told)
}

// heard says whether the end of a job was told, acknowledged and told under one id only.
func heard(s *server, c *http.Client, id, path string, hooks *receiver) error {
	r, err := get(c, s.base(), "/1.0/webhooks?limit=100")
	if err != nil {
		return err
	}
	var page struct {
		Webhooks []struct {
			ID    string `json:"id"`
			JobID string `json:"job_id"`
			State string `json:"state"`
		} `json:"webhooks"`
	}
	if err := json.Unmarshal(r.body, &page); err != nil {
		return err
	}
	var ids []string
	for _, d := range page.Webhooks {
		if d.JobID == id && d.State == "delivered" {
			ids = append(ids, d.ID)
		}
	}
	got := hooks.notices(path)
	if len(ids) != 1 || len(got) == 0 {
		return fmt.Errorf("%d deliveries, %d requests", len(ids), len(got))
	}
	for _, n := range got {
		var f fields
		if err := json.Unmarshal(n.body, &f); err != nil || f.ID != id || f.Status != "completed" || n.header.Get("Webhook-Id") != ids[0] {
			return fmt.Errorf("told %s under %s instead of %s", n.body, n.header.Get("Webhook-Id"), ids[0])
		}
	}
	return nil
}
