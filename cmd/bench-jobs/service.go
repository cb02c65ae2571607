package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// apiKey is the key that the service is seeded with; it listens on loopback only.
const apiKey = "bench-key-0123456789"

const binary = "bin/compressor"

// service is a running bin/compressor.
type service struct {
	process *exec.Cmd
	base    string
	data    string
}

// startService starts the binary with a data folder below dir and waits until it is ready.
func startService(dir string, env ...string) (*service, error) {
	s := &service{data: filepath.Join(dir, "data")}
	cmd := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--data", s.data)
	cmd.Env = append(os.Environ(), "COMPRESSOR_API_KEY="+apiKey, "COMPRESSOR_MIN_FREE=0", "COMPRESSOR_EGRESS_FETCH_ALLOW=127.0.0.1")
	cmd.Env = append(cmd.Env, env...)
	// The service ends with the bench, however that ends. The signal follows the thread that
	// starts it, which main has locked.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	logs, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.process = cmd
	lines := bufio.NewScanner(logs)
	ready := regexp.MustCompile(`msg=ready address=(\S+)`)
	for lines.Scan() {
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			s.base = m[1]
			go io.Copy(io.Discard, logs)
			return s, nil
		}
		fmt.Fprintln(os.Stderr, lines.Text())
	}
	return nil, errors.Join(errors.New("the service did not start"), cmd.Wait())
}

func (s *service) stop() {
	s.process.Process.Signal(syscall.SIGTERM)
	s.process.Wait()
}

// resident is VmRSS of the service in kB.
func (s *service) resident() float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			kb, _ := strconv.ParseFloat(strings.Fields(value)[0], 64)
			return kb
		}
	}
	return 0
}

// newKey makes another API key.
func (s *service) newKey(name string) (string, error) {
	out, err := exec.Command(binary, "keys", "create", "--name", name, "--data", s.data).Output()
	return strings.TrimSpace(string(out)), err
}

// client is one user of the service, with connections of its own.
type client struct {
	*service
	key  string
	http *http.Client
}

func (s *service) client(key string) *client {
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
	r, err := http.NewRequest(method, c.base+path, bytes.NewReader(body))
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
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		return job{}, err
	}
	part.Write(data)
	status := http.StatusOK
	if async {
		status = http.StatusAccepted
		form.WriteField("data", `{"async":true}`)
	}
	form.Close()
	return c.call(status, http.MethodPost, "/1.0/upload", form.FormDataContentType(), body.Bytes())
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
	i := int(p * float64(len(sorted)))
	return float64(sorted[min(len(sorted)-1, i)].Microseconds()) / 1000
}
