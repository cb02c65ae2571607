package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"compressor/cmd/internal/served"
)

// service is the running service.
type service struct{ *served.Service }

// startService starts it; it may fetch from this machine.
func startService(dir string, env ...string) (service, error) {
	s, err := served.Start(dir, append([]string{"COMPRESSOR_EGRESS_FETCH_ALLOW=127.0.0.1"}, env...)...)
	return service{s}, err
}

// resident is VmRSS of the service in kB.
func (s service) resident() float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			kb, _ := strconv.ParseFloat(strings.Fields(value)[0], 64)
			return kb
		}
	}
	return 0
}

// newKey makes another API key.
func (s service) newKey(name string) (string, error) {
	out, err := exec.Command(served.Binary, "keys", "create", "--name", name, "--data", s.Data).Output()
	return strings.TrimSpace(string(out)), err
}

// client is one user of the service, with connections of its own.
type client struct {
	service
	key  string
	http *http.Client
}

func (s service) client(key string) *client {
	return &client{s, key, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

// job is what the bench reads of a reply.
type job struct {
	ID     string `json:"id"`
	Status any    `json:"status"`
	URL    string `json:"url"`
	Output struct {
		Size   int64  `json:"size"`
		SHA256 string `json:"sha256"`
	} `json:"output"`
}

func (j job) ended() bool { return j.Status == "completed" || j.Status == "failed" }

// call sends a request and reads the reply, which must have the status.
func (c *client) call(status int, method, path, contentType string, body []byte) (job, error) {
	r, err := http.NewRequest(method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return job{}, err
	}
	r.SetBasicAuth(c.key, "")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	got, err := c.http.Do(r)
	if err != nil {
		return job{}, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return job{}, err
	}
	if got.StatusCode != status {
		return job{}, fmt.Errorf("%s %s: status %d: %s", method, path, got.StatusCode, text)
	}
	var j job
	return j, json.Unmarshal(text, &j)
}

// upload sends one file, to be waited for or not.
func (c *client) upload(name string, data []byte, async bool) (job, error) {
	status, options := http.StatusOK, ""
	if async {
		status, options = http.StatusAccepted, `{"async":true}`
	}
	body, contentType, err := served.Form(name, data, options)
	if err != nil {
		return job{}, err
	}
	return c.call(status, http.MethodPost, "/1.0/upload", contentType, body)
}

// fetch has a file fetched; nobody waits.
func (c *client) fetch(url string) (job, error) {
	body := fmt.Appendf(nil, `{"async":true,"url":%q}`, url)
	return c.call(http.StatusAccepted, http.MethodPost, "/1.0/fetch", "application/json", body)
}

// get asks for a job as it is.
func (c *client) get(id string) (job, error) {
	return c.call(http.StatusOK, http.MethodGet, "/1.0/jobs/"+id, "", nil)
}

// poll waits up to a minute for a change.
func (c *client) poll(id string) (job, error) {
	return c.call(http.StatusOK, http.MethodGet, "/1.0/jobs/"+id+"?wait=60", "", nil)
}

func (c *client) cancel(id string) error {
	_, err := c.call(http.StatusOK, http.MethodDelete, "/1.0/jobs/"+id, "", nil)
	return err
}

// quantile is the time within which the part p of them lies, in milliseconds.
func quantile(took []time.Duration, p float64) float64 {
	sorted := slices.Sorted(slices.Values(took))
	i := int(math.Ceil(p*float64(len(sorted)))) - 1
	return float64(sorted[max(i, 0)].Microseconds()) / 1000
}
