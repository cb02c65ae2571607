package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKillOnce kills the server at random moments while a request with an idempotency key
// is under way, and sends the request again until it is answered: however often that takes,
// there is one job, the one of every answer. Waited for and not, by turns.
func TestKillOnce(t *testing.T) {
	t.Parallel()
	const rounds = 6
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 3))
	s := newServer(t, filepath.Join(t.TempDir(), "data"))
	t.Cleanup(func() { s.stop(); s.checkNothingLeft() })
	s.launch()
	s.waitReady()
	picture := photo(700, 500, 9)
	for round := range rounds {
		tag := fmt.Sprintf("round-%d", round)
		options := fmt.Sprintf(`{"tag":%q,"async":%v}`, tag, round%2 == 0)
		after := time.Duration(random.IntN(250)) * time.Millisecond
		var ids [2]string // of the answer before the kill, if there was one, and of the one after
		var first sync.WaitGroup
		base := s.base()
		first.Go(func() { ids[0], _, _ = uploadOnce(base, tag, picture, options) }) // it may be cut off
		time.Sleep(after)
		s.kill()
		first.Wait()
		s.launch()
		s.waitReady()
		id, status, err := uploadOnce(s.base(), tag, picture, options)
		if err != nil || status != http.StatusOK && status != http.StatusAccepted {
			t.Fatalf("%s: status %d, %v", tag, status, err)
		}
		if ids[1] = id; ids[0] != "" && ids[0] != id {
			t.Errorf("%s, killed after %v: jobs %q", tag, after, ids)
		}
		if f := s.await(t, newClient(), id); f.Status != "completed" {
			t.Errorf("%s: job %+v", tag, f)
		}
		if got := s.jobsWith(t, tag); len(got) != 1 || got[0] != id {
			t.Errorf("%s, killed after %v: jobs %q instead of %s", tag, after, got, id)
		}
	}
}

// uploadOnce uploads a picture under an idempotency key.
func uploadOnce(base, once string, picture []byte, options string) (id string, status int, err error) {
	body, contentType, err := form(part{name: "data", body: options}, part{"file", "a.jpg", string(picture)})
	if err != nil {
		return "", 0, err
	}
	r, err := http.NewRequest(http.MethodPost, base+"/1.0/upload", body)
	if err != nil {
		return "", 0, err
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Idempotency-Key", once)
	r.SetBasicAuth(key, "")
	got, err := do(newClient(), r)
	if err != nil {
		return "", 0, err
	}
	f, err := got.fields()
	return f.ID, got.status, err
}

// jobsWith lists the jobs with a tag.
func (s *server) jobsWith(t testing.TB, tag string) []string {
	t.Helper()
	r, err := get(newClient(), s.base(), "/1.0/jobs?tag="+tag)
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Jobs []fields }
	if err := json.NewDecoder(strings.NewReader(string(r.body))).Decode(&list); err != nil || r.status != http.StatusOK {
		t.Fatalf("list: %d %s, %v", r.status, r.body, err)
	}
	var ids []string
	for _, j := range list.Jobs {
		ids = append(ids, j.ID)
	}
	return ids
}
