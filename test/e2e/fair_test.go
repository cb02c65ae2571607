package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestIdleKeyIsNext: however many jobs of one key wait, that of another is next. What waits
// is told as enqueued, not as processing.
func TestIdleKeyIsNext(t *testing.T) {
	const flood = 90
	s := start(t, "COMPRESSOR_SLOTS=2", "COMPRESSOR_CONCURRENT=100", "COMPRESSOR_DRAIN=0s")
	c := newClient()
	other := s.makeKey(c)
	picture, err := os.ReadFile("../../testdata/image/jpeg/tomato-product.jpg")
	if err != nil {
		t.Fatal(err)
	}
	var waiting []string
	for range flood {
		waiting = append(waiting, s.mustUpload(c, "a.jpg", picture, `{"async":true}`, http.StatusAccepted).ID)
	}
	defer func() { // what has not run is not waited for, and must leave nothing behind either
		for _, id := range waiting {
			s.cancel(c, id)
		}
	}()
	before := s.count(c, "completed")
	if n := s.count(c, "processing"); n > 2 {
		t.Errorf("%d jobs are told as processing in 2 slots", n)
	}
	r, err := uploadAs(c, s.base(), other, "b.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>`), `{"async":true}`)
	if err != nil || r.status != http.StatusAccepted {
		t.Fatalf("status %d, %v", r.status, err)
	}
	f, err := r.fields()
	if err != nil {
		t.Fatal(err)
	}
	for !f.ended() {
		req, err := http.NewRequest(http.MethodGet, s.base()+"/1.0/jobs/"+f.ID+"?wait=60", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(other, "")
		if r, err = do(c, req); err != nil {
			t.Fatal(err)
		}
		if f, err = r.fields(); err != nil || r.status != http.StatusOK {
			t.Fatalf("status %d, %v", r.status, err)
		}
	}
	// One runs, and may be followed by one that was next already; the rest is room for the
	// time between our questions.
	if n := s.count(c, "completed") - before; n > 8 {
		t.Errorf("%d of %d jobs of one key ended before one of another", n, flood)
	}
	if f.Status != "completed" {
		t.Errorf("%+v", f)
	}
}

// count is how many jobs of the seeded key are in a state, at most 100.
func (s *server) count(c *http.Client, state string) int {
	s.t.Helper()
	r, err := get(c, s.base(), "/1.0/jobs?limit=100&status="+state)
	if err != nil || r.status != http.StatusOK {
		s.t.Fatalf("status %d, %v", r.status, err)
	}
	var list struct {
		Jobs []json.RawMessage `json:"jobs"`
	}
	if err := json.Unmarshal(r.body, &list); err != nil {
		s.t.Fatal(err)
	}
	return len(list.Jobs)
}

// cancel ends a job, or removes its result.
func (s *server) cancel(c *http.Client, id string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodDelete, s.base()+"/1.0/jobs/"+id, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.SetBasicAuth(key, "")
	if r, err := do(c, req); err != nil || r.status != http.StatusOK {
		s.t.Errorf("cancel: status %d, %v", r.status, err)
	}
}

// makeKey makes another key.
func (s *server) makeKey(c *http.Client) string {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.base()+"/1.0/keys", strings.NewReader(`{"name":"other"}`))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(key, "")
	r, err := do(c, req)
	var made struct{ Key string }
	if err == nil {
		err = json.Unmarshal(r.body, &made)
	}
	if err != nil || r.status != http.StatusCreated {
		s.t.Fatalf("status %d, %v", r.status, err)
	}
	return made.Key
}
